"""Near duplicates: MinHash bands propose pairs, the true similarity decides, and decides again before one is removed.

A record goes where it is near one that stays, whatever lies between others; see bands.py (pairs), similar.py (what is
near) and apart.py (who stays). No group of a key grows with the corpus. Records that are in no pair, most of them, are
sent once.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from crossthink.dataflow.stages.apart import Apart, Node, Told, edges
from crossthink.dataflow.stages.bands import Candidates
from crossthink.dataflow.stages.similar import SHIPPED, Kind, similarity
from crossthink.dataflow.stages.stage import JoinStage, Rejected, Stage, StageResult, either, keep

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
        by_rank = everyone | "by rank" >> beam.Map(lambda record: (kind.rank(record), record))
        ends = (everyone | Candidates(name, kind)
                | "both ends" >> beam.FlatMapTuple(lambda first, second: ((first, second), (second, ""))))
        found = ((ends, by_rank) | "of each record" >> beam.CoGroupByKey()
                 | "alone or not" >> beam.ParDo(_Paired()).with_outputs("alone", main="paired"))
        firsts = found.paired | "with first" >> beam.FlatMapTuple(
            lambda _, pair: _with_first(pair[0], pair[1], kind))
        paired = found.paired | "paired by rank" >> beam.MapTuple(lambda rank, pair: (rank, pair[0]))
        going = ((firsts, paired) | "second" >> beam.CoGroupByKey()
                 | "true Jaccard" >> beam.FlatMapTuple(lambda _, found: _edges(found[0], found[1], kind, threshold))
                 | Apart(name, threshold))
        own = paired | "not shipped" >> beam.Filter(lambda pair: not pair[0].startswith(SHIPPED))
        return either(found.alone | "alone" >> Stage(name, keep), (own, going) | name >> JoinStage(name, _result))


def tell(record: Any, kind: Kind) -> Told:
    """A record as others are compared with it."""
    return Told(kind.rank(record), kind.label(record), kind.text(record)[:SHOWN], kind.measure(record))


class _Paired(beam.DoFn):
    """(rank, (record, ranks of those it is the first of a pair with)); apart, the records that are in no pair."""

    def process(self, group: tuple[str, tuple[Iterable[str], Iterable[Any]]]) -> Iterator[Any]:
        rank, (ends, records) = group
        seconds = list(ends)
        for record in records:
            if seconds:
                yield rank, (record, list(filter(None, seconds)))
            elif not rank.startswith(SHIPPED):
                yield TaggedOutput("alone", record)


def _with_first(record: Any, seconds: list[str], kind: Kind) -> Iterator[tuple[str, Told]]:
    if seconds:
        own = tell(record, kind)
        yield from ((second, own) for second in seconds)


def _edges(firsts: Iterable[Told], records: Iterable[Any], kind: Kind,
           threshold: float) -> Iterator[tuple[str, Node]]:
    firsts = list(firsts)
    for record in records if firsts else ():
        own = tell(record, kind)
        if near := [first for first in firsts if similarity(first.measure, own.measure) >= threshold]:
            yield from edges(near, own)


def _result(record: Any, evidence: list[str]) -> StageResult:
    return Rejected("near_duplicate", evidence[0]) if evidence else keep(record)
