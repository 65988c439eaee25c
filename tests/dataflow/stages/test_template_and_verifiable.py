"""The last rules before the shards: the template, and the gold against its own verifier."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.stages.stage import Rejected, keep
from crossthink.dataflow.stages.template import choose
from crossthink.dataflow.stages.verifiable import verify

from crossthink.schema import Question

Make = Callable[..., Question]


def test_options_make_the_template(make_question: Make) -> None:
    choice = replace(make_question("Who?", options=("a", "b"), answer="a"), template="")
    assert choose(choice) == keep(replace(choice, template="mcq"))
    open_ended = replace(make_question("Who?"), template="")
    assert choose(open_ended) == keep(replace(open_ended, template="open"))


def test_an_open_question_must_make_sense_without_options(make_question: Make) -> None:
    asked = make_question("Which of the following is a river?", group="gpr")
    assert choose(asked) == Rejected("points_at_options", "Which of the following")
    assert choose(replace(asked, question="The study shows that")) == Rejected("unfinished", "The study shows that")


@pytest.mark.parametrize("words", ["statement 1 ", "is true ", "which ", "that ", "the above ", "except "])
def test_a_long_question_takes_a_time_in_proportion(words: str, make_question: Make) -> None:
    # 300 kB take 0.5 s at most here; with every "statement 1" followed to the end it was 4 minutes
    asked = make_question(words * (300_000 // len(words)) + "Lorne?", group="gpr")
    started = time.process_time()
    choose(asked)
    assert time.process_time() - started < 10


def test_a_question_must_hold_what_it_points_at(make_question: Make) -> None:
    for group in ("gpr", "math"):
        asked = make_question("How tall is the mast in the figure above?", answer="12", group=group)
        assert choose(asked) == Rejected("absent_figure", "figure above")
    choice = make_question("Repeat the previous problem with 2 kg.", options=("3", "4"), answer="3")
    assert choose(choice) == Rejected("absent_part", "the previous problem")


def test_an_open_question_must_ask_something(make_question: Make) -> None:
    asked = make_question("The sum of $q$ and $31$ is $68.$", answer="37", group="math")
    assert choose(asked) == Rejected("absent_task", "The sum of $q$ and $31$ is $68.$")
    choice = replace(make_question("The keel lies", options=("low", "high"), answer="low"), template="")
    assert choose(choice) == keep(replace(choice, template="mcq"))  # its options finish the sentence


def test_a_mathematical_gold_is_no_sentence(make_question: Make) -> None:
    asked = make_question("How many planks are left?", answer="Ove has 12 planks left, Una 3.", group="math")
    assert verify(asked) == Rejected("gold_in_prose", "Ove has 12 planks left, Una 3.: has")


def test_the_verifier_that_accepts_the_gold_is_named(make_question: Make) -> None:
    choice = replace(make_question("Who?", options=("a dog", "a cat"), answer="a cat"), verifier="")
    assert verify(choice) == keep(replace(choice, verifier="choice/4"))
    number = replace(make_question("How many?", answer="\\frac{1}{2}"), verifier="")
    assert verify(number) == keep(replace(number, verifier="math/4"))


def test_a_gold_that_its_verifier_does_not_accept(make_question: Make) -> None:
    wrong = replace(make_question("Who?", options=("a dog", "a cat"), answer="a cat"), answer_label="A")
    assert verify(wrong) == Rejected("gold_bad_gold", "gold 'a cat' was read as 'A'")
    broken = make_question("Which system?", answer="{x + 1")
    result = verify(broken)
    assert isinstance(result, Rejected)
    assert result.reason == "gold_box_not_closed"
