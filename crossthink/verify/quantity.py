"""Quantities ("quantity/2"): a rounded number, with a unit of science or without, as "5.9 m/s" or "0.0165".

Units are converted exactly (si.py); a unit may be missing from an answer, as it may in mathematics. The gold is what a
textbook rounded, where it gives two digits or more (three without a decimal point, and none that counts things): an
answer with more digits is right where it rounds to the gold. An answer to a bare number that is no quantity ("6.25
dollars" for 6.25) is mathematics' to judge.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from crossthink.schema import Question, Reason
from crossthink.verify.latex import TEXT_COMMAND, bare, is_balanced
from crossthink.verify.math import MAX_CHARACTERS, MAX_SIDES, check_math
from crossthink.verify.numbers import read_number
from crossthink.verify.si import Unit, read_unit, unwrap_powers

_EQUALS = re.compile(r"(?<![<>!])=|≈|\\approx(?![A-Za-z])")
_DIGITS_IN_TEXT = re.compile(TEXT_COMMAND + r"\s*\{(\s*[-.]?\s*(?:\d[^{}]*)?)\}")
"""What is set as words and is of the number: `\\text{50 m}`, `0.\\text{737 rev}`, `10^{\\text{-}4}`."""
_ASIDE = re.compile(r"[,;\n]|\b(?:and|or)\b|\d.*(?<![\\A-Za-z])[A-Za-z]{4}")
"""In a side of a gold that is no quantity: there is more than one answer."""
_HEDGE = re.compile(r"(?:about|approximately|approx\.?|around|roughly)\s*", re.IGNORECASE)
_TO_THE = r"10\s*\^\s*\{?\s*[-+]?\d{1,3}\s*\}?"
_NUMBER = re.compile(
    rf"(?P<sign>[-+]?)\s*(?:(?P<fraction>\d*\s*\\[dt]?frac\s*\{{\d+\}}\s*\{{\d+\}}|\d+\s*/\s*\d+(?!\d))"
    rf"|(?P<alone>{_TO_THE})"
    r"|(?P<whole>\d[\d,]*)?(?:\.(?P<decimals>\d+))?(?:[eE](?P<e>[-+]?\d{1,3})(?![A-Za-z])"
    rf"|\s*(?:\\times|\\cdot|x|\*)\s*(?P<power>{_TO_THE}))?)")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value in its unit (None: a bare number), and how far off what was rounded to it can be (0: it is exact)."""

    value: Fraction
    slack: Fraction
    unit: Unit | None


def check_quantity(question: Question, answer: str) -> Reason:
    """CORRECT where the answer is the gold's quantity, else why not."""
    gold = read_quantity(question.answer)
    if gold is None:
        return Reason.BAD_GOLD
    if len(answer) > MAX_CHARACTERS:
        return Reason.TOO_LONG
    text = bare(answer)
    if not is_balanced(text):
        return Reason.PARSE_FAILURE
    sides = _EQUALS.split(text)
    given = [_read(side) for side in sides]
    if given[-1] is None or len(sides) > MAX_SIDES:
        return Reason.PARSE_FAILURE if gold.unit else check_math(question, answer)
    right = [_equal(gold, quantity) for quantity in given if quantity is not None]
    if all(right):
        return Reason.CORRECT
    return Reason.TWO_ANSWERS if any(right) else Reason.WRONG


def read_quantity(text: str) -> Quantity | None:
    """The quantity that the text is, behind "v =" too; None for anything else, as a range, a percentage or two
    quantities."""
    if len(text) > MAX_CHARACTERS:
        return None
    *before, last = _EQUALS.split(bare(text))
    found = _read(last)
    if found is None or len(before) >= MAX_SIDES:
        return None
    others = [(side, _read(side)) for side in before]
    agree = all(not _ASIDE.search(side) if other is None else _equal(found, other) for side, other in others)
    return found if agree else None


def _read(text: str) -> Quantity | None:
    text = _HEDGE.sub("", _DIGITS_IN_TEXT.sub(r"\1", unwrap_powers(text)).strip(), count=1)
    number = _NUMBER.match(text)
    if number is None or not text[number.end("sign"):number.end()].strip():
        return None
    rest = text[number.end():].strip()
    unit = read_unit(rest)
    if rest and unit is None:
        return None
    sign = -1 if number["sign"] == "-" else 1
    if number["fraction"]:
        found = read_number(number["fraction"])
        return Quantity(sign * found.value, Fraction(0), unit) if found else None
    ten = (number["alone"] or number["power"] or "10^0")[2:].strip(" ^{}")
    decimals = number["decimals"] or ""
    digits = (number["whole"] or "").replace(",", "") + decimals
    place = Fraction(10) ** (int(number["e"] or ten) - len(decimals))
    slack = place / 2 if _is_rounded(number, digits, unit) else Fraction(0)
    return Quantity(sign * int(digits or "1") * place, slack, unit)


def _is_rounded(number: re.Match[str], digits: str, unit: Unit | None) -> bool:
    significant = len(digits.lstrip("0"))
    if number["decimals"] or number["power"] or number["e"]:
        return significant >= 2
    return unit is not None and significant >= 3


def _equal(gold: Quantity, given: Quantity) -> bool:
    value = given.value
    if given.unit is not None:
        if gold.unit is None or given.unit.powers != gold.unit.powers:
            return False
        value *= given.unit.size / gold.unit.size
    return abs(value - gold.value) <= gold.slack
