"""Open-ended arithmetic: `sum`, `difference`, `word` and `double`, each with an exact whole number as its answer."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from splits import Row, share_of, split_of

MATH_FAMILIES = ("sum", "difference", "word", "double")
Range = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class MathKnobs:
    """Closed ranges that the numbers come from: the wider, the harder."""

    sum_first: Range = (11, 89)
    sum_second: Range = (2, 49)
    difference_first: Range = (15, 99)
    difference_second: Range = (2, 49)
    word_first: Range = (6, 60)
    word_second: Range = (2, 30)
    double: Range = (11, 249)


_SUMS = ("What is {a} + {b}?", "Add {a} and {b}.", "{a} + {b} = ?")
_DIFFERENCES = ("What is {a} - {b}?", "Take {b} from {a}.", "{a} - {b} = ?")
_DOUBLES = ("What is twice {a}?", "Double {a}.", "What is 2 times {a}?")
_GAINS = ("{person} has {a} {things} and finds {b} more. How many {things} does {person} have now?",
          "{person} packs {a} {things}, then {b} more. How many {things} in all?",
          "In one box {person} has {a} {things}, in another {b}. How many {things} in total?")
_LOSSES = ("{person} had {a} {things} and gave away {b}. How many {things} are left?",
           "Of {a} {things}, {person} sold {b}. How many {things} remain?",
           "{person} counts {a} {things}, then loses {b}. How many {things} are left?")

_PEOPLE = {
    "training": ["Anna", "Ben", "Clara", "David", "Emma", "Frank", "Grace", "Henry", "Iris", "Jack", "Kate", "Leo"],
    "evaluation": ["Nora", "Oscar", "Paula", "Quinn", "Rosa", "Simon", "Tina", "Victor"],
    "cold_start": ["Wendy", "Xavier", "Yara", "Zack", "Adele", "Boris", "Celia", "Dario"],
}
_THINGS = {
    "training": ["apples", "pears", "stamps", "marbles", "pencils", "books", "coins", "shells", "cards", "buttons"],
    "evaluation": ["plums", "tickets", "ribbons", "beads", "spoons", "lemons", "postcards", "tiles"],
    "cold_start": ["nuts", "stones", "cups", "eggs", "boxes", "keys", "flowers", "pins"],
}


def math_rows(family: str, count: int, split: str, rng: Random, knobs: MathKnobs) -> list[Row]:
    """`count` questions of one family over number pairs that belong to the split, each pair used once.

    Raises ValueError where the ranges hold too few pairs.
    """
    pairs = _pairs(family, split, knobs)
    if count > len(pairs):
        raise ValueError(f"{count} rows of {family} in {split}: the ranges hold {len(pairs)} number pairs; widen them")
    return [_WRITERS[family](a, b, split, rng) for a, b in rng.sample(pairs, count)]


def _pairs(family: str, split: str, knobs: MathKnobs) -> list[tuple[int, int]]:
    """Pairs (larger, smaller) of the family's ranges. No two families of a split share a pair, whatever the order."""
    first, second = {
        "sum": (knobs.sum_first, knobs.sum_second),
        "difference": (knobs.difference_first, knobs.difference_second),
        "word": (knobs.word_first, knobs.word_second),
        "double": (knobs.double, (2, 2)),
    }[family]
    pairs = [(a, b) for a in range(first[0], first[1] + 1) for b in range(second[0], second[1] + 1)]
    owned = [(a, b) for a, b in pairs if split_of(f"{max(a, b)},{min(a, b)}") == split]
    if family == "double":
        return owned
    return [(a, b) for a, b in owned if a > b > 2 and share_of(f"family {a},{b}", 3) == MATH_FAMILIES.index(family)]


def _row(question: str, answer: int, reasoning: str, family: str, split: str) -> Row:
    row: Row = {"question": question, "options": [], "answer": str(answer), "domain": "math", "family": family}
    if split == "cold_start":
        row["reasoning"] = reasoning
    return row


def _sum(a: int, b: int, split: str, rng: Random) -> Row:
    return _row(rng.choice(_SUMS).format(a=a, b=b), a + b, sum_steps(a, b), "sum", split)


def _difference(a: int, b: int, split: str, rng: Random) -> Row:
    return _row(rng.choice(_DIFFERENCES).format(a=a, b=b), a - b, difference_steps(a, b), "difference", split)


def _double(a: int, b: int, split: str, rng: Random) -> Row:
    return _row(rng.choice(_DOUBLES).format(a=a), 2 * a, sum_steps(a, a), "double", split)


def _word(a: int, b: int, split: str, rng: Random) -> Row:
    gain = rng.random() < 0.5
    template = rng.choice(_GAINS if gain else _LOSSES)
    question = template.format(a=a, b=b, person=rng.choice(_PEOPLE[split]), things=rng.choice(_THINGS[split]))
    if gain:
        return _row(question, a + b, f"{a} + {b}: {sum_steps(a, b)}", "word", split)
    return _row(question, a - b, f"{a} - {b}: {difference_steps(a, b)}", "word", split)


_WRITERS: dict[str, Callable[[int, int, str, Random], Row]] = {
    "sum": _sum, "difference": _difference, "word": _word, "double": _double}


def sum_steps(a: int, b: int) -> str:
    """Tens, then units, then both: "40 + 20 = 60, 7 + 5 = 12, 60 + 12 = 72." """
    tens, units = a // 10 * 10 + b // 10 * 10, a % 10 + b % 10
    ones = f"{a % 10} + {b % 10} = {units}"
    if b < 10:
        return f"{ones}, {tens} + {units} = {a + b}."
    return f"{a // 10 * 10} + {b // 10 * 10} = {tens}, {ones}, {tens} + {units} = {a + b}."


def difference_steps(a: int, b: int) -> str:
    """Tens first, then units, by way of the full ten where it is crossed: "52 - 10 = 42, 42 - 2 = 40, 40 - 5 = 35." """
    steps = []
    for part in (b // 10 * 10, min(b % 10, a % 10), b % 10 - min(b % 10, a % 10)):
        if part:
            steps.append(f"{a} - {part} = {a - part}")
            a -= part
    return ", ".join(steps) + "."
