"""The contract of stages: every record is kept, rejected or failed, and counted once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

beam = pytest.importorskip("apache_beam")
from apache_beam.testing.util import assert_that, equal_to
from crossthink.dataflow.line import Flow, Line, check_funnel, funnel_rows
from crossthink.dataflow.stages.result import describe
from crossthink.dataflow.stages.stage import (
    BatchStage,
    GroupStage,
    JobError,
    JoinStage,
    Kept,
    Rejected,
    Stage,
    StageName,
    StageResult,
    keep,
    merge,
)


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    number: int
    domain: str = ""


ITEMS = [Item(str(number), number, "law" if number > 2 else "arts") for number in range(5)]


def halve(item: Item) -> StageResult:
    """0 is rejected, 1 raises, others become as many as their half says."""
    if item.number == 0:
        return Rejected("zero", "it is 0")
    if item.number == 1:
        raise ValueError("one")
    return keep(*[item] * (item.number // 2))


def check_counts(stage: Any, expected: list[Any], prepare: Callable[[Any], Any] = lambda items: items) -> None:
    with beam.Pipeline("FnApiRunner") as pipeline:
        outputs = prepare(pipeline | beam.Create(ITEMS)) | stage
        assert_that(outputs.counts | "sum" >> beam.CombinePerKey(sum), equal_to(expected))


def test_each_record_is_counted_once_with_its_reason() -> None:
    # in: 0 rejected, 1 failed, 2 -> 1, 3 -> 1, 4 -> 2
    check_counts(Stage("s", halve), [
        (("s", "failed", "exception"), 1), (("s", "in", ""), 5), (("s", "kept", ""), 3), (("s", "out", "arts"), 1),
        (("s", "out", "law"), 3), (("s", "rejected", "zero"), 1)])


def test_dead_letters_say_what_and_why() -> None:
    with beam.Pipeline("FnApiRunner") as pipeline:
        outputs = pipeline | beam.Create(ITEMS) | Stage("s", halve)
        assert_that(outputs.rejected | "r" >> beam.Map(lambda r: (r.stage, r.reason, r.record_id, r.evidence)),
                    equal_to([("s", "zero", "0", "it is 0")]), "rejected")
        assert_that(outputs.failed | "f" >> beam.Map(lambda f: (f.reason, f.record_id, f.evidence, f.record)),
                    equal_to([("exception", "1", "ValueError: one", '{"domain": "arts", "id": "1", "number": 1}')]))


def test_errors_that_are_not_the_records_stop_the_job() -> None:
    def no_model(_: Item) -> StageResult:
        raise JobError("no model here")

    with pytest.raises(Exception, match="no model here"), beam.Pipeline("FnApiRunner") as pipeline:
        pipeline | beam.Create(ITEMS) | Stage("s", no_model)


def test_a_batch_that_raises_is_tried_one_by_one() -> None:
    def batch(items: list[Item]) -> list[StageResult]:
        if any(item.number == 1 for item in items):
            raise ValueError("one")
        return [keep(item) for item in items]

    check_counts(BatchStage("b", batch, 5), [
        (("b", "failed", "exception"), 1), (("b", "in", ""), 5), (("b", "kept", ""), 4), (("b", "out", "arts"), 2),
        (("b", "out", "law"), 2)])


def test_batches_have_the_size_that_was_asked_for() -> None:
    def sized(items: list[Item]) -> list[StageResult]:
        return [Rejected(str(len(items)))] * len(items)

    check_counts(BatchStage("b", sized, 2),
                 [(("b", "in", ""), 5), (("b", "rejected", "1"), 1), (("b", "rejected", "2"), 4)])


def test_a_group_is_surveyed_and_gives_one_result_for_each() -> None:
    def smallest(items: Iterable[Item]) -> tuple[int, Item]:
        return min(enumerate(items), key=lambda found: found[1].number)

    def first(item: Item, place: int, known: tuple[int, Item]) -> StageResult:
        return keep(item) if place == known[0] else Rejected(f"not the first {known[1].domain}")

    check_counts(GroupStage("g", smallest, first), [
        (("g", "in", ""), 5), (("g", "kept", ""), 2), (("g", "out", "arts"), 1), (("g", "out", "law"), 1),
        (("g", "rejected", "not the first arts"), 2), (("g", "rejected", "not the first law"), 1)],
        lambda items: items | "key" >> beam.Map(lambda item: (item.domain, item)))


def test_a_group_that_cannot_be_surveyed_fails_as_a_whole() -> None:
    def survey(items: Iterable[Item]) -> int:
        return 1 // min(item.number for item in items)

    check_counts(GroupStage("g", survey, lambda item, _place, _known: keep(item)), [
        (("g", "failed", "exception"), 3), (("g", "in", ""), 5), (("g", "kept", ""), 2), (("g", "out", "law"), 2)],
        lambda items: items | "key" >> beam.Map(lambda item: (item.domain, item)))


def test_facts_are_joined_to_each_record_of_their_key() -> None:
    def known(item: Item, facts: list[str]) -> StageResult:
        return Rejected(*facts) if facts else keep(item)

    check_counts(JoinStage("j", known), [
        (("j", "in", ""), 5), (("j", "kept", ""), 2), (("j", "out", "law"), 2), (("j", "rejected", "early"), 3)],
        lambda items: (items | "key" >> beam.Map(lambda item: (item.domain, item)),
                       items.pipeline | "facts" >> beam.Create([("arts", "early"), ("no", "record")])))


def test_dead_letters_cut_long_texts() -> None:
    assert describe(Item("x" * 1001, 1)) == '{"domain": "", "id": "' + "x" * 1000 + '...", "number": 1}'
    deep: list[object] = []
    for _ in range(600):  # `cut` takes two frames a level, Python has 1,000
        deep = [deep]
    assert describe(Item("x", deep)).count("[") == 15  # the row itself is one of 16 levels


def test_keep_needs_a_record() -> None:
    with pytest.raises(AssertionError):
        keep()
    assert keep(1, 2) == Kept((1, 2))


class Chain(beam.PTransform):
    """Two stages as one transform."""

    def expand(self, items: Any) -> Any:
        first = items | Stage("first", halve)
        return merge(first.kept | Stage("second", keep), first)


def test_the_funnel_of_a_line_names_what_feeds_what() -> None:
    line = Line()
    first = {"stage": "first", "in": 5, "kept": 3, "rejected": {"zero": 1}, "failed": {"exception": 1}, "out": 4,
             "by_domain": {"arts": 1, "law": 3}}
    with beam.Pipeline("FnApiRunner") as pipeline:
        flow = line.apply(Chain(), Flow(pipeline | beam.Create(ITEMS)))
        flow = line.apply(Stage("third", keep), flow)
        stages = list(line.stages)

        def adds_up(counts: list[Any]) -> None:
            rows = funnel_rows(counts, stages)
            check_funnel(rows, stages)
            assert rows[0] == first
            assert [row["out"] for row in rows] == [4, 4, 4]

        assert_that(tuple(line.counts) | beam.Flatten() | beam.CombinePerKey(sum), adds_up)
    assert flow.stages == ("third",)
    assert stages == [StageName("first"), StageName("second", ("first",)), StageName("third", ("second",))]


@pytest.mark.parametrize(("change", "words"), [
    ((0, "kept", 2), "stage a: 3 in, but 2 kept + 0 rejected + 0 failed = 2"),
    ((1, "in", 4), "stage b: 4 in, but 4 kept"),
    ((0, "out", 4), "stage b: 5 in, but a gave 4"),
])
def test_a_funnel_that_does_not_add_up_stops_the_job(change: tuple[int, str, int], words: str) -> None:
    stages = [StageName("a"), StageName("b", ("a",))]
    rows = [{"stage": "a", "in": 3, "kept": 3, "rejected": {}, "failed": {}, "out": 5},
            {"stage": "b", "in": 5, "kept": 4, "rejected": {"r": 1}, "failed": {}, "out": 4}]
    check_funnel(rows, stages)
    row, key, value = change
    rows[row][key] = value
    with pytest.raises(JobError, match="lost or doubled") as error:
        check_funnel(rows, stages)
    assert words in str(error.value)
