"""The first n by hash: the same ones whatever order records come in."""

from dataclasses import dataclass

import pytest

beam = pytest.importorskip("apache_beam")
from apache_beam.testing.util import assert_that, equal_to
from crossthink.dataflow.stages.sample import END, Cutoff, cutoff, place


@dataclass(frozen=True)
class Item:
    id: str


ITEMS = [Item(str(number)) for number in range(20)]


@pytest.mark.parametrize(("limit", "kept"), [(0, 0), (1, 1), (7, 7), (19, 19), (20, 20), (99, 20)])
def test_as_many_as_were_asked_for(limit: int, kept: int) -> None:
    for items in (ITEMS, ITEMS[::-1]):
        with beam.Pipeline("FnApiRunner") as pipeline:
            cutoff = pipeline | beam.Create(items) | Cutoff("c", limit, "salt")
            chosen = cutoff | beam.Map(lambda end: sorted(item.id for item in ITEMS if place(item.id, "salt") < end))
            first = sorted(item.id for item in sorted(ITEMS, key=lambda item: place(item.id, "salt"))[:kept])
            assert_that(chosen, equal_to([first]))


def test_no_records() -> None:
    with beam.Pipeline("FnApiRunner") as pipeline:
        below = cutoff("c", pipeline | "none" >> beam.Create([]), 3, "salt")
        assert_that(pipeline | beam.Create(ITEMS[:1]) | beam.Map(lambda _, end: end, below), equal_to([END]))
