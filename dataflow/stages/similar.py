"""How alike two records are: true Jaccard similarity of word 5-grams, and what tells records apart despite it.

What tells two records apart although their words are nearly the same is their guard: for questions the gold and the
numbers. Only equal guards are compared. A template filled in many ways does not glue a source together: two questions
that differ in a few words on both sides are two (FILL_WORDS).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from crossthink.dataflow.records import Document, Shipped
from crossthink.dataflow.stages.exact_duplicates import canonical_gold, priority
from crossthink.dataflow.stages.minhash import jaccard, shingles
from crossthink.dataflow.stages.tokens import tokens
from numpy.typing import NDArray

from crossthink import _core
from crossthink.schema import Question

FILL_WORDS, FILL_SHARE = 2, 0.03
"""Different words that each of two questions may have alone: so many, or so many of the larger one's. At a Jaccard
similarity of 0.8 of 5-grams words changed here and there are 2% at most; a run of them, as a template is filled, may be
11%."""
SHIPPED = "\0"
"""How the ranks of records begin that other runs shipped: before all others, and not compared with each other."""
Hashes = NDArray[np.uint64]


class Measure(NamedTuple):
    """What a record is compared by."""

    shingles: Hashes
    words: Hashes
    """The set of its words; empty where a template is no concern."""
    options: Hashes
    """Hashes of the options, ascending."""


class Kind(NamedTuple):
    """How records of one type are compared. Each function takes a record."""

    text: Callable[[Any], str]
    """What is hashed into bands."""
    measure: Callable[[Any], Measure]
    guard: Callable[[Any], tuple[str, ...]]
    """Only records of one guard are compared."""
    rank: Callable[[Any], str]
    """Which of several stays: the smallest. No two records have the same."""
    label: Callable[[Any], str]
    """What evidence calls it."""


def similarity(first: Measure, second: Measure) -> float:
    """Jaccard similarity of the shingles; 0 where two are fillings of one template, or ask for other options."""
    if len(first.options) and len(second.options):
        fewer = min(len(first.options), len(second.options))
        if 2 * _core.shared(first.options, second.options) < fewer:
            return 0.0
    own = min(len(first.words), len(second.words)) - _core.shared(first.words, second.words)
    if own > max(FILL_WORDS, FILL_SHARE * max(len(first.words), len(second.words))):
        return 0.0
    return jaccard(first.shingles, second.shingles)


def measure_question(question: Question | Shipped) -> Measure:
    """Of a question, in the words before its options."""
    options = np.sort(_core.text_hashes(list(question.options)))
    return Measure(shingles(question.question), shingles(question.question, 1), options)


def question_guard(question: Question | Shipped) -> tuple[str, ...]:
    """Gold and numbers of a question."""
    numbers = sorted(word for word in tokens(question.question) if word[0].isdigit())
    return canonical_gold(question), *numbers


def question_rank(question: Question | Shipped) -> str:
    """What was shipped before goes before what people wrote, and this before what a model wrote."""
    return SHIPPED + question.id if isinstance(question, Shipped) else f"{priority(question)}{question.id}"


def measure_document(document: Document) -> Measure:
    """Of a page: its text alone."""
    none = np.empty(0, np.uint64)
    return Measure(shingles(document.text), none, none)


def question_label(question: Question | Shipped) -> str:
    """The id, or where it was shipped."""
    return question.place if isinstance(question, Shipped) else question.id


QUESTIONS = Kind(lambda question: question.question, measure_question, question_guard, question_rank, question_label)
DOCUMENTS = Kind(lambda document: document.text, measure_document, lambda _: (), lambda document: document.id,
                 lambda document: document.id)
"""Pages are compared with all pages, and the first in the crawl stays."""
