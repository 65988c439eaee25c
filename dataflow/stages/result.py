"""What a stage says of a record: kept, rejected or failed; and how that is counted."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from apache_beam.metrics import Metrics
from crossthink.dataflow.pulse import Pulse

from crossthink.arrow import to_row
from crossthink.config import ConfigError
from crossthink.schema import Failure, Reject

SHOWN_CHARACTERS = 1000
"""How much of a text a dead letter keeps."""
SHOWN_LEVELS = 16
"""Lists and dicts in each other that a dead letter keeps: a row may hold more of them than Python can follow."""


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


class Tally:
    """Counts and times of the stages that some records pass."""

    def __init__(self, pulse: Pulse | None = None) -> None:
        self.pulse = pulse
        """Told of each record."""
        self.counts: Counter[tuple[str, str, str]] = Counter()
        """Of (stage, kind, reason), as in Outputs.counts."""
        self.microseconds: Counter[str] = Counter()
        """Of the stages' functions."""

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
            self.microseconds[stage] += int((time.perf_counter() - started) * 1e6)

    def call_batch(self, stage: str, function: Callable[..., list[StageResult]], records: Sequence[Any],
                   *sides: Any) -> list[StageResult]:
        """One result for each record. Where the function raises for all of them, they are tried one by one."""
        found = self.call(stage, _one_for_each, stage, function, records, *sides)
        if not isinstance(found, Failed):
            return list(found)
        return [self.call(stage, _alone, stage, function, record, *sides) for record in records]

    def settle(self, stage: str, record: Any, result: StageResult) -> Iterator[Any]:
        """Count a result; yields the records that it keeps, or its dead letter."""
        self.counts[stage, "in", ""] += 1
        if self.pulse is not None:
            self.pulse.count(stage)
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

    def report(self) -> None:
        """Add everything to the runner's own counters, for who watches it: STAGE/kept, STAGE/rejected/REASON, ..."""
        for (stage, what, reason), number in self.counts.items():
            if what in ("kept", "rejected", "failed"):
                Metrics.counter("crossthink.records", "/".join(filter(None, (stage, what, reason)))).inc(number)
        for stage, microseconds in self.microseconds.items():
            Metrics.counter("crossthink.seconds", stage).inc(microseconds)


def _one_for_each(stage: str, function: Callable[..., list[StageResult]], records: Sequence[Any],
                  *sides: Any) -> list[StageResult]:
    results = function(records, *sides)
    assert len(results) == len(records), f"{stage}: {len(results)} results for {len(records)} records"
    return results


def _alone(stage: str, function: Callable[..., list[StageResult]], record: Any, *sides: Any) -> StageResult:
    return _one_for_each(stage, function, [record], *sides)[0]


def describe(record: Any) -> str:
    """A record as JSON for the dead letters, long texts and deep values cut."""
    def cut(value: Any, levels: int = SHOWN_LEVELS) -> Any:
        if isinstance(value, str):
            return value if len(value) <= SHOWN_CHARACTERS else value[:SHOWN_CHARACTERS] + "..."
        if isinstance(value, bytes):
            return cut(value[:SHOWN_CHARACTERS].decode("utf-8", "replace"))
        if isinstance(value, dict | list | tuple) and not levels:
            return "..."
        if isinstance(value, dict):
            return {str(name): cut(item, levels - 1) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [cut(item, levels - 1) for item in value]
        return value

    return json.dumps(cut(to_row(record)), ensure_ascii=False, sort_keys=True, default=str)
