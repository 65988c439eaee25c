"""The layouts in which question sets are published: rows of ours in each, and the real files where they are at hand."""

import csv
import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossthink.config import load_recipe
from crossthink.data_config import QuestionFile
from crossthink.questions import read_question_file
from crossthink.schema import Question

SHARED = Path(os.environ.get("CROSSTHINK_SHARED", Path(__file__).parents[3] / "shared"))
BENCHMARKS = Path(__file__).parents[2] / "recipes" / "benchmarks.toml"


def read(tmp_path: Path, row: dict[str, Any], **mapping: Any) -> Question:
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps(row) + "\n")
    return read_question_file(QuestionFile(path=str(path), source="s", **mapping))[0]


@pytest.mark.parametrize(("row", "mapping", "label", "options"), [
    # cais/mmlu: `choices`, and the gold's number from 0
    ({"question": "q", "subject": "law", "choices": ["w", "x", "y", "z"], "answer": 2},
     {"options": "choices", "answer_is": "index", "domains": "subject"}, "C", "wxyz"),
    # TIGER-Lab/MMLU-Pro: up to ten options, letter and number
    ({"question_id": 70, "question": "q", "options": list("abcdefghij"), "answer": "I", "answer_index": 8,
      "category": "law"}, {"answer_is": "label", "domains": "category"}, "I", "abcdefghij"),
    # m-a-p/SuperGPQA: the gold's text, and its letter in another column
    ({"uuid": "u", "question": "q", "options": ["x", "y"], "answer": "y", "answer_letter": "B", "discipline": "law"},
     {"domains": "discipline"}, "B", "xy"),
    # AGIEval: letters inside of the options, a passage before the question
    ({"passage": "", "question": "q", "options": ["(A)x", "(B)y"], "label": "B", "answer": None},
     {"answer": "label", "answer_is": "label", "context": "passage"}, "B", "xy"),
    # allenai/ai2_arc: options and labels side by side in one field; some rows are numbered
    ({"id": "i", "question": "q", "choices": {"text": ["x", "y", "z"], "label": ["1", "2", "3"]}, "answerKey": "3"},
     {"options": "choices.text", "labels": "choices.label", "answer": "answerKey", "answer_is": "label"}, "C", "xyz"),
    # allenai/openbookqa
    ({"question_stem": "q", "choices": {"text": ["x", "y"], "label": ["A", "B"]}, "answerKey": "A"},
     {"question": "question_stem", "options": "choices.text", "labels": "choices.label", "answer": "answerKey",
      "answer_is": "label"}, "A", "xy"),
    # options as one text, as in copies of the SAT
    ({"question": "q", "options": "A) x B) y C) z", "Answer": "C"}, {"answer": "Answer", "answer_is": "label"}, "C",
     "xyz"),
    ({"question": "q", "options": "(A) x\n(B) A. y", "answer": "(B)"}, {"answer_is": "label"}, "B", ["x", "A. y"]),
])
def test_multiple_choice(tmp_path: Path, row: dict[str, Any], mapping: dict[str, Any], label: str,
                         options: str | list[str]) -> None:
    question = read(tmp_path, row, **mapping)
    assert (question.question, question.options, question.answer_label) == ("q", tuple(options), label)
    if "domains" in mapping:
        assert question.domain == "law"


@pytest.mark.parametrize(("row", "mapping", "answer"), [
    # HuggingFaceH4/MATH-500, AMC 2023, GSM8K
    ({"problem": "q", "solution": "s", "answer": "\\frac{1}{2}", "subject": "Algebra", "level": 3},
     {"question": "problem"}, "\\frac{1}{2}"),
    ({"id": 0, "question": "q", "answer": "27.0"}, {}, "27.0"),
    ({"question": "q", "answer": "3 + 4 = 7\n#### 7"}, {"answer_after": "####"}, "7"),
])
def test_mathematics(tmp_path: Path, row: dict[str, Any], mapping: dict[str, Any], answer: str) -> None:
    question = read(tmp_path, row, group="math", **mapping)
    assert (question.question, question.answer, question.answer_type, question.group) == ("q", answer, "math", "math")


def test_gpqa_stands_in_columns_with_the_gold_first(tmp_path: Path) -> None:
    """GPQA-Diamond is published as CSV: the gold and three others, each in a column, to be put in some order."""
    path = tmp_path / "gpqa_diamond.csv"
    names = ["Question", "Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3",
             "High-level domain"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([[f"question {n},\nsecond line", " gold\n", "x", "y", "z", "Physics"] for n in range(40)])
    file_of = QuestionFile(path=str(path), source="gpqa", question="Question", options=",".join(names[1:5]),
                           answer="Correct Answer", domains="High-level domain", shuffle=True)
    questions = read_question_file(file_of)
    assert len(questions) == 40
    assert questions[0].question == "question 0,\nsecond line"
    assert all(question.answer == "gold" and question.options["ABCD".index(question.answer_label)] == "gold"
               for question in questions)
    # by chance each place has 10 of 40; none is left out, and none has half of them
    places = [sum(question.answer_label == label for question in questions) for label in "ABCD"]
    assert all(1 <= number <= 20 for number in places)
    assert read_question_file(file_of) == questions  # the same order in every run


def test_the_benchmarks_at_hand() -> None:
    """Rows of each set as its README counts them; none is dropped, so every row can be read."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"{SHARED / 'data'} is missing: set CROSSTHINK_SHARED to the folder that holds data/")
    counted = {"math-500": 500, "amc23": 40, "mmlu": 14042, "mmlu-pro": 12032, "supergpqa": 400, "gsm8k": 1319,
               "arc-challenge": 1172, "openbookqa": 500, "agieval": 254 + 651 + 230 + 510 + 269 + 206 + 220}
    found = Counter[str]()
    for file in load_recipe(BENCHMARKS).evaluate.questions:
        path = SHARED / file.path.removeprefix("../shared/")
        found[file.source] += len(read_question_file(replace(file, path=str(path))))
    assert found == counted
