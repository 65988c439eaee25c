"""Training rows and passages that hold questions of an evaluation set are turned away, with the set's name.

The words of a record (a question with its options and its answer, or a passage) are searched for every evaluation
question, its options apart and in any order. How much of one they hold is measured in bits (csrc/text/questions.h): the
words that say what a question is about count, "which of the following" hardly does. So one word in eight may differ,
and a phrase that many questions share is no contamination.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from crossthink.dataflow.once import once
from crossthink.dataflow.records import Fault
from crossthink.dataflow.sources.tables import files_of, read_rows
from crossthink.dataflow.sources.warc_files import matches, state_of
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
_TAG = re.compile(r"</?(?:a|abbr|b|big|blockquote|br|center|cite|code|del|dfn|div|em|font|h[1-6]|hr|i|img|ins|kbd|li|"
                  r"mark|ol|p|pre|s|samp|small|span|strike|strong|sub|sup|table|tbody|td|th|thead|tr|tt|u|ul|var)"
                  r"(?:\s[^<>=]{0,100}=[^<>]{0,200}|\s*/?)>", re.IGNORECASE)
"""What stands in a tag behind its name holds "=": "a<b and c>d" is no tag."""
_STAR = re.compile(r"\*(?<![^\W_]\*)(?<![*\\^{]\*)(?=[^\s\w*]{0,3}\w)([^*]{1,200}+)(?<=\S)\*(?![^\W_]|\*)")
_LOW_LINE = re.compile(r"_(?<![^\W_]_)(?<![_\\^}]_)(?=_{0,2}[^\s\w]{0,3}[^\W_])(_{0,2}+)([^_]{1,200}+)(?<=\S)_\1"
                       r"(?![^\W_]|[_{])")
"""Stress from a word's start to a word's end: "a*b*c", "2 * 3 * 4", "snake_case" and LaTeX's indices are none."""
_MARKDOWN = re.compile(r"^[ \t]*>[ \t>]*|\*{2,}", re.MULTILINE)
_READABLE = "it must be readable to decontaminate against it"


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
    """The index of (name, question, options) triples. Of copies of a question the first stands for all: a word that all
    of them hold would say little, and a run of words that many share is not looked for."""
    names: list[str] = []
    parts: list[str] = []
    hashes: list[int] = []
    first = [0]
    known: set[tuple[int, ...]] = set()
    for name, question, options in questions:
        plain = [without_markup(text) for text in (question, *options)]
        own, *others = _core.text_hashes(plain).tolist()
        key = (own, *sorted(others))
        if key in known:
            continue
        known.add(key)
        names.append(name)
        parts += plain
        hashes += own, *others
        first.append(len(parts))
    short: dict[int, list[tuple[int, frozenset[int]]]] = {}
    for number, (start, end) in enumerate(pairwise(first)):
        if hashes[start] and len(tokens(parts[start])) < size:
            short.setdefault(hashes[start], []).append((number, frozenset(hashes[start + 1:end])))
    return Index(size, _core.QuestionIndex(parts, np.array(first, np.int64)), tuple(names), short)


def without_markup(text: str) -> str:
    """A text without HTML's tags and Markdown's quotes and stresses, which copies have in the middle of a question;
    entities are what they stand for."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "*" in text:
        text = _STAR.sub(r"\1", text)
    if "_" in text:
        text = _LOW_LINE.sub(r"\2", text)
    return _MARKDOWN.sub(" ", text) if ">" in text or "**" in text else text


def load_index(files: tuple[QuestionFile, ...], size: int) -> Index:
    """The index of evaluation files, read once a process while they stay as they are. Raises JobError for a row that
    cannot be read, and for a file without rows: what is not in the index would let contamination pass."""
    return _index_of(files, size, states_of(files))


def states_of(files: tuple[QuestionFile, ...]) -> tuple[str, ...]:
    """Sizes and times of the files: a worker may live longer than what stands in one of them."""
    return tuple(state_of(entry) for file in files for entry in matches(file.path))


@once
def _index_of(files: tuple[QuestionFile, ...], size: int, _states: tuple[str, ...]) -> Index:
    return build_index((found for file in files for one in files_of(file) for found in _questions(one)), size)


def _questions(file: QuestionFile) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for row in read_rows(file):
        if isinstance(row, Fault):
            raise JobError(f"evaluation set {row.evidence}: {_READABLE}")
        try:
            question, options = texts(row.values, file, row.where)
        except ValueError as error:
            raise JobError(f"evaluation set {error}: {_READABLE}") from error
        yield f"{file.source}, row {row.row} of {row.file}", question, options


def check_questions(questions: Sequence[Question], index: Index) -> list[StageResult]:
    """For each question itself, or a reject where it, with its options and answer, repeats an evaluation question."""
    rows = ["\n".join((question.question, *question.options, question.answer)) for question in questions]
    plain = [without_markup(row) for row in rows]
    held = held_questions(plain, index, [bool(question.options) for question in questions])
    stems = [question.question if row == shown else without_markup(question.question)
             for question, row, shown in zip(questions, rows, plain, strict=True)]
    short = _core.text_hashes(stems, index.size).tolist()
    return [found or (_short_one(question, own, index) if own else None) or keep(question)
            for question, found, own in zip(questions, held, short, strict=True)]


def check_passages(passages: Sequence[Passage], index: Index) -> list[StageResult]:
    """For each passage itself, or a reject where it holds an evaluation question."""
    held = held_questions([without_markup(passage.text) for passage in passages], index, [False] * len(passages))
    return [found or keep(passage) for passage, found in zip(passages, held, strict=True)]


def held_questions(texts: Sequence[str], index: Index, with_options: Sequence[bool]) -> list[Rejected | None]:
    """For each text a reject that shows the evaluation question of which it holds most, where that is enough; or None.

    The texts are without markup; `with_options` says of each whether options are part of it.
    """
    most: dict[int, Match] = {}
    for match in map(Match._make, index.questions.find(list(texts))):
        if is_contamination(match, index.size, with_options[match.text]):
            before = most.get(match.text)
            if before is None or _held(match) > _held(before):  # of equals the first in the index
                most[match.text] = match
    return [_reject(text, most[number], index) if number in most else None for number, text in enumerate(texts)]


def _held(match: Match) -> int:
    return match.bits_held + match.option_bits_held


def _reject(text: str, most: Match, index: Index) -> Rejected:
    shown = " ".join(tokens(text)[most.start:most.start + min(index.size, most.words)])
    return Rejected("contaminated", f"{index.names[most.question]}: {shown!r}, {_held(most)} of "
                                    f"{most.bits + most.option_bits} bits, "
                                    f"{most.longest_run} of {most.words} words in a row")


def _short_one(question: Question, own: int, index: Index) -> Rejected | None:
    for number, options in index.short.get(own, ()):
        if same_options(question, options):
            return Rejected("contaminated", f"{index.names[number]}: the whole question")
    return None


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
    """`check_of` against the index of the evaluation files, which each process builds at its first record."""

    def __init__(self, check_of: str, files: tuple[QuestionFile, ...], size: int) -> None:
        checks: dict[str, Callable[[Sequence[Any], Index], list[StageResult]]] = {
            "question": check_questions, "passage": check_passages}
        self._check = checks[check_of]
        self._files, self._size, self._states = files, size, states_of(files)

    def __call__(self, records: Sequence[Question | Passage]) -> list[StageResult]:
        return self._check(records, _index_of(self._files, self._size, self._states))
