"""Where a graph begins: items that the job knows when it is built."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import apache_beam as beam
from crossthink.dataflow import heap as heap  # a worker reads this module before it opens a channel to its engine
from crossthink.dataflow import window as window


class Given(beam.PTransform):
    """Items as a collection. In place of beam.Create, whose functions are Beam's own: what a worker needs before its
    first record comes with ours."""

    def __init__(self, items: Iterable[Any]) -> None:
        super().__init__()
        self._items = list(items)

    def expand(self, pipeline: Any) -> Any:
        return pipeline | beam.Impulse() | "items" >> beam.FlatMap(partial(_each, items=self._items))


def _each(_impulse: bytes, items: list[Any]) -> Iterator[Any]:
    yield from items
