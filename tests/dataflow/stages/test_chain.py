"""Chains of stages, and the parts of the input that they store."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

beam = pytest.importorskip("apache_beam")
from apache_beam.testing.util import assert_that, equal_to
from crossthink.dataflow.parts import Part, Parts, Piece, digest
from crossthink.dataflow.records import Fault
from crossthink.dataflow.stages.chain import BATCH, Chain, Link, Source, follow, made_by
from crossthink.dataflow.stages.result import Tally
from crossthink.dataflow.stages.stage import Failed, Rejected, StageName, StageResult, keep

from crossthink.schema import Failure, Reject


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    number: int
    domain: str = ""


def twice(item: Item) -> StageResult:
    """0 is rejected, others become two."""
    return keep(item, replace(item, id=item.id + "'")) if item.number else Rejected("zero")


def named(item: Item | Fault, names: tuple[str, ...]) -> StageResult:
    """A fault and 9 fail, a number without a name is rejected, the others get theirs."""
    if isinstance(item, Fault):
        return Failed(item.reason, item.evidence)
    if item.number == 9:
        raise ValueError("nine")
    return keep(replace(item, domain=names[item.number])) if item.number < len(names) else Rejected("no_name")


def read(numbers: tuple[int, ...]) -> Iterator[Item | Fault]:
    """An item a number; -1 is a place that cannot be read."""
    for number in numbers:
        yield Item(str(number), number) if number >= 0 else Fault(id="?", reason="unreadable", evidence="later")


LINKS = (Link("twice", twice), Link("named", partial(named, names=("none", "one", "two"))))
COUNTS = [
    # 0, 1, 2, 3, 9: 0 is rejected, the others are doubled; of 2 x 4 two have no name and two raise
    (("twice", "in", ""), 5), (("twice", "rejected", "zero"), 1), (("twice", "kept", ""), 4), (("twice", "out", ""), 8),
    (("named", "in", ""), 8), (("named", "kept", ""), 4), (("named", "out", "one"), 2), (("named", "out", "two"), 2),
    (("named", "rejected", "no_name"), 2), (("named", "failed", "exception"), 2)]


def test_a_chain_counts_every_stage_and_keeps_what_passes_all() -> None:
    with beam.Pipeline("FnApiRunner") as pipeline:
        found = pipeline | beam.Create(list(read((0, 1, 2, 3, 9)))) | Chain("chain", *LINKS)
        assert_that(found.counts | beam.CombinePerKey(sum), equal_to(COUNTS), "counts")
        assert_that(found.kept | "k" >> beam.Map(lambda item: (item.id, item.domain)),
                    equal_to([("1", "one"), ("1'", "one"), ("2", "two"), ("2'", "two")]), "kept")
        assert_that(found.rejected | "r" >> beam.Map(lambda letter: (letter.stage, letter.record_id, letter.reason)),
                    equal_to([("twice", "0", "zero"), ("named", "3", "no_name"), ("named", "3'", "no_name")]), "r")
        assert_that(found.failed | "f" >> beam.Map(lambda letter: (letter.record_id, letter.evidence)),
                    equal_to([("9", "ValueError: nine"), ("9'", "ValueError: nine")]), "failures")
    assert found.stages == (StageName("twice"), StageName("named", ("twice",)))


def small_ones(items: Sequence[Item]) -> list[StageResult]:
    """Of a batch: 3 is rejected with the size of the batch, 9 makes it raise."""
    if any(item.number == 9 for item in items):
        raise ValueError(f"nine among {len(items)}")
    return [Rejected(f"three of {len(items)}") if item.number == 3 else keep(item) for item in items]


@pytest.mark.parametrize(("numbers", "kept", "letters"), [
    # what is left behind "twice": 1, 1', 2, 2', 3, 3' in one batch
    ((0, 1, 2, 3), ["1", "1'", "2", "2'"], ["0 zero", "3 three of 6", "3' three of 6"]),
    # 9 and 9' make each batch raise that they are in, also that of one record: the others pass, or not, by themselves
    ((1, 3, 9), ["1", "1'"], ["3 three of 1", "3' three of 1", "9 nine among 1", "9' nine among 1"])])
def test_a_link_may_take_batches(numbers: tuple[int, ...], kept: list[str], letters: list[str]) -> None:
    links = (LINKS[0], Link("small", small_ones, batches=True), LINKS[1])
    tally = Tally()
    found = list(follow(list(read(numbers)), links, tally))
    said = {item.record_id: item.evidence.removeprefix("ValueError: ") or item.reason
            for item in found if not isinstance(item, Item)}
    assert sorted(item.id for item in found if isinstance(item, Item)) == kept
    assert sorted(f"{name} {reason}" for name, reason in said.items()) == letters
    assert tally.counts["small", "in", ""] == 2 * sum(number > 0 for number in numbers)


def test_a_chain_gives_its_links_batches_and_holds_no_more() -> None:
    def counted(items: Sequence[Item]) -> list[StageResult]:
        return [Rejected(str(len(items)))] * len(items)

    with beam.Pipeline("FnApiRunner") as pipeline:
        items = [Item(str(number), number) for number in range(BATCH + 6)]
        found = pipeline | beam.Create(items) | Chain("chain", Link("counted", counted, batches=True))
        assert_that(found.counts | beam.CombinePerKey(sum), equal_to([
            (("counted", "in", ""), BATCH + 6), (("counted", "rejected", str(BATCH)), BATCH),
            (("counted", "rejected", "6"), 6)]))


def gone(_: Any) -> Iterator[Item]:
    raise AssertionError("what was stored is not read again")
    yield


def test_stored_pieces_are_not_read_again(tmp_path: Path) -> None:
    pieces = [Piece((0, 1), "a", "1"), Piece((2, 3), "b", "1"), Piece((9,), "c", "1")]
    parts = Parts(str(tmp_path), Item, "v1")
    for source in (read, gone):
        with beam.Pipeline("FnApiRunner") as pipeline:
            found = pipeline | beam.Create(pieces) | Source("source", source, LINKS, parts)
            assert_that(found.counts | beam.CombinePerKey(sum), equal_to(COUNTS), "counts")
            assert_that(found.kept | beam.Map(lambda item: item.id), equal_to(["1", "1'", "2", "2'"]), "kept")
            assert_that(found.failed | beam.Map(lambda letter: letter.record_id), equal_to(["9", "9'"]), "failed")
    assert len(list(tmp_path.glob("v1/*.part"))) == 3


def test_what_another_attempt_may_read_is_not_stored(tmp_path: Path) -> None:
    parts = Parts(str(tmp_path), Item, "v1")
    with beam.Pipeline("FnApiRunner") as pipeline:
        pipeline | beam.Create([Piece((1, -1), "a", "1")]) | Source("source", read, LINKS[1:], parts)
    assert parts.load(Piece((1, -1), "a", "1")) is None


def test_a_part_is_what_was_stored_or_nothing(tmp_path: Path) -> None:
    piece = Piece((1,), "a", "size 3")
    letters = {"stage": "s", "reason": "r", "record_id": "\udc00", "record": "{}", "evidence": "two\nlines"}
    part = Part([Item("1", 1, "é"), Reject(**letters), Failure(**letters), Item("2", 2)], {("s", "in", ""): 4})
    parts = Parts(str(tmp_path), Item, "v1")
    parts.save(piece, part)
    assert parts.load(piece) == part
    for other in (piece._replace(name="b"), piece._replace(state="size 4")):
        assert parts.load(other) is None
    assert replace(parts, made_by="v2").load(piece) is None
    path = Path(parts.path(piece))
    content = path.read_bytes()
    for damaged in (b"", content[:20], content[:-1], content[:30] + bytes([content[30] ^ 1]) + content[31:]):
        path.write_bytes(damaged)
        assert parts.load(piece) is None


def test_parts_of_other_options_and_half_written_ones_go(tmp_path: Path) -> None:
    old, new = Parts(str(tmp_path / "p"), Item, "v1"), Parts(str(tmp_path / "p"), Item, "v2")
    for name in ("a", "b"):
        old.save(Piece((), name, ""), Part([], {}))
    new.save(Piece((), "a", ""), Part([], {}))
    (tmp_path / "p/v2/c.part.123").write_bytes(b"half")
    assert new.remove_others() == 2
    assert [path.name for path in (tmp_path / "p").rglob("*.*")] == [Path(new.path(Piece((), "a", ""))).name]
    new.remove()
    assert not (tmp_path / "p").exists()


def test_a_chains_functions_and_their_arguments_name_its_parts() -> None:
    said = made_by(read, LINKS)
    assert said == made_by(read, (LINKS[0], Link("named", partial(named, names=("none", "one", "two")))))
    others = [(read, LINKS[:1]), (gone, LINKS), (read, LINKS[::-1]),
              (read, (LINKS[0], Link("named", partial(named, names=("none", "one"))))),
              (read, (LINKS[0], Link("other", LINKS[1].function)))]
    assert len({digest(made_by(*other)) for other in others} | {digest(said)}) == 6
    with pytest.raises(AssertionError, match="its name stands for it"):
        made_by(read, (Link("x", lambda item: keep(item)),))
