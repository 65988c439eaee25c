"""Coverage-guided fuzzing of the verifiers, with atheris (not in the pinned sets; installed by hand).

    .venv/bin/pip install atheris
    .venv/bin/python tests/verify/fuzz_grade.py -max_total_time=3600 -max_len=60 CORPUS_FOLDER

An input's bytes are pieces of responses. Nothing may raise or outlast the limit, more text around a well-formed
response may change nothing, and no answer may be right for two of the golds of a family: their values differ.
"""

import sys
from inspect import isfunction
from time import monotonic

import atheris

from crossthink.schema import LABELS, Lineage, Question, Reason, question_id
from crossthink.verify import check_answer, grade
from crossthink.verify.pool import LIMIT_SECONDS

PIECES = (
    "<think>", "</think>", "\\boxed{", "\\boxed", "{", "}", "\\", "A", "B", "C", "4", "5", "0", "1", "2", ".", ",", ":",
    ";", "/", "+", "-", "*", "^", "_", "=", "<", ">", "(", ")", "[", "]", "$", "%", "!", "?", "'", '"', "&", "|", "~",
    " ", "\n", "\t", "\0", "\ud800", "\u200f", "\u00a0", "\u2212", "\u00bd", "\u0664", "\\frac", "\\dfrac", "\\sqrt",
    "\\text{", "\\textbf{", "\\mathrm{", "\\left", "\\right", "\\pm", "\\pi", "\\infty", "\\cup", "\\in", "\\cdot",
    "\\times", "\\%", "\\$", "\\{", "\\}", "\\,", "\\quad", "\\\\", "\\begin{pmatrix}", "\\end{pmatrix}", "\\overline{",
    "\\circ", "\\le", "\\neq", " and ", " or ", "not ", "option ", "The answer is ", "the ", "a ", "Paris", "Rome",
    "both", "none", "cm", "hours", "per cent", "four", "twenty", "x", "y", "e", "i", "I", "V",
    "10", "000", "**", "`", "#", "é", "ß", "İ")
"""A byte below 128 is one of these, another a letter."""

FAMILIES = {
    "choice": ("Rome", "Paris", "a cat", "Both A and B", "4"),
    "math": ("4", "5", "\\frac{1}{2}", "x+1", "(1,2)", "\\{1,2\\}", "4\\text{ cm}", "\\text{no}", "2\\pi", "x=7"),
    "quantity": ("4.0 m", "5.0 m", "4.0 kg", "0.012 s", "4.0 m/s", "500 km"),
    "text": ("Paris", "Rome", "the Black Sea", "4", "twenty-one"),
}
EQUAL = {frozenset({"4", "4\\text{ cm}"})}
"""Golds of which one may be right where the other is: a unit may be left out."""


def ask(gold: str, kind: str) -> Question:
    """A question with this gold."""
    options = FAMILIES["choice"] if kind == "choice" else ()
    return Question(id=question_id("What?", options), question="What?", options=options, answer=gold,
                    answer_label=LABELS[options.index(gold)] if options else "", answer_type=kind, verifier="",
                    template="mcq" if options else "open", domain="", group="gpr", source="", licence="",
                    lineage=Lineage())


QUESTIONS = [[ask(gold, kind) for gold in golds] for kind, golds in FAMILIES.items()]


def one_input(data: bytes) -> None:
    """Grade one response against each family."""
    if len(data) < 2:
        return
    family = QUESTIONS[data[0] % len(QUESTIONS)]
    body = "".join(PIECES[byte % len(PIECES)] if byte < 128 else chr(byte - 63) for byte in data[2:])
    response = f"<think>r</think>\\boxed{{{body}}}" if data[1] % 4 else body
    started = monotonic()
    verdict = grade(family[0], response)
    if monotonic() - started > LIMIT_SECONDS + 30:  # a busy machine takes its time to start another process
        raise AssertionError(f"{response!r} took {monotonic() - started:.1f} s")
    if (verdict.reason is Reason.CORRECT) != (verdict.correct and verdict.formatted):
        raise AssertionError(f"{response!r}: {verdict}")
    if not verdict.formatted:
        return
    if grade(family[0], f"{response} So much for that.") != verdict and verdict.reason is not Reason.TIME_OUT:
        raise AssertionError(f"{response!r}: more text changes the verdict {verdict}")
    right = {question.answer for question in family if check_answer(question, verdict.answer).correct}
    if len(right) > 1 and frozenset(right) not in EQUAL:
        raise AssertionError(f"{response!r} is right for {right}")


def instrument(package: str) -> None:
    """Count the branches of every function of a package's modules, in place: an editable install has an import hook of
    its own, behind which atheris's counts nothing."""
    for name, module in list(sys.modules.items()):
        if name.startswith(package):
            for function in filter(isfunction, vars(module).values()):
                if function.__module__ == name:
                    atheris.instrument_func(function)


if __name__ == "__main__":
    instrument("crossthink.verify")
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
