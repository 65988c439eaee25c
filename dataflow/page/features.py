"""What is known of each block of a page before one decides which are its main text: a matrix of named columns."""

import re
from collections import Counter

import numpy as np
from crossthink.dataflow.page.blocks import Block, Blocks
from crossthink.dataflow.page.marks import HEADINGS, NAMES
from numpy.typing import NDArray

_TAGS = ("li", "div", "p", "figcaption", "tr")
_OWN = ("user", "byline", "comment", "related", "share", "promotion", "subscribe")
_SILENT = ("button", "heading", "pre", "end_note", "noscript")
"""Marks that say nothing of whether a block belongs to the main text."""
_SHORT_LINE = 80
"""Characters of a line that can be a button's label."""
_LABEL = re.compile(
    r"\b(?:sign (?:in|up)|log ?in|subscribe|newsletter|follow us|share (?:this|on)|read more|learn more|"
    r"view (?:all|more)|see (?:all|more)|load more|show more|click here|add to cart|leave a (?:reply|comment)|"
    r"related (?:posts|articles)|you (?:may|might) also|skip to|back to top|get started|contact us|min read|"
    r"advertisement|sponsored|previous|next|reply|report|quote|share|like|likes|comments?)\b", re.IGNORECASE)
_RIGHTS = re.compile(r"copyright|©|all rights reserved|privacy policy|terms of (?:use|service)|cookie", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?:…][\"'”’)\]]*$")
_SENTENCE_WORDS = 8
_PARAGRAPH_WORDS = 25
_FEW = 4
"""Paragraphs: a page with fewer is a list, a shop, a form."""
_BODY_SHARE = 0.6
"""Of the words in sentences that the page's text body holds."""
_INTERACTIONS = (("link", "words"), ("in_body", "sentence"), ("in_body", "link"), ("in_body", "in_list"),
                 ("few_paragraphs", "link"))
Columns = dict[str, NDArray[np.float64]]


def features(page: Blocks) -> Columns:
    """Columns by name, one value a block; the page has at least one."""
    blocks = page.blocks
    words = np.array([block.words for block in blocks], float)
    link_words = np.array([block.link_words for block in blocks], float)
    columns = {**_marks(blocks), **_texts(blocks, words, link_words)}
    prose = words * (1 - columns["link"])
    columns |= _places(blocks, words, columns)
    columns |= _tree(page, prose, columns)
    for name in ("main", "post", "article"):
        columns[f"outside_{name}"] = (1 - columns[f"in_{name}"]) * _share(prose * columns[f"in_{name}"], prose)
    columns["page_nav"] = np.full(len(blocks), _share(prose * columns["in_nav"], prose))
    columns |= _neighbours(words, link_words, prose, columns)
    return columns | {f"{first} x {second}": columns[first] * columns[second] for first, second in _INTERACTIONS}


def _marks(blocks: list[Block]) -> Columns:
    """What the elements around a block say of themselves."""
    around = np.array([block.marks for block in blocks])
    own = np.array([block.own for block in blocks])
    tags = [block.tag for block in blocks]
    found = {f"tag_{tag}": np.array([other == tag for other in tags], float) for tag in _TAGS}
    found["heading"] = np.array([tag in HEADINGS for tag in tags], float)
    for place, name in enumerate(NAMES):
        if name not in _SILENT:
            found[f"in_{name}"] = (around >> place & 1).astype(float)
        if name in _OWN:
            found[f"own_{name}"] = (own >> place & 1).astype(float)
    return found


def _texts(blocks: list[Block], words: NDArray[np.float64], link_words: NDArray[np.float64]) -> Columns:
    """What the text itself looks like."""
    texts = [block.text for block in blocks]
    counts = Counter(texts)
    ends = np.array([_SENTENCE_END.search(text) is not None for text in texts], float)
    return {
        "words": np.log1p(words), "label": (words <= 3) * 1.0, "paragraph": (words > 40) * 1.0,
        "link": link_words / np.maximum(words, 1), "sentence": ends * (words > _SENTENCE_WORDS),
        "digits": np.array([sum(map(str.isdigit, text[:200])) / len(text[:200]) for text in texts]),
        "rights": np.array([_RIGHTS.search(text) is not None for text in texts], float),
        "button": np.array([len(text) < _SHORT_LINE and _LABEL.search(text) is not None for text in texts], float),
        "again": np.array([counts[text] > 1 for text in texts], float)}


def _places(blocks: list[Block], words: NDArray[np.float64], columns: Columns) -> Columns:
    """Where on the page the block stands: before its title, between its paragraphs, near its end."""
    size = len(blocks)
    number = np.arange(size)
    paragraphs = np.flatnonzero((words > _PARAGRAPH_WORDS) & (columns["link"] < 0.3) & (columns["sentence"] > 0))
    first, last = (paragraphs[0], paragraphs[-1]) if len(paragraphs) else (0, size)
    title = next((place for place, block in enumerate(blocks) if block.tag == "h1"), -1)
    return {
        "has_title": np.full(size, float(title >= 0)), "before_title": (number < title) * 1.0,
        "depth_of_page": (np.cumsum(words) / max(1.0, words.sum())) ** 2,
        "before_paragraphs": (number < first - 3) * 1.0, "after_paragraphs": (number > last) * 1.0,
        "few_paragraphs": np.full(size, float(len(paragraphs) < _FEW))}


def _tree(page: Blocks, prose: NDArray[np.float64], columns: Columns) -> Columns:
    """What the containers of a block hold, the block's own, its parent and further ones, and the page's text body."""
    own = np.array([block.container for block in page.blocks])
    parents = page.parents
    sums = np.zeros((len(parents), 3))  # words outside links, blocks, words in sentences
    np.add.at(sums, own, np.stack([prose, np.ones_like(prose), prose * columns["sentence"]], axis=1))
    ends = list(range(len(parents)))
    for number in range(len(parents) - 1, 0, -1):
        sums[parents[number]] += sums[number]
        ends[parents[number]] = max(ends[parents[number]], ends[number])
    above = np.array(parents)
    parent, third = above[own], above[above[above[own]]]
    total = max(1.0, prose.sum())
    deep = np.flatnonzero(sums[:, 2] >= _BODY_SHARE * max(1.0, sums[0, 2]))
    body = int(deep[-1]) if len(deep) else 0
    return {
        "in_body": ((own >= body) & (own <= ends[body])) * 1.0,
        "parent_share": sums[parent, 0] / total, "third_share": sums[third, 0] / total,
        "parent_mean": np.log1p(sums[parent, 0] / np.maximum(1, sums[parent, 1]))}


def _neighbours(words: NDArray[np.float64], link_words: NDArray[np.float64], prose: NDArray[np.float64],
                columns: Columns) -> Columns:
    """What stands before and after the block."""
    return {
        "words_next": _shifted(columns["words"], 1), "words_before": _shifted(columns["words"], -1),
        "link_next": _shifted(columns["link"], 1), "link_before": _shifted(columns["link"], -1),
        "link_second": _shifted(columns["link"], 2),
        "link_near": _window(link_words, 8) / np.maximum(1, _window(words, 8)),
        "prose_near": np.log1p(_window(prose, 3))}


def _shifted(values: NDArray[np.float64], by: int) -> NDArray[np.float64]:
    """The value of the block `by` places further on, at the page's ends that of the last one."""
    return values[np.clip(np.arange(len(values)) + by, 0, len(values) - 1)]


def _window(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """The sum over the blocks up to `reach` places away."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    number = np.arange(len(values))
    return sums[np.minimum(len(values), number + reach + 1)] - sums[np.maximum(0, number - reach)]


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> float:
    return float(part.sum() / max(1.0, whole.sum()))
