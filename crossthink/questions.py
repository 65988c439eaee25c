"""Rows of question files as questions: one mapping for the data line, the cold start and the evaluation.

A recipe's entry says which column is what. Layer 2: no torch, no Beam.
"""

import re
from collections.abc import Callable, Iterator
from glob import glob
from pathlib import Path
from typing import Any

from crossthink.columns import BadField, options_in, options_of, place_of_label, prose_of, text_of, value_of
from crossthink.data_config import QuestionFile
from crossthink.licences import spdx_of_row
from crossthink.rows import UNREADABLE, rows_of
from crossthink.schema import LABELS, Lineage, Question, Reason, canonical_text, folded, question_id
from crossthink.templates import shuffle_options
from crossthink.verify.choice import named_option
from crossthink.verify.format import boxes
from crossthink.verify.kind import open_type
from crossthink.verify.numbers import read_number
from crossthink.verify.text import count_words

_ANY_LENGTH = 2**31
_PROSE = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")  # a formula is no longer for its signs
_NO_ANSWER = re.compile(r"\b(?:answers?|responses?|results?|examples?|solutions?|justifications?|explanations?) "
                        r"(?:will|may|can|could) (?:vary|differ)\b", re.IGNORECASE)
"""How textbooks say that an exercise has no one answer."""
_PARTS = re.compile(r"^\(?a[).:]\s.*?\(?b[).:]\s|[ⓐ-ⓩ].*?[ⓐ-ⓩ]", re.IGNORECASE | re.DOTALL)
"""An answer to the parts of a question, "(a) 2 (b) 3" or "ⓐ 2 ⓑ 3": a box holds one."""
_BARE_BOX = re.compile(r"\\boxed\s+([^\s$\\{}]+)")
"""A box without braces, as some solutions of MATH have it."""


class BadGold(ValueError):
    """A row that can be read and whose gold answer is none; `reason` is the rule's name (paper: filters)."""

    def __init__(self, where: str, reason: str, evidence: str = "") -> None:
        super().__init__(f"{where}: {reason}{': ' if evidence else ''}{evidence}")
        self.reason, self.evidence = reason, evidence


def read_local_rows(file: QuestionFile) -> Iterator[tuple[str, dict[str, Any]]]:
    """("FILE, row N", values) of every row of a local file, or of those of a glob, at most `file.limit` of each.

    Raises ValueError naming file and row where one cannot be read.
    """
    for path in sorted(glob(file.path)) or [file.path]:
        yield from _read_local_file(path, file.limit)


def _read_local_file(path: str, limit: int) -> Iterator[tuple[str, dict[str, Any]]]:
    name = Path(path).name
    try:
        with Path(path).open("rb") as stream:
            for number, values in enumerate(rows_of(stream, name), 1):
                where = f"{name}, row {number}"
                if isinstance(values, str):
                    raise BadField(f"{where}: {values}")
                yield where, values
                if number == limit:
                    return
    except UNREADABLE as error:
        raise ValueError(f"{path}: cannot read the questions: {error}") from error


def read_question_file(file: QuestionFile) -> list[Question]:
    """All questions of a local file. Raises ValueError naming file, row and field for the first that is none.

    Published sets hold some rows with two options of one text. They are asked as they are: their label is the gold.
    """
    return [question_from_row(values, file, where, equal_options=True) for where, values in read_local_rows(file)]


def question_from_row(values: dict[str, Any], file: QuestionFile, where: str, *, row: int = -1,
                      max_answer_words: int = _ANY_LENGTH, domain_of: Callable[[str], str] | None = None,
                      equal_options: bool = False) -> Question:
    """The question of a row. Its template may still change, and its verifier is settled later.

    `where` names file and row in errors; `domain_of` finds the domain of a question where neither row nor file say it.
    A row of the domain `math` is of the group `math`, whatever the file says. Raises BadField where the row cannot
    be read, BadGold where its gold is turned away: by one of the paper's filters (no option, empty, too many words),
    for a text that is not its label's, where answers vary or are several, or, unless `equal_options`, where two
    options have one text.
    """
    question, options = texts(values, file, where)
    answer = _answer(values, file, where)
    domain = _domain(values, file, " ".join((question, *options)), domain_of)
    group = "math" if domain == "math" else file.group
    _check_writable(answer, f"{where}, field {file.answer}")
    _check_writable(domain, f"{where}, field {file.domains}")
    label = ""
    if options:
        place = _gold(values, file, options, answer, where, equal_options and file.answer_is != "text")
        label, answer = LABELS[place], options[place]
    elif not answer:
        raise BadGold(where, "empty_answer")
    elif _NO_ANSWER.search(answer):
        raise BadGold(where, "answers_vary", answer)
    elif _PARTS.search(answer):
        raise BadGold(where, "several_answers", answer)
    elif (words := len(_PROSE.findall(answer)) if group == "math" else count_words(answer)) > max_answer_words:
        raise BadGold(where, "long_answer", f"{words} words")
    found = Question(
        id=question_id(question, options), question=question, options=options, answer=answer, answer_label=label,
        answer_type="choice" if options else file.answer_type or open_type(answer, group),
        verifier="", template="mcq" if options else "open", domain=domain, group=group, source=file.source,
        licence=spdx_of_row(str(value_of(values, file.licences) or file.licence)),
        lineage=Lineage(synthesizer="import", input_file=Path(file.path).name, input_row=row))
    return shuffle_options(found, 0) if file.shuffle and options else found


def _check_writable(text: str, where: str) -> None:
    """Raise BadField for half of a surrogate pair, as JSON has it where an emoji was cut: no encoding can hold it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadField(f"{where}: {error.object[error.start]!a} is half a character") from error


def texts(values: dict[str, Any], file: QuestionFile, where: str) -> tuple[str, tuple[str, ...]]:
    """Question (its context before it) and options of a row. Raises BadField."""
    question, options = prose_of(values, file.question, where).strip(), options_of(values, file, where)
    if file.options_in_question and not options:
        question, options = options_in(question)
    if not question:
        raise BadField(f"{where}, field {file.question}: is empty")
    if file.context and value_of(values, file.context):
        question = f"{prose_of(values, file.context, where).strip()}\n{question}"
    _check_writable(question, f"{where}, field {file.question}")
    _check_writable("".join(options), f"{where}, field {file.options}")
    return question, options


def _answer(values: dict[str, Any], file: QuestionFile, where: str) -> str:
    answer = text_of(values, file.answer, where).strip()
    if file.answer_after:
        _, mark, answer = answer.rpartition(file.answer_after)
        if not mark:
            raise BadField(f"{where}, field {file.answer}: {file.answer_after!r} is not in it")
    if file.answer_boxed:
        found = boxes(answer)[0] or _BARE_BOX.findall(answer)
        if not found:
            raise BadGold(where, "no_box", answer[-80:])
        answer = found[-1]
    return answer.strip()


def _gold(values: dict[str, Any], file: QuestionFile, options: tuple[str, ...], answer: str, where: str,
          equal_options: bool) -> int:
    """Index of the option that the gold names. Where label and text name different options the gold is none."""
    shown = [_in_case(option) for option in options]
    numbers = [read_number(option) for option in options]
    told_apart = {number.value if number else text for number, text in zip(numbers, shown, strict=True)}
    if len(told_apart) < len(options) and not equal_options:
        raise BadGold(where, "equal_options", " | ".join(options))
    place: int | None = None
    if file.answer_is == "text":
        place = _by_text(options, answer)
    elif file.answer_is == "index":
        number = answer.removesuffix(".0")  # a column with gaps is one of floats
        place = int(number) if number.isdecimal() else None  # -1, where a test set hides its gold, is none
    elif file.answer_is == "label":
        place = place_of_label(values, file, answer, where)
    if place is None and file.answer_is != "index" and len(answer) > 1 and not answer.isdecimal():
        named = named_option(options, answer)
        if named is Reason.LABEL_TEXT_CONFLICT:
            raise BadGold(where, "label_text_conflict", answer)
        place = named if isinstance(named, int) else None
    if place is None or place >= len(options):
        raise BadGold(where, "gold_not_an_option", answer)
    if file.answer_text and _by_text((options[place],), said := text_of(values, file.answer_text, where)) is None:
        raise BadGold(where, "label_text_conflict", f"{answer}: {options[place]} | {said}")
    return place


def _by_text(options: tuple[str, ...], text: str) -> int | None:
    """Place of the option with this text, case and all before case aside; None where there is none."""
    for form in (_in_case, canonical_text):
        shown = [form(option) for option in options]
        if form(text) in shown:
            return shown.index(form(text))
    return None


def _in_case(text: str) -> str:
    """A text in its canonical form but for its case: "Bb" is not "bb"."""
    return " ".join(folded(text).split())


def _domain(values: dict[str, Any], file: QuestionFile, text: str,
            domain_of: Callable[[str], str] | None) -> str:
    given = value_of(values, file.domains)
    if given in file.math_domains:
        return "math"
    if isinstance(given, str) and given and not file.math_domains:
        return given
    if file.domain or file.group == "math":
        return file.domain or "math"
    return domain_of(text) if domain_of else "general"
