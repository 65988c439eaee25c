"""Progress of long work: a bar with rate and time left on a terminal, plain lines elsewhere."""

import sys
import time

from tqdm import tqdm


class Progress:
    """Counts `total` units of work. Use as a context manager.

    Away from a terminal a line is printed every `every` seconds and at the end.
    """

    def __init__(self, label: str, total: int, unit: str, *, every: float = 15.0) -> None:
        self._label, self._total, self._unit, self._every = label, total, unit, every
        self._bar = tqdm(total=total, desc=label, unit=f" {unit}") if sys.stderr.isatty() else None
        self._done = 0
        self._started = self._last = time.monotonic()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
        else:
            self._line()

    def add(self, units: int = 1, note: str = "") -> None:
        """Count `units` more; `note` is shown behind the rate."""
        self._done += units
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(units)
        elif time.monotonic() - self._last >= self._every:
            self._line(note)

    def _line(self, note: str = "") -> None:
        self._last = time.monotonic()
        seconds = max(self._last - self._started, 1e-9)
        rate = self._done / seconds
        left = f", {(self._total - self._done) / rate:.0f} s left" if rate else ""
        print(f"{self._label}: {self._done}/{self._total} {self._unit}, {rate:.2f}/s, {seconds:.0f} s gone{left}"
              f"{'; ' + note if note else ''}", file=sys.stderr, flush=True)
