"""Units behind a value: `5.4 \\text{ cents}`, `15\\mbox{ cm}^2`, `12 apples`, `0.60/disc`, `\\$5`.

A gold's unit may be missing from an answer. An answer's unit that the gold lacks must be a known unit or stand in the
question, and be none that the question did not ask for ("5 km" to "How many metres"): any other words behind a value
are no unit ("5 \\text{ is wrong}"), nor are those that make another value of it ("3 hundred", "12 \\text{ or 13}").
Units of one dimension are converted.
"""

import re
from fractions import Fraction

from crossthink.verify.latex import TEXT_COMMAND

_POWER = r"(?:\s*\^\s*\{?\s*([23])\s*\}?)?"
_BEHIND = re.compile(
    rf"(?P<body>.*\S)\s*{TEXT_COMMAND}\s*\{{(?P<group>(?:[^{{}}]|\{{\d\}})*)\}}(?P<power>{_POWER})", re.DOTALL)
_PLAIN = re.compile(
    rf"(?P<body>.*(?:[\d}})\]]|\\pi))\s+(?P<group>[A-Za-z]{{2,}}(?: [A-Za-z]+)*)(?P<power>{_POWER})", re.DOTALL)
_WORD = re.compile(rf"\s*(/|-)?\s*°?([A-Za-z']+)\.?{_POWER}\s*")
_PER = re.compile(rf"\\[dt]?frac\s*\{{\s*{TEXT_COMMAND}\s*\{{([^{{}}]*)\}}\s*\}}\s*\{{\s*{TEXT_COMMAND}\s*"
                  r"\{([^{}]*)\}\s*\}\s*$")
_PER_WORD = re.compile(r"(?P<body>.*\d)\s*/\s*(?P<group>[a-z]{4,})")
_DOLLARS = re.compile(r"\\\$\s*(?=[\d.])")
_ALIASES = {"feet": "foot", "ft": "foot", "inches": "inch", "in": "inch", "centimeter": "cm", "centimetre": "cm",
            "millimeter": "mm", "millimetre": "mm", "kilometer": "km", "kilometre": "km", "meter": "m", "metre": "m",
            "kilogram": "kg", "gram": "g", "milligram": "mg", "liter": "l", "litre": "l", "milliliter": "ml",
            "millilitre": "ml", "hr": "hour", "h": "hour", "min": "minute", "sec": "second", "s": "second",
            "deg": "degree", "rad": "radian", "yd": "yard", "mi": "mile", "lb": "pound", "oz": "ounce"}
_SIZES = (
    {"mm": 1, "cm": 10, "m": 1000, "km": 10**6}, {"inch": 1, "foot": 12, "yard": 36, "mile": 63360},
    {"mg": 1, "g": 1000, "kg": 10**6}, {"ounce": 1, "pound": 16}, {"ml": 1, "l": 1000}, {"cent": 1, "dollar": 100},
    {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800})
"""Units of one system and dimension, in the smallest of them."""
_KNOWN = {"unit", "month", "year", "mph", "degree", "radian", "percent"}.union(*_SIZES)
_SQUARE, _SQUARED = {"square": "2", "sq": "2", "cubic": "3"}, {"squared": "2", "cubed": "3"}
_NO_UNITS = re.compile(
    "a|about|also|an|and|approximately|are|as|at|be|been|between|but|by|cubed|divided|each|either|equal|except|for|from|"
    "had|has|have|he|if|infinity|is|it|less|minus|more|most|multiplied|nor|not|only|or|other|over|pi|plus|right|she|so|"
    "squared|than|that|then|they|this|time|to|under|was|were|which|with|without|wrong")
"""Words of questions that are no unit; "3 times" is what "How many times" asks for."""
_COUNTS = re.compile(
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|"
    "(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand|(?:m|b|tr)illion|dozen|half|halve|third|fourth|fifth|"
    "sixth|seventh|eighth|ninth|tenth|quarter|pair|couple|double|triple|twice|negative")
"""Words that make another value of the one before them; "3 dozen" is what "How many dozen" asks for."""
_ASKED_FOR = re.compile(r"(?:how many|how much|number of)\s+(?:more\s+)?([a-z]+)")


def split_unit(text: str) -> tuple[str, str]:
    """Value and unit ("cm^2", "" where there is none)."""
    text = text.strip()
    if dollars := _DOLLARS.match(text):
        value, behind = split_unit(text[dollars.end():])
        return (value, "dollar") if behind in ("", "dollar") else (text, "")
    if per := _PER.search(text):
        above, below = _canonical(per[1], ""), _canonical(per[2], "")
        return (text[:per.start()].strip(), f"{above} per {below}") if above and below else (text, "")
    if slash := _PER_WORD.fullmatch(text):
        return slash["body"].strip(), f"per {_canonical(slash['group'], '')}"
    match = _BEHIND.fullmatch(text) or _PLAIN.fullmatch(text)
    unit = match and _canonical(match["group"], match["power"])
    if match is None or unit is None or match["body"].count("{") != match["body"].count("}"):
        return text, ""
    return match["body"].strip(), unit


def is_unit(unit: str, question: str) -> bool:
    """Whether every word of a unit is known or stands in the question, and none is of another unit than asked for."""
    words = re.findall(r"[a-z]+", question.casefold())
    asked, wanted = {*map(_singular, words)}, {*map(_singular, _ASKED_FOR.findall(question.casefold()))}
    named = {_singular(word) for word in words if len(word) > 3 and word != "second"}  # "in" is not always inches

    def fits(word: str) -> bool:
        if word in wanted:
            return True
        for sizes in _SIZES:
            if word in sizes:
                return not wanted & sizes.keys() and (word in asked or not named & sizes.keys())
        other = _NO_UNITS.fullmatch(word) or _COUNTS.fullmatch(word)
        return word in _KNOWN or (word in asked and len(word) > 2 and not other)

    return all(fits(word) for word in re.findall(r"[a-z']+", unit) if word != "per")


def in_unit(unit: str, other: str) -> Fraction | None:
    """How many of the other unit one of this is, as 60 for hours in minutes; None where that is no number."""
    name, _, power = unit.partition("^")
    other_name, _, other_power = other.partition("^")
    for sizes in _SIZES:
        if name in sizes and other_name in sizes and power == other_power:
            return Fraction(sizes[name], sizes[other_name]) ** int(power or 1)
    return None


def _canonical(text: str, power: str) -> str | None:
    """The words in one spelling, with their powers and "per" for "/"; "" of a blank, None where it is no unit."""
    units: list[str] = []
    square, place = "", 0
    text = text.strip(" \t\n.,;") + power
    while place < len(text):
        word = _WORD.match(text, place)
        if word is None:
            return None
        place, name = word.end(), word[2].casefold()
        if word[1] == "/":
            units.append("per")
        if name in _SQUARED and units:
            units[-1] += f"^{_SQUARED[name]}"
        elif name in _SQUARE:
            square = _SQUARE[name]
        else:
            raised = word[3] or square
            units.append(_singular(name) + (f"^{raised}" if raised else ""))
            square = ""
    return " ".join(units)


def _singular(word: str) -> str:
    word = _ALIASES.get(word, word)
    short = word[:-1] if word.endswith("s") and len(word) > 3 else word
    return _ALIASES.get(short, short)
