"""Counters of verdicts and of what the pool went through, for the training metrics. Safe from any thread."""

import os
from collections import Counter
from threading import Lock

_lock = Lock()
_counts: Counter[str] = Counter()


def count(event: str) -> None:
    """Add one to an event: a Reason's value, or "math_fast", "math_pool", "worker_started", "worker_killed"."""
    with _lock:
        _counts[str(event)] += 1


def counts() -> dict[str, int]:
    """Events since the start or the last reset, of this process, sorted by name; events that never were are absent."""
    with _lock:
        return dict(sorted(_counts.items()))


def reset_counts() -> None:
    """Set every counter to zero."""
    with _lock:
        _counts.clear()


def _unlock() -> None:
    """A fork may happen while another thread holds the lock, which no one in the child would release."""
    global _lock
    _lock = Lock()


os.register_at_fork(after_in_child=_unlock)
