"""Gopher's repetition rules (arXiv 2112.11446, table A1): how much of a text it says again.

Runs of words are counted outside of formulas, which repeat their few symbols: of 989 sections of exercises in
mathematics and physics the rules about runs turn away twice as many where formulas count.
"""

from collections import Counter
from collections.abc import Sequence

from crossthink.dataflow.rules.text import Broken, Text, beyond, share

_TOP = ((2, 0.20), (3, 0.18), (4, 0.16))
_AGAIN = ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))
_TOP_WORD = 0.15
"""Ours: spam names its goods again and again, between other words."""


def broken_rule(text: Text) -> Broken | None:
    """The first rule that a text breaks. Shares of characters are of the text's characters in words and marks."""
    for parts, name in ((text.paragraphs, "paragraphs"), (text.lines, "lines")):
        again = _again(parts)
        for rule, value, limit in ((f"repeated_{name}", share(len(again), len(parts)), 0.3),
                                   (f"characters_in_repeated_{name}", share(_size(again), len(text.text)), 0.2)):
            if found := beyond(rule, value, 0, limit):
                return found
    tokens = text.prose_tokens
    longer = Counter(token for token in tokens if len(token) > 3)
    if found := beyond("top_word", share(max(longer.values(), default=0), len(text.words)), 0, _TOP_WORD):
        return found
    for size, limit in _TOP:
        if found := beyond(f"top_{size}_gram", share(_top(tokens, size), len(text.text)), 0, limit):
            return found
    for size, limit in _AGAIN:
        if found := beyond(f"repeated_{size}_grams", share(_covered(tokens, size), len(text.text)), 0, limit):
            return found
    return None


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


def _top(tokens: list[str], size: int) -> int:
    """Characters that the most frequent n-gram covers, the blanks between its words too; 0 for one that stands once."""
    counts = Counter(zip(*(tokens[start:] for start in range(size)), strict=False))
    if not counts:
        return 0
    gram, count = max(counts.items(), key=lambda item: (item[1], item[0]))
    return count * (_size(gram) + size - 1) if count > 1 else 0


def _covered(tokens: list[str], size: int) -> int:
    """Characters in n-grams that stood before, none counted twice."""
    seen: set[tuple[str, ...]] = set()
    covered = place = 0
    while place + size <= len(tokens):
        gram = tuple(tokens[place:place + size])
        if gram in seen:
            covered += _size(gram)
            place += size
        else:
            seen.add(gram)
            place += 1
    return covered
