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
])
def test_same(ask: Callable[..., Question], gold: str, answer: str) -> None:
    assert check_answer(ask(gold, "text"), answer).reason is Reason.CORRECT


@pytest.mark.parametrize(("gold", "answer"), [
    ("Paris", "London"), ("Paris", "Paris or London"), ("Paris", "Paris/London"), ("Paris", "not Paris"),
    ("yes", "yes no"),
    ("vitamin A", "vitamin"), ("five", "two three"), ("25", "20 5"), ("3.5", "35"), ("3.5", "3 5"),
    ("C++", "C"), ("10²", "102"),
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
