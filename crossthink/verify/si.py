"""Units of science as a size and powers of base units: "kJ/mol", `\\text{kg} \\cdot \\frac{m}{s^2}`, "km h⁻¹".

A table of symbols and names, the SI's prefixes, and the grammar of products and quotients. All behind the first "/" is
below it ("J/kg K"), as textbooks write it. Sizes are exact: the SI brochure (BIPM, 9th edition), NIST SP 811. A kind
whose zero lies elsewhere (°C beside K) or whose size is measured or a matter of convention (u, year) is its own base.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from crossthink.verify.latex import TEXT_GROUP, powers_in_line

MAX_CHARACTERS = 100
_PREFIXES = {"f": -15, "p": -12, "n": -9, "μ": -6, "u": -6, "m": -3, "c": -2, "d": -1, "h": 2, "k": 3, "M": 6,
             "G": 9, "T": 12}
_PREFIX_NAMES = {"femto": "f", "pico": "p", "nano": "n", "micro": "μ", "milli": "m", "centi": "c", "deci": "d",
                 "kilo": "k", "mega": "M", "giga": "G", "tera": "T"}
_BASES = ("m", "g", "s", "A", "K", "mol", "cd", "bit", "rad", "rev", "°", "°C", "°F", "dB", "u", "year", "month",
          "psi", "mmHg", "gal", "hp", "D")
_SCALED = {
    "m": "m", "g": "g", "s": "s", "A": "A", "K": "K", "mol": "mol", "cd": "cd", "bit": "bit", "N": "1000 g m/s^2",
    "J": "N m", "W": "J/s", "Pa": "N/m^2", "Hz": "s^-1", "C": "A s", "V": "J/C", "F": "C/V", "Ω": "V/A", "S": "A/V",
    "T": "N/A m", "Wb": "T m^2", "H": "Wb/A", "L": "1/1000 m^3", "l": "L", "eV": "1.602176634e-19 J",
    "M": "1000 mol/m^3", "cal": "4.184 J", "Bq": "s^-1", "Gy": "1/1000 J/g", "Sv": "1/1000 J/g", "bar": "100000 Pa",
    "Wh": "3600 J", "B": "8 bit"}
"""Symbols that take prefixes, and what they are."""
_PLAIN = {
    "min": "60 s", "h": "3600 s", "hr": "h", "d": "86400 s", "day": "d", "week": "7 d", "yr": "year", "y": "year",
    "in": "0.0254 m", "ft": "0.3048 m", "yd": "0.9144 m", "mi": "1609.344 m", "mph": "mi/h", "kph": "km/h",
    "rpm": "rev/min", "lb": "453.59237 g", "oz": "28.349523125 g", "atm": "101325 Pa", "torr": "mmHg", "Torr": "mmHg",
    "Å": "1e-10 m", "amu": "u", "deg": "°", "t": "1000000 g", "cc": "1e-6 m^3", "sec": "s"}
_NAMES = {
    "meter": "m", "metre": "m", "gram": "g", "second": "s", "ampere": "A", "amp": "A", "kelvin": "K", "mole": "mol",
    "radian": "rad", "revolution": "rev", "newton": "N", "joule": "J", "watt": "W", "pascal": "Pa", "hertz": "Hz",
    "coulomb": "C", "volt": "V", "farad": "F", "ohm": "Ω", "siemens": "S", "tesla": "T", "weber": "Wb", "henry": "H",
    "liter": "L", "litre": "L", "calorie": "cal", "decibel": "dB", "becquerel": "Bq", "gray": "Gy", "sievert": "Sv",
    "electronvolt": "eV", "tonne": "t", "minute": "min", "hour": "h", "inch": "in", "inches": "in", "foot": "ft",
    "feet": "ft", "yard": "yd", "mile": "mi", "pound": "lb", "ounce": "oz", "atmosphere": "atm", "gallon": "gal",
    "horsepower": "hp", "angstrom": "Å", "degree": "°", "diopter": "D", "molar": "M", "byte": "B",
    "Calorie": "kcal", "Calories": "kcal"}
_SPELLED = (
    (re.compile(r"(?i)degrees? ?(celsius|fahrenheit)"), lambda name: f" °{name[1][0].upper()} "),
    (re.compile(r"\^?\s*\{?\s*(?:\\circ(?![a-z])|\\degree(?![a-z])|°)\s*\}?\s*(C|F)?(?![A-Za-z])"), r" °\1 "),
    (re.compile(r"\\mu(?![a-z])\s*|µ\s*|μ\s*"), "μ"),
    (re.compile(r"\\Omega|Ω"), "Ω"),
    (re.compile(r"(?<![A-Za-z])([kMm])\s+Ω"), r"\1Ω"),
    (re.compile(r"\\AA(?![A-Za-z])|Å"), "Å"),
    (re.compile(r"mm Hg"), "mmHg"),
    (re.compile(r"[−–]"), "-"),
    (re.compile(r"(?i)\bper\b"), "/"),
    (re.compile(r"\\(?:cdot|times)(?![A-Za-z])|[·⋅∙*~]|\\[,; ]"), " "))
_TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-zμΩÅ°]+)\.?(?:\s*\^\s*(?P<power>-?\d{1,2})|(?<=[a-z])(?P<digit>-?\d))?"
                    r"|(?P<per>/)|[()])")
_POWER = re.compile(r"\^\s*\{\s*([-−–]?\s*\d{1,3})\s*\}(?!\d)")
_PER = re.compile(r"/|(?i:\bper\b)|\\[dt]?frac")
_QUOTIENT = re.compile(r"\\[dt]?frac\s*\{\s*([^{}\s][^{}]*)\}\s*\{\s*([^{}\s][^{}]*)\}(?=[\s}]*$)")
_LIFTS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}


@dataclass(frozen=True, slots=True)
class Unit:
    """A size, in base units to their powers: km/h is 5/18 of (("m", 1), ("s", -1))."""

    size: Fraction
    powers: tuple[tuple[str, int], ...]


def read_unit(text: str) -> Unit | None:
    """The unit that a text is; None where a word of it is no unit, and where there is none."""
    if len(text) > MAX_CHARACTERS:
        return None
    text = unwrap_powers(powers_in_line(text))
    text = TEXT_GROUP.sub(r" \1 ", _in_line(TEXT_GROUP.sub(r" \1 ", text)))
    for spelled, plain in _SPELLED:
        text = spelled.sub(plain, text)
    return _product(text.replace("{", "").replace("}", "").strip())


def unwrap_powers(text: str) -> str:
    """Powers without braces, so that the group around them can be read: `\\text{m/s^{2}}` is `\\text{m/s^2}`."""
    return _POWER.sub(r"^\1", text)


def _in_line(text: str) -> str:
    """`kg\\frac{m}{s^2}` as "kg m/(s^2)", where nothing else is below a line: all behind a "/" would be."""
    quotient = _QUOTIENT.search(text)
    if quotient is None or _PER.search(text[:quotient.start()]) or _PER.search(quotient[2]):
        return text
    return f"{text[:quotient.start()]} {quotient[1]}/({quotient[2]}){text[quotient.end():]}"


def _product(text: str) -> Unit | None:
    size, powers, sign, lift, place = Fraction(1), dict[str, int](), 1, 1, 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            return None
        place = token.end()
        if token["per"]:
            sign = -1
        elif token["name"] in _LIFTS:
            lift = _LIFTS[token["name"]]
        elif token["name"]:
            unit = _named(token["name"])
            if unit is None:
                return None
            power = sign * lift * int(token["power"] or token["digit"] or 1)
            size, lift = size * unit.size ** power, 1
            for base, times in unit.powers:
                powers[base] = powers.get(base, 0) + power * times
    kept = tuple(sorted((base, power) for base, power in powers.items() if power))
    return Unit(size, kept) if kept else None


@cache
def _named(word: str) -> Unit | None:
    """The unit of one symbol, or of a name in the singular or the plural, with its prefix."""
    if word in _BASES:
        return Unit(Fraction(1), ((word, 1),))
    if definition := _SCALED.get(word) or _PLAIN.get(word):
        return _defined(definition)
    if word[1:] in _SCALED and word[0] in _PREFIXES:
        return _prefixed(word[0], word[1:])
    lower = word.casefold()
    for name in (word, lower, lower.removesuffix("s")):
        if symbol := _NAMES.get(name) or (name if len(name) > 2 and name in (*_PLAIN, *_BASES) else ""):
            return _named(symbol)
        start = next((start for start in _PREFIX_NAMES if name.startswith(start)), "")
        if start and (symbol := _NAMES.get(name[len(start):], "")) in _SCALED:
            return _prefixed(_PREFIX_NAMES[start], symbol)
    return None


def _defined(definition: str) -> Unit | None:
    """The unit of "1000 g m/s^2": a size, where there is one, and the rest."""
    size, _, rest = definition.partition(" ")
    if not size[0].isdigit():
        return _product(definition)
    unit = _product(rest)
    return Unit(Fraction(size) * unit.size, unit.powers) if unit else None


def _prefixed(prefix: str, symbol: str) -> Unit | None:
    unit = _named(symbol)
    return Unit(Fraction(10) ** _PREFIXES[prefix] * unit.size, unit.powers) if unit else None
