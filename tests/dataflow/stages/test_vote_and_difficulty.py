"""Votes and pass rates from sampled solutions, without a model."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.llm.solve import equivalent, read_answer
from crossthink.dataflow.stages.difficulty import is_right
from crossthink.dataflow.stages.stage import Kept, Rejected
from crossthink.dataflow.stages.vote import decide

from crossthink.engine import Completion
from crossthink.intervals import wilson
from crossthink.schema import Question, Votes

Make = Callable[..., Question]


def solution(answer: object, finish: str = "stop") -> Completion:
    return raw(json.dumps({"reasoning": "so it is", "answer": answer}), finish)


def raw(text: str, finish: str = "stop") -> Completion:
    return Completion(token_ids=(1,), text=text, logprobs=(0.0,), finish_reason=finish)


def voted(question: Question, *answers: str, least: int = 2) -> Votes | str:
    result = decide(question, [solution(answer) for answer in answers], least)
    if isinstance(result, Rejected):
        return result.reason
    assert isinstance(result, Kept)
    assert result.records[0].answer == question.answer
    return result.records[0].votes


@pytest.fixture
def town(make_question: Make) -> Question:
    return make_question("Which town?", answer="Inkle", options=("Garrow", "Inkle", "Tarnby", "Hesk"), group="gpr")


def test_a_majority_that_agrees_is_kept_with_its_votes(town: Question) -> None:
    assert voted(town, "Inkle", "Hesk", "Inkle") == Votes(winner=2, cast=3, invalid=0, agrees=True)
    assert voted(town, "B", "inkle", "Oslo") == Votes(winner=2, cast=2, invalid=1, agrees=True)  # "Oslo" is no option


@pytest.mark.parametrize(("answers", "reason"), [
    (("Hesk", "Hesk", "Inkle"), "disagrees"),
    (("Hesk", "Inkle", "Tarnby"), "no_majority"),  # one vote each, two are needed
    (("Hesk", "Inkle"), "no_majority"),
    (("Inkle", "Inkle", "Hesk", "Hesk"), "no_majority"),  # two against two
    (("Oslo", "", "Rome"), "no_readable_vote"),
    ((), "no_readable_vote"),
])
def test_votes_that_do_not_carry_the_answer(town: Question, answers: tuple[str, ...], reason: str) -> None:
    assert voted(town, *answers) == reason


def test_answers_are_equal_where_the_verifier_says_so(make_question: Make) -> None:
    number = make_question("How many?", answer="1200", group="gpr")
    assert equivalent(number, ["1,200", "7", "1200", "7.0", "1200.0"]) == [[0, 2, 4], [1, 3]]
    speed = replace(number, answer="5.9 m/s", answer_type="quantity")
    assert equivalent(speed, ["5.9", "6.2 m/s", "5.9 m/s", "21.2 km/h"]) == [[0, 2], [1], [3]]
    assert equivalent(speed, ["5.9 m/s", "5.9", "21.2 km/h"]) == [[0, 1, 2]]
    assert voted(number, "1,200", "1200", "7") == Votes(winner=2, cast=3, invalid=0, agrees=True)


@pytest.mark.parametrize("text", ["", "Inkle", '{"answer": "Ink', "[]", "[" * 100_000, '{"answer": 5}',
                                  '{"answer": ""}', '{"reasoning": "x"}', '{"answer": "Inkle or Hesk"}'])
def test_a_solution_that_cannot_be_read_is_no_vote(town: Question, text: str) -> None:
    assert read_answer(town, raw(text)) is None
    assert not is_right(town, raw(text))


def test_right_solutions(town: Question) -> None:
    assert [is_right(town, solution(answer)) for answer in ("Inkle", "Hesk")] == [True, False]


@pytest.mark.parametrize(("passes", "attempts", "low", "high"), [
    # z^2 = 3.8415. 2 of 4: centre (0.5 + 0.4802) / 1.9604 = 0.5, half 1.96 sqrt(0.0625 + 0.0600) / 1.9604 = 0.3500
    (2, 4, 0.1500, 0.8500),
    # 0 of 4: centre 0.4802 / 1.9604 = half, so from 0 to 3.8415 / (4 + 3.8415)
    (0, 4, 0.0, 0.4899),
    (4, 4, 0.5101, 1.0),
    (1, 1, 0.2065, 1.0),  # 1 / (1 + 3.8415)
])
def test_wilson_intervals(passes: int, attempts: int, low: float, high: float) -> None:
    assert wilson(passes / attempts, attempts) == pytest.approx((low, high), abs=5e-5)
