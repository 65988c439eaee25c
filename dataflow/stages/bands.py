"""Which records may be near: those that share a MinHash band, paired so that no band asks too much of anyone.

Of a band that many share each record is paired with the WINDOW ones before it in the order of rank, and the first of
each block of WINDOW with the first of the block of blocks that holds it: a tree over the band, through which a record
that stays reaches every copy of it in as many steps as the tree has levels. So a record has at most WINDOW + 1 pairs
before it in a band, and about WINDOW a level behind it, however many share the band.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from crossthink.dataflow.stages.minhash import band_keys
from crossthink.dataflow.stages.similar import SHIPPED, Kind

WINDOW = 64
BAND_CAP = 100_000
"""Records of a band that are paired, the first in rank; for those behind them the other bands must do."""
Pair = tuple[str, str]
"""Ranks of two records, the smaller first."""
Held = None | str | tuple[list[str], int]
"""No value, one, or several and how many there were."""


class Candidates(beam.PTransform):
    """Records to the pairs of them that share a band, each once."""

    def __init__(self, name: str, kind: Kind) -> None:
        super().__init__("candidates")
        self._name, self._kind = name, kind

    def expand(self, records: Any) -> Any:
        kind = self._kind
        return (records | "bands" >> beam.FlatMap(_ranked_bands, kind)
                | "same band" >> beam.CombinePerKey(Smallest(BAND_CAP)) | "pairs" >> beam.ParDo(_Pairs(self._name))
                | "once" >> beam.Distinct())


def _ranked_bands(record: Any, kind: Kind) -> list[tuple[bytes, str]]:
    rank = kind.rank(record)
    return [(key, rank) for key in guarded_bands(record, kind)]


def guarded_bands(record: Any, kind: Kind) -> list[bytes]:
    """The keys of a record's bands, its guard in front."""
    guard = hashlib.blake2b("\x1f".join(kind.guard(record)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return [guard + key for key in band_keys(kind.text(record))]


def pairs_of(ranks: list[str]) -> Iterator[Pair]:
    """The pairs of a band's ascending ranks; what was shipped comes first and is in no pair of its own kind."""
    for place, second in enumerate(ranks):
        if second.startswith(SHIPPED):
            continue
        for first in ranks[max(0, place - WINDOW):place]:
            yield first, second
        if place > WINDOW and (above := parent(place)) < place - WINDOW:
            yield ranks[above], second


def parent(place: int) -> int:
    """The first place of the smallest block, of WINDOW to the power of 1, 2, ..., in which `place` is not the first."""
    block = WINDOW
    while place and place % block == 0:
        block *= WINDOW
    return place - place % block


class Smallest(beam.CombineFn):
    """(The `cap` smallest values that differ, ascending; how many there were.) No more than twice `cap` are held.

    A single value, all that most bands have, is held as it is: a list and a tuple for each of so many keys cost more
    than everything else that is done with them.
    """

    def __init__(self, cap: int) -> None:
        super().__init__()
        self._cap = cap

    def create_accumulator(self, *_args: Any, **_named: Any) -> Held:
        return None

    def add_input(self, found: Held, value: str, *_args: Any, **_named: Any) -> Held:
        if found is None:
            return value
        values, count = _several(found)
        values.append(value)
        return self._cut(values), count + 1

    def merge_accumulators(self, many: Iterable[Held], *_args: Any, **_named: Any) -> Held:
        merged: Held = None
        for found in many:
            if merged is None:
                merged = found
            elif found is not None:
                (values, count), (more, number) = _several(merged), _several(found)
                merged = self._cut(values + more), count + number
        return merged

    def extract_output(self, found: Held, *_args: Any, **_named: Any) -> tuple[list[str], int]:
        values, count = _several(found)
        return sorted(set(values))[:self._cap] if count > 1 else values, count

    def _cut(self, values: list[str]) -> list[str]:
        return sorted(set(values))[:self._cap] if len(values) > 2 * self._cap else values


def _several(found: Held) -> tuple[list[str], int]:
    if found is None:
        return [], 0
    return ([found], 1) if isinstance(found, str) else found


class _Pairs(beam.DoFn):
    """Bands to pairs of the records that share them."""

    def __init__(self, name: str) -> None:
        self._bands = Metrics.counter("crossthink.capped", f"{name}/bands")
        self._records = Metrics.counter("crossthink.capped", f"{name}/band_records")

    def process(self, group: tuple[bytes, tuple[list[str], int]]) -> Iterator[Pair]:
        ranks, count = group[1]
        if count > BAND_CAP:
            self._bands.inc()
            self._records.inc(count - len(ranks))
        yield from pairs_of(ranks)
