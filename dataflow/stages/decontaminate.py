"""Training rows and passages that hold questions of an evaluation set are turned away, with the set's name.

The words of a record (a question with its options and its answer, or a passage) are searched for every evaluation
question, its options apart and in any order. How much of one they hold is measured in bits (csrc/text/questions.h): the
words that say what a question is about count, "which of the following" hardly does. So one word in eight may differ,
and a phrase that many questions share is no contamination.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from crossthink.dataflow.records import Fault
from crossthink.dataflow.sources.tables import files_of, read_rows
from crossthink.dataflow.stages.stage import JobError, Rejected, StageResult, keep
from crossthink.dataflow.stages.tokens import tokens

from crossthink import _core
from crossthink.data_config import QuestionFile
from crossthink.questions import texts
from crossthink.schema import Passage, Question

SHARE, OPTIONS_SHARE, NUMBERS_SHARE = 0.7, 0.75, 0.7
"""Of the bits of an evaluation question, of its options and of its numbers that a record must hold. Another number is
another question."""
ENOUGH_BITS, WITH_OPTIONS_BITS = 60, 40
"""That a record must hold of a question alone, and of question and options together."""
WHOLE_BITS = 24
"""Of a question that counts where a record holds every word of it."""
RUNS, RUNS_SHARE = 13, 0.5
"""Runs of n words in a row that count where they are half of the question (GPT-3's 13-grams, for n = 1)."""


class Match(NamedTuple):
    """What a text holds of an evaluation question; see csrc/text/questions.h."""

    text: int
    question: int
    start: int
    words: int
    bits: int
    bits_held: int
    longest_run: int
    number_bits: int
    number_bits_held: int
    option_bits: int
    option_bits_held: int


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """The questions of the evaluation sets."""

    size: int
    """Words of a run; a question with fewer is short."""
    questions: _core.QuestionIndex
    names: tuple[str, ...]
    """Of each question: "SOURCE, row N of FILE"."""
    short: dict[int, list[tuple[int, frozenset[int]]]]
    """Hash of a short question to the numbers of the questions that it is, and the hashes of their options."""


def build_index(questions: Iterable[tuple[str, str, tuple[str, ...]]], size: int) -> Index:
    """The index of (name, question, options) triples."""
    names: list[str] = []
    parts: list[str] = []
    first = [0]
    for name, question, options in questions:
        names.append(name)
        parts += [question, *options]
        first.append(len(parts))
    hashes = _core.text_hashes(parts).tolist()
    short: dict[int, list[tuple[int, frozenset[int]]]] = {}
    for number, (start, end) in enumerate(pairwise(first)):
        if hashes[start] and len(tokens(parts[start])) < size:
            short.setdefault(hashes[start], []).append((number, frozenset(hashes[start + 1:end])))
    return Index(size, _core.QuestionIndex(parts, np.array(first, np.int64)), tuple(names), short)


@cache
def load_index(files: tuple[QuestionFile, ...], size: int) -> Index:
    """The index of evaluation files, read once a process. Raises JobError for a row that cannot be read: what is not
    in the index would let contamination pass."""
    found: list[tuple[str, str, tuple[str, ...]]] = []
    for file in files:
        for row in (row for one in files_of(file) for row in read_rows(one)):
            if isinstance(row, Fault):
                raise JobError(f"evaluation set {row.evidence}: it must be readable to decontaminate against it")
            try:
                question, options = texts(row.values, file, row.where)
            except ValueError as error:
                raise JobError(f"evaluation set {error}: it must be readable to decontaminate against it") from error
            found.append((f"{file.source}, row {row.row} of {row.file}", question, options))
    return build_index(found, size)


def check_question(question: Question, index: Index) -> StageResult:
    """The question itself, or a reject where it, with its options and its answer, repeats an evaluation question."""
    text = "\n".join((question.question, *question.options, question.answer))
    if found := held_question(text, index, bool(question.options)):
        return found
    own = int(_core.text_hashes([question.question])[0])
    for number, options in index.short.get(own, ()):
        if same_options(question, options):
            return Rejected("contaminated", f"{index.names[number]}: the whole question")
    return keep(question)


def check_passage(passage: Passage, index: Index) -> StageResult:
    """The passage itself, or a reject where it holds an evaluation question."""
    return held_question(passage.text, index, False) or keep(passage)


def held_question(text: str, index: Index, with_options: bool) -> Rejected | None:
    """A reject that shows the evaluation question of which the text holds most, where that is enough; else None.

    `with_options` says that options are part of the text.
    """
    matches = [match for match in map(Match._make, index.questions.find([text]))
               if is_contamination(match, index.size, with_options)]
    if not matches:
        return None
    most = max(matches, key=lambda match: (match.bits_held + match.option_bits_held, -match.question))
    shown = " ".join(tokens(text)[most.start:most.start + min(index.size, most.words)])
    held, bits = most.bits_held + most.option_bits_held, most.bits + most.option_bits
    return Rejected("contaminated", f"{index.names[most.question]}: {shown!r}, {held} of {bits} bits, "
                                    f"{most.longest_run} of {most.words} words in a row")


def is_contamination(match: Match, size: int, with_options: bool) -> bool:
    """Whether a text that holds this much of an evaluation question gives it away."""
    if match.number_bits_held < NUMBERS_SHARE * match.number_bits:
        return False
    if match.bits_held == match.bits >= WHOLE_BITS and _means_one(match, size, with_options):
        return True
    if match.longest_run >= size + RUNS - 1 and match.bits_held >= RUNS_SHARE * match.bits:
        return True
    if match.bits_held < SHARE * match.bits:
        return False
    if match.words >= size and match.bits_held >= ENOUGH_BITS:
        return True
    return (match.option_bits > 0 and match.option_bits_held >= OPTIONS_SHARE * match.option_bits
            and match.bits_held + match.option_bits_held >= WITH_OPTIONS_BITS)


def _means_one(match: Match, size: int, with_options: bool) -> bool:
    """Whether the words of a question without its options can mean no other: a short one may be the beginning of any
    sentence, and "Which is no example of a chemical change?" is asked with other options too."""
    if not match.option_bits:
        return True
    return match.words >= size and (not with_options or 2 * match.option_bits_held >= match.option_bits)


def same_options(question: Question, options: frozenset[int]) -> bool:
    """Whether a question in the words of a short evaluation question is that one: by half of the options of the one
    that has fewer; by its answer, where it has none. An evaluation question without options is known by its words."""
    if not options:
        return True
    if not question.options:
        return int(_core.text_hashes([question.answer])[0]) in options
    own = set(_core.text_hashes(list(question.options)).tolist())
    return 2 * len(own & options) >= min(len(own), len(options))


class Decontaminate:
    """`check` against the index of the evaluation files, which each process builds at its first record."""

    def __init__(self, check_of: str, files: tuple[QuestionFile, ...], size: int) -> None:
        self._check = {"question": check_question, "passage": check_passage}[check_of]
        self._files, self._size = files, size

    def __call__(self, record: Question | Passage) -> StageResult:
        return self._check(record, load_index(self._files, self._size))  # type: ignore[operator]
