"""The log of an unfinished evaluation, the Arrow file of a finished one, and the numbers of cells."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from crossthink.engine import Completion
from crossthink.evaluate.cells import by_cell, cell
from crossthink.evaluate.responses import Response, ResponseLog, judged, judged_again
from crossthink.records import read_records, write_records
from crossthink.schema import Question


def test_a_torn_last_line_is_dropped_and_written_over(respond: Callable[..., Response], tmp_path: Path) -> None:
    path = tmp_path / "responses.jsonl"
    with ResponseLog(path) as done:
        done.add(respond("a", True), 1.5)
        done.add(respond("b", False), 0.25)
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])  # a kill in the middle of b's line
    with ResponseLog(path) as done:
        assert list(done.responses) == [("a", 0)]
        assert (done.right, done.seconds) == (1, 1.5)
        done.add(respond("b", False), 0.25)
    assert path.read_bytes() == whole


def test_a_whole_line_that_is_no_response_is_named(respond: Callable[..., Response], tmp_path: Path) -> None:
    path = tmp_path / "responses.jsonl"
    with ResponseLog(path) as done:
        done.add(respond("a", True), 1.0)
    path.write_bytes(path.read_bytes() + b"{}\n")
    with pytest.raises(ValueError, match=r"responses\.jsonl, line 2: no response"):
        ResponseLog(path)


def test_two_writers_are_refused(tmp_path: Path) -> None:
    with ResponseLog(tmp_path / "responses.jsonl"), pytest.raises(ValueError, match="another evaluation is writing"):
        ResponseLog(tmp_path / "responses.jsonl")


def test_responses_survive_arrow(respond: Callable[..., Response], tmp_path: Path) -> None:
    responses = [respond("a", True, options=("x", "y")), respond("a", False, sample=1, text="\u2203\n\"")]
    write_records(tmp_path / "responses.arrow", Response, responses)
    assert read_records(tmp_path / "responses.arrow", Response) == responses
    (tmp_path / "responses.arrow").write_bytes(b"no arrow")
    with pytest.raises(ValueError, match=r"responses\.arrow: not a readable Arrow file"):
        read_records(tmp_path / "responses.arrow", Response)


def test_a_completion_is_judged_by_the_verifier(make_question: Callable[..., Question]) -> None:
    question = make_question("What is 2 + 2?", answer="4")
    said = Completion(token_ids=(1, 2, 3), text=r"<think>2 + 2</think>\boxed{4}", logprobs=(0.0,) * 3,
                      finish_reason="stop")
    response = judged(question, 2, said)
    assert (response.right, response.answer, response.reason, response.tokens) == (True, "4", "correct", 3)
    assert response.key == (question.id, 2)


def test_a_judge_is_asked_once_about_all_that_it_may_be_asked_about(respond: Callable[..., Response],
                                                                      make_question: Callable[..., Question]) -> None:
    """Of five responses one is short free text in the format that the rules turned down: it, and it alone."""
    sea = replace(make_question("Which sea?", answer="Black Sea"), answer_type="text")
    number = make_question("2 + 2?", answer="4")
    said: list[list[str]] = []

    def yes(questions: Sequence[Question], answers: Sequence[str]) -> list[bool]:
        said.append(list(answers))
        return [True] * len(answers)

    responses = [respond("q1", False, answer="Pontus"), respond("q1", True, answer="Black Sea"),
                 respond("q1", False, answer="Pontus", formatted=False, reason="no_think"),
                 respond("q1", False, answer=".", reason="wrong"), respond("q2", False, answer="5")]
    found = judged_again([sea, sea, sea, sea, number], responses, yes)
    assert said == [["Pontus"]]
    assert [response.right for response in found] == [True, True, False, False, False]
    assert found[0] == replace(responses[0], correct=True, reason="judged")
    assert found[1:] == responses[1:]


def test_a_cell_by_hand(respond: Callable[..., Response]) -> None:
    rows = [respond("a", True, tokens=10), respond("a", True, sample=1, tokens=20, formatted=False),
            respond("b", False, tokens=40, finish_reason="length"), respond("b", False, sample=1, tokens=50)]
    found = cell(rows)
    # one of four counts: the second is correct but not in the format. Shares .5 and 0: p = .25,
    # v = (.25^2 + .25^2) / 4 = .03125, size = .1875 / .03125 = 6, capped at 4 answers
    low, high = found.pop("low"), found.pop("high")
    # Wilson at .25 of 4: middle (.25 + .480183) / 1.960365 = .372473, half .999788 * sqrt(.046875 + .060023) = .326883
    assert (low, high) == pytest.approx((0.045590, 0.699356), abs=2e-5)
    # pass@2: the first question has a right one, the second none
    assert found == {"n": 2, "samples": 2, "accuracy": 0.25, "pass_at": {"1": 0.25, "2": 0.5}, "correct": 1,
                     "answer_accuracy": 0.5, "formatted": 0.75,
                     "truncated": 0.25, "tokens_mean": 30.0, "tokens_right": 10.0, "tokens_wrong": 110 / 3,
                     "tokens_per_correct": 120.0, "labels": {}}


def test_a_cell_without_a_right_answer_has_no_tokens_per_correct(respond: Callable[..., Response]) -> None:
    found = cell([respond("a", False, template="mcq", answer="B"), respond("b", False, template="mcq", answer="B"),
                  respond("c", False, template="mcq", answer="Paris")])
    assert (found["tokens_right"], found["tokens_per_correct"], found["tokens_wrong"]) == (None, None, 10.0)
    assert found["labels"] == {"B": 2}
    assert found["low"] == 0.0


def test_cells_of_groups_and_domains(respond: Callable[..., Response]) -> None:
    law = respond("a", True, group="gpr", domain="law", template="mcq")
    math = respond("b", True)
    odd = respond("c", True, group="gpr", domain="math", template="open")  # must not count in the group's "math/open"
    cells = by_cell([math, law, odd])
    assert {name: [r.question_id for r in rows] for name, rows in cells.items()} == {
        "all": ["b", "a", "c"], "gpr/mcq": ["a"], "gpr/open": ["c"], "math/open": ["b"], "law/mcq": ["a"]}
    assert list(cells) == ["all", "gpr/mcq", "gpr/open", "math/open", "law/mcq"]
