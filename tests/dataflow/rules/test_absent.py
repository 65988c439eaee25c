"""Pointers at what is not there, labelled by hand: sentences made up here, a form of real ones each."""

import gzip
import json
import os
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.rules.absent import absent

SHARED = Path(os.environ.get("CROSSTHINK_SHARED", Path(__file__).parents[4] / "shared")) / "data"
TABLE = "| bell | tone |\n|---|---|\n| small | high |"
LATEX = "$$\\begin{array}{c|c} x & 1 \\\\ y & 2 \\end{array}$$"
ASY = "[asy]\ndraw((0,0)--(1,0));\n[/asy]"


@pytest.mark.parametrize(("question", "words"), [
    ("What is the area of the sail in the figure above?", "figure above"),
    ("The following diagram is of a lock gate. How many hinges has it?", "following diagram"),
    ("Using the map above, how far is Garrow from Inkle?", "map above"),
    ("The lengths of both oars are given in the figure. Find the longer.", "given in the figure"),
    ("A 40-year-old miller coughs. An x-ray of the chest is shown. What is the diagnosis?",
     "x-ray of the chest is shown."),
    ("His nails are brittle (Figure 2.1). What does he lack?", "Figure 2.1"),
    ("The rash is on one arm, as shown below, and itches. What is it?", ", as shown below"),
    ("If the graph of $g$ is shown, where is it zero?", "graph of $g$ is shown,"),
    ("In the picture, which gear turns left?", "In the picture"),
    ("Her gait is as seen in the second image. Which nerve is it?", "seen in the second image"),
])
def test_absent_figures(question: str, words: str) -> None:
    assert absent(question) == ("absent_figure", words)


@pytest.mark.parametrize(("question", "words"), [
    ("Find the curve that fits the data in the table.", "in the table"),
    ("What do the prices shown in the table below add up to?", "table below"),
    ("Which toll in Table 3 is the highest?", "in Table 3"),
])
def test_absent_tables(question: str, words: str) -> None:
    assert absent(question) == ("absent_table", words)


@pytest.mark.parametrize(("question", "words"), [
    ("Repeat the previous problem with a mass of 2 kg.", "the previous problem"),
    ("How much would the account in Example 3 hold after ten years?", "in Example 3"),
    ("Example 12 spoke of a ferry. How fast was it?", "Example 12"),
    ("Using the data in Appendix G, find the heat.", "in Appendix G"),
    ("Show it with the two preceding exercises.", "two preceding exercises"),
    ("For the boat in the above example, find the draught.", "the above example"),
])
def test_absent_parts(question: str, words: str) -> None:
    assert absent(question) == ("absent_part", words)


@pytest.mark.parametrize("question", [
    f"What is the area of the triangle shown below?\n\n{ASY}",
    f"How many tones are in the table below?\n\n{TABLE}",
    f"The values of $f$ are given in the following table: {LATEX} What is $f(1)$?",
    "The results are given in the table below:\nTrial 1 7 days\nTrial 2 9 days\nWhich took longer?",
    "Laboratory values are shown below:\n\nHemoglobin: 12 g/dL\nPlatelets: 200,000\nWhat does he lack?",
    "Which of the following figures led the revolt?",
    "Which of the following maps would show rainfall best?",
    "Which equation below is true: $1 + 1 = 2$ or $1 + 1 = 3$?",
    "A table costs $40 and a chair a quarter of the price of the table. What do both cost?",
    "A point on the graph of $y = x^2$ is $(3, 9)$. What is the slope of the graph there?",
    "Where on the periodic table do the noble gases stand?",
    "He measured four inches on the map. How many miles are these?",
    "What are the coordinates of the image of $A$ after a turn by 90 degrees?",
    "The die is rolled twice. What is the expected value of the number shown?",
    "An ECG shows no abnormalities. What is the next step?",
    "Which is an example of a conifer?",
    "An example of conservation is to save what?",
    "In Mrs. Vale's class 30 of 36 students took the Chapter 4 test. What share is that?",
    "The agreement ends as set forth in Section 5.2. Does it bind the heirs?",
    "The graphs of $y = x$ and $y = x^2$ are drawn. Where do they meet?",
    "Five advertisements were shown, lasting 3 minutes each. How long is that?",
    "The valve was mended using the figure-of-eight suture. Did it hold?",
    "How does a drop that hangs above the picture fall?",
])
def test_what_is_there_or_is_no_pointer(question: str) -> None:
    assert absent(question) is None


@pytest.mark.parametrize("name", ["math", "gsm8k"])
def test_no_drawn_question_of_a_real_set_is_lost(name: str) -> None:
    path = SHARED / name / "train.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path} is missing")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        texts = [row.get("problem") or row["question"] for row in map(json.loads, lines)]
    lost = [text for text in texts if absent(text)]
    # Read by hand: "In the diagram" without one in MATH, "he had solved in the previous problem" in GSM8K.
    assert len(lost) <= 1, lost
    assert not [text for text in lost if "[asy]" in text or "\\begin{" in text]


def test_a_long_line_of_cells_is_read_once() -> None:
    # 400,000 bars over a line without one: from each bar to the line's end, a square time would not end
    assert absent("a|" * 400_000 + "\nb") is None
