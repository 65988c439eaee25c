"""Near duplicates: MinHash bands propose pairs, the true similarity decides, and decides again before one is removed.

A record goes where it is near one that stays, whatever lies between others; see bands.py (pairs), similar.py (what is
near) and apart.py (who stays). No group of a key grows with the corpus.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
from crossthink.dataflow.stages.apart import Apart, Node, Told, edge
from crossthink.dataflow.stages.bands import Candidates
from crossthink.dataflow.stages.similar import Kind, similarity
from crossthink.dataflow.stages.stage import JoinStage, Rejected, StageResult, keep

SHOWN = 200
"""Characters of the text of what stays, in the evidence."""


class NearDuplicates(beam.PTransform):
    """Records with unique ids to Outputs: what is near a record of a smaller rank that stays is rejected.

    `shipped` are records of other runs, which stay: they are compared with, and are no part of what comes out.
    """

    def __init__(self, name: str, threshold: float, kind: Kind, shipped: Any = None) -> None:
        super().__init__(name)
        self._name, self._threshold, self._kind, self._shipped = name, threshold, kind, shipped

    def expand(self, records: Any) -> Any:
        name, kind, threshold = self._name, self._kind, self._threshold
        everyone = records if self._shipped is None else (records, self._shipped) | "beside shipped" >> beam.Flatten()
        told = everyone | "by rank" >> beam.Map(lambda record: (kind.rank(record), record))
        halves = ((everyone | Candidates(name, kind), told) | "first" >> beam.CoGroupByKey()
                  | "with first" >> beam.FlatMapTuple(lambda _, found: _with_first(found[0], found[1], kind)))
        going = ((halves, told) | "second" >> beam.CoGroupByKey()
                 | "true Jaccard" >> beam.FlatMapTuple(lambda _, found: _edges(found[0], found[1], kind, threshold))
                 | Apart(name, threshold))
        keyed = records | "record by rank" >> beam.Map(lambda record: (kind.rank(record), record))
        return (keyed, going) | name >> JoinStage(name, _result)


def tell(record: Any, kind: Kind) -> Told:
    """A record as others are compared with it."""
    return Told(kind.rank(record), kind.label(record), kind.text(record)[:SHOWN], kind.measure(record))


def _with_first(seconds: Iterable[str], records: Iterable[Any], kind: Kind) -> Iterator[tuple[str, Told]]:
    seconds = list(seconds)
    for record in records if seconds else ():
        own = tell(record, kind)
        for second in seconds:
            yield second, own


def _edges(firsts: Iterable[Told], records: Iterable[Any], kind: Kind,
           threshold: float) -> Iterator[tuple[str, Node]]:
    firsts = list(firsts)
    for record in records if firsts else ():
        own = tell(record, kind)
        for first in firsts:
            if similarity(first.measure, own.measure) >= threshold:
                yield from edge(first, own)


def _result(record: Any, evidence: list[str]) -> StageResult:
    return Rejected("near_duplicate", evidence[0]) if evidence else keep(record)
