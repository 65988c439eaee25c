"""Units behind a value: `5.4 \\text{ cents}`, `15\\mbox{ cm}^2`, `12 apples`.

A gold's unit may be missing from an answer. An answer's unit that the gold lacks must be a known unit or stand in the
question: any other words behind a value are no unit ("5 \\text{ is wrong}").
"""

import re

_BEHIND = re.compile(
    r"(?P<body>.*[\d})\]])\s*"
    r"(?:\\(?:text|mbox|mathrm|textrm)\s*\{(?P<group>[^{}]*)\}|\s(?P<words>[A-Za-z]{2,}(?: [A-Za-z]+)*))"
    r"\s*(?:\^\s*\{?\s*(?P<power>[23])\s*\}?)?", re.DOTALL)
_ALIASES = {"feet": "foot", "ft": "foot", "inches": "inch", "in": "inch", "centimeter": "cm", "centimetre": "cm",
            "millimeter": "mm", "millimetre": "mm", "kilometer": "km", "kilometre": "km", "meter": "m", "metre": "m",
            "kilogram": "kg", "gram": "g", "liter": "l", "litre": "l", "hr": "hour", "h": "hour", "min": "minute",
            "sec": "second", "s": "second", "degree": "degree", "deg": "degree"}
_KNOWN = {"foot", "inch", "cm", "mm", "km", "m", "kg", "g", "l", "hour", "minute", "second", "degree", "mile", "yard",
          "unit", "day", "week", "month", "year", "cent", "dollar", "pound", "ounce", "mph", "radian", "percent"}


def split_unit(text: str) -> tuple[str, str]:
    """Value and unit ("cm^2", "" where there is none)."""
    match = _BEHIND.fullmatch(text.strip())
    if match is None:
        return text, ""
    return match["body"].strip(), _canonical(match["group"] or match["words"] or "", match["power"])


def is_unit(unit: str, question: str) -> bool:
    """Whether every word of a unit is known or stands in the question."""
    asked = {_singular(word) for word in re.findall(r"[A-Za-z]+", question.casefold())}
    return all(word in _KNOWN or word in asked for word in re.findall(r"[a-z]+", unit))


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
