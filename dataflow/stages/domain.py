"""The domain of a text: a linear model over the beginnings of its words, fitted by benchmarks/fit_domain.py.

Its weights are small integers in a table of words (domain_words.txt), and its sums are exact, so that a text has the
same domain on every machine. Its accuracy is measured by benchmarks/domain.py.
"""

import re
from collections import Counter
from dataclasses import replace
from math import log, sqrt
from pathlib import Path

from crossthink.dataflow.once import once
from crossthink.dataflow.stages.stage import StageResult, keep
from crossthink.dataflow.stages.terms import FUNCTION_WORDS

from crossthink.schema import Passage

OTHER = "other"
TABLE = Path(__file__).with_name("domain_words.txt")
STEM = 7
"""Letters of a word that count."""
MIN_HITS = 2
"""Different words of the table that a text must use."""
LEAD = 24
"""By how much the best domain's score must beat the next one's, OTHER's too, in a text of unit length."""
_WORD = re.compile(r"[a-z]{3,}")


def stems(text: str) -> Counter[str]:
    """The beginnings of a text's content words, small and in the singular, with their numbers."""
    found: Counter[str] = Counter()
    for word in _WORD.findall(text.casefold()):
        if word in FUNCTION_WORDS:
            continue
        if word.endswith("ies") and len(word) > 4:
            word = word[:-3] + "y"
        elif word.endswith("s") and not word.endswith("ss") and len(word) > 3:
            word = word[:-1]
        found[word[:STEM]] += 1
    return found


def times(count: int) -> int:
    """What a word that is said `count` times weighs: repeats count less and less."""
    return round(10 * (1 + log(count)))


@once
def table() -> tuple[tuple[str, ...], tuple[int, ...], dict[str, tuple[int, ...]]]:
    """The domains, what each scores in any text, and of each stem its weights, in the domains' order."""
    first, second, *rest = TABLE.read_text(encoding="utf-8").splitlines()
    rows = {stem: tuple(map(int, weights)) for stem, *weights in map(str.split, rest)}
    return tuple(first.split()), tuple(map(int, second.split())), rows


def domain_of(text: str) -> str:
    """The domain that leads clearly; OTHER where none does, or the text uses too few known words."""
    names, biases, rows = table()
    scores, square, hits = [0] * len(names), 0, 0
    for stem, count in stems(text).items():
        if weights := rows.get(stem):
            weight = times(count)
            square += weight * weight
            hits += 1
            scores = [score + weight * own for score, own in zip(scores, weights, strict=True)]
    if hits < MIN_HITS:
        return OTHER
    length = sqrt(square)
    ranked = sorted(((score + bias * length, name) for score, bias, name in zip(scores, biases, names, strict=True)),
                    reverse=True)
    return ranked[0][1] if ranked[0][0] - ranked[1][0] >= LEAD * length else OTHER


def assign(passage: Passage) -> StageResult:
    """The passage with its domain, from its title and text."""
    return keep(replace(passage, domain=domain_of(f"{passage.title} {passage.text}")))
