"""What a stage is: a pure function from a record to a result, and a transform with the outputs kept, rejected, failed.

Nothing vanishes: each input is kept (it makes one record or several), rejected by a rule, or failed. Counts are sums
over a bundle that leave it as elements with its records, because a runner's counters count a retried bundle twice.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue
from crossthink.dataflow import heap as heap  # every worker reads this module, on every engine, before any record
from crossthink.dataflow import window as window  # ... and before its channel, where its first step is behind a shuffle
from crossthink.dataflow.pulse import PulseOptions, pulse_in
from crossthink.dataflow.stages.result import FATAL, Failed, JobError, Kept, Rejected, StageResult, Tally, keep

from crossthink.schema import Failure, Reject

__all__ = ["FATAL", "BatchStage", "Failed", "GroupStage", "JobError", "JoinStage", "Kept", "Outputs", "Rejected",
           "Stage", "StageName", "StageResult", "Work", "apply", "either", "keep", "merge", "outputs"]


class StageName(NamedTuple):
    """A stage as the funnel knows it: `fed_by` names the stages whose output it reads; empty: the transform's input."""

    name: str
    fed_by: tuple[str, ...] = ()


class Outputs(NamedTuple):
    """What a stage, or a transform made of several, gives. (`expand` says `Any`: Beam takes it for an element type.)"""

    kept: Any
    """PCollection of the records that passed."""
    rejected: Any
    """PCollection of schema.Reject."""
    failed: Any
    """PCollection of schema.Failure."""
    counts: Any
    """PCollection of ((stage, kind, reason), number); kind: "in", "kept", "rejected", "failed", "out" (by domain)."""
    stages: tuple[StageName, ...]
    """In the order of the work."""


class Stage(beam.PTransform):
    """`function(record, *sides) -> StageResult` over every record; record types have an attribute `id`.

    `sides` are Beam's side inputs, as AsSingleton(values).
    """

    def __init__(self, name: str, function: Callable[..., StageResult], *sides: Any) -> None:
        super().__init__(name)
        self._name, self._function, self._sides = name, function, sides

    def expand(self, records: Any) -> Any:
        return outputs(apply(records, _Each(self._name, self._function), *self._sides), self._name)


class BatchStage(beam.PTransform):
    """`function(records, *sides) -> one StageResult for each`, over batches of up to `size` records.

    A shuffle before it keeps a slow stage from starving the batches. Where the function raises, its records are tried
    one by one.
    """

    def __init__(self, name: str, function: Callable[..., list[StageResult]], size: int, *sides: Any) -> None:
        super().__init__(name)
        self._name, self._function, self._size, self._sides = name, function, size, sides

    def expand(self, records: Any) -> Any:
        batches = (records | "spread" >> beam.Reshuffle()
                   | "batch" >> beam.BatchElements(min_batch_size=self._size, max_batch_size=self._size))
        return outputs(apply(batches, _Batch(self._name, self._function), *self._sides), self._name)


class GroupStage(beam.PTransform):
    """`judge(record, place, survey(records)) -> StageResult` over all records of a key.

    Takes (key, record) pairs. The records of a key are read again and again in one order, in which `place` counts them;
    none is held, however many there are.
    """

    def __init__(self, name: str, survey: Callable[[Iterable[Any]], Any],
                 judge: Callable[[Any, int, Any], StageResult]) -> None:
        super().__init__(name)
        self._name, self._survey, self._judge = name, survey, judge

    def expand(self, pairs: Any) -> Any:
        groups = pairs | "group" >> beam.GroupByKey()
        return outputs(apply(groups, _Group(self._name, self._survey, self._judge)), self._name)


class JoinStage(beam.PTransform):
    """`function(record, facts) -> StageResult` over every record, with what is known under its key.

    Takes two PCollections of pairs: (key, record), and (key, fact) with few facts a key.
    """

    def __init__(self, name: str, function: Callable[[Any, list[Any]], StageResult]) -> None:
        super().__init__(name)
        self._name, self._function = name, function

    def expand(self, pairs: Any) -> Any:
        known = pairs | "join" >> beam.CoGroupByKey()
        return outputs(apply(known, _Joined(self._name, self._function)), self._name)


def merge(last: Outputs, *others: Outputs) -> Outputs:
    """The outputs of a transform made of several stages: `last` gives the records, all give the rest.

    `others` stand in the order of the work. A stage that does not say what feeds it is fed by the one before it.
    """
    everything = (*others, last)
    stages = [stage for outputs in everything for stage in outputs.stages]
    chained = (StageName(stage.name, stage.fed_by or (stages[place - 1].name,) if place else ())
               for place, stage in enumerate(stages))
    rejected, failed, counts = (tuple(getattr(o, name) for o in everything) | f"merge {name}" >> beam.Flatten()
                                for name in ("rejected", "failed", "counts"))
    return Outputs(last.kept, rejected, failed, counts, tuple(chained))


def either(*ways: Outputs) -> Outputs:
    """The outputs of one stage whose records take one of several ways."""
    kept, rejected, failed, counts = (tuple(getattr(way, name) for way in ways) | f"either {name}" >> beam.Flatten()
                                      for name in ("kept", "rejected", "failed", "counts"))
    return Outputs(kept, rejected, failed, counts, ways[0].stages)


def apply(records: Any, work: "Work", *sides: Any) -> Any:
    """The records through a Work."""
    work.pulse_folder = records.pipeline.options.view_as(PulseOptions).crossthink_pulse
    return records | "apply" >> beam.ParDo(work, *sides).with_outputs("rejected", "failed", "counts", main="kept")


def outputs(results: Any, *names: str) -> Outputs:
    """The Outputs of a step whose records pass the stages `names` one after the other."""
    stages = tuple(StageName(name, names[place - 1:place]) for place, name in enumerate(names))
    return Outputs(results.kept, results.rejected, results.failed, results.counts, stages)


class Work(beam.DoFn):
    """What the steps of all stages share: a tally for each bundle, and the tags of what a record became."""

    pulse_folder: str | None = None

    def start_bundle(self) -> None:
        self._tally = Tally(pulse_in(self.pulse_folder) if self.pulse_folder else None)

    def finish_bundle(self) -> Iterator[Any]:
        """Counts leave with the bundle's records, and are lost with them where it fails."""
        for count in self._tally.counts.items():
            at_end = WindowedValue(count, GlobalWindow().max_timestamp(), (GlobalWindow(),))
            yield TaggedOutput("counts", at_end)
        self._tally.report()

    def _emit(self, found: Iterable[Any]) -> Iterator[Any]:
        for item in found:
            if isinstance(item, Reject):
                yield TaggedOutput("rejected", item)
            elif isinstance(item, Failure):
                yield TaggedOutput("failed", item)
            else:
                yield item


class _Each(Work):
    def __init__(self, name: str, function: Callable[..., StageResult]) -> None:
        self._name, self._function = name, function

    def process(self, record: Any, *sides: Any) -> Iterator[Any]:
        result = self._tally.call(self._name, self._function, record, *sides)
        yield from self._emit(self._tally.settle(self._name, record, result))


class _Joined(Work):
    def __init__(self, name: str, function: Callable[[Any, list[Any]], StageResult]) -> None:
        self._name, self._function = name, function

    def process(self, group: tuple[Any, tuple[Iterable[Any], Iterable[Any]]]) -> Iterator[Any]:
        facts = list(group[1][1])
        for record in group[1][0]:
            result = self._tally.call(self._name, self._function, record, facts)
            yield from self._emit(self._tally.settle(self._name, record, result))


class _Batch(Work):
    def __init__(self, name: str, function: Callable[..., list[StageResult]]) -> None:
        self._name, self._function = name, function

    def process(self, records: list[Any], *sides: Any) -> Iterator[Any]:
        results = self._tally.call_batch(self._name, self._function, records, *sides)
        for record, result in zip(records, results, strict=True):
            yield from self._emit(self._tally.settle(self._name, record, result))


class _Group(Work):
    def __init__(self, name: str, survey: Callable[[Iterable[Any]], Any],
                 judge: Callable[[Any, int, Any], StageResult]) -> None:
        self._name, self._survey, self._judge = name, survey, judge

    def process(self, group: tuple[Any, Iterable[Any]]) -> Iterator[Any]:
        known = self._tally.call(self._name, self._survey, group[1])
        for place, record in enumerate(group[1]):
            result = known if isinstance(known, Failed) else self._tally.call(self._name, self._judge, record, place,
                                                                              known)
            yield from self._emit(self._tally.settle(self._name, record, result))
