"""Which rows belong to which part, as an index on disk: memory stays the same however many rows there are."""

import tempfile
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crossthink.config import BlendConfig
from crossthink.shards import Questions

BANDS = ("unsolved", "hard", "middle", "easy", "solved")
"""Difficulty by pass rate: 0; up to and with 1/3; up to and with 2/3; below 1; 1. "unmeasured" is a part of its own."""

Rows = NDArray[np.int64]


class Parts:
    """Row numbers of the parts of a table of questions, in the order of the rows."""

    def __init__(self, questions: Questions, config: BlendConfig) -> None:
        """Read the columns that say where a row belongs, batch by batch, twice: to count, and to fill the index."""
        self.sizes: dict[str, int] = {}
        for name, rows in _members(questions, config):
            self.sizes[name] = self.sizes.get(name, 0) + len(rows)
        self.sizes = dict(sorted(self.sizes.items()))
        ends = np.cumsum([0, *self.sizes.values()]).tolist()
        self._starts = dict(zip(self.sizes, ends, strict=False))
        self._index = _on_disk(ends[-1])
        filled = dict(self._starts)
        for name, rows in _members(questions, config):
            self._index[filled[name]:filled[name] + len(rows)] = rows
            filled[name] += len(rows)

    def blocks(self, part: str, size: int) -> Iterator[Rows]:
        """Row numbers of a part, so many at a time."""
        start, end = self._starts[part], self._starts[part] + self.sizes[part]
        return (self._index[place:min(place + size, end)] for place in range(start, end, size))

    def row(self, part: str, member: int) -> int:
        """Row number of a member of a part; members count from 0 in the order of the rows."""
        return int(self._index[self._starts[part] + member])


def bands_of(difficulty: pa.Array | pa.ChunkedArray) -> NDArray[np.str_]:
    """Difficulty band of each row from its k passes of n attempts; n = 0, or none at all, is "unmeasured"."""
    passes, attempts = _counts(difficulty, "passes"), _counts(difficulty, "attempts")
    tops = (attempts == 0, passes == 0, 3 * passes <= attempts, 3 * passes <= 2 * attempts, passes < attempts)
    return np.select(tops, ("unmeasured", *BANDS[:-1]), BANDS[-1])


def _members(questions: Questions, config: BlendConfig) -> Iterator[tuple[str, Rows]]:
    """Name of a part and row numbers that belong to it, batch by batch; rows that the pass rate leaves out are gone."""
    column = {"size": "source", "difficulty": "source"}.get(config.by, config.by)
    start = 0
    for batch in questions.batches((column, "difficulty")):
        difficulty = batch.column("difficulty")
        labels = pa.array(bands_of(difficulty)) if config.by == "difficulty" else batch.column(column)
        encoded = labels.dictionary_encode()
        codes, kept = encoded.indices.to_numpy(), _kept(difficulty, config)
        for code, name in enumerate(encoded.dictionary.to_pylist()):
            if len(rows := np.flatnonzero((codes == code) & kept)):
                yield name, rows + start
        start += batch.num_rows


def _counts(difficulty: pa.Array | pa.ChunkedArray, name: str) -> Rows:
    return np.asarray(pc.fill_null(pc.struct_field(difficulty, name), 0))


def _kept(difficulty: pa.Array, config: BlendConfig) -> NDArray[np.bool_]:
    low, high = config.pass_rate
    passes, attempts = _counts(difficulty, "passes"), _counts(difficulty, "attempts")
    rate = passes / np.maximum(attempts, 1)
    return np.where(attempts > 0, (low <= rate) & (rate <= high), config.unmeasured == "keep")


def _on_disk(rows: int) -> Rows:
    """Room for row numbers in a file that vanishes with the process."""
    if not rows:
        return np.empty(0, dtype=np.int64)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, dtype=np.int64, mode="w+", shape=(rows,))
