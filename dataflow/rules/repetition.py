"""Gopher's repetition rules (arXiv 2112.11446, table A1): how much of a text it says again.

Runs of words are counted outside of formulas, which repeat their few symbols: of 989 sections of exercises in
mathematics and physics the rules about runs turn away twice as many where formulas count.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from crossthink.dataflow.rules.text import Broken, Text, beyond, share

_LAST_TOP = 4
_RULES = (("top_2_gram", 2, 0.20), ("top_3_gram", 3, 0.18), ("top_4_gram", 4, 0.16), ("repeated_5_grams", 5, 0.15),
          ("repeated_6_grams", 6, 0.14), ("repeated_7_grams", 7, 0.13), ("repeated_8_grams", 8, 0.12),
          ("repeated_9_grams", 9, 0.11), ("repeated_10_grams", 10, 0.10))
"""(rule, tokens of a run, limit)."""
_TOP_WORD = 0.15
"""Ours: spam names its goods again and again, between other words."""
Runs = list[tuple[int, tuple[str, ...]]]
"""(place of its first token, the tokens) of runs of one size, in the order of the text."""


def broken_rule(text: Text) -> Broken | None:
    """The first rule that a text breaks. Shares of characters are of the text's characters in words and marks."""
    for parts, name in ((text.paragraphs, "paragraphs"), (text.lines, "lines")):
        again = _again(parts)
        for rule, value, limit in ((f"repeated_{name}", share(len(again), len(parts)), 0.3),
                                   (f"characters_in_repeated_{name}", share(_size(again), len(text.text)), 0.2)):
            if found := beyond(rule, value, 0, limit):
                return found
    tokens = text.prose_tokens
    top_word = max((count for token, count in Counter(tokens).items() if len(token) > 3), default=0)
    if found := beyond("top_word", share(top_word, len(text.words)), 0, _TOP_WORD):
        return found
    for (rule, size, limit), runs in zip(_RULES, repeated_runs(tokens), strict=False):
        characters = _top(runs) if size <= _LAST_TOP else _covered(runs, size)
        if found := beyond(rule, share(characters, len(text.text)), 0, limit):
            return found
    return None


def repeated_runs(tokens: list[str]) -> Iterator[Runs]:
    """For 2, 3, 4, ... tokens: the runs of so many that stand in the text more than once. Ends where none does.

    A longer run is looked for only where the run of one token less stands again, which few do.
    """
    places: Sequence[int] = range(len(tokens) - 1)
    grams: list[tuple[str, ...]] = list(pairwise(tokens))
    size = 2
    while True:
        counts = Counter(grams)
        runs = [(place, gram) for place, gram in zip(places, grams, strict=True) if counts[gram] > 1]
        if not runs:
            return
        yield runs
        size += 1
        places = [place for (place, _), (after, _) in pairwise(runs) if after == place + 1]
        grams = [tuple(tokens[place:place + size]) for place in places]


def _again(parts: Sequence[str]) -> list[str]:
    """The parts that stood in the text before."""
    seen: set[str] = set()
    again = []
    for part in parts:
        if part in seen:
            again.append(part)
        seen.add(part)
    return again


def _size(parts: Sequence[str]) -> int:
    return sum(map(len, parts))


def _top(runs: Runs) -> int:
    """Characters that the most frequent run covers, the blanks between its words too; of equals the last by name."""
    counts = Counter(gram for _, gram in runs)
    most = max(counts.values())
    gram = max(gram for gram, count in counts.items() if count == most)
    return most * (_size(gram) + len(gram) - 1)


def _covered(runs: Runs, size: int) -> int:
    """Characters in runs that stood before, none counted twice."""
    seen: set[tuple[str, ...]] = set()
    covered = free = 0
    for place, gram in runs:
        if place < free:
            continue
        if gram in seen:
            covered += _size(gram)
            free = place + size
        seen.add(gram)
    return covered
