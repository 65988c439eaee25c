"""Near duplicates: MinHash bands propose pairs, the true Jaccard similarity decides, one of each component stays.

What tells two records apart although their words are nearly the same is their guard: for questions the gold and the
numbers, so that one template filled in many ways does not glue a source together. Only equal guards are compared.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.metrics import Metrics
from crossthink.dataflow.records import Document
from crossthink.dataflow.stages.exact_duplicates import priority
from crossthink.dataflow.stages.minhash import band_keys, jaccard, shingles
from crossthink.dataflow.stages.stage import GroupStage, Rejected, StageResult, keep
from crossthink.dataflow.stages.tokens import run_hash, tokens

from crossthink.schema import Question

WINDOW = 64
"""In a band that many records share each is compared with this many before it; see the counter `capped_bands`."""
Pair = tuple[str, str]


def question_text(question: Question) -> str:
    """What near duplicates of questions are measured by: the question without its options."""
    return question.question


def question_guard(question: Question) -> list[str]:
    """Gold and numbers of a question."""
    numbers = sorted(word for word in tokens(question.question) if word[0].isdigit())
    return [*tokens(question.answer), "|", *numbers]


def question_rank(question: Question) -> tuple[Any, ...]:
    """Which question of a component stays: the smallest."""
    return priority(question), question.id


def document_text(document: Document) -> str:
    """What near duplicates of pages are measured by."""
    return document.text


def document_guard(_document: Document) -> list[str]:
    """Pages are compared with all pages."""
    return []


def document_rank(document: Document) -> tuple[Any, ...]:
    """Which page of a component stays: the first in the crawl."""
    return (document.id,)


class NearDuplicates(beam.PTransform):
    """Records with unique ids to Outputs: of each component of near duplicates the one of the smallest rank stays."""

    def __init__(self, name: str, threshold: float, text: Callable[[Any], str], guard: Callable[[Any], list[str]],
                 rank: Callable[[Any], tuple[Any, ...]]) -> None:
        super().__init__(name)
        self._name, self._threshold, self._text, self._guard, self._rank = name, threshold, text, guard, rank

    def expand(self, records: Any) -> Any:
        name, text, guard, rank, threshold = self._name, self._text, self._guard, self._rank, self._threshold
        sets = records | "shingles" >> beam.Map(lambda r: (r.id, shingles(tokens(text(r))), guard(r)))
        candidates = (sets | "bands" >> beam.FlatMap(_bands) | "same band" >> beam.GroupByKey()
                      | "pairs" >> beam.ParDo(_Pairs(name)) | "once" >> beam.Distinct())
        by_id = sets | "by id" >> beam.Map(lambda entry: (entry[0], entry[1]))
        halves = ((candidates, by_id) | "first" >> beam.CoGroupByKey()
                  | "with first" >> beam.FlatMapTuple(lambda _id, found: _with_first(_id, *found)))
        edges = ((halves, by_id) | "second" >> beam.CoGroupByKey()
                 | "true Jaccard" >> beam.FlatMapTuple(lambda _id, found: _edges(_id, found[0], found[1], threshold)))
        labels = (edges | "one list" >> beam.Map(lambda edge: ("", edge)) | "all edges" >> beam.GroupByKey()
                  | "components" >> beam.FlatMapTuple(lambda _key, found: components(found).items()))
        keyed = records | "record by id" >> beam.Map(lambda record: (record.id, record))
        grouped = ((labels, keyed) | "label" >> beam.CoGroupByKey()
                   | "by component" >> beam.FlatMapTuple(lambda _id, found: _labelled(_id, *found)))
        return grouped | name >> GroupStage(name, _KeepOne(text, rank))


class _KeepOne:
    """Of the records of a component the one of the smallest rank is kept."""

    def __init__(self, text: Callable[[Any], str], rank: Callable[[Any], tuple[Any, ...]]) -> None:
        self._text, self._rank = text, rank

    def __call__(self, _component: str, records: Sequence[Any]) -> list[StageResult]:
        if len(records) == 1:
            return [keep(records[0])]
        stays = min(records, key=self._rank)
        shown = shingles(tokens(self._text(stays)))
        return [keep(record) if record is stays else Rejected("near_duplicate", self._evidence(record, stays, shown))
                for record in records]

    def _evidence(self, record: Any, stays: Any, shown: Any) -> str:
        similarity = jaccard(shingles(tokens(self._text(record))), shown)
        return f"kept {stays.id}, Jaccard {similarity:.3f}: {self._text(stays)[:200]}"


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


def _bands(entry: tuple[str, Any, list[str]]) -> Iterator[tuple[bytes, str]]:
    record_id, shingle_set, guard = entry
    guard_key = (run_hash(guard) if guard else 0).to_bytes(8, "big")
    for key in band_keys(shingle_set):
        yield guard_key + key, record_id


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


def _with_first(first: str, seconds: Iterable[str], sets: Iterable[Any]) -> Iterator[tuple[str, tuple[str, Any]]]:
    seconds = list(seconds)
    for shingle_set in sets:
        for second in seconds:
            yield second, (first, shingle_set)


def _edges(second: str, firsts: Iterable[tuple[str, Any]], sets: Iterable[Any], threshold: float) -> Iterator[Pair]:
    firsts = list(firsts)
    for own in sets:
        for first, shingle_set in firsts:
            if jaccard(np.asarray(shingle_set), np.asarray(own)) >= threshold:
                yield first, second


def _labelled(record_id: str, labels: Iterable[str], records: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    component = next(iter(labels), record_id)
    for record in records:
        yield component, record
