"""Mathematics ("math/4"): equivalence with the gold.

The same text is the same answer. Plain numbers are compared exactly, here, and words as words; lists, tuples, intervals
and matrices part by part. What is left goes to math-verify in the pool, but not the forms in which it reads what does
not stand there: letters of words as a product, the last side of "5 = 6", two numbers side by side as a sum, any
`\\text{}` as nothing.
"""

import re
import string
from dataclasses import dataclass
from fractions import Fraction

from crossthink.schema import Question, Reason
from crossthink.verify.counters import count
from crossthink.verify.latex import as_words, bare, is_balanced, key, spelled_out, symbols, text_groups, told_apart
from crossthink.verify.numbers import Number, read_number, read_ratio, read_rounded
from crossthink.verify.pool import Budget, compare
from crossthink.verify.shape import (
    MAX_PARTS,
    Shape,
    as_interval,
    as_set,
    count_answers,
    enclosing,
    read_shape,
    split,
    without_member,
)
from crossthink.verify.sides import EQUALS, rounded_forms, values_of, without_names
from crossthink.verify.text import normalise
from crossthink.verify.units import in_unit, is_unit, split_unit

MAX_CHARACTERS = 1000
MAX_SIDES = 4
"""Of an equation; each side is a comparison of its own."""
MAX_DEPTH = 20
"""Of forms inside of forms; deeper ones are compared as a whole."""
_LETTERS = string.ascii_letters
_PERCENT = re.compile(r"%|per\s?cent", re.IGNORECASE)
_MISREAD = re.compile(r"\\f?box(?:ed)?|\d\s+\d|\d\s*\\q?quad|\d\s*:\s*\d|\d\s*_|\\[lc]?dots|\\(?:equiv|approx)|[≈≅≡]")
_MINUS = re.compile(r"(?:negative|minus)\s+(?=\S)", re.IGNORECASE)
_TIME = re.compile(r"(\d{1,2}:\d\d)\s*(?:\\text\s*\{)?\s*([ap])\.?\s*m\.?\s*\}?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a comparison knows beside its two sides."""

    question: str
    budget: Budget


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
    if key(given) == key(gold) or _is_same_time(gold, given):
        return Reason.CORRECT
    words = as_words(gold)
    if words is not None and read_number(normalise(words)) is None:
        return Reason.CORRECT if normalise(words) == normalise(as_words(given) or given) else Reason.WRONG
    asked = _Asked(question.question, Budget())
    failed: list[Reason] = []
    sides = rounded_forms(given)
    for form in rounded_forms(gold):
        reason = _check_form(form, sides[0], asked) if len(sides) == 1 else _check_rounded(form, sides, asked)
        if reason is Reason.CORRECT:
            return reason
        failed.append(reason)
    return failed[0]


def _check_form(gold: str, given: str, asked: _Asked) -> Reason:
    if (verdict := _as_numbers(gold, given, asked)) is not None:
        return verdict
    if not is_balanced(given):
        return Reason.PARSE_FAILURE
    gold, given = spelled_out(gold), spelled_out(given)
    gold, given = (as_set(text) for text in (without_member(gold, given), without_member(given, gold)))
    wanted, found = count_answers(gold), count_answers(given)
    if found != wanted:
        return Reason.TWO_ANSWERS if found > wanted else Reason.WRONG
    return _compare(gold, given, asked)


def _check_rounded(gold: str, sides: list[str], asked: _Asked) -> Reason:
    """One side is the gold; the others must be that one rounded, or what it is the rounding of."""
    if len(sides) > MAX_SIDES:
        return Reason.PARSE_FAILURE
    reasons = [_check_form(gold, side, asked) for side in sides]
    if Reason.CORRECT not in reasons:
        return reasons[0]
    values = [split_unit(EQUALS.split(side)[-1])[0] for side in sides]
    right = values.pop(reasons.index(Reason.CORRECT))
    agree = all(_rounds(right, other, asked) or _rounds(other, right, asked) for other in values)
    return Reason.CORRECT if agree else Reason.TWO_ANSWERS


def _rounds(exact: str, decimal: str, asked: _Asked) -> bool:
    rounded, value = read_rounded(decimal), _number_or_ratio(exact)
    if rounded is None:
        return False
    if value is not None:
        return abs(value - rounded[0]) <= rounded[1]
    if not is_balanced(exact) or _MISREAD.search(exact) or symbols(exact) or text_groups(exact):
        return False
    return compare(spelled_out(exact), f"\\approx{decimal}", budget=asked.budget) is Reason.CORRECT


def _as_numbers(gold: str, given: str, asked: _Asked) -> Reason | None:
    """The verdict where both are plain numbers."""
    gold_number = _number(gold)
    number = _number(given) if gold_number else None
    if gold_number is None or number is None:
        return None
    count("math_fast")
    return Reason.CORRECT if _equal(gold_number, number, asked.question) else Reason.WRONG


def _compare(gold: str, given: str, asked: _Asked, depth: int = 0) -> Reason:
    """By the outer form: part by part where both have the same, or else as one value."""
    gold, given = without_names(gold, given)
    wanted, found = read_shape(gold), read_shape(given)
    if wanted.kind[0] in "([" and found.kind == "<":
        found = as_interval(found) or found
    elif found.kind[0] in "([" and wanted.kind == "<":
        wanted = as_interval(wanted) or wanted
    if wanted.kind == found.kind == "value":
        return _compare_values(wanted.parts[0], found.parts[0], asked)
    same = wanted.kind == found.kind and wanted.relations == found.relations
    comparable = len(wanted.parts) == len(found.parts) <= MAX_PARTS and depth < MAX_DEPTH
    if comparable and (same or {wanted.kind, found.kind} == {"list", "set"}):
        reason = _compare_parts(wanted, found, asked, depth + 1)
        if reason is Reason.CORRECT or wanted.kind != "<":
            return reason
    if found.kind == "list":  # of a sign pair: math-verify reads commas
        given = ",".join(split(given))
    return _compare_forms(gold, given, asked)


def _compare_parts(gold: Shape, given: Shape, asked: _Asked, depth: int) -> Reason:
    """CORRECT where every part has its equal, at its place where places count; else why the first has none."""
    left = list(given.parts)
    for part in gold.parts:
        reason = Reason.WRONG
        same_first = sorted(left, key=lambda other: key(other) != key(part))
        for other in left[:1] if gold.ordered else same_first:
            reason = _compare(part, other, asked, depth) if key(part) != key(other) else Reason.CORRECT
            if reason in (Reason.CORRECT, Reason.TIME_OUT):
                left.remove(other)
                break
        if reason is not Reason.CORRECT:
            return reason
    return Reason.CORRECT


def _compare_values(gold: str, given: str, asked: _Asked) -> Reason:
    """Set the units aside, then compare every side of an equation with the gold."""
    if (verdict := _as_numbers(gold, given, asked)) is not None:
        return verdict
    gold_value, gold_unit = split_unit(gold)
    value, unit = split_unit(given)
    if unit and gold_unit and unit != gold_unit:
        return _converted(gold_value, gold_unit, value, unit)
    if unit and not gold_unit and not is_unit(unit, asked.question):
        return Reason.PARSE_FAILURE
    if EQUALS.search(gold_value):
        return _compare_forms(gold_value, value, asked) if value.count("=") < 2 else Reason.PARSE_FAILURE
    sides = values_of(EQUALS.split(value), gold_value)
    if len(sides) > MAX_SIDES:
        return Reason.PARSE_FAILURE
    reasons: list[Reason] = []
    for side in sides:
        reasons.append(_compare_forms(gold_value, side.strip(), asked))
        if reasons[-1] is Reason.TIME_OUT:
            return Reason.TIME_OUT
    failed = [reason for reason in reasons if reason is not Reason.CORRECT]
    if not failed:
        return Reason.CORRECT
    return failed[0] if len(failed) == len(reasons) else Reason.TWO_ANSWERS


def _converted(gold: str, gold_unit: str, given: str, unit: str) -> Reason:
    """Numbers in two units of one dimension."""
    size, gold_number, number = in_unit(unit, gold_unit), _number(gold), _number(given)
    if size is None or gold_number is None or number is None:
        return Reason.WRONG
    count("math_fast")
    return Reason.CORRECT if number.value * size == gold_number.value else Reason.WRONG


def _compare_forms(gold: str, given: str, asked: _Asked) -> Reason:
    """One value with one value: as numbers or ratios here, or else in the pool."""
    if (verdict := _as_numbers(gold, given, asked)) is not None:
        return verdict
    if read_ratio(given) is not None or read_ratio(gold) is not None:
        value, gold_value = _number_or_ratio(given), _number_or_ratio(gold)
        return Reason.CORRECT if value is not None and value == gold_value else Reason.WRONG
    if not given or not is_balanced(given) or _MISREAD.search(given) or _MISREAD.search(gold):
        return Reason.PARSE_FAILURE
    if set(text_groups(given)) - set(text_groups(gold)):
        return Reason.PARSE_FAILURE
    kinds = {enclosing(gold), enclosing(given)}
    if "," in gold and "" not in kinds and len(kinds) > 1:
        return Reason.WRONG
    if bool(symbols(gold)) != bool(symbols(given)):  # math-verify takes letters for a unit: "5am" would be 5
        return Reason.WRONG
    count("math_pool")
    return compare(*told_apart(gold, given), budget=asked.budget)


def _is_same_time(gold: str, given: str) -> bool:
    """Whether both are one time of day, "4:30 p.m." and "4:30 PM"."""
    if ":" not in gold:
        return False
    one, other = _TIME.fullmatch(gold), _TIME.fullmatch(given)
    return one is not None and other is not None and (one[1], one[2].lower()) == (other[1], other[2].lower())


def _number(text: str) -> Number | None:
    """The number, in digits or in words ("twenty-one", `\\text{forty two}`)."""
    number = read_number(text)
    if number is None and (minus := _MINUS.match(text)):
        below = _number(text[minus.end():])
        return Number(-below.value, below.percent, below.degree) if below and below.value > 0 else None
    if number is None and text[:1] in "\\" + _LETTERS and (words := as_words(text) or _plain_words(text)):
        number = read_number(normalise(words))
    return number


def _number_or_ratio(text: str) -> Fraction | None:
    number = _number(text)
    return number.value if number else read_ratio(text)


def _plain_words(text: str) -> str:
    return text if text.replace("-", "").replace(" ", "").isalpha() else ""


def _equal(gold: Number, given: Number, question: str) -> bool:
    """Exact equality. Where one of the two has a percent sign and the question asks in per cent, "50" is "50%" too."""
    if gold.value == given.value:
        return True
    if gold.percent == given.percent or gold.degree or given.degree or not _PERCENT.search(question):
        return False
    return gold.value * (100 if gold.percent else 1) == given.value * (100 if given.percent else 1)
