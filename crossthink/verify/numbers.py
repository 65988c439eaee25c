"""Exact reading of plain numbers: integers, decimals, fractions, mixed numbers, percentages, in digits or LaTeX."""

import re
from dataclasses import dataclass, field
from fractions import Fraction

_DRESS = re.compile(r"\\!\s*|(?<=\d)\\[,; ](?=\d{3}(?!\d))|\\(?:left|right)(?![A-Za-z])|\\?\$|\\[()\[\]]|[€£]")
_DEGREE = re.compile(r"\s*(?:\^\s*\{?\s*\\circ\s*\}?|\\circ(?![A-Za-z])|\\degree(?![A-Za-z])|°)\s*$")
_PERCENT = re.compile(r"\s*(?:\\?%|(?:\\text\s*\{\s*)?\bper\s?cent\b\s*\}?)\s*$", re.IGNORECASE)
_INTEGER = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
_DECIMAL = re.compile(rf"({_INTEGER}?)(?:\.(\d*))?")
_SPACED = re.compile(r"\d{1,3}(?: \d{3})+(?:\.\d+)?")
_FLOAT = re.compile(r"(\d+)(?:\.(\d*))?[eE]([+-]?\d{1,3})")
_REPEATING = re.compile(rf"({_INTEGER}?)\.(\d*)\s*\\(?:overline|bar)\s*\{{?(\d+)\}}?")
_SLASH = re.compile(rf"({_INTEGER})\s*/\s*({_INTEGER})")
_FRAC = re.compile(r"(\d*)\s*\\[dtc]?frac\s*(?:\{\s*(-?\d+)\s*\}|\s*(\d))\s*(?:\{\s*(-?\d+)\s*\}|(\d))")
_MIXED = re.compile(rf"({_INTEGER})\s+({_INTEGER})\s*/\s*({_INTEGER})")
_SCALED = re.compile(r"(.*\d)\s*(?:\\text\s*\{\s*)?(thousand|million|billion|trillion)\s*\}?", re.DOTALL)
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
MAX_DIGITS = 1000
"""Longer texts are not read: Python bounds the conversion of digits, and no gold is that long."""


@dataclass(frozen=True, slots=True)
class Number:
    """An exact value. `percent` says that a percent sign stood behind it; the value is then already divided by 100.
    `degree` says that a degree sign did; 90 and 90° are equal all the same."""

    value: Fraction
    percent: bool = False
    degree: bool = field(default=False, compare=False)


def read_number(text: str) -> Number | None:
    """The number that the text is, or None where it is anything else. "1,234" and "1 234" are numbers, "1,2" is not; a
    degree sign and a currency sign are dropped."""
    if len(text) > MAX_DIGITS:
        return None
    text = _DRESS.sub("", text.replace("−", "-").replace("{,}", ",")).strip()
    bare = _DEGREE.sub("", text)
    degree, text = bare != text, bare.rstrip()
    if text.endswith(".") and text[:-1].isascii():
        text = text[:-1].rstrip()
    bare = _PERCENT.sub("", text)
    percent, text = bare != text, bare
    negative = text.startswith("-")
    if text[:1] in ("-", "+"):
        text = text[1:].lstrip()
    value = _unsigned(text) if text.isascii() else None
    if value is None:
        return None
    value = -value if negative else value
    return Number(value / 100 if percent else value, percent, degree)


def read_rounded(text: str) -> tuple[Fraction, Fraction] | None:
    """A decimal, and by how much its last digit leaves its value open: (3.33, 0.005)."""
    number = read_number(text)
    if number is None or "/" in text or "frac" in text:
        return None
    decimals = len(re.sub(r"^[^.]*\.?|[^\d].*$", "", text.strip())) if "." in text else 0
    return number.value, Fraction(1, 2 * 10**decimals * (100 if number.percent else 1))


def read_ratio(text: str) -> Fraction | None:
    """The value of "3:4". What may be a time of day ("3:45") is none."""
    match = re.fullmatch(r"\s*(\d+)\s*(?::|\\colon|\\text\s*\{\s*to\s*\}|\bto\b)\s*(\d+)\s*", text)
    if match is None or len(text) > MAX_DIGITS or (len(match[2]) == 2 and int(match[1]) < 24 and int(match[2]) < 60):
        return None
    return _ratio(match[1], match[2])


def _unsigned(text: str) -> Fraction | None:
    if (match := _DECIMAL.fullmatch(text)) and (match[1] or match[2]):
        digits = match[2] or ""
        return Fraction(int((match[1].replace(",", "") or "0") + digits), 10 ** len(digits))
    if match := _SLASH.fullmatch(text):
        return _ratio(match[1], match[2])
    if match := _FRAC.fullmatch(text):
        part = _ratio(match[2] or match[3], match[4] or match[5])
        if part is None or not match[1]:
            return part
        return int(match[1]) + part if part >= 0 else None
    if match := _MIXED.fullmatch(text):
        part = _ratio(match[2], match[3])
        return None if part is None else int(match[1].replace(",", "")) + part
    return _rarer(text)


def _rarer(text: str) -> Fraction | None:
    """Spaces between thousands, floats of a program, decimals that repeat, and words of scale."""
    if _SPACED.fullmatch(text):
        return Fraction(text.replace(" ", ""))
    if match := _FLOAT.fullmatch(text):
        digits, power = match[2] or "", int(match[3])
        return Fraction(int(match[1] + digits)) * Fraction(10) ** (power - len(digits))
    if match := _REPEATING.fullmatch(text):
        # x = a.bc with c repeating: the digits bc less b, over as many nines as c has and zeros as b has
        whole, fixed, period = match[1].replace(",", "") or "0", match[2], match[3]
        above = int(whole + fixed + period) - int(whole + fixed)
        return Fraction(above, 10 ** len(fixed) * (10 ** len(period) - 1))
    if match := _SCALED.fullmatch(text):
        value = _unsigned(match[1])
        return None if value is None else value * _SCALES[match[2]]
    return None


def _ratio(top: str, bottom: str) -> Fraction | None:
    below = int(bottom.replace(",", ""))
    return Fraction(int(top.replace(",", "")), below) if below else None
