"""The main text of a page: which of its blocks a reader came for.

A logistic model gives each block the probability that it belongs to the main text; its weights, one a feature, were
fitted on half of WCXB's pages (benchmarks/fit_extract.py). Kept are the blocks with which the expected F1 over words is
highest (Ye et al. 2012, "Optimizing F-measures: a tale of two approaches"): on a clear page those above one half, on
an unclear one (a list, a shop) lower ones too. A page of menus alone is left without text.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
from crossthink.dataflow.page.blocks import Block, Blocks
from crossthink.dataflow.page.features import features
from numpy.typing import NDArray

WEIGHTS = Path(__file__).with_name("weights.json")
BIAS = "bias"
_ITEMS = ("li", "dt", "dd")
_BETWEEN = {("li", "li"): "\n", ("tr", "tr"): "\n", ("dd", "dt"): "\n", ("dt", "dd"): ": ", ("dd", "dd"): "; ",
            ("dt", "dt"): "\n"}
"""What stands between two blocks by their tags; else an empty line."""
FLOOR = 0.05
"""A block less likely than this is never kept."""


@cache
def weights() -> dict[str, float]:
    """Weight by feature, and BIAS."""
    return {name: float(value) for name, value in json.loads(WEIGHTS.read_text(encoding="utf-8")).items()}


def main_text(page: Blocks) -> str:
    """The kept blocks, an empty line between paragraphs, none between the items of a list or the rows of a table."""
    if not page.blocks:
        return ""
    kept = choose(probabilities(page), np.array([block.words for block in page.blocks], float))
    return write([block for block, keep in zip(page.blocks, kept, strict=True) if keep])


def probabilities(page: Blocks) -> NDArray[np.float64]:
    """Of each block, that it belongs to the main text."""
    columns = features(page)
    score = np.full(len(page.blocks), weights()[BIAS])
    for name, weight in weights().items():
        if name != BIAS:
            score += weight * columns[name]
    return 1 / (1 + np.exp(-np.clip(score, -50, 50)))


def choose(probability: NDArray[np.float64], words: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The blocks that give the highest expected F1, weighed by their words: the likeliest ones, down to some place."""
    # With p in descending order, F1 of the first k is about 2 sum(w p, first k) / (sum(w, first k) + sum(w p, all)).
    order = np.argsort(-probability, kind="stable")
    mass, size = (probability * words)[order], words[order]
    f1 = 2 * np.cumsum(mass) / (np.cumsum(size) + mass.sum())
    kept = np.zeros(len(words), bool)
    kept[order[:int(f1.argmax()) + 1]] = True
    return kept & (probability >= FLOOR)


def write(blocks: list[Block]) -> str:
    """Blocks as text: "- item" for a list's, "- term: definition" for a glossary's, a row of a table on one line."""
    parts: list[str] = []
    before = ""
    for block in blocks:
        parts.append(_BETWEEN.get((before, block.tag), "\n\n" if before else ""))
        defines = block.tag == "dd" and before in ("dt", "dd")
        parts.append(f"- {block.text}" if block.tag in _ITEMS and not defines else block.text)
        before = block.tag
    return "".join(parts)
