"""A worker's heap: one for all threads, and what is freed goes back. Asked for when this module is imported.

The C library gives its threads up to eight heaps a core; what is freed in one serves no other, and the larger the
pieces that were freed, the larger those that it keeps: on Flink a sixth to a third of a worker's memory was such.
Workers import this with their first stage: engines start them in their own ways, some without the options of the job.
"""

import ctypes
import sys
from typing import Any

M_TRIM_THRESHOLD, M_ARENA_MAX = -1, -8
"""Of mallopt(3)."""
KEPT = 128 << 10
"""Bytes: the C library's own value, which stays where it is once it was named."""

library: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
if hasattr(library, "mallopt"):  # a C library without it has no such heaps
    library.mallopt(M_ARENA_MAX, 1)
    library.mallopt(M_TRIM_THRESHOLD, KEPT)


def trim() -> None:
    """Give back what lies free between what is in use: milliseconds, so before large work alone."""
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
