"""Sorting more than memory holds: runs of a fixed number of items are sorted and written, then merged item by item.

Runs are pickles in the folder of the job that reads them back; what a killed job leaves goes with its folder.
"""

import heapq
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from crossthink.dataflow.sinks.manifest import temporary, writing

RUN = 16384
"""Items of a run: some 40 MB of passages as Python holds them."""
FILES = 64
"""Runs that are merged at once, each an open file."""
Key = Callable[[Any], Any] | None
"""Of an item, as in `sorted`; None: the item itself."""


def sort(items: Iterable[Any], key: Key, folder: str, size: int = RUN) -> Iterator[Any]:
    """`sorted(items, key=key)`, of which memory holds `size` items; runs lie in `folder` until they are read.

    Raises JobError where the disk is full.
    """
    runs: list[Path] = []
    for batch in batched(items, size):
        batch.sort(key=key)
        if not runs and len(batch) < size:
            yield from batch
            return
        runs.append(write_run(batch, folder))
        batch.clear()  # before the next one is read
    yield from merge_runs(runs, key, folder)


def write_run(items: Iterable[Any], folder: str) -> Path:
    """Write sorted items to a new file. Raises JobError where the disk is full."""
    path = temporary(folder)
    with writing(path), path.open("wb") as file:
        for item in items:
            pickle.dump(item, file, pickle.HIGHEST_PROTOCOL)
    return path


def merge_runs(runs: Sequence[Path], key: Key, folder: str) -> Iterator[Any]:
    """The items of some runs in order; each run is removed once it is read. Runs beyond FILES are merged in rounds."""
    left = list(runs)
    while len(left) > FILES:
        left = [*left[FILES:], write_run(heapq.merge(*map(_read_run, left[:FILES]), key=key), folder)]
    yield from heapq.merge(*map(_read_run, left), key=key)


def batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of `size` items, the last of what is left."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _read_run(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)
    path.unlink()
