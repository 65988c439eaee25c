"""Mathematics ("math/1"): equivalence with the gold.

The same text is the same answer. Plain numbers are compared exactly, here, and words as words. What is left goes to
math-verify in the pool, but not the forms in which it reads what does not stand there: letters of words as a product,
the last side of "5 = 6", two numbers side by side as a sum, any `\\text{}` as nothing.
"""

import re

from crossthink.schema import Question, Reason
from crossthink.verify.counters import count
from crossthink.verify.latex import (
    as_words,
    bare,
    bracket_kind,
    count_answers,
    is_balanced,
    key,
    symbols,
    text_groups,
)
from crossthink.verify.numbers import Number, read_number
from crossthink.verify.pool import compare
from crossthink.verify.text import normalise
from crossthink.verify.units import is_unit, split_unit

MAX_CHARACTERS = 1000
MAX_SIDES = 4
"""Of an equation; each side is a comparison of its own."""
_PERCENT = re.compile(r"%|per\s?cent", re.IGNORECASE)
_NAME = re.compile(r"\s*(?:[A-Za-z]|\\[A-Za-z]+|[A-Za-z]\([A-Za-z]\))(?:_\{?\w+\}?)?\s*|\s*\\text\s*\{[^{}]*\}\s*")
_EQUALS = re.compile(r"(?<![<>!\\])=")
_MISREAD = re.compile(r"\\boxed|\d\s+\d|\d\s*\\q?quad|\d\s*:\s*\d|\d\s*_")


def check_math(question: Question, answer: str) -> Reason:
    """CORRECT where the answer is equivalent to the gold, else why not."""
    gold = bare(question.answer)
    if not gold or len(gold) > MAX_CHARACTERS:
        return Reason.BAD_GOLD
    if len(answer) > MAX_CHARACTERS:
        return Reason.TOO_LONG
    given = bare(answer)
    if not given:
        return Reason.EMPTY_ANSWER
    if key(given) == key(gold):
        return Reason.CORRECT
    words = as_words(gold)
    if words is not None and read_number(normalise(words)) is None:
        return Reason.CORRECT if normalise(words) == normalise(as_words(given) or given) else Reason.WRONG
    wanted, found = count_answers(gold), count_answers(given)
    if found != wanted:
        return Reason.TWO_ANSWERS if found > wanted else Reason.WRONG
    return _compare_values(gold, given, question.question)


def _compare_values(gold: str, given: str, question: str) -> Reason:
    """Set the units aside, then compare every side of an equation with the gold."""
    gold_value, gold_unit = split_unit(gold)
    value, unit = split_unit(given)
    if unit and gold_unit and unit != gold_unit:
        return Reason.WRONG
    if unit and not gold_unit and not is_unit(unit, question):
        return Reason.PARSE_FAILURE
    sides = _EQUALS.split(value)
    if _EQUALS.search(gold_value):
        return _compare_forms(gold_value, value, question) if len(sides) <= 2 else Reason.PARSE_FAILURE
    if len(sides) > 1 and _NAME.fullmatch(sides[0]):
        sides = sides[1:]
    if len(sides) > MAX_SIDES:
        return Reason.PARSE_FAILURE
    reasons = [_compare_forms(gold_value, side.strip(), question) for side in sides]
    failed = [reason for reason in reasons if reason is not Reason.CORRECT]
    if not failed:
        return Reason.CORRECT
    return failed[0] if len(failed) == len(reasons) else Reason.TWO_ANSWERS


def _compare_forms(gold: str, given: str, question: str) -> Reason:
    """One value with one value: as numbers here, or else in the pool."""
    gold_number, number = _number(gold), _number(given)
    if gold_number and number:
        count("math_fast")
        return Reason.CORRECT if _equal(gold_number, number, question) else Reason.WRONG
    if not given or not is_balanced(given) or _MISREAD.search(given) or _MISREAD.search(gold):
        return Reason.PARSE_FAILURE
    if set(text_groups(given)) - set(text_groups(gold)) and not set(symbols(gold)):
        return Reason.PARSE_FAILURE
    kinds = {bracket_kind(gold), bracket_kind(given)}
    if "," in gold and "" not in kinds and len(kinds) > 1:
        return Reason.WRONG
    if not symbols(gold) and symbols(given):
        return Reason.WRONG
    count("math_pool")
    return compare(gold, given)


def _number(text: str) -> Number | None:
    """The number, in digits or in words ("twenty-one")."""
    return read_number(text) or (read_number(normalise(text)) if text.replace("-", "").isalpha() else None)


def _equal(gold: Number, given: Number, question: str) -> bool:
    """Exact equality. Where one of the two has a percent sign and the question asks in per cent, "50" is "50%" too."""
    if gold.value == given.value:
        return True
    if gold.percent == given.percent or not _PERCENT.search(question):
        return False
    return gold.value * (100 if gold.percent else 1) == given.value * (100 if given.percent else 1)
