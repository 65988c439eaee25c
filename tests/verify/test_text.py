"""Short free text: what the normalisation makes the same, and what it must keep apart."""

from collections.abc import Callable

import pytest

from crossthink.schema import Question, Reason
from crossthink.verify import check_answer
from crossthink.verify.text import normalise


@pytest.mark.parametrize(("gold", "answer"), [
    ("Paris", "paris"), ("Paris", "Paris."), ("Paris", r"\text{Paris}"), ("Paris", "“Paris”"), ("Paris", "**Paris**"),
    ("the Nile", "Nile"), ("Nile", "The Nile"), ("an apple", "apple"), ("Bank of England", "the Bank of the England"),
    ("Newton's law", "Newton’s law"), ("well-being", "well being"), ("Café", "Cafe\u0301"), ("ﬁsh", "fish"),
    ("three", "3"), ("twenty-one days", "21 days"), ("21 days", "Twenty one days"), ("1,200", "1200"),
    ("3.5 km", "3.5 km."),
    ("U.S.", "U.S"), ("World War II", "world  war ii"), ("STRASSE", "straße"),
    ("Paris", r"\underline{Paris}"), ("Paris", r"\textup{Paris}"), ("Paris", "*Paris*"), ("Paris", "***Paris***"),
    ("painter of the Mona Lisa", "painter of the *Mona Lisa*"), ("Albert Einstein", "Albert~Einstein"),
    ("J. Smith", "J.~Smith"), ("10 km", "10~km"), ("C*", "C*"),
    ("H2O", "H_{2}O"), ("H2O", r"\text{H}_2\text{O}"), ("H2O", r"\mathrm{H_{2}O}"), ("H_{2}O", "H₂O"),
    ("C6H12O6", r"\mathrm{C}_{6}\mathrm{H}_{12}\mathrm{O}_{6}"), ("Fe2(SO4)3", r"\text{Fe}_2(\text{SO}_4)_3"),
])
def test_same(ask: Callable[..., Question], gold: str, answer: str) -> None:
    assert check_answer(ask(gold, "text"), answer).reason is Reason.CORRECT


@pytest.mark.parametrize(("gold", "answer"), [
    ("Paris", "London"), ("Paris", "Paris or London"), ("Paris", "Paris/London"), ("Paris", "not Paris"),
    ("yes", "yes no"),
    ("vitamin A", "vitamin"), ("five", "two three"), ("25", "20 5"), ("3.5", "35"), ("3.5", "3 5"),
    ("C++", "C"), ("10²", "102"),
    ("H2O", "H_{2}O_{2}"), ("H2O", "H^2O"), ("H2O", r"\text{H}_2\text{ or O}"),
    ("x12", "x_{1}2"), ("x12", r"x_1\text{2}"),
    ("A search", "A* search"), ("2 3 4", "2 *3* 4"), ("C", "C*"), ("Paris", "*Paris* *Rome*"), ("Paris", "Paris~Rome"),
    ("3 5", "3~5"), ("5", "~5"), ("x y", "x~y"),
    ("50%", "50"), ("1,2", "12"), ("-5", "5"), ("Paris", "Pari"),
])
def test_different(ask: Callable[..., Question], gold: str, answer: str) -> None:
    assert check_answer(ask(gold, "text"), answer).reason is Reason.WRONG


def test_at_most_ten_words(ask: Callable[..., Question]) -> None:
    ten = "one two three four five six seven eight nine ten"
    assert check_answer(ask(ten, "text"), ten).correct
    assert check_answer(ask(ten + " eleven", "text"), ten).reason is Reason.BAD_GOLD
    assert check_answer(ask(ten, "text"), ten + " eleven").reason is Reason.TOO_LONG
    assert check_answer(ask("!?", "text"), "!?").reason is Reason.BAD_GOLD
    assert check_answer(ask("Paris", "text"), "...").reason is Reason.EMPTY_ANSWER


def test_number_words_end_where_the_number_ends() -> None:
    assert normalise("ninety-nine red balloons") == "99 red balloons"
    assert normalise("twenty ten") == "20 10"
    assert normalise("thirty red balloons") == "30 red balloons"
    assert normalise("forty one two") == "41 2"
    assert normalise("a one") == "1"
