"""Comparisons of evaluations made by hand, with flips that are known."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crossthink.evaluate.__main__ import main
from crossthink.evaluate.compare import compare, load_evaluation
from crossthink.evaluate.responses import Response

Make = Callable[..., Response]
Write = Callable[..., Path]


def pair(respond: Make, finished: Write, before: str, after: str) -> tuple[Path, Path]:
    """Two evaluations of open questions a, b, ...: "+" where the answer is right."""
    names = "abcdefghijklmnopqrstuvwxyz0123456789"
    folders = [finished(name, [respond(q, mark == "+", text=f"{name} {q}")
                               for q, mark in zip(names, marks, strict=False)])
               for name, marks in (("before", before), ("after", after))]
    return folders[0], folders[1]


def test_differences_and_flips_by_hand(respond: Make, finished: Write, tmp_path: Path,
                                       capsys: pytest.CaptureFixture[str]) -> None:
    before, after = pair(respond, finished, "----++++--", "++++-+++--")
    target = tmp_path / "new" / "comparison.json"
    assert main(["compare", str(before), str(after), "--output", str(target)]) == 0
    comparison = json.loads(target.read_text())
    cell = comparison["cells"]["all"]
    # 4 gained, 1 lost of 10: 7/10 - 4/10; p = 2 (1 + 5) / 2^5 = 0.375; 3/12 +- 1.96 sqrt(5 + 1 - 9/12) / 12
    low, high = cell.pop("low"), cell.pop("high")
    assert (low, high) == pytest.approx((0.25 - 0.374237, 0.25 + 0.374237), abs=1e-5)
    assert cell == {"n": 10, "before": 0.4, "after": 0.7, "difference": pytest.approx(0.3), "p": 0.375, "gained": 4,
                    "lost": 1}
    assert comparison["cells"]["math/open"]["gained"] == 4
    flipped = comparison["flipped"]
    assert [(f["question_id"], f["change"]) for f in flipped] == [
        ("e", "lost"), ("a", "gained"), ("b", "gained"), ("c", "gained"), ("d", "gained")]
    assert flipped[0]["gold"] == "4"
    assert flipped[0]["before"] == {"text": "before e", "correct": True, "formatted": True, "answer": "4",
                                    "reason": "correct"}
    assert flipped[0]["after"]["text"] == "after e"
    assert (comparison["before"]["model"], comparison["after"]["revision"]) == ("before", "after-revision")
    assert comparison["after"]["cells"]["all"]["correct"] == 7
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["all", "10", "0.400", "0.700", "+0.300", "[-0.124,", "+0.624]", "0.38", "4", "1"]
    assert len({len(line) for line in lines[1:]}) == 1  # aligned


def test_at_most_twenty_flips_losses_not_crowded_out(respond: Make, finished: Write) -> None:
    before, after = pair(respond, finished, "-" * 20 + "+" * 12, "+" * 20 + "-" * 12)
    changes = [f["change"] for f in compare(load_evaluation(before), load_evaluation(after))["flipped"]]
    assert changes == ["lost"] * 10 + ["gained"] * 10


def test_several_answers_move_by_their_share(respond: Make, finished: Write) -> None:
    rights = {"before": [(0, 0), (1, 0), (1, 0)], "after": [(0, 1), (0, 1), (1, 1)]}
    folders = [finished(name, [respond(q, bool(right), sample=s) for q, answers in zip("abc", marks, strict=True)
                               for s, right in enumerate(answers)]) for name, marks in rights.items()]
    comparison = compare(*map(load_evaluation, folders))
    cell = comparison["cells"]["all"]
    # a 0 -> 1/2, b stays at 1/2 although both answers flip, c 1/2 -> 1: two up, none down: p = 2 / 2^2
    assert (cell["difference"], cell["gained"], cell["lost"], cell["p"]) == (pytest.approx(1 / 3), 2, 0, 0.5)
    assert [(f["question_id"], f["sample"]) for f in comparison["flipped"]] == [("a", 1), ("c", 1)]


@pytest.mark.parametrize("key", ["questions", "sampling", "verifiers"])
def test_other_questions_sampling_or_verifiers_are_refused(key: str, respond: Make, finished: Write,
                                                           capsys: pytest.CaptureFixture[str]) -> None:
    before = finished("before", [respond("a", True)])
    after = finished("after", [respond("a", True)], **{key: "other"})
    assert main(["compare", str(before), str(after)]) == 2
    error = capsys.readouterr().err
    assert f"differ in {key}" in error
    assert error.count("\n") == 1


def test_an_unfinished_evaluation_is_refused(respond: Make, finished: Write, tmp_path: Path,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    before = finished("before", [respond("a", True)])
    assert main(["compare", str(before), str(tmp_path / "nothing")]) == 2
    assert "no finished evaluation here" in capsys.readouterr().err
