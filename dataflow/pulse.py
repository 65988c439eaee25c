"""How far a running job is, for who watches it: each worker writes down what its stages have taken in, and the process
that started the job shows the sums. A hint: a bundle that is tried again counts again. Engines differ in what they
tell of a running job, and Beam's own in-process runner tells nothing.
"""

import json
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions
from crossthink.dataflow.once import once
from tqdm import tqdm

WRITE_SECONDS = 2.0
"""A worker writes its counts at most this often."""
BAR_SECONDS, LINE_SECONDS = 1.0, 15.0
"""How often the counts are shown on a terminal, and elsewhere."""
_ENDING = ".pulse"


class PulseOptions(PipelineOptions):
    """Where the workers of a job write: a folder that they all see, or none."""

    @classmethod
    def _add_argparse_args(cls, parser: Any) -> None:
        parser.add_argument("--crossthink_pulse", help="set by the job itself")


class Pulse:
    """What the stages of one worker process have taken in."""

    def __init__(self, folder: str) -> None:
        self._path = Path(folder) / f"{uuid.uuid4().hex}{_ENDING}"
        self._counts: Counter[str] = Counter()
        self._next = time.monotonic() + WRITE_SECONDS
        self._writing = threading.Lock()

    def count(self, stage: str) -> None:
        """One more record; threads may count at the same time."""
        self._counts[stage] += 1
        if time.monotonic() >= self._next and self._writing.acquire(blocking=False):
            try:
                self._write()
            finally:
                self._next = time.monotonic() + WRITE_SECONDS
                self._writing.release()

    def _write(self) -> None:
        partial = self._path.with_suffix(".partial")
        with suppress(OSError):  # what is shown may be old; a full disk is named by who writes what counts
            partial.write_text(json.dumps(dict(self._counts)))
            partial.replace(self._path)


@once
def pulse_in(folder: str) -> Pulse:
    """This process' pulse in a folder."""
    return Pulse(folder)


def taken_in(folder: Path) -> Counter[str]:
    """Records that each stage has taken in so far, in all workers."""
    counts: Counter[str] = Counter()
    for path in folder.glob(f"*{_ENDING}"):
        with suppress(OSError):  # the job has just published, and its working folder is gone
            counts.update(json.loads(path.read_text()))
    return counts


def progress(seconds: float, since: float, before: Mapping[str, int], now: Mapping[str, int],
             stages: Iterable[str]) -> str:
    """One line: the first and the last of the stages that took in records in the last `since` seconds."""
    moving = [stage for stage in dict.fromkeys(stages) if now.get(stage, 0) > before.get(stage, 0)]
    shown = [f"{stage} {now[stage]:,} ({(now[stage] - before.get(stage, 0)) / since:,.0f}/s)"
             for stage in dict.fromkeys((*moving[:1], *moving[-1:]))]
    return f"data line: {seconds:.0f} s, {' ... '.join(shown) or 'sorting, shuffling or waiting for a model'}"


@contextmanager
def watched(folder: Path, stages: Sequence[str]) -> Iterator[None]:
    """Show on stderr how far the job is, as long as the block runs: a line that changes on a terminal, plain lines
    elsewhere. `stages` in the order of the work."""
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(folder, stages, done), daemon=True)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()


def _watch(folder: Path, stages: Sequence[str], done: threading.Event) -> None:
    bar = tqdm(bar_format="{desc}", leave=False) if sys.stderr.isatty() else None
    began = last = time.monotonic()
    before: Counter[str] = Counter()
    while not done.wait(BAR_SECONDS if bar is not None else LINE_SECONDS):
        at, now = time.monotonic(), taken_in(folder)
        text = progress(at - began, at - last, before, now, stages)
        if bar is not None:
            bar.set_description_str(text)
        else:
            print(text, file=sys.stderr, flush=True)
        last, before = at, now
    if bar is not None:
        bar.close()
