"""Questions that state their facts: `largest`, `earliest`, `lookup` and `member`.

Half of the first three are open-ended, with the same words and without options, as T_Open makes them from T_MCQ in the
paper; "which of these" makes no sense without them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from invented import invent_table, names
from page_source import DOMAINS, Table, read_pages, tables_of
from splits import Row, shingles, too_alike

FACT_FAMILIES = ("largest", "earliest", "lookup", "member")
OPEN_FAMILIES = ("largest", "earliest", "lookup")
"""Those that can be asked without options."""
LABELS = "ABCD"
OPEN = -1
"""In place of the number of a letter: no options."""
UNIT = 2 * len(LABELS)
"""Rows of a family come in multiples of this, so that the letters balance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FactKnobs:
    """How hard the questions are. Digits and years hold for invented facts only; pages have their own."""

    digits: tuple[int, int] = (2, 4)
    """Fewest and most digits of the numbers of `largest`."""
    near: float = 0.4
    """Share of tables whose numbers have one length and one leading digit, or whose years lie within 60 years."""
    years: tuple[int, int] = (1100, 1980)
    listed: tuple[int, int] = (4, 5)
    """Fewest and most facts that a `lookup` states; four of them are options."""
    members: int = 2
    """Members a kind has in a `member` question (at most 3)."""
    reverse: float = 0.3
    """Share of `lookup` questions that ask for the thing by its value."""
    alike: float = 0.6
    """5-gram Jaccard similarity that no two questions of a family reach."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A question before its options have an order."""

    question: str
    right: str
    wrong: tuple[str, str, str]
    clue: str
    """What a trace says first: the fact that decides."""


def largest(table: Table, rng: Random, knobs: FactKnobs) -> Draft:
    """"Depth in metres: Orun 412, Tessel 87, ... Which lake is deepest?" Any of the upper five can be the answer."""
    return _extreme(table, rng, sorted(table.facts, key=lambda fact: -int(fact[1])), "Most")


def earliest(table: Table, rng: Random, knobs: FactKnobs) -> Draft:
    """"Year passed: Forest Act 1641, Bridge Act 1702, ... Which act was passed first?\""""
    return _extreme(table, rng, sorted(table.facts, key=lambda fact: int(fact[1])), "First")


def _extreme(table: Table, rng: Random, ranked: list[tuple[str, str]], word: str) -> Draft:
    winner = rng.randrange(len(ranked) - 3)
    shown = [ranked[winner], *rng.sample(ranked[winner + 1:], 3)]
    name, value = shown[0]
    others = (shown[1][0], shown[2][0], shown[3][0])
    rng.shuffle(shown)
    question = f"{table.label}: {_listing(shown)}. {table.ask}"
    return Draft(question=question, right=name, wrong=others, clue=f"{word} is {value}, {name}.")


def lookup(table: Table, rng: Random, knobs: FactKnobs) -> Draft:
    """"Market day: Garrow Tuesday, Hesk Friday, ... What is the market day of Garrow?", or asked by the value."""
    low, high = knobs.listed
    shown = rng.sample(table.facts, min(len(table.facts), rng.randrange(low, high + 1)))
    picked = rng.sample(shown, 4)
    name, value = picked[0]
    stated = f"{table.label}: {_listing(shown)}."
    if rng.random() < knobs.reverse:
        return Draft(question=f"{stated} Which {table.noun} has {value}?", right=name,
                     wrong=(picked[1][0], picked[2][0], picked[3][0]), clue=f"{value}: {name}.")
    label = table.label if table.label.startswith("SI") else table.label.lower()
    return Draft(question=f"{stated} What is the {label} of {name}?", right=value,
                 wrong=(picked[1][1], picked[2][1], picked[3][1]), clue=f"{name}: {value}.")


def member(table: Table, rng: Random, knobs: FactKnobs) -> Draft:
    """"Rivers: Nile, Danube. Deserts: Gobi, Namib. ... Which of these is among the deserts?\""""
    shown = [(kind, rng.sample(members.split(", "), knobs.members)) for kind, members in table.facts]
    rng.shuffle(shown)
    kind, own = shown[rng.randrange(len(shown))]
    others = [name for other, members in shown if other != kind for name in members]
    wrong = rng.sample(others, 3)
    stated = " ".join(f"{name}: {', '.join(members)}." for name, members in shown)
    return Draft(question=f"{stated} Which of these is among the {kind.lower()}?", right=rng.choice(own),
                 wrong=(wrong[0], wrong[1], wrong[2]), clue=f"{kind}: {', '.join(own)}.")


WRITERS: dict[str, Callable[[Table, Random, FactKnobs], Draft]] = {
    "largest": largest, "earliest": earliest, "lookup": lookup, "member": member}


def fact_rows(family: str, count: int, split: str, rng: Random, knobs: FactKnobs) -> list[Row]:
    """`count` questions of one family: over the pages' facts for "training", over invented facts for other splits.

    Every other one is open-ended where the family allows it. Every letter is right equally often. Raises ValueError
    where `count` is no multiple of eight, or where the pages hold too few facts for so many different questions.
    """
    if count % UNIT:
        raise ValueError(f"{count} rows of {family}: give a multiple of {UNIT}, so that the letters balance")
    kinds = [*range(len(LABELS)), *([OPEN] * len(LABELS) if family in OPEN_FAMILIES else range(len(LABELS)))]
    letters = [kind for kind in kinds for _ in range(count // UNIT)]
    rng.shuffle(letters)
    draw = _page_tables(family, rng) if split == "training" else _invented_tables(family, split, rng, knobs)
    rows: list[Row] = []
    seen: list[set[tuple[str, ...]]] = []
    for index, letter in enumerate(letters):
        for _ in range(500):
            table = draw(DOMAINS[index % len(DOMAINS)])
            draft = WRITERS[family](table, rng, knobs)
            if not too_alike(draft.question, seen, knobs.alike):
                break
        else:
            raise ValueError(f"no {len(rows) + 1} different {family} questions in {split}: ask for fewer rows")
        seen.append(shingles(draft.question))
        rows.append(_row(draft, letter, table, split, rng))
    return rows


def _page_tables(family: str, rng: Random) -> Callable[[str], Table]:
    tables = tables_of(read_pages(), family)
    return lambda domain: rng.choice([table for table in tables if table.domain == domain])


def _invented_tables(family: str, split: str, rng: Random, knobs: FactKnobs) -> Callable[[str], Table]:
    pool = names(split)
    return lambda domain: invent_table(family, domain, pool, rng, digits=knobs.digits, near=knobs.near,
                                       years=knobs.years)


def _row(draft: Draft, letter: int, table: Table, split: str, rng: Random) -> Row:
    options = list(draft.wrong)
    rng.shuffle(options)
    options.insert(letter, draft.right)
    if letter == OPEN:
        options = []
    row: Row = {"question": draft.question, "options": options, "answer": draft.right, "domain": table.domain,
                "family": table.family}
    if split == "cold_start":
        walk = [f"{LABELS[i]} {option} {'yes' if i == letter else 'no'}." for i, option in enumerate(options)]
        row["reasoning"] = " ".join([draft.clue, *walk[:letter + 1]])
    return row


def _listing(facts: list[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts)
