"""Training rows and passages that hold questions of an evaluation set are turned away, with the set's name.

A record is contaminated where it shares a run of n words with an evaluation question or one of its options, or, for
evaluation questions of fewer words, where it is that question (passages: where it holds it).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from crossthink.dataflow.records import Fault
from crossthink.dataflow.sources.tables import read_rows, texts
from crossthink.dataflow.stages.stage import JobError, Rejected, StageResult, keep
from crossthink.dataflow.stages.tokens import ngram_hashes, run_hash, tokens
from numpy.typing import NDArray

from crossthink.config import QuestionFile
from crossthink.schema import Passage, Question

MIN_HELD_WORDS = 5
"""A shorter evaluation question is not looked for inside passages: any text may hold it."""


@dataclass(frozen=True, slots=True)
class Index:
    """Hashes of the evaluation sets' runs of words, sorted, and which row of which set each comes from."""

    size: int
    """Words of a run."""
    hashes: NDArray[np.uint64]
    owners: NDArray[np.int64]
    short: dict[int, tuple[int, int]]
    """Hash of a short question to its number of words and its owner."""
    names: tuple[str, ...]
    """Of an owner: "SOURCE, row N of FILE"."""


def build_index(questions: Iterable[tuple[str, str, tuple[str, ...]]], size: int) -> Index:
    """The index of (name, question, options) triples."""
    names: list[str] = []
    hashes: list[NDArray[np.uint64]] = []
    short: dict[int, tuple[int, int]] = {}
    for name, question, options in questions:
        words = tokens(question)
        runs = [ngram_hashes(tokens(text), size) for text in (question, *options)]
        hashes.append(np.unique(np.concatenate(runs)))
        if 0 < len(words) < size:
            short.setdefault(run_hash(words), (len(words), len(names)))
        names.append(name)
    flat = np.concatenate(hashes) if hashes else np.empty(0, np.uint64)
    owners = np.repeat(np.arange(len(names), dtype=np.int64), [len(part) for part in hashes])
    order = np.lexsort((owners, flat))
    return Index(size, flat[order], owners[order], short, tuple(names))


@cache
def load_index(files: tuple[QuestionFile, ...], size: int) -> Index:
    """The index of evaluation files, read once a process. Raises JobError for a row that cannot be read: what is not
    in the index would let contamination pass."""
    found: list[tuple[str, str, tuple[str, ...]]] = []
    for file in files:
        for row in read_rows(file):
            if isinstance(row, Fault):
                raise JobError(f"evaluation set {row.evidence}: it must be readable to decontaminate against it")
            try:
                question, options = texts(row, file)
            except ValueError as error:
                raise JobError(f"evaluation set {error}: it must be readable to decontaminate against it") from error
            found.append((f"{file.source}, row {row.row} of {row.file}", question, options))
    return build_index(found, size)


def check_question(question: Question, index: Index) -> StageResult:
    """The question itself, or a reject where it, one of its options or its answer repeats an evaluation question."""
    for text in (question.question, *question.options, question.answer):
        words = tokens(text)
        if found := overlap(words, index):
            return found
    words = tokens(question.question)
    if words and len(words) < index.size and (owner := index.short.get(run_hash(words))):
        return Rejected("contaminated", f"{index.names[owner[1]]}: the whole question")
    return keep(question)


def check_passage(passage: Passage, index: Index) -> StageResult:
    """The passage itself, or a reject where it holds a run of an evaluation question or a short one as a whole."""
    words = tokens(passage.text)
    if found := overlap(words, index):
        return found
    for size in sorted({count for count, _ in index.short.values() if count >= MIN_HELD_WORDS}):
        for place, value in enumerate(ngram_hashes(words, size).tolist()):
            if value in index.short:
                owner = index.names[index.short[value][1]]
                return Rejected("contaminated", f"{owner}: {' '.join(words[place:place + size])!r}")
    return keep(passage)


def overlap(words: list[str], index: Index) -> Rejected | None:
    """A reject that shows the first run of words that the index holds; None where it holds none."""
    hashes = ngram_hashes(words, index.size)
    if not len(hashes) or not len(index.hashes):
        return None
    places = np.searchsorted(index.hashes, hashes)
    hits = np.flatnonzero(index.hashes[np.minimum(places, len(index.hashes) - 1)] == hashes)
    if not len(hits):
        return None
    first = int(hits[0])
    owner = index.names[int(index.owners[places[first]])]
    run = " ".join(words[first:first + index.size])
    return Rejected("contaminated", f"{owner}: {run!r}, {len(hits)} runs of {index.size} words")


class Decontaminate:
    """`check` against the index of the evaluation files, which each process builds at its first record."""

    def __init__(self, check_of: str, files: tuple[QuestionFile, ...], size: int) -> None:
        self._check = {"question": check_question, "passage": check_passage}[check_of]
        self._files, self._size = files, size

    def __call__(self, record: Question | Passage) -> StageResult:
        return self._check(record, load_index(self._files, self._size))  # type: ignore[operator]
