"""Tables of invented facts, for the questions that no page may answer: the evaluation set and the cold start."""

from random import Random

from page_source import DOMAINS, Table
from splits import split_of

_ONSETS = ("B", "Br", "D", "Dr", "F", "Fr", "G", "Gl", "H", "J", "K", "Kr", "L", "M", "N", "Pl", "R", "S", "Sk", "T",
           "Tr", "V", "W", "Z")
_VOWELS = "aeiou"
_MIDDLES = ["l", "r", "n", "m", "s", "v", "d", "b", "th", "lm"]
_ENDINGS = ["ox", "ash", "ul", "orn", "ith", "ek", "und", "elm", "ivo", "uma"]

_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
_MONTHS = "January March April May June August October December"

# domain: (label, question or noun, values apart by blanks); numbers and years need no values.
_LARGEST = {
    "stem": ("Mass in grams", "Which sample is heaviest?"),
    "history": ("Ships", "Which fleet was largest?"),
    "law": ("Cases heard", "Which judge heard most?"),
    "economics": ("Yearly profit", "Which firm earned most?"),
    "geography": ("People", "Which city is biggest?"),
    "philosophy": ("Letters written", "Which thinker wrote most?"),
    "health": ("Patients", "Which ward is fullest?"),
    "arts": ("Statue height", "Which statue is tallest?"),
}
_EARLIEST = {
    "stem": ("First seen", "Which comet was seen first?"),
    "history": ("Battle fought", "Which battle came first?"),
    "law": ("Treaty signed", "Which treaty is oldest?"),
    "economics": ("Mint built", "Which mint is oldest?"),
    "geography": ("Settled", "Which valley was settled first?"),
    "philosophy": ("Essay printed", "Which essay is oldest?"),
    "health": ("Cure found", "Which cure was found first?"),
    "arts": ("First staged", "Which play was staged first?"),
}
_LOOKUP = {
    "stem": ("Crystal colour", "mineral", "red blue green white black yellow violet grey"),
    "history": ("Banner", "clan", "wolf bear eagle stag boar raven otter lion"),
    "law": ("Hearing day", "witness", _DAYS),
    "economics": ("Main product", "village", "glass paper soap leather bricks candles beer nails"),
    "geography": ("Climate", "region", "rainy dry windy foggy snowy mild stormy humid"),
    "philosophy": ("Highest value", "school", "truth beauty duty pleasure freedom calm wisdom justice"),
    "health": ("Treated part", "healer", "ear knee skin heart lung foot throat back"),
    "arts": ("Opening month", "gallery", _MONTHS),
}
_MEMBER = {
    "stem": "Stars Moons Comets Craters Nebulae",
    "history": "Queens Generals Pirates Monks Heralds",
    "law": "Judges Lawyers Sheriffs Notaries Jurors",
    "economics": "Banks Mines Farms Mills Breweries",
    "geography": "Lakes Hills Islands Forests Capes",
    "philosophy": "Sceptics Mystics Idealists Logicians Moralists",
    "health": "Herbs Fevers Balms Nurses Vitamins",
    "arts": "Poets Painters Singers Dancers Sculptors",
}


def names(split: str) -> list[str]:
    """All invented names that belong to the split, in a fixed order."""
    every = (a + b + c + d for a in _ONSETS for b in _VOWELS for c in _MIDDLES for d in _ENDINGS)
    return [name for name in every if split_of(name) == split]


def invent_table(family: str, domain: str, pool: list[str], rng: Random, *, digits: tuple[int, int],
                 near: float, years: tuple[int, int]) -> Table:
    """A table of eight facts of the domain about names of `pool`; arguments as `fact_questions.FactKnobs`."""
    assert domain in DOMAINS
    chosen = rng.sample(pool, 9)
    if family == "largest":
        label, ask = _LARGEST[domain]
        facts = zip(chosen, _numbers(rng, digits, near), strict=False)
        return Table(domain=domain, family=family, label=label, ask=ask, facts=tuple(facts))
    if family == "earliest":
        label, ask = _EARLIEST[domain]
        low, high = years
        first = rng.randrange(low, high - 60) if rng.random() < near else low
        last = first + 60 if first != low else high
        facts = zip(chosen, map(str, rng.sample(range(first, last), 8)), strict=False)
        return Table(domain=domain, family=family, label=label, ask=ask, facts=tuple(facts))
    if family == "lookup":
        label, noun, values = _LOOKUP[domain]
        facts = zip(chosen, rng.sample(values.split(), len(values.split())), strict=False)
        return Table(domain=domain, family=family, label=label, noun=noun, facts=tuple(facts))
    kinds = rng.sample(_MEMBER[domain].split(), 3)
    members = [", ".join(chosen[start:start + 3]) for start in (0, 3, 6)]
    return Table(domain=domain, family=family, facts=tuple(zip(kinds, members, strict=True)))


def _numbers(rng: Random, digits: tuple[int, int], near: float) -> list[str]:
    """Eight different numbers; with probability `near` all of one length and with one leading digit."""
    low, high = digits
    if rng.random() < near:
        unit = 10 ** (rng.randrange(max(low, 2), high + 1) - 1)
        lead = rng.randrange(1, 10) * unit
        return [str(number) for number in rng.sample(range(lead, lead + unit), 8)]
    numbers: list[int] = []
    while len(numbers) < 8:
        length = rng.randrange(low, high + 1)
        number = rng.randrange(10 ** (length - 1), 10 ** length)
        if number not in numbers:
            numbers.append(number)
    return [str(number) for number in numbers]
