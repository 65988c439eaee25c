"""Units behind a value: `5.4 \\text{ cents}`, `15\\mbox{ cm}^2`, `12 apples`, `0.60/disc`, `\\$5`.

A gold's unit may be missing from an answer. An answer's unit that the gold lacks must be a known unit or stand in the
question: any other words behind a value are no unit ("5 \\text{ is wrong}"). Units of one dimension are converted.
"""

import re
from fractions import Fraction

from crossthink.verify.latex import TEXT_COMMAND

_BEHIND = re.compile(
    rf"(?P<body>.*\S)\s*{TEXT_COMMAND}\s*\{{(?P<group>[^{{}}]*)\}}\s*(?:\^\s*\{{?\s*(?P<power>[23])\s*\}}?)?",
    re.DOTALL)
_PLAIN = re.compile(
    r"(?P<body>.*(?:[\d})\]]|\\pi))\s+(?P<group>[A-Za-z]{2,}(?: [A-Za-z]+)*)\s*(?:\^\s*\{?\s*(?P<power>[23])\s*\}?)?",
    re.DOTALL)
_PER = re.compile(rf"\\[dt]?frac\s*\{{\s*{TEXT_COMMAND}\s*\{{([^{{}}]*)\}}\s*\}}\s*\{{\s*{TEXT_COMMAND}\s*"
                  r"\{([^{}]*)\}\s*\}\s*$")
_PER_WORD = re.compile(r"(?P<body>.*\d)\s*/\s*(?P<group>[a-z]{4,})")
_DOLLARS = re.compile(r"\\\$\s*(?=[\d.])")
_ALIASES = {"feet": "foot", "ft": "foot", "inches": "inch", "in": "inch", "centimeter": "cm", "centimetre": "cm",
            "millimeter": "mm", "millimetre": "mm", "kilometer": "km", "kilometre": "km", "meter": "m", "metre": "m",
            "kilogram": "kg", "gram": "g", "milligram": "mg", "liter": "l", "litre": "l", "milliliter": "ml",
            "millilitre": "ml", "hr": "hour", "h": "hour", "min": "minute", "sec": "second", "s": "second",
            "deg": "degree", "rad": "radian", "yd": "yard", "lb": "pound", "oz": "ounce"}
_SIZES = (
    {"mm": 1, "cm": 10, "m": 1000, "km": 10**6}, {"inch": 1, "foot": 12, "yard": 36, "mile": 63360},
    {"mg": 1, "g": 1000, "kg": 10**6}, {"ounce": 1, "pound": 16}, {"ml": 1, "l": 1000}, {"cent": 1, "dollar": 100},
    {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800})
"""Units of one system and dimension, in the smallest of them."""
_KNOWN = {"unit", "month", "year", "mph", "degree", "radian", "percent"}.union(*_SIZES)


def split_unit(text: str) -> tuple[str, str]:
    """Value and unit ("cm^2", "" where there is none)."""
    text = text.strip()
    if dollars := _DOLLARS.match(text):
        value, unit = split_unit(text[dollars.end():])
        return (value, "dollar") if unit in ("", "dollar") else (text, "")
    if per := _PER.search(text):
        return text[:per.start()].strip(), f"{_canonical(per[1], None)} per {_canonical(per[2], None)}"
    if per := _PER_WORD.fullmatch(text):
        return per["body"].strip(), f"per {_canonical(per['group'], None)}"
    match = _BEHIND.fullmatch(text) or _PLAIN.fullmatch(text)
    if match is None or match["body"].count("{") != match["body"].count("}"):
        return text, ""
    return match["body"].strip(), _canonical(match["group"], match["power"])


def is_unit(unit: str, question: str) -> bool:
    """Whether every word of a unit is known or stands in the question."""
    asked = {_singular(word) for word in re.findall(r"[A-Za-z]+", question.casefold())} | {"per"}
    return all(word in _KNOWN or word in asked for word in re.findall(r"[a-z]+", unit))


def in_unit(unit: str, other: str) -> Fraction | None:
    """How many of the other unit one of this is, as 60 for hours in minutes; None where that is no number."""
    name, _, power = unit.partition("^")
    other_name, _, other_power = other.partition("^")
    for sizes in _SIZES:
        if name in sizes and other_name in sizes and power == other_power:
            return Fraction(sizes[name], sizes[other_name]) ** int(power or 1)
    return None


def _canonical(text: str, power: str | None) -> str:
    words = [_singular(word) for word in re.findall(r"[A-Za-z]+", text.casefold())]
    for name, value in (("square", "2"), ("sq", "2"), ("cubic", "3")):
        if words and words[0] == name:
            words, power = words[1:], value
    return " ".join(words) + (f"^{power}" if power else "")


def _singular(word: str) -> str:
    word = _ALIASES.get(word, word)
    short = word[:-1] if word.endswith("s") and len(word) > 3 else word
    return _ALIASES.get(short, short)
