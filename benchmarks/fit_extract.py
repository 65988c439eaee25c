"""Fit the weights of the main text's blocks on half of WCXB's pages, and write dataflow/page/weights.json.

    .venv/bin/python benchmarks/fit_extract.py

The half is `fitted` of benchmarks/extract.py; the other pages are not read. A block's label is the share of its runs
of four words that stand in the text which people marked; a shorter block must be a line of it, or stand in it beside
another block that does. A block weighs its share of the page's words, so that every page counts about the same.
Logistic regression over standardised features with an L2 penalty, by Newton's method: the same weights on every run.
"""

import json
import re

import numpy as np
from crossthink.dataflow.page.blocks import Blocks, read_blocks
from crossthink.dataflow.page.features import features
from crossthink.dataflow.page.main_text import BIAS, WEIGHTS
from extract import half, pages
from numpy.typing import NDArray
from selectolax.lexbor import LexborHTMLParser

Array = NDArray[np.float64]
RUN = 4
PENALTY = 0.06
STEPS = 30


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def labels(page: Blocks, truth: str) -> Array:
    """Of each block, how much of it people marked as main text."""
    marked = words_of(truth)
    runs = set(zip(*(marked[start:] for start in range(RUN)), strict=False))
    joined, lines = f" {' '.join(marked)} ", {tuple(words_of(line)) for line in truth.split("\n")}
    found, short = [], []
    for block in page.blocks:
        said = words_of(block.text)
        short.append(0 < len(said) < RUN)
        if len(said) >= RUN:
            own = list(zip(*(said[start:] for start in range(RUN)), strict=False))
            found.append(sum(run in runs for run in own) / len(own))
        else:
            found.append(0.0 if not said else 1.0 if tuple(said) in lines else 0.6 * (f" {' '.join(said)} " in joined))
    near = [max(found[max(0, n - 2):n] + found[n + 1:n + 3], default=0.0) for n in range(len(found))]
    return np.array([0.0 if is_short and beside < 0.5 else own
                     for own, is_short, beside in zip(found, short, near, strict=True)])


def weigh(page: Blocks, label: Array) -> Array:
    """Each block's share of its page: of the mean of all words and the marked ones."""
    words = np.array([block.words for block in page.blocks], float)
    return words / max(50.0, (words.sum() + (words * label).sum()) / 2)


def fit(x: Array, y: Array, weight: Array, penalty: float = PENALTY) -> tuple[Array, float]:
    """Weights and bias: minimises the mean weighted cross-entropy plus penalty/2 times the squared norm (z-scores)."""
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    z = np.concatenate([(x - mean) / spread, np.ones((len(x), 1))], axis=1)
    ridge = penalty * np.eye(z.shape[1])
    ridge[-1, -1] = 0
    at = np.zeros(z.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-z @ at))
        gradient = z.T @ (weight * (p - y)) / len(x) + ridge @ at
        curve = (z * (weight * p * (1 - p))[:, None]).T @ z / len(x) + ridge
        at -= np.linalg.solve(curve, gradient)
    found = at[:-1] / spread
    return found, float(at[-1] - found @ mean)


def main() -> None:
    """Fit, and print the weights."""
    columns, label, weight, names = [], [], [], []
    for row, html in pages():
        page = read_blocks(LexborHTMLParser(html))
        if half(row["id"]) != "fitted" or not page.blocks:
            continue
        named = features(page)
        names = sorted(named)
        columns.append(np.stack([named[name] for name in names], axis=1))
        label.append(labels(page, row["text"]))
        weight.append(weigh(page, label[-1]))
    share = np.concatenate(weight)
    share = share + 0.1 * share.mean()
    found, bias = fit(np.concatenate(columns), np.concatenate(label), share / share.mean())
    shown = {BIAS: round(bias, 3), **{name: round(float(value), 3) for name, value in zip(names, found, strict=True)}}
    WEIGHTS.write_text(json.dumps(shown, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
