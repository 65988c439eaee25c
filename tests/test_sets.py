"""The mapping files of recipes/sets: every published set at hand is read whole, and the others in their layouts.

What must come of a file is worked out here once more, from its JSON lines alone: how many rows it has, how many of them
have two options of one text or number, and what their golds are.
"""

import gzip
import json
import os
import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.records import Fault, Row
from crossthink.dataflow.sources.tables import read_rows, to_question
from crossthink.dataflow.stages.result import Kept, Rejected

from crossthink.config import ConfigError, load_recipe
from crossthink.mappings import load_mapping, question_file
from crossthink.schema import LABELS, Question

REPO = Path(__file__).parents[1]
SETS = REPO / "recipes" / "sets"
SHARED = Path(os.environ.get("CROSSTHINK_SHARED", REPO.parent / "shared")) / "data"
Rows = list[dict[str, Any]]


def rows_of(name: str) -> Rows:
    if not (SHARED / name).exists():
        pytest.skip(f"{SHARED / name} is missing: set CROSSTHINK_SHARED to the folder that holds data/")
    with (gzip.open if name.endswith(".gz") else open)(SHARED / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def results(mapping: str, path: str | Path, **more: Any) -> tuple[list[Question], Counter[str]]:
    """The questions of a file, and how many of its rows were rejected or failed, by reason."""
    file = question_file(SETS / f"{mapping}.toml", str(path), **more)
    found = [(row, to_question(row, (file,), max_answer_words=10)) for row in read_rows(file)]
    lost: Counter[str] = Counter()
    for _, result in found:
        if not isinstance(result, Kept):
            lost[result.reason] += 1
    return [result.records[0] for _, result in found if isinstance(result, Kept)], lost


def value(option: str) -> Fraction | str:
    """An option as a number where it is one ("1/2", "2 1/2", "\\frac{1}{2}", "5%", "1,000"), else its text."""
    text = " ".join(re.sub(r"^\([A-J]\)", "", option).split())
    plain = re.sub(r"\\frac\{(\d+)\}\{(\d+)\}", r"\1/\2", text.strip("$")).replace(" / ", "/")
    if re.fullmatch(r"\d{1,3}(,\d{3})+", plain):
        plain = plain.replace(",", "")
    whole, _, part = plain.rpartition(" ")
    try:
        if plain.endswith("%"):
            return Fraction(plain[:-1]) / 100
        return Fraction(part) + Fraction(whole or 0) if "/" in part or not whole else text
    except (ValueError, ZeroDivisionError):
        return text


def equal_options(row: dict[str, Any]) -> bool:
    return len({value(str(option)) for option in row["options"]}) < len(row["options"])


def bare(option: str) -> str:
    """An option without a letter before it: three rows of MMLU write letters before their options."""
    return re.sub(r"^\([A-J]\)\s*", "", option.strip())


# mapping, file, rows (as README.md there counts them), rows with equal options (MMLU's 9 stand in SOURCE.txt, too).
CHOICES = [
    ("mmlu", "mmlu/dev.jsonl", 285, 1), ("mmlu", "mmlu/val.jsonl.gz", 1531, 3),
    ("mmlu", "mmlu/test.jsonl.gz", 14042, 9), ("mmlu_pro", "mmlu_pro/validation.jsonl", 70, 14),
    ("mmlu_pro", "mmlu_pro/test.jsonl.gz", 12032, 37), ("supergpqa", "supergpqa/sample_400.jsonl", 400, 0),
    ("arc", "arc/challenge_test.jsonl", 1172, 4), ("arc", "arc/easy_test.jsonl", 2376, 7),
    ("openbookqa", "openbookqa/test.jsonl", 500, 0), ("csqa", "csqa/validation.jsonl", 1221, 12),
    ("strategyqa", "strategyqa/strategyqa.jsonl", 2289, 0), ("pubmedqa", "pubmedqa/labeled.jsonl.gz", 1000, 0),
    ("medqa", "medqa/us_4_options_test.jsonl", 1273, 0), ("openstax_mcq", "openstax/mcq.jsonl", 1283, 1),
]
AGIEVAL = [("aqua-rat.jsonl", 254, 7), ("logiqa-en.jsonl", 651, 0), ("lsat-ar.jsonl", 230, 0),
           ("lsat-lr.jsonl", 510, 0), ("lsat-rc.jsonl.gz", 269, 1), ("sat-en.jsonl.gz", 206, 0),
           ("sat-math.jsonl", 220, 0)]


@pytest.mark.parametrize(("mapping", "name", "number", "equal"), CHOICES)
def test_sets_of_multiple_choice(mapping: str, name: str, number: int, equal: int) -> None:
    rows = rows_of(name)
    assert (len(rows), sum(map(equal_options, rows))) == (number, equal)
    questions, lost = results(mapping, SHARED / name)
    assert lost == ({"equal_options": equal} if equal else {})
    asked = [row for row in rows if not equal_options(row)]
    assert [bare(question.answer) for question in questions] == [
        bare(str(row["options"][LABELS.index(row["answer"])])) for row in asked]
    assert all(question.question.endswith(row["question"].strip())
               for question, row in zip(questions, asked, strict=True))


@pytest.mark.parametrize(("name", "number", "equal"), AGIEVAL)
def test_agieval(name: str, number: int, equal: int) -> None:
    rows = rows_of(f"agieval/{name}")
    assert (len(rows), sum(map(equal_options, rows))) == (number, equal)
    questions, lost = results("agieval", SHARED / "agieval" / name)
    assert lost == ({"equal_options": equal} if equal else {})
    asked = [row for row in rows if not equal_options(row)]
    assert [question.answer_label for question in questions] == [row["label"] for row in asked]
    assert all(f"({question.answer_label}){question.answer}" == row["options"][LABELS.index(row["label"])].strip()
               or question.answer in row["options"][LABELS.index(row["label"])]
               for question, row in zip(questions, asked, strict=True))
    assert [question.question.startswith(row["passage"].strip()) for question, row in zip(questions, asked, strict=True)
            if row["passage"]].count(False) == 0


@pytest.mark.parametrize(("mapping", "name", "number", "gold", "lost"), [
    ("gsm8k", "gsm8k/train.jsonl.gz", 7473, lambda row: row["answer"].split("####")[1].strip(), {}),
    ("gsm8k", "gsm8k/test.jsonl", 1319, lambda row: row["answer"].split("####")[1].strip(), {}),
    ("math500", "math500/test.jsonl", 500, lambda row: row["answer"], {}),
    # the answer of the solution's last box, which the file has in a column of its own, too; two boxes are empty
    ("math", "math/train.jsonl.gz", 7500, lambda row: row["answer"].strip(), {"empty_answer": 2}),
    ("amc23", "qwen_math_eval/amc23.jsonl", 40, lambda row: str(row["answer"]), {}),
    ("gaokao2023en", "qwen_math_eval/gaokao2023en.jsonl", 385, lambda row: str(row["answer"]).strip(),
     {"empty_answer": 2}),
])
def test_sets_of_mathematics(mapping: str, name: str, number: int, gold: Callable[[dict[str, Any]], str],
                             lost: dict[str, int]) -> None:
    rows = rows_of(name)
    assert len(rows) == number
    questions, found = results(mapping, SHARED / name)
    assert found == lost
    assert [question.answer for question in questions] == [gold(row) for row in rows if gold(row)]
    assert {(question.answer_type, question.group, question.domain) for question in questions} == {
        ("math", "math", "math")}


def test_golds_by_hand() -> None:
    """The first rows of sets whose golds stand in solutions or in one text of options, read by eye."""
    for mapping, name, number, gold in [
            ("minerva_math", "qwen_math_eval/minerva_math.jsonl", 272, "1.6"),
            ("sat_math", "qwen_math_eval/sat_math.jsonl", 32, "$f(-6)=0$"),
            ("legalbench", "legalbench/train_fewshot.jsonl", 641, "generic")]:
        assert len(rows_of(name)) == number
        questions, lost = results(mapping, SHARED / name)
        assert (len(questions), lost, questions[0].answer) == (number, {}, gold)
    mark = questions[0]
    assert mark.question == ("Determine the *Abercrombie* classification for a mark/product pair.\n"
                             'text: The mark "Ivory" for a product made of elephant tusks.')
    assert (mark.licence, mark.domain, mark.answer_type) == ("CC-BY-4.0", "law", "text")
    assert {question.licence for question in questions} == {"CC-BY-4.0", "CC-BY-SA-4.0", "MIT"}


def test_exercises_of_textbooks() -> None:
    """11,587 rows. Those with options on lines of their own hold all of mcq.jsonl, which another took out by hand."""
    rows = rows_of("openstax/exercises_with_solution.jsonl.gz")
    questions, lost = results("openstax_exercises", SHARED / "openstax/exercises_with_solution.jsonl.gz")
    assert len(rows) == len(questions) + lost.total() == 11587
    # golds of parts (a), (b), ... and 641 of parts ⓐ, ⓑ, ...; those that also vary are among these
    assert lost == {"long_answer": 3222, "several_answers": 1644, "gold_not_an_option": 550, "answers_vary": 239,
                    "equal_options": 2}
    known, _ = results("openstax_mcq", SHARED / "openstax/mcq.jsonl")
    labels = {question.id: question.answer_label for question in questions}
    assert [labels.get(question.id) for question in known] == [question.answer_label for question in known]
    books = Counter(row["book"] for row in rows)
    assert books["prealgebra-2e"] == 1304
    assert {question.group for question in questions if question.domain != "math"} == {"gpr"}
    assert {question.answer_type for question in questions if question.domain == "math"} <= {"math", "choice"}


# A row by hand in the layout that each publisher's files have.
PUBLISHED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("mmlu_auxiliary", {"question": "Which is a metal?", "subject": "", "choices": ["tin", "air", "ice", "fog"],
                        "answer": 0}, {"answer": "tin", "answer_label": "A", "source": "mmlu", "template": "mcq"}),
    ("natural_reasoning", {"question": "What bends light?", "reference_answer": "A lens.",
                           "responses": [{"response_model": "m", "response": "r"}]},
     {"answer": "A lens.", "answer_type": "text", "licence": "CC-BY-NC-4.0", "source": "naturalreasoning"}),
    ("numinamath", {"source": "olympiads", "problem": "Add 2 and 3.", "messages": [],
                    "solution": "It is \\boxed{2+3}, so $\\boxed{5}$."},
     {"answer": "5", "group": "math", "source": "numinamath"}),
    ("math", {"problem": "Halve 1.", "level": "Level 1", "type": "Algebra", "solution": "So $\\boxed{\\frac{1}{2}}$."},
     {"answer": "\\frac{1}{2}", "source": "math"}),
    ("nemotron_crossthink_math", {"data_source": "d", "prompt": [{"role": "user", "content": "..."}],
                                  "reward_model": {"style": "rule", "ground_truth": "7"},
                                  "meta_data": {"index": 1, "question": "Add 3 and 4."}},
     {"question": "Add 3 and 4.", "answer": "7", "answer_type": "math", "source": "persona-math"}),
    ("nemotron_crossthink_qa", {"data_source": "d", "prompt": [{"role": "user", "content": "..."}],
                                "reward_model": {"style": "rule", "ground_truth": "B"},
                                "meta_data": {"index": 1, "question": "Which is a metal?\nA. ice\nB. tin\nC. fog"}},
     {"question": "Which is a metal?", "options": ("ice", "tin", "fog"), "answer": "tin", "source": "syn-qa"}),
    ("nemotron_crossthink_qa", {"reward_model": {"style": "rule", "ground_truth": "C) tin"},
                                "meta_data": {"question": "Which is a metal?", "options": ["ice", "fog", "tin"]}},
     {"options": ("ice", "fog", "tin"), "answer": "tin", "answer_label": "C", "group": "gpr"}),
    ("nemotron_crossthink_qa", {"reward_model": {"style": "rule", "ground_truth": "tin"},
                                "meta_data": {"question": "Which metal melts at 232 degrees Celsius?"}},
     {"options": (), "answer": "tin", "answer_type": "text"}),
    ("supergpqa_published", {"uuid": "u", "question": "Which is a metal?", "options": ["ice", "tin"], "answer": "tin",
                             "answer_letter": "B", "discipline": "Science", "difficulty": "easy"},
     {"answer": "tin", "domain": "Science", "licence": "ODC-By-1.0"}),
    ("gpqa", {"Question": "Which is a metal?", "Correct Answer": "tin", "Incorrect Answer 1": "ice",
              "Incorrect Answer 2": "fog", "Incorrect Answer 3": "air", "High-level domain": "Chemistry"},
     {"answer": "tin", "domain": "Chemistry"}),
]


def one(tmp_path: Path, mapping: str, row: dict[str, Any], **more: Any) -> Any:
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps(row) + "\n")
    file = question_file(SETS / f"{mapping}.toml", str(path), **more)
    (read,) = read_rows(file)
    assert isinstance(read, Row | Fault)
    return to_question(read, (file,), max_answer_words=10)


@pytest.mark.parametrize(("mapping", "row", "expected"), PUBLISHED)
def test_published_layouts(tmp_path: Path, mapping: str, row: dict[str, Any], expected: dict[str, Any]) -> None:
    result = one(tmp_path, mapping, row)
    assert isinstance(result, Kept), result
    assert {name: getattr(result.records[0], name) for name in expected} == expected


@pytest.mark.parametrize(("mapping", "changes", "reason"), [
    ("nemotron_crossthink_qa", {"reward_model": {"ground_truth": "B) fog"}}, "label_text_conflict"),
    ("nemotron_crossthink_qa", {"reward_model": {"ground_truth": "B. ice"}}, "label_text_conflict"),
    ("nemotron_crossthink_qa", {"reward_model": {"ground_truth": "D"}}, "gold_not_an_option"),
    ("supergpqa_published", {"answer_letter": "A"}, "label_text_conflict"),
    ("natural_reasoning", {"reference_answer": ""}, "empty_answer"),
    ("numinamath", {"solution": "Hence it holds. QED"}, "no_box"),
])
def test_golds_that_are_none(tmp_path: Path, mapping: str, changes: dict[str, Any], reason: str) -> None:
    row = {**next(row for name, row, _ in PUBLISHED if name == mapping), **changes}
    result = one(tmp_path, mapping, row)
    assert isinstance(result, Rejected)
    assert result.reason == reason


def test_every_mapping_says_whom_the_set_is_from() -> None:
    for path in SETS.glob("*.toml"):
        mapping = load_mapping(path)
        assert all(mapping.get(key) for key in ("source", "title", "authors", "url")), path
    assert len(list(SETS.glob("*.toml"))) == 27


def test_an_entry_goes_before_its_mapping(tmp_path: Path) -> None:
    recipe = tmp_path / "r.toml"
    recipe.write_text(f"""
[run]
name = "r"
[model]
path = "none"
[[data.questions]]
path = "q.jsonl"
mapping = "{SETS}/gsm8k.toml"
source = "own"
[[data.evaluation]]
path = "e.jsonl"
mapping = "{SETS}/mmlu.toml"
""")
    data = load_recipe(recipe).data
    question = data.questions[0]
    assert (question.source, question.answer_after, question.licence) == ("own", "####", "MIT")
    assert (data.evaluation[0].source, data.evaluation[0].answer_is) == ("mmlu", "label")


def test_what_is_wrong_with_a_mapping_is_said_with_its_name(tmp_path: Path) -> None:
    recipe, mapping = tmp_path / "r.toml", tmp_path / "m.toml"
    recipe.write_text('[run]\nname = "r"\n[model]\npath = "none"\n[[data.questions]]\npath = "q"\n'
                      f'mapping = "{mapping}"\n')
    with pytest.raises(ConfigError, match=r"m\.toml: cannot read the mapping file: No such file .*named by .*r\.toml"):
        load_recipe(recipe)
    mapping.write_text('source = "s"\nquestoin = "q"\n')
    with pytest.raises(ConfigError, match=r"m\.toml: unknown key questoin"):
        load_recipe(recipe)
    mapping.write_text('source = "s"\npath = "q"\n')
    with pytest.raises(ConfigError, match=r"m\.toml: a mapping has no path"):
        load_recipe(recipe)
