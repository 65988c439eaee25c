"""One process of the pool (`python -m`): reads [gold, answer, limit, patience] a line, in JSON, and writes a Reason."""

import json
import logging
import os
import re
import resource
import signal
import sys
from typing import Any

from math_verify import LatexExtractionConfig, parse, verify
from sympy import Expr, Float, I, Integer, Rational

from crossthink.schema import Reason
from crossthink.verify.numbers import read_rounded

MEMORY_BYTES = 4 * 2**30
"""Address space: a tower of powers fills memory faster than it fills the time limit."""

_BLANKS = re.compile(r"(\\[A-Za-z]+)\s+|\s+")
"""Of "a b c" math-verify reads the "a" alone, and of "a + b + c" nothing: only blanks that end a command stay."""
DIGITS = 30
TOLERANCE = Float("1e-12", DIGITS)
"""Relative: what an answer's decimals of double precision leave open."""


def read(text: str) -> list[Any]:
    """The expression that the whole text is, as a list of at most one; math-verify's search inside prose stays off."""
    text = _BLANKS.sub(lambda blank: f"{blank[1]} " if blank[1] else "", text)
    config = [LatexExtractionConfig(boxed_match_priority=0)]
    found = parse(f"\\boxed{{{text}}}", config, fallback_mode="no_fallback", extraction_mode="first_match",
                  parsing_timeout=None)
    return [_with_imaginary_unit(form) for form in found]


def _with_imaginary_unit(form: Any) -> Any:
    """math-verify reads "i" as a letter: real in "2i", not real in "2 + i", and so never the root of -1."""
    letters = [symbol for symbol in getattr(form, "free_symbols", ()) if symbol.name == "i"]
    return form.subs(dict.fromkeys(letters, I)) if letters else form


def differ(gold: Any, given: Any) -> bool:
    """Whether two expressions that math-verify calls the same have different values.

    It rounds to six digits, so that any two tiny numbers are one to it, and 1.414214 is the root of two. Variables get
    values that no answer was made for. What has no value (sets, equations, matrices) is left to math-verify.
    """
    if not (isinstance(gold, Expr) and isinstance(given, Expr)):
        return False
    names = sorted(gold.free_symbols | given.free_symbols, key=str)
    values = {name: Rational(137 + 59 * place, 100) for place, name in enumerate(names)}
    left, right = (_significant(expression.subs(values).evalf(DIGITS)) for expression in (gold, given))
    if not (left.is_number and right.is_number and left.is_finite and right.is_finite):
        return False
    return bool(abs(left - right) > TOLERANCE * max(abs(left), abs(right)))


def _significant(value: Any) -> Any:
    """Zero where all digits cancelled: sympy marks what is left by a precision of one bit."""
    return Integer(0) if getattr(value, "_prec", 0) == 1 else value


def rounds(exact: Any, decimal: str) -> bool:
    """Whether the decimal is the value of the expression, rounded."""
    value, rounded = _significant(exact.evalf(DIGITS)), read_rounded(decimal)
    if rounded is None or not (value.is_number and value.is_real and value.is_finite):
        return False
    middle, slack = (Rational(part.numerator, part.denominator) for part in rounded)
    return bool(abs(value - middle) <= slack)


def compare(gold: str, answer: str) -> Reason:
    """CORRECT, WRONG, or which of the two cannot be read. Behind `\\approx` the answer is the gold, rounded."""
    try:
        if answer.startswith("\\approx"):
            return Reason.CORRECT if rounds(read(gold)[0], answer.removeprefix("\\approx")) else Reason.WRONG
        wanted, found = read(gold), read(answer)
        if not found:
            return Reason.PARSE_FAILURE
        if not wanted:
            return Reason.BAD_GOLD
        same = verify(wanted, found, timeout_seconds=None) and not differ(wanted[0], found[0])
        return Reason.CORRECT if same else Reason.WRONG
    except (Exception, RecursionError, MemoryError):  # the libraries below raise whatever they meet
        return Reason.PARSE_FAILURE


def main() -> None:
    """Serve until the input ends."""
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is the parent's to handle; it kills us
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process even where the parent is gone
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the libraries print must not look like an answer
    compare(r"\sqrt{2}", r"\frac{2}{\sqrt{2}}")  # the first parse builds tables: no answer's limit should pay for that
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        gold, answer, limit, patience = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, limit)  # ends the process, in the middle of a C call too
        signal.setitimer(signal.ITIMER_REAL, 2 * patience + 1)
        reason = compare(gold, answer)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(reason.value, file=answers, flush=True)


if __name__ == "__main__":
    main()
