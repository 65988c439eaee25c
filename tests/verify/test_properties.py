"""Properties that hold for every string."""

import string
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from crossthink.schema import LABELS, Question, Reason
from crossthink.templates import gold_response, shuffle_options
from crossthink.verify import check_answer, grade, verifier_id
from crossthink.verify.format import read_response
from crossthink.verify.numbers import read_number

ANY = st.text(st.characters(), max_size=60)
"""Surrogates and control characters too."""
PIECES = st.lists(st.sampled_from(["<think>", "</think>", r"\boxed{", r"\boxed", "{", "}", "\\", "B", "4", ",",
                                    " or ", "$", "=",
                                    r"\text{",
                                   r"\frac", "%", "^", "\0", "\ud800", "\u200f", " ", "Paris",
                                    "\n", ".", "(", ")", "-", "/", "1"]),
                  max_size=25).map("".join)
WORD = st.text(string.ascii_letters + "0123456789é", min_size=1, max_size=8)
WORDS = st.lists(WORD, min_size=1, max_size=4).map(" ".join)
OPTIONS = st.lists(WORDS, min_size=2, max_size=10, unique_by=lambda text: text.casefold()).map(tuple)


@given(response=ANY | PIECES | PIECES.map(lambda body: rf"<think></think>\boxed{{{body}}}"))
@settings(max_examples=max(400, settings().max_examples), deadline=None)
def test_no_string_raises(ask: Callable[..., Question], response: str) -> None:
    for question in (ask("Paris", options=("Rome", "Paris")), ask("Paris", "text"), ask("4"), ask("4 m", "quantity")):
        for verdict in (grade(question, response), check_answer(question, response)):
            assert verdict.correct or verdict.reason is not Reason.CORRECT
            assert (verdict.reason is Reason.CORRECT) == (verdict.correct and verdict.formatted)


@given(gold=PIECES | ANY)
@settings(max_examples=max(150, settings().max_examples), deadline=None)
def test_no_gold_raises(ask: Callable[..., Question], gold: str) -> None:
    for kind in ("math", "quantity", "text"):
        grade(ask(gold, kind), r"<think></think>\boxed{4}")


@given(options=OPTIONS, data=st.data())
def test_a_choice_gold_verifies_itself_by_label_and_by_text(ask: Callable[..., Question], options: tuple[str, ...],
                                                            data: st.DataObject) -> None:
    question = ask(data.draw(st.sampled_from(options)), options=options)
    label, text = question.answer_label, question.answer
    assert grade(question, gold_response(question, "because")).reward == 1
    assume(all(len(option) > 1 for option in options))  # a text that is a letter reads as a label
    assert check_answer(question, f"({label}) {text}").correct
    assert check_answer(question, f"{label}, {label}").correct
    other = next(option for option in options if option != text)
    assert not check_answer(question, f"({label}) {other}").correct
    assert not check_answer(question, f"{label} or {LABELS[options.index(other)]}").correct


@given(words=WORDS)
def test_a_text_gold_verifies_itself(ask: Callable[..., Question], words: str) -> None:
    assume(words.casefold() not in {"the"} and not set(words.casefold().split()) <= {"the", "a", "an"})
    question = ask(words, "text")
    assert grade(question, gold_response(question)).reward == 1
    assert check_answer(question, f"The {words}.").correct == check_answer(question, f"the {words}").correct


@given(top=st.integers(-10**6, 10**6), bottom=st.integers(1, 10**4))
def test_a_number_is_right_in_every_spelling_and_wrong_when_another(ask: Callable[..., Question], top: int,
                                                                        bottom: int) -> None:
    value, sign = Fraction(top, bottom), "-" if top < 0 else ""
    question = ask(f"{top}/{bottom}")
    for spelling in (f"{value}", rf"{sign}\frac{{{abs(top)}}}{{{bottom}}}", rf"\dfrac{{{top}}}{{{bottom}}}",
                     f"${top} / {bottom}$",
                     f"x = {top}/{bottom}", f"{top:,}/{bottom:,}"):
        assert grade(question, rf"<think></think>\boxed{{{spelling}}}").reward == 1, spelling
    assert not check_answer(question, f"{top + 1}/{bottom}").correct
    assert not check_answer(question, f"{top}/{bottom}, {top + 1}/{bottom}").correct
    number = read_number(f"{value}")
    assert number is not None
    assert number.value == value


@given(options=OPTIONS, seed=st.integers(0, 2**31 - 1), data=st.data())
@example(options=("A", "B"), seed=1, data=None)
def test_shuffled_options_change_no_verdict(ask: Callable[..., Question], options: tuple[str, ...], seed: int,
                                            data: st.DataObject | None) -> None:
    gold = data.draw(st.sampled_from(options)) if data else options[0]
    question = ask(gold, options=options)
    shuffled = shuffle_options(question, seed)
    assert sorted(shuffled.options) == sorted(options)
    assert shuffled.options[LABELS.index(shuffled.answer_label)] == gold
    for option in options:
        old, new = LABELS[options.index(option)], LABELS[shuffled.options.index(option)]
        forms = [(old, new)]
        if all(len(text) > 1 for text in options):  # a text that is a letter reads as a label, and labels move
            forms += [(f"{old}. {option}", f"{new}. {option}"), (option, option)]
        for before, after in forms:
            assert check_answer(question, before).correct == check_answer(shuffled, after).correct == (option == gold)


@given(before=WORDS, after=WORDS, thought=WORDS, answer=st.sampled_from(["4", "5", "x=4", "4 or 5", ""]))
def test_more_text_around_the_box_changes_nothing(ask: Callable[..., Question], before: str, after: str,
                                                      thought: str, answer: str) -> None:
    question = ask("4")
    bare = grade(question, rf"<think></think>\boxed{{{answer}}}")
    assert grade(question, rf"<think>{thought}</think>{before} \boxed{{{answer}}} {after}") == bare


@given(first=st.sampled_from("ABCD"), second=st.sampled_from("ABCD"),
       joint=st.sampled_from([", ", " and ", " or ", "/", "; ", " & ", ","]))
def test_two_labels_are_right_only_where_they_are_one(ask: Callable[..., Question], first: str, second: str,
                                                        joint: str) -> None:
    question = ask("two", options=("one", "two", "three", "four"))
    assert check_answer(question, first + joint + second).correct == (first == second == "B")


def test_verifier_ids_and_an_unknown_type(ask: Callable[..., Question]) -> None:
    questions = (ask("x", options=("x", "y")), ask("4"), ask("4 m", "quantity"), ask("x", "text"))
    assert [verifier_id(question) for question in questions] == ["choice/4", "math/4", "quantity/2",
                                                              "text/3"]
    with pytest.raises(ValueError, match="answer type 'essay' has no verifier: one of choice, math, quantity, text"):
        grade(replace(ask("4"), answer_type="essay"), "x")


def test_a_reading_never_holds_a_nested_box() -> None:
    assert read_response(r"<think></think>\boxed{a \boxed{b} c}").answer is None
