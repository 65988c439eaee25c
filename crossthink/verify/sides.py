"""The sides of an equation ("x = 2 + 3 = 5") or a rounding ("10/3 \\approx 3.33"), and names among them."""

import re

from crossthink.verify.latex import key, symbols
from crossthink.verify.shape import count_answers

NAME = re.compile(
    r"\s*(?:[A-Za-z]|\\[A-Za-z]+|[A-Za-z]\([A-Za-z]\))(?:_\{?\w+\}?)?\s*|\s*\\text\s*\{[^{}]*\}\s*"
    r"|\s*(?:[A-Za-z]|\\Pr)\s*\(\s*-?\w{1,4}(?:\s*,\s*-?\w{1,4})?\s*\)\s*|\s*m?\s*\\angle\s*[A-Z]{1,3}\s*|\s*\([A-Za-z](?:\s*,\s*[A-Za-z])+\)\s*")
"""x, x_1, f(x), f(1), P(A), \\angle ABC, (x, y)."""
EQUALS = re.compile(r"(?<![<>!\\])=")
ROUNDED = re.compile(r"\\approx(?![A-Za-z])|≈")


def rounded_forms(text: str) -> list[str]:
    """The text, or the exact and the rounded values where it gives both, "10/3 \\approx 3.33"."""
    if "≈" not in text and "\\approx" not in text:
        return [text]
    forms = [form.strip() for form in ROUNDED.split(text) if not NAME.fullmatch(form)]
    return forms if forms and all(forms) and count_answers(text) == 1 else [text]


def values_of(sides: list[str], gold: str) -> list[str]:
    """The sides of an equation that are the value: not "x" in "x = 2 + 3 = 5" or "5 = x", nor the "m + n" before two
    that it comes to."""
    if len(sides) > 1 and (NAME.fullmatch(sides[0]) or (len(sides) > 2 and symbols(sides[0]) and not symbols(gold))):
        return sides[1:]
    if len(sides) == 2 and NAME.fullmatch(sides[1]) and not symbols(gold):
        return sides[:1]
    return sides


def without_names(gold: str, given: str) -> tuple[str, str]:
    """Both without "x =", where they name the same or only one of them names anything."""
    wanted, found = EQUALS.split(gold), EQUALS.split(given)
    named = [len(sides) == 2 and NAME.fullmatch(sides[0]) is not None for sides in (wanted, found)]
    same = all(named) and key(wanted[0]) == key(found[0])
    if same or (named[0] and len(found) == 1):
        gold = wanted[1].strip()
    if same or (named[1] and len(wanted) == 1):
        given = found[1].strip()
    return gold, given
