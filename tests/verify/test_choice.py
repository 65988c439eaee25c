"""Which option a box names."""

from collections.abc import Callable

import pytest

from crossthink.schema import Question, Reason
from crossthink.verify import check_answer

CITIES = ("Rome", "Paris", "New York", "London")


@pytest.mark.parametrize("answer", [
    "B", "b", "(B)", "(b)", "B.", "B)", "[B]", "B:", r"\text{B}", r"\textbf{B}", r"\mathrm{(B)}", "$B$", r"\(B\)",
    "**B**",
    "Ｂ", "Ⓑ", "option B", "Option (B)", "Answer: B", "The correct answer is B.", "Paris", "paris", "PARIS.",
    r"\text{Paris}",
    "“Paris”", "(B) Paris", "B. Paris", "B: Paris", "B - Paris", "B Paris", r"\textbf{(B) Paris}",
    r"\textbf{(B)}\ \text{Paris}",
    "2", "(2)", "2.", "ii", "(II)", "ii) Paris", "2. Paris", "II: Paris", "option 2", "The answer is (ii).",
    "B, Paris", "Paris, B", "B\u200b", "B and B",
    "B (Paris)", "(B) (Paris)", "B. (Paris)", "Paris (B)", r"\textbf{Paris (B).}", '"B"', "'B'", '"B. Paris"',
])
def test_forms_that_name_the_gold(ask: Callable[..., Question], answer: str) -> None:
    assert check_answer(ask("Paris", options=CITIES), answer).reason is Reason.CORRECT


@pytest.mark.parametrize(("answer", "reason"), [
    ("A", Reason.WRONG), ("Rome", Reason.WRONG), ("(A) Rome", Reason.WRONG), ("New York", Reason.WRONG),
    ("B. Rome", Reason.LABEL_TEXT_CONFLICT), ("(A) Paris", Reason.LABEL_TEXT_CONFLICT), ("A Paris",
    Reason.LABEL_TEXT_CONFLICT),
    ("B, Rome", Reason.LABEL_TEXT_CONFLICT), ("Paris, A", Reason.LABEL_TEXT_CONFLICT),
    ("A, B", Reason.TWO_ANSWERS), ("B and C", Reason.TWO_ANSWERS), ("Paris or Rome", Reason.TWO_ANSWERS),
    ("A/B", Reason.TWO_ANSWERS), ("(A) Rome, (B) Paris", Reason.TWO_ANSWERS), ("B; D", Reason.TWO_ANSWERS),
    (r"B \text{ or } C", Reason.TWO_ANSWERS), ("A & B", Reason.TWO_ANSWERS), ("A, B, C, D", Reason.TWO_ANSWERS),
    ("B, Madrid, A", Reason.TWO_ANSWERS),
    ("1", Reason.WRONG), ("iii", Reason.WRONG), ("IV.", Reason.WRONG), ("1. Rome", Reason.WRONG),
    ("1. Paris", Reason.LABEL_TEXT_CONFLICT), ("(iv) Paris", Reason.LABEL_TEXT_CONFLICT),
    ("1 and 2", Reason.TWO_ANSWERS), ("i, ii", Reason.TWO_ANSWERS), ("1, B", Reason.TWO_ANSWERS),
    ("0", Reason.NOT_AN_OPTION), ("5", Reason.NOT_AN_OPTION), ("V", Reason.NOT_AN_OPTION), ("iiii",
    Reason.NOT_AN_OPTION), ("2nd", Reason.NOT_AN_OPTION), ("2.0", Reason.NOT_AN_OPTION),
    ("E", Reason.NOT_AN_OPTION), ("Madrid", Reason.NOT_AN_OPTION), ("not B", Reason.NOT_AN_OPTION), ("BB",
    Reason.NOT_AN_OPTION),
    ("A or", Reason.NOT_AN_OPTION), ("B. Madrid", Reason.NOT_AN_OPTION), ("Paris London", Reason.NOT_AN_OPTION),
    ("ABCD", Reason.NOT_AN_OPTION), ("B, not A", Reason.NOT_AN_OPTION), ("is correct", Reason.NOT_AN_OPTION), ("Pari",
    Reason.NOT_AN_OPTION),
    ("B (London)", Reason.LABEL_TEXT_CONFLICT), ("Paris (A)", Reason.LABEL_TEXT_CONFLICT),
    ("(A) (Paris)", Reason.LABEL_TEXT_CONFLICT), ("B (Paris) or A", Reason.LABEL_TEXT_CONFLICT),
    ("Paris (B), Rome (A)", Reason.TWO_ANSWERS), ('"B" or "A"', Reason.TWO_ANSWERS),
    ("B (A)", Reason.NOT_AN_OPTION), ("B (Paris) (A)", Reason.NOT_AN_OPTION), ("(A) Paris (B)", Reason.NOT_AN_OPTION),
    ("B (not Paris)", Reason.NOT_AN_OPTION), ("Paris (Rome)", Reason.NOT_AN_OPTION), ('"A" "B"', Reason.NOT_AN_OPTION),
    ("", Reason.EMPTY_ANSWER), (".", Reason.EMPTY_ANSWER), ("  ", Reason.EMPTY_ANSWER), (r"\text{}",
    Reason.EMPTY_ANSWER),
    ("Paris " * 100, Reason.TOO_LONG),
])
def test_forms_that_do_not(ask: Callable[..., Question], answer: str, reason: Reason) -> None:
    verdict = check_answer(ask("Paris", options=CITIES), answer)
    assert (verdict.reason, verdict.correct) == (reason, False)


def test_case_counts_where_it_tells_options_apart(ask: Callable[..., Question]) -> None:
    genotypes = ("AA", "Aa", "aa", "aA")
    assert check_answer(ask("Aa", options=genotypes), "Aa").correct
    assert not check_answer(ask("Aa", options=genotypes), "aa").correct
    # "Mg" is written wrong but names nothing else.
    assert check_answer(ask("Mg", options=("Mg", "Ca")), "mg").correct


def test_articles_count_where_they_tell_options_apart(ask: Callable[..., Question]) -> None:
    animals = ("a cat", "dog", "the cat")
    assert check_answer(ask("dog", options=animals), "a dog").correct
    assert check_answer(ask("a cat", options=animals), "a cat").correct
    assert check_answer(ask("a cat", options=animals), "cat").reason is Reason.TWO_ANSWERS


def test_numbers_with_commas_and_lists_of_letters_are_texts_first(ask: Callable[..., Question]) -> None:
    assert check_answer(ask("1,000", options=("10", "1,000")), "1,000").correct
    assert check_answer(ask("Rome and Paris", options=("Rome", "Paris", "Rome and Paris")), "Rome and Paris").correct
    # LaTeX of different fractions stays different without its braces.
    fractions = (r"$\frac{1}{23}$", r"$\frac{12}{3}$", "$10^2$", "102")
    assert check_answer(ask(fractions[0], options=fractions), r"\frac{1}{23}").correct
    assert check_answer(ask(fractions[1], options=fractions), r"\frac{1}{23}").reason is Reason.WRONG
    assert check_answer(ask("102", options=fractions), "10²").reason is Reason.WRONG


@pytest.mark.parametrize("options", [("5", "7", "9"), ("one", "two", "three"), ("part I", "part II", "neither"),
                                     ("x", "y", "z"), ("after 3 days", "at once", "never")])
def test_a_number_is_no_label_where_an_option_speaks_of_numbers(ask: Callable[..., Question],
                                                                options: tuple[str, ...]) -> None:
    assert check_answer(ask(options[1], options=options), "2").reason is Reason.NOT_AN_OPTION


@pytest.mark.parametrize(("options", "answer", "reason"), [
    (("2", "1", "0", "5"), "2, 1", Reason.TWO_ANSWERS),
    (("2", "1", "0", "5"), "2.1", Reason.NOT_AN_OPTION),
    (("2", "1", "0", "5"), "2.  1", Reason.NOT_AN_OPTION),
    (("4", "3", "2", "1"), "2, 3", Reason.TWO_ANSWERS),
    (("4", "3", "2", "1"), "2: 3", Reason.NOT_AN_OPTION),
    (("4", "3", "2", "1"), "2 - 3", Reason.NOT_AN_OPTION),
    (("4", "3", "2", "1"), "(2) 3", Reason.NOT_AN_OPTION),
    (("10", "30", "20", "40"), "2, 30", Reason.NOT_AN_OPTION),
    (("4", "3", "2", "1"), "B. 3", Reason.CORRECT),  # a letter is a label all the same
])
def test_nor_is_a_number_before_a_text(ask: Callable[..., Question], options: tuple[str, ...], answer: str,
                                       reason: Reason) -> None:
    assert check_answer(ask(options[1], options=options), answer).reason is reason


@pytest.mark.parametrize(("answer", "reason"), [
    ("A. B", Reason.CORRECT),  # a label and its text
    ("A, B", Reason.TWO_ANSWERS), ("A (B)", Reason.NOT_AN_OPTION), ("B (A)", Reason.NOT_AN_OPTION)])
def test_two_labels_are_two_answers_where_one_is_a_text(ask: Callable[..., Question], answer: str,
                                                        reason: Reason) -> None:
    assert check_answer(ask("B", options=("B", "A", "C")), answer).reason is reason


@pytest.mark.parametrize(("gold", "other", "answers"), [
    ("x > 2", "x < 1", ("x>2", "$x>2$", "A. x>2", "A, $x>2$")),
    ("2 + 3", "2 - 3", ("2+3", r"\text{(A) }2+3")),
    ("(1, 2)", "(2, 1)", ("(1,2)", r"\left(1,2\right)", "(A) (1,2)")),
    (r"$2\pi$", r"$4\pi$", (r"2 \pi", r"2\,\pi")),
    (r"2\sqrt{3}", r"3\sqrt{2}", (r"2\sqrt3", r"2 \sqrt 3")),
    (r"$\frac{x}{2}$", r"$\frac{2}{x}$", (r"\dfrac{x}{2}", r"\frac x2", r"\tfrac x{2}", r"\textbf{(A)}\ \dfrac{x}{2}")),
    ("$x^2 + y$", "$x^2 - y$", ("x^{2}+y", "x²+y"))])
def test_spellings_of_one_notation(ask: Callable[..., Question], gold: str, other: str,
                                   answers: tuple[str, ...]) -> None:
    for answer in answers:
        assert check_answer(ask(gold, options=(gold, other)), answer).reason is Reason.CORRECT
        assert check_answer(ask(other, options=(gold, other)), answer).reason in (Reason.WRONG,
                                                                                  Reason.LABEL_TEXT_CONFLICT)


@pytest.mark.parametrize(("gold", "answers"), [
    ("x > 2", ("x>2 or x<1", "x>2, x<1", "A. x<1", "B. x>2", "not x>2", "x>2 or B", "X > 2x")),
    ("(1, 2)", ("1,2", "[1,2]", "{1,2}", r"\{1,2\}", "(2,1)", "(1,2) or (2,1)")),
    ("$x^{2y}$", ("x^2y", "x^{2}y")), ("$x^2 + y$", ("x^{2+y}",)), ("x^23", ("x^{2}3",)),
    (r"$\sqrt{2+y}$", (r"\sqrt2+y", r"\sqrt{2}+y")), (r"$\sqrt{34}$", (r"\sqrt34",)),
    (r"$\frac{ab}{c}$", (r"\frac{a}{bc}", r"\dfrac a{bc}")), (r"$\overline{3x}$", (r"\overline{3}x",)),
    ("1,234", ("1, 234", "(1, 234)")), ("(1,234)", ("(1, 234)",)), ("1.5", ("1. 5", "1, 5", "1 .5")),
    ("1,5", ("1, 5",)), ("1-2", ("1 -2", "1, -2")), ("no where", ("nowhere",))])
def test_notation_keeps_apart_what_differs(ask: Callable[..., Question], gold: str, answers: tuple[str, ...]) -> None:
    for answer in answers:
        assert not check_answer(ask(gold, options=(gold, "x < 1", "(2, 1)")), answer).correct


def test_blanks_count_where_they_tell_options_apart(ask: Callable[..., Question]) -> None:
    options = ("x+1", "x + 1", "y")
    assert check_answer(ask("x + 1", options=options), "x + 1").correct
    assert check_answer(ask("x + 1", options=options), "x+ 1").reason is Reason.NOT_AN_OPTION


def test_letters_go_before_roman_numerals(ask: Callable[..., Question]) -> None:
    fruit = ("apple", "pear", "plum", "fig", "lime", "date", "kiwi", "melon", "grape")
    assert check_answer(ask("grape", options=fruit), "I").correct  # the ninth letter, not the first number
    assert check_answer(ask("grape", options=fruit), "ix").correct
    assert check_answer(ask("lime", options=fruit), "V.").correct  # nine options have no letter V


def test_options_of_one_text_are_named_by_label_only(ask: Callable[..., Question]) -> None:
    question = ask("Paris", options=("Paris", "Rome", "Paris"))
    assert check_answer(question, "A").correct
    assert check_answer(question, "A. Paris").correct
    assert check_answer(question, "C. Paris").reason is Reason.WRONG
    assert check_answer(question, "Paris").reason is Reason.TWO_ANSWERS


def test_a_gold_whose_label_and_text_differ_is_bad(ask: Callable[..., Question]) -> None:
    from dataclasses import replace

    question = ask("Paris", options=CITIES)
    for broken in (replace(question, answer_label="A"), replace(question, answer_label="Z"), replace(question,
                   answer_label=""),
                   replace(question, answer="Madrid"), replace(question, options=())):
        assert check_answer(broken, "B").reason is Reason.BAD_GOLD


def test_the_twenty_sixth_option(ask: Callable[..., Question]) -> None:
    options = tuple(f"item {number}" for number in range(26))
    assert check_answer(ask("item 25", options=options), "(Z)").correct
    assert check_answer(ask("item 25", options=options), "Z. item 24").reason is Reason.LABEL_TEXT_CONFLICT
