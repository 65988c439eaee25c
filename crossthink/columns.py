"""The columns of a question's row, in the layouts that question sets are published in. Layer 2: no torch, no Beam."""

import re
from itertools import pairwise
from typing import Any

from crossthink.data_config import QuestionFile
from crossthink.schema import LABELS

_LABEL = re.compile(r"\(?[A-Za-z][).:]\s+")
_LABELLED = re.compile(r"\s*\(?([A-Z])[).:]\s*(.+)", re.DOTALL)


class BadField(ValueError):
    """A row whose field cannot be used; the message names file, row and field."""


def value_of(values: dict[str, Any], field: str) -> Any:
    """A field's value; "choices.text" is the field `text` of the field `choices`. None where there is none,
    and for what is not a number: pandas leaves it where a column has a gap."""
    if field in values:
        value = values[field]
        return None if value != value else value
    name, dot, rest = field.partition(".")
    inner = values.get(name)
    return value_of(inner, rest) if dot and isinstance(inner, dict) else None


def text_of(values: dict[str, Any], field: str, where: str) -> str:
    """A field's text; numbers count as texts, and so does a list of one. Raises BadField."""
    value = value_of(values, field)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None or not isinstance(value, str | int | float):
        kind = "is missing" if value is None else f"is a {type(value).__name__}, not a text"
        raise BadField(f"{where}, field {field}: {kind}")
    return str(value)


def prose_of(values: dict[str, Any], field: str, where: str) -> str:
    """A field's text as `text_of` has it; the texts of a dict, each on a line behind its name. Raises BadField."""
    value = value_of(values, field)
    if isinstance(value, dict):
        return "\n".join(f"{name}: {text}" for name, text in value.items() if text not in (None, ""))
    return text_of(values, field, where)


def options_in(question: str) -> tuple[str, tuple[str, ...]]:
    """A question without the lines "A. x", "B. y", ... that end it, and the options that these are."""
    for labels in (LABELS, LABELS.lower()):
        found = _cut(question, labels, r"(?m:^[ \t]*)")
        if len(found) > 1 and (stem := question[:question.index(found[0])].strip()):
            return stem, tuple(_LABEL.sub("", option, count=1) for option in found)
    return question, ()


def options_of(values: dict[str, Any], file: QuestionFile, where: str) -> tuple[str, ...]:
    """The texts of the options without their letters; none for an open-ended question. Raises BadField.

    They stand in a list, in a dict by letter, in one text ("A) x B) y"), or each in a column of its own
    (`file.options` names these, between commas).
    """
    names = [name.strip() for name in file.options.split(",")]
    if len(names) > 1:
        found: Any = [text_of(values, name, where) for name in names]
    else:
        found = value_of(values, file.options)
    if isinstance(found, dict):  # in a table each row has the letters of all rows
        names = sorted(found, key=lambda name: (len(name), name))  # "10" comes behind "9"
        found = [found[name] for name in names if found[name] is not None]
    if isinstance(found, str):
        found = _cut(found, LABELS, r"(?:^|(?<=\s))") or found
    if found is None or found == [] or found == "":
        return ()
    if not isinstance(found, list) or not all(isinstance(option, str | int | float) for option in found):
        raise BadField(f"{where}, field {file.options}: {found!r:.80} is no list of texts")
    options = [str(option).strip() for option in found]
    labelled = [_LABELLED.fullmatch(option) for option in options]
    if all(match and match[1] == label for match, label in zip(labelled, LABELS, strict=False)):
        options = [match[2].strip() for match in labelled if match]
    if not 2 <= len(options) <= len(LABELS) or not all(options):
        raise BadField(f"{where}, field {file.options}: {len(options)} options, or one is empty")
    return tuple(options)


def _cut(text: str, labels: str, before: str) -> list[str]:
    """"A) x B) y" as ["A) x", "B) y"]: cut where the letters follow each other from the first one on."""
    starts, place = [], 0
    for label in labels:
        found = re.compile(rf"{before}\(?{label}[).:]\s").search(text, place)
        if found is None:
            break
        starts.append(found.start())
        place = found.end()
    return [text[start:end].strip() for start, end in pairwise([*starts, len(text)])]


def place_of_label(values: dict[str, Any], file: QuestionFile, answer: str, where: str) -> int | None:
    """Place of the option that a gold names by its label, from 0; None where it names none.

    Labels are letters from A on, or what stands in the column `file.labels`.
    """
    if not file.labels:
        return LABELS.find(answer.upper()) if len(answer) == 1 and answer.upper() in LABELS else None
    labels = value_of(values, file.labels)
    if not isinstance(labels, list):
        raise BadField(f"{where}, field {file.labels}: {labels!r:.80} is no list of labels")
    shown = [str(label) for label in labels]
    forms = (answer, answer.removesuffix(".0"))  # a column of numbers with gaps is one of floats
    return next((shown.index(form) for form in forms if form in shown), None)
