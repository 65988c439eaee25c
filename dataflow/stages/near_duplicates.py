"""Near duplicates: MinHash bands propose pairs, the true similarity decides, and decides again before one is removed.

What tells two records apart although their words are nearly the same is their guard: for questions the gold and the
numbers. Only equal guards are compared. A template filled in many ways does not glue a source together: two questions
that differ in a few words on both sides are two (FILL_WORDS), and of a connected component nothing goes but what is
near a record that stays, whatever lies between them.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.metrics import Metrics
from crossthink.dataflow.records import Document
from crossthink.dataflow.stages.exact_duplicates import priority
from crossthink.dataflow.stages.minhash import band_keys, jaccard, shingles
from crossthink.dataflow.stages.stage import GroupStage, Rejected, StageResult, keep
from crossthink.dataflow.stages.tokens import tokens
from numpy.typing import NDArray

from crossthink import _core
from crossthink.schema import Question, canonical_text

WINDOW = 64
"""In a band that many records share each is compared with this many before it; see the counter `capped_bands`."""
FILL_WORDS, FILL_SHARE = 2, 0.03
"""Different words that each of two questions may have alone: so many, or so many of the larger one's. At a Jaccard
similarity of 0.8 of 5-grams words changed here and there are 2% at most; a run of them, as a template is filled, may be
11%."""
Pair = tuple[str, str]
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
    rank: Callable[[Any], tuple[Any, ...]]
    """Which of several stays: the smallest."""


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


def measure_question(question: Question) -> Measure:
    """Of a question, in the words before its options."""
    options = np.sort(_core.text_hashes(list(question.options)))
    return Measure(shingles(question.question), shingles(question.question, 1), options)


def question_guard(question: Question) -> tuple[str, ...]:
    """Gold and numbers of a question."""
    numbers = sorted(word for word in tokens(question.question) if word[0].isdigit())
    return canonical_text(question.answer), *numbers


def question_rank(question: Question) -> tuple[Any, ...]:
    """What people wrote goes before what a model wrote."""
    return priority(question), question.id


def measure_document(document: Document) -> Measure:
    """Of a page: its text alone."""
    none = np.empty(0, np.uint64)
    return Measure(shingles(document.text), none, none)


QUESTIONS = Kind(lambda question: question.question, measure_question, question_guard, question_rank)
DOCUMENTS = Kind(lambda document: document.text, measure_document, lambda _: (), lambda document: (document.id,))
"""Pages are compared with all pages, and the first in the crawl stays."""


class NearDuplicates(beam.PTransform):
    """Records with unique ids to Outputs: what is near a record of a smaller rank that stays is rejected."""

    def __init__(self, name: str, threshold: float, kind: Kind) -> None:
        super().__init__(name)
        self._name, self._threshold, self._kind = name, threshold, kind

    def expand(self, records: Any) -> Any:
        name, kind, threshold = self._name, self._kind, self._threshold
        candidates = (records | "bands" >> beam.FlatMap(lambda r: ((key, r.id) for key in guarded_bands(r, kind)))
                      | "same band" >> beam.GroupByKey() | "pairs" >> beam.ParDo(_Pairs(name))
                      | "once" >> beam.Distinct())
        keyed = records | "record by id" >> beam.Map(lambda record: (record.id, record))
        halves = ((candidates, keyed) | "first" >> beam.CoGroupByKey()
                  | "with first" >> beam.FlatMapTuple(lambda key, found: _with_first(key, found[0], found[1], kind)))
        edges = ((halves, keyed) | "second" >> beam.CoGroupByKey()
                 | "true Jaccard" >> beam.FlatMapTuple(
                     lambda key, found: _edges(key, found[0], found[1], kind, threshold)))
        labels = (edges | "one list" >> beam.Map(lambda edge: ("", edge)) | "all edges" >> beam.GroupByKey()
                  | "components" >> beam.FlatMapTuple(lambda _key, found: components(found).items()))
        grouped = ((labels, keyed) | "label" >> beam.CoGroupByKey()
                   | "by component" >> beam.FlatMapTuple(lambda _id, found: _labelled(_id, *found)))
        return grouped | name >> GroupStage(name, lambda _component, found: keep_apart(found, kind, threshold))


def guarded_bands(record: Any, kind: Kind) -> list[bytes]:
    """The keys of a record's bands, its guard in front."""
    guard = hashlib.blake2b("\x1f".join(kind.guard(record)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return [guard + key for key in band_keys(kind.text(record))]


def keep_apart(records: Sequence[Any], kind: Kind, threshold: float) -> list[StageResult]:
    """One result for each record: in the order of rank each stays, unless it is near one that stays."""
    if len(records) == 1:
        return [keep(records[0])]
    results: dict[int, StageResult] = {}
    stays: list[tuple[Any, Measure]] = []
    for place in sorted(range(len(records)), key=lambda place: kind.rank(records[place])):
        own = kind.measure(records[place])
        for other, measure in stays:
            if (value := similarity(own, measure)) >= threshold:
                shown = kind.text(other)[:200]
                results[place] = Rejected("near_duplicate", f"kept {other.id}, Jaccard {value:.3f}: {shown}")
                break
        else:
            stays.append((records[place], own))
            results[place] = keep(records[place])
    return [results[place] for place in range(len(records))]


def components(edges: Iterable[Pair]) -> dict[str, str]:
    """The smallest id of its connected component, for each id that has an edge.

    Union by smallest root over verified pairs; all of them are in memory at once.
    """
    pairs = list(edges)
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = parent[above]
            node = above
        return node

    for first, second in pairs:
        small, large = sorted((root(first), root(second)))
        parent[large] = small
    labels = {node: root(node) for node in parent}
    assert all(labels[first] == labels[second] for first, second in pairs), "components did not converge"
    return labels


class _Pairs(beam.DoFn):
    """Ids that share a band to pairs of them, the smaller first; keyed by it."""

    def __init__(self, name: str) -> None:
        self._capped = Metrics.counter("crossthink.capped_bands", name)

    def process(self, group: tuple[bytes, Iterable[str]]) -> Iterator[Pair]:
        ids = sorted(set(group[1]))
        if len(ids) > WINDOW + 1:
            self._capped.inc()
        for place, second in enumerate(ids):
            for first in ids[max(0, place - WINDOW):place]:
                yield first, second


def _with_first(first: str, seconds: Iterable[str], records: Iterable[Any],
                kind: Kind) -> Iterator[tuple[str, tuple[str, Measure]]]:
    seconds = list(seconds)
    for record in records if seconds else ():
        own = kind.measure(record)
        for second in seconds:
            yield second, (first, own)


def _edges(second: str, firsts: Iterable[tuple[str, Measure]], records: Iterable[Any], kind: Kind,
           threshold: float) -> Iterator[Pair]:
    firsts = list(firsts)
    for record in records if firsts else ():
        own = kind.measure(record)
        for first, other in firsts:
            if similarity(other, own) >= threshold:
                yield first, second


def _labelled(record_id: str, labels: Iterable[str], records: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    component = next(iter(labels), record_id)
    for record in records:
        yield component, record
