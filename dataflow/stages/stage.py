"""What a stage is: a pure function from a record to a result, and a transform with the outputs kept, rejected, failed.

Nothing vanishes: each input is kept (it makes one record or several), rejected by a rule, or failed, and all are
counted as elements of their collections, because a runner's counters count a retried bundle twice.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput

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
    """PCollection of ((stage, kind, reason), 1); kind: "in", "kept", "rejected", "failed", "out" (by domain)."""
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
        work = _Each(self._name, self._function)
        return _outputs(self._name, records, records | "apply" >> _tagged(work, *self._sides))


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
        work = _Batch(self._name, self._function)
        return _outputs(self._name, records, batches | "apply" >> _tagged(work, *self._sides))


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
        return _outputs(self._name, pairs, groups | "apply" >> _tagged(_Group(self._name, self._survey, self._judge)))


class JoinStage(beam.PTransform):
    """`function(record, facts) -> StageResult` over every record, with what is known under its key.

    Takes two PCollections of pairs: (key, record), and (key, fact) with few facts a key.
    """

    def __init__(self, name: str, function: Callable[[Any, list[Any]], StageResult]) -> None:
        super().__init__(name)
        self._name, self._function = name, function

    def expand(self, pairs: Any) -> Any:
        known = pairs | "join" >> beam.CoGroupByKey() | "apply" >> _tagged(_Joined(self._name, self._function))
        return _outputs(self._name, pairs[0], known)


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


def _tagged(function: beam.DoFn, *sides: Any) -> Any:
    return beam.ParDo(function, *sides).with_outputs("rejected", "failed", "counts", main="kept")


def _outputs(name: str, inputs: Any, results: Any) -> Outputs:
    counts = (
        inputs | "count in" >> beam.Map(lambda _: ((name, "in", ""), 1)),
        results.kept | "count out" >> beam.Map(lambda r: ((name, "out", getattr(r, "domain", "")), 1)),
        results.rejected | "count rejected" >> beam.Map(lambda r: ((name, "rejected", r.reason), 1)),
        results.failed | "count failed" >> beam.Map(lambda f: ((name, "failed", f.reason), 1)),
        results.counts) | "counts" >> beam.Flatten()
    return Outputs(results.kept, results.rejected, results.failed, counts, (StageName(name),))


class _Work(beam.DoFn):
    """Calls the function, times it, and turns its results into the tagged outputs."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self._name, self._function = name, function
        self._microseconds = Metrics.counter("crossthink.seconds", name)
        self._counters: dict[str, Any] = {}

    def _timed(self, *arguments: Any) -> Any:
        started = time.perf_counter()
        try:
            return self._function(*arguments)
        finally:
            self._microseconds.inc(int((time.perf_counter() - started) * 1e6))

    def _call(self, *arguments: Any) -> StageResult:
        try:
            return self._timed(*arguments)
        except FATAL:
            raise
        except Exception as error:
            return _failure(error)

    def _call_all(self, records: list[Any], *arguments: Any) -> list[StageResult]:
        results = self._timed(*arguments)
        assert len(results) == len(records), f"{self._name}: {len(results)} results for {len(records)} records"
        return list(results)

    def _emit(self, record: Any, result: StageResult) -> Iterator[Any]:
        if isinstance(result, Kept):
            self._count("kept")
            yield from result.records
            yield TaggedOutput("counts", ((self._name, "kept", ""), 1))
            return
        kind, tag = (Reject, "rejected") if isinstance(result, Rejected) else (Failure, "failed")
        self._count(f"{tag}/{result.reason}")
        yield TaggedOutput(tag, kind(stage=self._name, reason=result.reason, record_id=record.id,
                                     record=describe(record), evidence=result.evidence))

    def _count(self, what: str) -> None:
        """Adds to the runner's own counter "STAGE/kept", "STAGE/rejected/REASON" or "STAGE/failed/REASON"."""
        if what not in self._counters:
            self._counters[what] = Metrics.counter("crossthink.records", f"{self._name}/{what}")
        self._counters[what].inc()


class _Each(_Work):
    def process(self, record: Any, *sides: Any) -> Iterator[Any]:
        yield from self._emit(record, self._call(record, *sides))


class _Batch(_Work):
    def process(self, records: list[Any], *sides: Any) -> Iterator[Any]:
        try:
            results = self._call_all(records, records, *sides)
        except FATAL:
            raise
        except Exception:
            results = [self._alone(record, *sides) for record in records]
        for record, result in zip(records, results, strict=True):
            yield from self._emit(record, result)

    def _alone(self, record: Any, *sides: Any) -> StageResult:
        try:
            return self._call_all([record], [record], *sides)[0]
        except FATAL:
            raise
        except Exception as error:
            return _failure(error)


class _Joined(_Work):
    def process(self, group: tuple[Any, tuple[Iterable[Any], Iterable[Any]]]) -> Iterator[Any]:
        facts = list(group[1][1])
        for record in group[1][0]:
            yield from self._emit(record, self._call(record, facts))


class _Group(_Work):
    def __init__(self, name: str, survey: Callable[[Iterable[Any]], Any],
                 judge: Callable[[Any, int, Any], StageResult]) -> None:
        super().__init__(name, judge)
        self._survey = survey

    def process(self, group: tuple[Any, Iterable[Any]]) -> Iterator[Any]:
        known: Any = None
        try:
            known = self._survey(group[1])
        except FATAL:
            raise
        except Exception as error:
            known = _failure(error)
        for place, record in enumerate(group[1]):
            yield from self._emit(record, known if isinstance(known, Failed) else self._call(record, place, known))


def _failure(error: Exception) -> Failed:
    return Failed("exception", f"{type(error).__name__}: {error}")
