"""The layout of a response, one case a way to break it."""

from collections.abc import Callable
from time import perf_counter

import pytest

from crossthink.schema import Question, Reason
from crossthink.verify import grade
from crossthink.verify.format import Think, boxes, read_response


@pytest.mark.parametrize(("response", "answer"), [
    (r"<think>2+2 is 4</think>\boxed{4}", "4"),
    ("\n <think></think>\n\nThe answer is $\\boxed{ 4 }$. Done.", "4"),
    (r"<think>{{{ loose braces \</think>\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
    (r"<think>a</think>\boxed {x}", "x"),
    (r"<think>a</think>\\\boxed{x}", "x"),  # a line break, then a box
    (r"<think>a</think>\boxed{\{1,2\}}", r"\{1,2\}"),
    (r"<think>a</think>\boxed{\}}", r"\}"),  # an escaped brace closes nothing
    (r"<think>a</think>\boxedness is no box, \boxed{x} is", "x"),
    (r"<think>a</think>\boxed{}", ""),
])
def test_well_formed(response: str, answer: str) -> None:
    reading = read_response(response)
    assert (reading.formatted, reading.answer, reading.reason) == (True, answer, Reason.CORRECT)


@pytest.mark.parametrize(("response", "reason", "answer"), [
    (r"\boxed{4}", Reason.NO_THINK, "4"),
    (r"<think>4 \boxed{4}", Reason.NO_THINK, "4"),  # cut off before </think>
    (r"4</think>\boxed{4}", Reason.NO_THINK, "4"),
    (r"</think>4<think>\boxed{4}", Reason.NO_THINK, "4"),
    (r"So: <think>4</think>\boxed{4}", Reason.NO_THINK, "4"),  # it does not begin with the reasoning
    (r"<think>a</think><think>b</think>\boxed{4}", Reason.TWO_THINKS, "4"),
    (r"<think>a</think>\boxed{4}</think>", Reason.TWO_THINKS, "4"),
    (r"<think>a</think>4", Reason.NO_BOX, None),
    ("", Reason.NO_THINK, None),
    (r"<think>a</think>\\boxed{4}", Reason.NO_BOX, None),  # a line break, then the word "boxed"
    (r"<think>a</think>\boxed{4} \boxed{5}", Reason.TWO_BOXES, None),
    (r"<think>a</think>\boxed{4} \boxed{ 4}", Reason.TWO_BOXES, "4"),
    (r"<think>a</think>\boxed{\boxed{4}}", Reason.TWO_BOXES, None),
    (r"<think>a</think>\boxed{4", Reason.BOX_NOT_CLOSED, None),
    (r"<think>a</think>\boxed{4\}", Reason.BOX_NOT_CLOSED, None),
    (r"<think>a</think>\boxed 4", Reason.BOX_NOT_CLOSED, None),
    (r"<think>a</think>\boxed{4} and \boxed 5", Reason.BOX_NOT_CLOSED, None),
    (r"<think>\boxed{4}</think>", Reason.BOX_IN_THINK, "4"),
    (r"<think>\boxed{5}</think>\boxed{4}", Reason.BOX_IN_THINK, None),
    (r"<think>\boxed{4}</think>\boxed{4}", Reason.BOX_IN_THINK, "4"),
    (r"<think>\boxed{4</think>\boxed{4}", Reason.BOX_IN_THINK, None),
])
def test_each_way_to_break_it(response: str, reason: Reason, answer: str | None) -> None:
    reading = read_response(response)
    assert (reading.formatted, reading.answer, reading.reason) == (False, answer, reason)


def test_a_right_answer_in_a_wrong_format_earns_nothing(ask: Callable[..., Question]) -> None:
    verdict = grade(ask("4"), r"\boxed{4}")
    assert (verdict.correct, verdict.formatted, verdict.reason, verdict.reward) == (True, False, Reason.NO_THINK, 0.0)
    verdict = grade(ask("4"), r"<think></think>\boxed{5}")
    assert (verdict.correct, verdict.formatted, verdict.reason, verdict.reward) == (False, True, Reason.WRONG, 0.0)
    verdict = grade(ask("4"), r"<think></think>\boxed{ }")
    assert (verdict.correct, verdict.formatted, verdict.reason) == (False, True, Reason.EMPTY_ANSWER)


def test_two_answers_are_never_right(ask: Callable[..., Question]) -> None:
    question = ask("4")
    for first, second in (("4", "5"), ("5", "4")):
        assert not grade(question, rf"<think></think>\boxed{{{first}}} \boxed{{{second}}}").correct
        assert not grade(question, rf"<think>\boxed{{{first}}}</think>\boxed{{{second}}}").correct
        assert not grade(question, rf"\boxed{{{first}}} or \boxed{{{second}}}").correct
        assert not grade(question, rf"<think></think>\boxed{{{first} or {second}}}").correct


def test_boxes_nest_ten_thousand_deep() -> None:
    deep = "{" * 10_000 + "7" + "}" * 10_000
    assert boxes(rf"\boxed{deep}") == ([deep[1:-1]], True)
    assert boxes(rf"\boxed{deep}"[:-1]) == ([], False)


@pytest.mark.parametrize("piece", ["{", "\\", "\\boxed", "\\boxed{", "\\boxed ", "<think>", "</think>", "\\boxed{}",
"\\{",
                                   "a ", "\0", "\ud800", "\u202e", "$"])
@pytest.mark.parametrize("shape", ["{}", "<think>{}</think>", r"<think></think>\boxed{{{}}}"])
def test_a_megabyte_takes_linear_time(ask: Callable[..., Question], piece: str, shape: str) -> None:
    options = ("4", "5")
    questions = [ask("4"), ask("four", "text"), ask("4", options=options)]
    response = shape.format(piece * (1_000_000 // len(piece)))
    started = perf_counter()
    for question in questions:
        assert not grade(question, response).correct
    # A pass over a million characters takes well under a second, one that is quadratic takes hours.
    assert perf_counter() - started < 20


@pytest.mark.parametrize(("think", "response", "formatted", "reason", "answer"), [
    ("opened", r"2+2</think>\boxed{4}", True, Reason.CORRECT, "4"),
    ("opened", r"<think>2+2</think>\boxed{4}", False, Reason.TWO_THINKS, "4"),  # the prompt has opened it already
    ("opened", r"2+2 \boxed{4}", False, Reason.NO_THINK, "4"),
    ("opened", r"\boxed{4}</think>\boxed{4}", False, Reason.BOX_IN_THINK, "4"),
    ("none", r"2+2 is \boxed{4}.", True, Reason.CORRECT, "4"),
    ("none", r"<think>2+2</think>\boxed{4}", True, Reason.CORRECT, "4"),  # tags are text like any other
    ("none", r"\boxed{5} no, \boxed{4}", False, Reason.TWO_BOXES, None),
    ("none", "4", False, Reason.NO_BOX, None),
])
def test_variants(think: Think, response: str, formatted: bool, reason: Reason, answer: str | None) -> None:
    reading = read_response(response, think)
    assert (reading.formatted, reading.reason, reading.answer) == (formatted, reason, answer)
