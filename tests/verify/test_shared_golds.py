"""Golds of published sets verify themselves, in both templates that they can take."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossthink.schema import LABELS, Question
from crossthink.templates import gold_response, shuffle_options, to_open
from crossthink.verify import check_answer, counts, grade, reset_counts

SHARED = Path(os.environ.get("CROSSTHINK_SHARED", Path(__file__).parents[3] / "shared")) / "data"


def rows(name: str) -> list[dict[str, Any]]:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is missing: set CROSSTHINK_SHARED to the folder that holds data/")
    with gzip.open(path, "rt") if name.endswith(".gz") else path.open() as lines:
        return [json.loads(line) for line in lines]


def bad_golds(questions: list[Question]) -> list[str]:
    return [question.answer for question in questions if grade(question, gold_response(question)).reward != 1]


def test_gsm8k(ask: Callable[..., Question]) -> None:
    golds = [row["answer"].rpartition("####")[2].strip() for row in rows("gsm8k/test.jsonl")]
    assert len(golds) == 1319
    reset_counts()
    assert bad_golds([ask(gold) for gold in golds]) == []
    # Written anew, every one is still a plain number, and no other gold of its neighbours is right.
    assert all(check_answer(ask(gold), f"{float(gold.replace(',', '')):.1f}").correct for gold in golds)
    assert "math_pool" not in counts()
    numbers = [float(gold.replace(",", "")) for gold in golds]
    for gold, other, one, two in zip(golds, golds[1:], numbers, numbers[1:], strict=False):
        assert check_answer(ask(gold), other).correct == (one == two)


def test_math500(ask: Callable[..., Question]) -> None:
    golds = [row["answer"] for row in rows("math500/test.jsonl")]
    assert len(golds) == 500
    assert bad_golds([ask(gold) for gold in golds]) == []


def test_math500_golds_are_recognised_in_another_spelling(ask: Callable[..., Question]) -> None:
    """A slice through both paths: `\\dfrac` for `\\frac`, in delimiters, after "x =" where the gold is one value."""
    golds = [row["answer"] for row in rows("math500/test.jsonl")[:80]]
    spelled = [f"${gold.replace('frac', 'dfrac').replace('ddfrac', 'dfrac')}$." for gold in golds]
    pairs = zip(golds, spelled, strict=True)
    assert [gold for gold, other in pairs if not check_answer(ask(gold), other).correct] == []


@pytest.mark.parametrize("name", ["mmlu/val.jsonl.gz", "arc/challenge_test.jsonl", "openbookqa/test.jsonl"])
def test_choices_and_their_open_forms(ask: Callable[..., Question], name: str) -> None:
    questions = [ask(row["options"][LABELS.index(row["answer"])], options=tuple(row["options"]), text=row["question"])
                 for row in rows(name) if len(set(row["options"])) == len(row["options"])]
    assert bad_golds(questions) == []
    assert bad_golds([shuffle_options(question, 7) for question in questions]) == []
    opened = [question for question in map(to_open, questions) if isinstance(question, Question)]
    assert len(opened) > len(questions) / 3
    short = [question for question in opened if len(question.answer.split()) <= 9]
    assert len(short) > len(opened) / 3
    assert len(bad_golds(short)) <= len(short) / 100
