"""Decontamination: planted evaluation questions are found, in questions and in passages, and common phrases are not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.stages.decontaminate import Decontaminate, build_index, check_passage, check_question
from crossthink.dataflow.stages.stage import JobError, Kept, Rejected

from crossthink.data_config import QuestionFile
from crossthink.schema import Passage, Question

EVALUATION = ("A train leaves Ostrel at noon and reaches Varrow, 90 miles away, at two o'clock. "
              "How fast is it on average?")
"""22 words ("o" and "clock" are two): 15 runs of 8."""
SHORT = "What is 73 + 46?"
INDEX = build_index([("exam, row 1", EVALUATION, ("45 miles an hour", "50 miles an hour")), ("exam, row 2", SHORT, ())],
                    8)


def passage(text: str) -> Passage:
    return Passage(id="p", url="", title="", text=text, language="en", domain="", crawl_date="", warc_file="",
                   warc_offset=0, span_start=0, span_end=0)


@pytest.mark.parametrize("text", [
    EVALUATION,
    EVALUATION.upper().replace(" ", "\n  "),                      # wrapped and shouted
    f"Here is an old riddle. {EVALUATION} Think before you answer.",  # in prose
    EVALUATION.replace("Ostrel", "Lorne"),                        # word 4 changed: 11 of 15 runs stay
    " ".join(EVALUATION.split()[:15]),                            # 16 of its words: 9 of 15 runs
])
def test_planted_questions_are_found(text: str, make_question: Callable[..., Question]) -> None:
    for result in (check_question(make_question(text), INDEX), check_passage(passage(text), INDEX)):
        assert isinstance(result, Rejected)
        assert result.reason == "contaminated"
        assert result.evidence.startswith("exam, row 1: ")


def test_a_phrase_that_both_use_is_no_contamination(make_question: Callable[..., Question]) -> None:
    text = "A bus leaves Varrow at noon and reaches Varrow, 90 miles away, on Monday. Who drives it?"
    assert isinstance(check_question(make_question(text), INDEX), Kept)


def test_a_question_in_the_options_is_found(make_question: Callable[..., Question]) -> None:
    question = make_question("Which riddle?", options=("a", EVALUATION), answer="a")
    assert isinstance(check_question(question, INDEX), Rejected)


def test_short_questions_match_as_a_whole(make_question: Callable[..., Question]) -> None:
    assert check_question(make_question("what is 73 + 46"), INDEX) == Rejected(
        "contaminated", "exam, row 2: 'what is 73 + 46', 48 of 48 bits, 5 of 5 words in a row")
    assert isinstance(check_question(make_question("What is 73 - 46?"), INDEX), Kept)
    assert isinstance(check_question(make_question("And what is 73 + 46?"), INDEX), Rejected)
    found = check_passage(passage("They asked: what is 73 + 46? Nobody knew."), INDEX)
    assert found == Rejected(
        "contaminated", "exam, row 2: 'what is 73 + 46', 48 of 48 bits, 5 of 5 words in a row")


def test_the_evaluation_files_are_read_and_must_be_readable(
        tmp_path: Path, make_question: Callable[..., Question]) -> None:
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_text(json.dumps({"question": EVALUATION, "answer": "45"}) + "\n")
    bad.write_text(json.dumps({"text": EVALUATION}) + "\n")
    check = Decontaminate("question", (QuestionFile(path=str(good), source="exam"),), 8)
    found = check(make_question(EVALUATION))
    assert isinstance(found, Rejected)
    assert found.evidence.startswith("exam, row 1 of good.jsonl: 'a train leaves ostrel at noon and reaches'")
    with pytest.raises(JobError, match=r"bad.jsonl, row 1, field question: is missing"):
        Decontaminate("question", (QuestionFile(path=str(bad), source="exam"),), 8)(make_question("x"))


def test_without_evaluation_sets_nothing_is_contaminated(make_question: Callable[..., Question]) -> None:
    assert isinstance(check_question(make_question(EVALUATION), build_index([], 8)), Kept)
