"""Several stages that look at one record each, in one step: nothing is encoded, sent or counted between them.

`Chain` takes records, and hands BATCH of them at a time to the links that want several. `Source` takes pieces of
input files, runs the chain over each record of a piece, and stores what they became, so that a job that was killed and
is run again does only what is missing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from crossthink.dataflow.parts import Part, Parts, Piece
from crossthink.dataflow.stages.result import Tally
from crossthink.dataflow.stages.stage import StageResult, Work, apply, outputs

from crossthink.schema import Failure, Reject

BATCH = 64
PASSING = "unreadable"
"""Reason of a failure that another attempt may not meet: what holds one is not stored."""


class Link(NamedTuple):
    """One stage of a chain."""

    name: str
    function: Callable[[Any], Any]
    """Of a record to its StageResult; of a list of records to the list of theirs where the link takes `batches`."""
    batches: bool = False

    def results(self, records: Sequence[Any], tally: Tally) -> list[StageResult]:
        """What the stage says of each record."""
        if self.batches:
            return tally.call_batch(self.name, self.function, records)
        return [tally.call(self.name, self.function, record) for record in records]


def follow(records: Sequence[Any], links: Sequence[Link], tally: Tally) -> Iterator[Any]:
    """The dead letters on the way, link by link, and then the records that are left behind the last link."""
    for link in links:
        passed: list[Any] = []
        for record, result in zip(records, link.results(records, tally), strict=True):
            for found in tally.settle(link.name, record, result):
                if isinstance(found, Reject | Failure):
                    yield found
                else:
                    passed.append(found)
        records = passed
    yield from records


def run_chain(records: Iterable[Any], links: Sequence[Link], tally: Tally) -> Part:
    """What some records became."""
    found = [item for record in records for item in follow([record], links, tally)]
    return Part(found, dict(tally.counts))


def made_by(read: Callable[..., Any], links: Sequence[Link]) -> str:
    """Everything that a chain's parts depend on beside the bytes and the code: its functions with their arguments."""
    return "\n".join([_described(read), *(f"{link.name}: {_described(link.function)}" for link in links)])


class Chain(beam.PTransform):
    """Records through all links to Outputs."""

    def __init__(self, name: str, *links: Link) -> None:
        super().__init__(name)
        self._links = links

    def expand(self, records: Any) -> Any:
        batches = records | "batch" >> beam.BatchElements(min_batch_size=BATCH, max_batch_size=BATCH)
        return outputs(apply(batches, _Follow(self._links)), *(link.name for link in self._links))


class Source(beam.PTransform):
    """Pieces through `read(piece.split) -> records` and all links to Outputs."""

    def __init__(self, name: str, read: Callable[[Any], Iterator[Any]], links: Sequence[Link], parts: Parts) -> None:
        super().__init__(name)
        self._read, self._links, self._parts = read, tuple(links), parts

    def expand(self, pieces: Any) -> Any:
        work = _Pieces(self._read, self._links, self._parts)
        return outputs(apply(pieces, work), *(link.name for link in self._links))


class _Follow(Work):
    def __init__(self, links: tuple[Link, ...]) -> None:
        self._links = links

    def process(self, records: list[Any]) -> Iterator[Any]:
        yield from self._emit(follow(records, self._links, self._tally))


class _Pieces(Work):
    def __init__(self, read: Callable[[Any], Iterator[Any]], links: tuple[Link, ...], parts: Parts) -> None:
        self._read, self._links, self._parts = read, links, parts
        self._reused = Metrics.counter("crossthink.parts", "reused")
        self._made = Metrics.counter("crossthink.parts", "made")

    def process(self, piece: Piece) -> Iterator[Any]:
        part = self._parts.load(piece)
        if part is None:
            self._made.inc()
            part = self._make(piece)
        else:
            self._reused.inc()
        self._tally.counts.update(part.counts)
        yield from self._emit(part.found)

    def _make(self, piece: Piece) -> Part:
        tally = Tally(self._tally.pulse)
        part = run_chain(self._read(piece.split), self._links, tally)
        self._tally.microseconds.update(tally.microseconds)
        if not any(isinstance(item, Failure) and item.reason == PASSING for item in part.found):
            self._parts.save(piece, part)
        return part


def _described(function: Any) -> str:
    if isinstance(function, partial):
        arguments = [*map(repr, function.args),
                     *(f"{name}={value!r}" for name, value in sorted(function.keywords.items()))]
        return f"{_described(function.func)}({', '.join(arguments)})"
    name = getattr(function, "__qualname__", "")
    if not name:
        return f"{type(function).__module__}.{type(function).__qualname__}({vars(function)!r})"
    assert "<" not in name, f"{name} of a chain must be a function of a module: its name stands for it"
    return f"{function.__module__}.{name}"
