"""What a stage is: a pure function from a record to a result, and a transform with the outputs kept, rejected, failed.

Nothing vanishes: each input is kept (it makes one record or several), rejected by a rule, or failed. Counts are sums
over a bundle that leave it as elements with its records, because a runner's counters count a retried bundle twice.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from crossthink.config import ConfigError
from crossthink.schema import Failure, Reject, to_row

SHOWN_CHARACTERS = 1000
"""How much of a text a dead letter keeps."""


class JobError(RuntimeError):
    """An error that is not one record's, as a model that cannot be loaded: it stops the job with its text."""


FATAL = (JobError, ConfigError, OSError, MemoryError, ImportError)
"""Raised by a stage's function, these stop the job; every other exception makes the record a Failure."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The record passed; these are the records that it became, at least one."""

    records: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A rule turned the record away."""

    reason: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The record could not be processed."""

    reason: str
    evidence: str = ""


StageResult = Kept | Rejected | Failed


def keep(*records: Any) -> Kept:
    """The record passed and became `records`."""
    assert records, "a record that becomes none is rejected with a reason"
    return Kept(records)


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
        return outputs(records | "apply" >> tagged(_Each(self._name, self._function), *self._sides), self._name)


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
        return outputs(batches | "apply" >> tagged(_Batch(self._name, self._function), *self._sides), self._name)


class GroupStage(beam.PTransform):
    """`function(key, records) -> one StageResult for each`, over all records of a key, sorted by id.

    Takes (key, record) pairs. All records of a key are in memory at once.
    """

    def __init__(self, name: str, function: Callable[[str, list[Any]], list[StageResult]]) -> None:
        super().__init__(name)
        self._name, self._function = name, function

    def expand(self, pairs: Any) -> Any:
        groups = pairs | "group" >> beam.GroupByKey()
        return outputs(groups | "apply" >> tagged(_Group(self._name, self._function)), self._name)


class Tally:
    """Counts and seconds of the stages that some records pass."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, str]] = Counter()
        """Of (stage, kind, reason), as in Outputs.counts."""
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def call(self, stage: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """What the function gives; Failed where it raises what is not FATAL."""
        started = time.perf_counter()
        try:
            return function(*arguments)
        except FATAL:
            raise
        except Exception as error:
            return Failed("exception", f"{type(error).__name__}: {error}")
        finally:
            self._seconds[stage] += time.perf_counter() - started

    def settle(self, stage: str, record: Any, result: StageResult) -> Iterator[Any]:
        """Count a result; yields the records that it keeps, or its dead letter."""
        self.counts[stage, "in", ""] += 1
        if isinstance(result, Kept):
            self.counts[stage, "kept", ""] += 1
            for kept in result.records:
                self.counts[stage, "out", getattr(kept, "domain", "")] += 1
                yield kept
            return
        kind, name = (Reject, "rejected") if isinstance(result, Rejected) else (Failure, "failed")
        self.counts[stage, name, result.reason] += 1
        yield kind(stage=stage, reason=result.reason, record_id=record.id, record=describe(record),
                   evidence=result.evidence)

    def report_seconds(self) -> None:
        """Add the seconds to the runner's counters."""
        for stage, seconds in self._seconds.items():
            Metrics.counter("crossthink.seconds", stage).inc(int(seconds * 1e6))


def describe(record: Any) -> str:
    """A record as JSON for the dead letters, long texts cut."""
    def cut(value: Any) -> Any:
        if isinstance(value, str):
            return value if len(value) <= SHOWN_CHARACTERS else value[:SHOWN_CHARACTERS] + "..."
        if isinstance(value, bytes):
            return cut(value[:SHOWN_CHARACTERS].decode("utf-8", "replace"))
        if isinstance(value, dict):
            return {str(name): cut(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [cut(item) for item in value]
        return value

    return json.dumps(cut(to_row(record)), ensure_ascii=False, sort_keys=True, default=str)


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


def tagged(function: "Work", *sides: Any) -> Any:
    """The step that runs a Work."""
    return beam.ParDo(function, *sides).with_outputs("rejected", "failed", "counts", main="kept")


def outputs(results: Any, *names: str) -> Outputs:
    """The Outputs of a step whose records pass the stages `names` one after the other."""
    stages = tuple(StageName(name, names[place - 1:place]) for place, name in enumerate(names))
    return Outputs(results.kept, results.rejected, results.failed, results.counts, stages)


class Work(beam.DoFn):
    """What the steps of all stages share: a tally for each bundle, and the tags of what a record became."""

    def start_bundle(self) -> None:
        self._tally = Tally()

    def finish_bundle(self) -> Iterator[Any]:
        """Counts leave with the bundle's records, and are lost with them where it fails."""
        for count in self._tally.counts.items():
            at_end = WindowedValue(count, GlobalWindow().max_timestamp(), (GlobalWindow(),))
            yield TaggedOutput("counts", at_end)
        self._tally.report_seconds()

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


class _Batch(Work):
    def __init__(self, name: str, function: Callable[..., list[StageResult]]) -> None:
        self._name, self._function = name, function

    def process(self, records: list[Any], *sides: Any) -> Iterator[Any]:
        results = self._tally.call(self._name, self._all, records, *sides)
        if isinstance(results, Failed):
            results = [self._alone(record, *sides) for record in records]
        for record, result in zip(records, results, strict=True):
            yield from self._emit(self._tally.settle(self._name, record, result))

    def _alone(self, record: Any, *sides: Any) -> StageResult:
        result = self._tally.call(self._name, self._all, [record], *sides)
        return result if isinstance(result, Failed) else result[0]

    def _all(self, records: list[Any], *sides: Any) -> list[StageResult]:
        return _one_for_each(self._name, records, self._function(records, *sides))


class _Group(Work):
    def __init__(self, name: str, function: Callable[[str, list[Any]], list[StageResult]]) -> None:
        self._name, self._function = name, function

    def process(self, group: tuple[str, Iterable[Any]]) -> Iterator[Any]:
        key, records = group[0], sorted(group[1], key=lambda record: (record.id, repr(record)))
        results = self._tally.call(self._name, self._all, key, records)
        if isinstance(results, Failed):
            results = [results] * len(records)
        for record, result in zip(records, results, strict=True):
            yield from self._emit(self._tally.settle(self._name, record, result))

    def _all(self, key: str, records: list[Any]) -> list[StageResult]:
        return _one_for_each(self._name, records, self._function(key, records))


def _one_for_each(name: str, records: list[Any], results: list[StageResult]) -> list[StageResult]:
    assert len(results) == len(records), f"{name}: {len(results)} results for {len(records)} records"
    return list(results)
