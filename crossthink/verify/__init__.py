"""The verifiers: one definition of what is right, for data, reward and report.

`grade` reads a whole response, `grade_all` many side by side, `check_answer` a bare answer. None raises on any string,
and none calls a response that names two different answers correct. Layer 1: no torch; no process starts before an
answer needs math-verify.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from crossthink.schema import Question, Reason, Verdict
from crossthink.verify.choice import check_choice
from crossthink.verify.counters import count, counts, reset_counts
from crossthink.verify.format import Think, read_response
from crossthink.verify.judge import Judge, askable
from crossthink.verify.math import check_math
from crossthink.verify.pool import MAX_WORKERS
from crossthink.verify.quantity import check_quantity
from crossthink.verify.text import check_text

__all__ = ["ANSWER_TYPES", "check_answer", "counts", "grade", "grade_all", "reset_counts", "second_opinions",
           "verifier_id"]

_CHECKS = {"choice": ("choice/4", check_choice), "math": ("math/4", check_math),
           "quantity": ("quantity/2", check_quantity), "text": ("text/3", check_text)}

ANSWER_TYPES = tuple(_CHECKS)


def verifier_id(question: Question) -> str:
    """Id and version of the verifier that judges the question. Raises ValueError for an unknown answer type."""
    return _check(question)[0]


def check_answer(question: Question, answer: str, *, judge: Judge | None = None) -> Verdict:
    """Judge a bare answer, as it would stand in the box; `formatted` is True, there being no format to break."""
    check = _check(question)[1]
    answer = answer.strip()
    reason = check(question, answer) if answer else Reason.EMPTY_ANSWER
    count(reason)
    verdict = Verdict(correct=reason is Reason.CORRECT, formatted=True, answer=answer, reason=reason)
    return second_opinions([question], [verdict], judge)[0] if judge else verdict


def grade(question: Question, response: str, *, think: Think = "tags", judge: Judge | None = None) -> Verdict:
    """Judge a response: its format (`think` names the variant), and its answer wherever one can be read.

    `reason` is CORRECT only where both hold; a broken format is named before a wrong answer. A `judge` is asked about
    short free text that the rules called wrong (crossthink/verify/judge.py). Raises ValueError for an unknown answer
    type, whatever the response, and what the judge raises.
    """
    _check(question)
    reading = read_response(response, think)
    if reading.answer is None:
        count(reading.reason)
        return Verdict(correct=False, formatted=reading.formatted, answer="", reason=reading.reason)
    verdict = check_answer(question, reading.answer, judge=judge if reading.formatted else None)
    if reading.formatted:
        return verdict
    return Verdict(correct=verdict.correct, formatted=False, answer=verdict.answer, reason=reading.reason)


def grade_all(questions: Sequence[Question], responses: Sequence[str], *, think: Think = "tags",
              judge: Judge | None = None) -> list[Verdict]:
    """`grade` of each response, in order: those that need math-verify keep all of its processes busy, and those that
    need the judge go to it together."""
    with ThreadPoolExecutor(MAX_WORKERS) as threads:
        verdicts = list(threads.map(lambda question, response: grade(question, response, think=think), questions,
                                    responses))
    return second_opinions(questions, verdicts, judge) if judge else verdicts


def second_opinions(questions: Sequence[Question], verdicts: Sequence[Verdict], judge: Judge) -> list[Verdict]:
    """The verdicts of the rules, those overruled that the judge, asked about all it may be asked about at once, takes
    for right."""
    places = [place for place, (question, verdict) in enumerate(zip(questions, verdicts, strict=True))
              if askable(question, verdict.answer, verdict.reason)]
    found = list(verdicts)
    if places:
        words = judge([questions[place] for place in places], [verdicts[place].answer for place in places])
        for place, yes in zip(places, words, strict=True):
            count("judge_overrules" if yes else "judge_agrees")
            if yes:
                found[place] = replace(verdicts[place], correct=True, reason=Reason.JUDGED)
    return found


def _check(question: Question) -> tuple[str, Callable[[Question, str], Reason]]:
    if question.answer_type not in _CHECKS:
        raise ValueError(f"question {question.id}: answer type {question.answer_type!r} has no verifier: "
                         f"one of {', '.join(_CHECKS)}")
    return _CHECKS[question.answer_type]
