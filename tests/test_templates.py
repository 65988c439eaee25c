"""Prompts, gold responses, the open form and shuffled options."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from crossthink.schema import Question, question_id
from crossthink.templates import (
    NotOpen,
    Template,
    gold_answer,
    gold_response,
    move_gold,
    response_start,
    shuffle_options,
    to_open,
    user_message,
)
from crossthink.verify import grade

CITIES = ("Rome", "Paris", "London", "Oslo")


@pytest.fixture
def capital(make_question: Callable[..., Question]) -> Question:
    return make_question("What is the capital of France?", answer="Paris", options=CITIES, group="gpr",
                         domain="geography")


def test_multiple_choice_shows_its_options(capital: Question) -> None:
    assert user_message(capital) == (
        "What is the capital of France?\nA. Rome\nB. Paris\nC. London\nD. Oslo\n"
        "Reason in <think></think>, then write the letter in \\boxed{}.")
    assert gold_answer(capital) == "B"
    assert gold_response(capital, "It is on the Seine.") == "<think>It is on the Seine.</think>\\boxed{B}"


def test_open_has_none(make_question: Callable[..., Question]) -> None:
    question = make_question("What is 2 + 2?", answer="4")
    assert user_message(question) == "What is 2 + 2?\nReason in <think></think>, then write the answer in \\boxed{}."
    assert gold_response(question) == "<think></think>\\boxed{4}"


def test_the_long_gold_is_label_and_text(capital: Question) -> None:
    long = Template(gold="label_and_text")
    assert user_message(capital, long).endswith("then write the letter and the option in \\boxed{}.")
    assert gold_response(capital, "r", long) == "<think>r</think>\\boxed{B. Paris}"


@pytest.mark.parametrize(("template", "start", "response"), [
    (Template(think="opened"), "<think>", "r</think>\\boxed{B}"),
    (Template(think="none"), "", "r \\boxed{B}"),
    (Template(think="none", gold="label_and_text"), "", "r \\boxed{B. Paris}"),
])
def test_variants_of_the_format(capital: Question, template: Template, start: str, response: str) -> None:
    assert response_start(template) == start
    assert gold_response(capital, "r", template) == response
    verdict = grade(capital, response, think=template.think)
    assert (verdict.reward, verdict.answer[0]) == (1.0, "B")
    assert grade(capital, response).reward == 0.0  # tags are due where the recipe says nothing


def test_an_instruction_of_the_users(capital: Question, make_question: Callable[..., Question]) -> None:
    template = Template(mcq_instruction="Pick.", open_instruction="Answer.")
    assert user_message(capital, template).splitlines()[-1] == "Pick."
    assert user_message(make_question("2 + 2?"), template) == "2 + 2?\nAnswer."
    assert user_message(capital, Template(think="none")).endswith("Reason step by step, then write the letter in "
                                                                  "\\boxed{}.")


def test_the_open_form_is_a_question_of_its_own(capital: Question) -> None:
    opened = to_open(capital)
    assert isinstance(opened, Question)
    assert (opened.template, opened.options, opened.answer_label, opened.answer) == ("open", (), "", "Paris")
    assert (opened.answer_type, opened.verifier) == ("text", "")
    assert opened.id == question_id("What is the capital of France?") != capital.id
    assert opened.lineage.parent_id == capital.id
    assert (opened.domain, opened.group, opened.source) == ("geography", "gpr", "s")


def test_an_open_form_has_the_verifier_of_its_gold(make_question: Callable[..., Question]) -> None:
    for answer, options, group, kind in (("4", ("3", "4"), "gpr", "math"), ("1/2", ("1/2", "1"), "gpr", "math"),
                                         ("four", ("four", "five"), "gpr", "text"),
                                         ("x+1", ("x+1", "x"), "math", "math"), ("3 days", ("3 days", "4 days"),
                                         "gpr", "quantity"), ("3 boats", ("3 boats", "4 boats"), "gpr", "text")):
        opened = to_open(make_question("How much?", answer=answer, options=options, group=group))
        assert isinstance(opened, Question)
        assert opened.answer_type == kind, answer


@pytest.mark.parametrize("text", [
    "Which of the following is a city?", "Which of these is among the sheriffs?",
    "All of the following are cities EXCEPT:", "Which one is a planet?",
    "Which statement is true?", "Which statement best describes a cell?", "Select the correct answer.",
    "Choose the best option.", "Which option fits?",
    "The following is true:", "What is the best answer?", "None of the above cities is large. Which?",
    "Which expression shows the sum?",
    "Statement 1 | A group is a ring. Statement 2 | A ring is a group.", "It is true about cells that:",
    "From which of these did it come?",
    "What is one cause of rust?", "What is one more use of salt?", "What would be one?",
])
def test_questions_that_point_at_their_options(make_question: Callable[..., Question], text: str) -> None:
    assert to_open(make_question(text, answer="Paris", options=CITIES)) is NotOpen.POINTS_AT_OPTIONS


@pytest.mark.parametrize("text", [
    "What is the capital of France?", "Which battle came first?",
    "Founded: Oslo 1048, Paris 250. Which was founded first?", "In which city does the Seine flow?",
    "The capital of France is", "Who wrote it?",
    "Read the following passage. It names a city. What is the city?",
    "Of all the cities of France, what is the largest?", "Which act was passed first?",
    "How many of the 12 plums remain?", "What is true north?", "The city on the Seine is called _____.",
    "What is one half in decimal?", "What is one-third of 12?", "What is one hundred times two?",
    "What is one more than 7?",
])
def test_questions_that_stand_alone(make_question: Callable[..., Question], text: str) -> None:
    assert isinstance(to_open(make_question(text, answer="Paris", options=CITIES)), Question)


@pytest.mark.parametrize("option", [
    "All of the above", "none of the above.", "Both A and B", "both (A) and (C)", "A and B", "A and C only",
    "I and II", "III only", "Neither A nor B",
    "All of these", "None", "Option C", "More than one of the above", "True, False", "Not wrong, Wrong",
    "all of these options", "a and b", "both a and b.",
])
def test_options_that_speak_of_others(make_question: Callable[..., Question], option: str) -> None:
    """As the gold such an option means nothing alone; as another it is no harm, but the order must stay."""
    options = ("Rome", "Paris", option)
    gold = make_question("What is the capital of France?", answer=option, options=options)
    other = make_question("What is the capital of France?", answer="Paris", options=options)
    assert to_open(gold) is NotOpen.OPTIONS_SPEAK
    assert isinstance(to_open(other), Question)
    assert shuffle_options(gold, 3) is gold
    assert shuffle_options(other, 3) is other


@pytest.mark.parametrize("option", ["either a cat or a dog", "All men", "vitamin A", "above the river",
"both parents", "no one", "None Such Abbey",
                                    "Henry VIII", "true north"])
def test_plain_options(make_question: Callable[..., Question], option: str) -> None:
    assert isinstance(to_open(make_question("Where is it?", answer=option, options=("Rome", "Paris", option))),
                      Question)


def test_an_unfinished_clause_and_a_row_without_options(make_question: Callable[..., Question],
                                                        capital: Question) -> None:
    assert to_open(make_question("The frogs grew, suggesting that", answer="Paris",
                   options=CITIES)) is NotOpen.UNFINISHED
    assert to_open(make_question("What is 2 + 2?", answer="4")) is NotOpen.NO_OPTIONS
    assert to_open(replace(capital, answer="Madrid")) is NotOpen.NO_OPTIONS


def test_shuffling_follows_from_seed_and_id_and_the_gold_follows(capital: Question, make_question: Callable[...,
                                                                 Question]) -> None:
    assert shuffle_options(capital, 5) == shuffle_options(capital, 5)
    assert shuffle_options(capital, 5).id == capital.id
    places = Counter(shuffle_options(capital, seed).answer_label for seed in range(400))
    # 400 draws of 4 places: mean 100, standard deviation sqrt(400 * 1/4 * 3/4) = 8.7; 5 deviations are 43
    assert set(places) == set("ABCD")
    assert all(57 <= count <= 143 for count in places.values())
    # The gold of two options with one text is followed by place.
    twins = replace(capital, options=("Paris", "Paris", "Rome", "Oslo"))
    for seed in range(20):
        assert shuffle_options(twins, seed).options["ABCD".index(shuffle_options(twins, seed).answer_label)] == "Paris"


def test_only_questions_with_a_gold_label_are_shuffled(capital: Question, make_question: Callable[...,
                                                       Question]) -> None:
    for question in (replace(capital, answer_label="E"), replace(capital, answer_label=""),
                     make_question("What is 2 + 2?")):
        with pytest.raises(ValueError, match="names none of its"):
            shuffle_options(question, 1)


def test_a_gold_moves_and_the_others_keep_their_order(capital: Question,
                                                      make_question: Callable[..., Question]) -> None:
    moved = move_gold(capital, 3)  # Paris out of Rome, Paris, London, Oslo, and in again as the last
    assert (moved.options, moved.answer_label, moved.answer) == (("Rome", "London", "Oslo", "Paris"), "D", "Paris")
    assert moved.id == capital.id
    assert move_gold(moved, 0).options == ("Paris", "Rome", "London", "Oslo")
    assert move_gold(capital, 4) is capital
    speaking = make_question("Where is it?", answer="Paris", options=("Paris", "Rome", "None of the above"))
    assert move_gold(speaking, 1) is speaking
