"""Training rows and passages that hold questions of an evaluation set are turned away, with the set's name.

An evaluation question and each of its options are compared apart, by their runs of n words. A record is contaminated
where it holds half of the runs of one of them, or 13 runs (SHARE, FEW, RUNS). One run alone is too little: "what is the
value of x in the" stands in questions that have nothing in common. An evaluation question too short for a run counts
where the record is that question (passages: where it holds it).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from crossthink.dataflow.records import Fault
from crossthink.dataflow.sources.tables import read_rows
from crossthink.dataflow.stages.stage import JobError, Rejected, StageResult, keep
from crossthink.dataflow.stages.tokens import ngram_hashes, run_hash, tokens
from numpy.typing import NDArray

from crossthink.data_config import QuestionFile
from crossthink.questions import texts
from crossthink.schema import Passage, Question

SHARE, FEW, RUNS = 0.5, 5, 13
"""What makes a record contaminated (ours): half of an evaluation question's runs, all where it has fewer than 5, or 13
of them."""
MIN_HELD_WORDS = 5
"""A shorter evaluation question is not looked for inside passages: any text may hold it."""


@dataclass(frozen=True, slots=True)
class Index:
    """Hashes of the evaluation sets' runs of words, sorted, and which row of which set each comes from."""

    size: int
    """Words of a run."""
    hashes: NDArray[np.uint64]
    owners: NDArray[np.int64]
    """Of each hash: the number of the question or option that it comes from."""
    runs: NDArray[np.int64]
    """Different runs of each question or option."""
    names: tuple[str, ...]
    """Of each question or option: "SOURCE, row N of FILE"."""
    short: dict[int, tuple[int, str]]
    """Hash of a short question to its number of words and its name."""


def build_index(questions: Iterable[tuple[str, str, tuple[str, ...]]], size: int) -> Index:
    """The index of (name, question, options) triples."""
    names: list[str] = []
    hashes: list[NDArray[np.uint64]] = []
    short: dict[int, tuple[int, str]] = {}
    for name, question, options in questions:
        words = tokens(question)
        if 0 < len(words) < size:
            short.setdefault(run_hash(words), (len(words), name))
        for text in (question, *options):
            if len(runs := np.unique(ngram_hashes(tokens(text), size))):
                names.append(name)
                hashes.append(runs)
    counts = np.array([len(runs) for runs in hashes], np.int64)
    flat = np.concatenate(hashes) if hashes else np.empty(0, np.uint64)
    owners = np.repeat(np.arange(len(names), dtype=np.int64), counts)
    order = np.lexsort((owners, flat))
    return Index(size, flat[order], owners[order], counts, tuple(names), short)


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
                question, options = texts(row.values, file, row.where)
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
    if words and len(words) < index.size and (whole := index.short.get(run_hash(words))):
        return Rejected("contaminated", f"{whole[1]}: the whole question")
    return keep(question)


def check_passage(passage: Passage, index: Index) -> StageResult:
    """The passage itself, or a reject where it holds a run of an evaluation question or a short one as a whole."""
    words = tokens(passage.text)
    if found := overlap(words, index):
        return found
    for size in sorted({count for count, _ in index.short.values() if count >= MIN_HELD_WORDS}):
        for place, value in enumerate(ngram_hashes(words, size).tolist()):
            if value in index.short:
                name = index.short[value][1]
                return Rejected("contaminated", f"{name}: {' '.join(words[place:place + size])!r}")
    return keep(passage)


def overlap(words: list[str], index: Index) -> Rejected | None:
    """A reject that shows the evaluation question of which the words hold most, where that is enough; else None."""
    hashes = ngram_hashes(words, index.size)
    if not len(hashes) or not len(index.hashes):
        return None
    unique, places = np.unique(hashes, return_index=True)
    first = np.searchsorted(index.hashes, unique, "left")
    count = np.searchsorted(index.hashes, unique, "right") - first
    owners = [index.owners[start:start + number] for start, number in zip(first, count, strict=True) if number]
    if not owners:
        return None
    held, shared = np.unique(np.concatenate(owners), return_counts=True)
    runs = index.runs[held]
    enough = (shared >= np.where(runs < FEW, runs, SHARE * runs)) | (shared >= RUNS)
    if not enough.any():
        return None
    most = int(np.argmax(np.where(enough, shared / runs, 0)))
    own = set(index.hashes[index.owners == held[most]].tolist())
    start = min(int(place) for value, place in zip(unique.tolist(), places, strict=True) if value in own)
    return Rejected("contaminated", f"{index.names[held[most]]}: {' '.join(words[start:start + index.size])!r}, "
                                    f"{shared[most]} of its {runs[most]} runs of {index.size} words")


class Decontaminate:
    """`check` against the index of the evaluation files, which each process builds at its first record."""

    def __init__(self, check_of: str, files: tuple[QuestionFile, ...], size: int) -> None:
        self._check = {"question": check_question, "passage": check_passage}[check_of]
        self._files, self._size = files, size

    def __call__(self, record: Question | Passage) -> StageResult:
        return self._check(record, load_index(self._files, self._size))  # type: ignore[operator]
