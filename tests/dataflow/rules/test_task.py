"""Whether a text asks for anything, labelled by hand: texts made up here, a form of real ones each."""

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.rules.task import asks


@pytest.mark.parametrize("text", [
    "The sum of $q$ and $31$ is $68.$",
    "the quotient of $-5$ and the sum of u and w",
    "In the harbour lie 5 boats. Each boat has 2 masts.",
    "Vertices at $(7,0)$ and $(-7,0)$ and one focus at $(9,0).$",
    "Petra bought a kayak on sale for $480. The original price was $640.",
    "six hundred twelve million, four thousand, nine",
    "a cube of soap with sides $3.5$ inches",
    "text: The Receiver shall keep the Information secret.\n\ndocument_name: NDA_12.pdf",
    "",
])
def test_texts_that_ask_nothing(text: str) -> None:
    assert not asks(text)


@pytest.mark.parametrize("text", [
    "How high is it?",
    "The sum of $q$ and $31$ is $68.$ Translate and solve.",
    "Find $x$.",
    "Add 2 and 3.",
    "Halve the sum of 2 and 3.",
    "There are 5 boats. Dock 2 of them.",
    "If $x = 3$ then $2x =$",
    "If $x = 3$ then $2x=\\ $",
    "The length of the keel is:",
    "The original radius is $\\textbf{(A)}\\ 1 \\qquad \\textbf{(B)}\\ 2$",
    "A z-score of 2 is ____ standard deviations from the mean.",
    "$\\underline{\\qquad}$ is the capital of Orrin.",
    "True or false: the mean moves more than the median.",
    "Extract the term being defined. text: 'keel' means the lowest beam.",
    "3 is to 4 as 6 is to",
    "The method of sampling was a. simple; b. systematic; c. none",
])
def test_texts_that_ask(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize(("text", "found"), [
    ("So it is.\n \n\tHalve the 5", True), (" \n Halve the 5", True), ("\u00a0\nHalve the 5", True),
    ("So it is! \tHalve the 5", True), ("so it stood  Halve the 5", False), ("  Halve the 5", False),
])
def test_where_an_instruction_may_begin(text: str, found: bool) -> None:
    assert asks(text) is found


def test_a_long_run_of_blank_lines_is_read_once() -> None:
    # 800,000 blanks: from each line's end to the last blank, a square time would not end
    assert not asks("The plain" + " \n" * 400_000 + "end")
