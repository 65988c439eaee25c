"""Question files: JSONL (plain, .gz, .xz) and Parquet, their columns mapped by a recipe's entry.

A row that cannot be read names file, row and field. The paper's filters stand here: a gold that is no option, an
open-ended gold above the limit of words, an empty gold are rejected.
"""

import gzip
import json
import lzma
import posixpath
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from crossthink.dataflow.records import Fault, Row
from crossthink.dataflow.stages.domain import domain_of
from crossthink.dataflow.stages.stage import Failed, Rejected, StageResult, keep

from crossthink.config import QuestionFile
from crossthink.schema import LABELS, Lineage, Question, Reason, canonical_text, question_id
from crossthink.verify.choice import named_option
from crossthink.verify.text import count_words

_OPEN: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open}
_LABELLED = re.compile(r"\s*\(?([A-Z])[).:]\s*(.+)", re.DOTALL)


def read_rows(file: QuestionFile, entry: int = 0) -> Iterator[Row | Fault]:
    """The rows of a file and what could not be read of it, in their order, at most `file.limit` of them."""
    name = posixpath.basename(file.path)
    read = _parquet_rows if name.endswith(".parquet") else _json_rows
    try:
        with FileSystems.open(file.path, compression_type=CompressionTypes.UNCOMPRESSED) as stream:
            for number, values in enumerate(read(stream, name), 1):
                place = f"{file.source}/{name}:{number:08d}"
                if isinstance(values, dict):
                    yield Row(id=place, file=name, row=number, entry=entry, values=values)
                else:
                    yield Fault(id=place, reason="malformed_row", evidence=f"{name}, row {number}: {values}")
                if number == file.limit:
                    return
    except (OSError, EOFError, lzma.LZMAError, pa.ArrowException) as error:
        yield Fault(id=f"{file.source}/{name}", reason="unreadable", evidence=f"{name}: {error}")


def _json_rows(stream: Any, name: str) -> Iterator[dict[str, Any] | str]:
    """Each line's object, or what is wrong with the line."""
    for line in _OPEN.get(posixpath.splitext(name)[1], lambda plain: plain)(stream):
        if not line.strip():
            yield "the line is empty"
            continue
        try:
            values = json.loads(line)
        except ValueError as error:
            yield f"no JSON: {error}"
            continue
        yield values if isinstance(values, dict) else f"not a JSON object but {type(values).__name__}"


def _parquet_rows(stream: Any, _name: str) -> Iterator[dict[str, Any] | str]:
    for batch in pq.ParquetFile(stream).iter_batches(batch_size=1024):
        yield from batch.to_pylist()


class BadField(ValueError):
    """A row whose field cannot be used; the message names file, row and field."""


def to_question(row: Row | Fault, files: tuple[QuestionFile, ...], max_answer_words: int) -> StageResult:
    """The question of a row; its template, and whether its gold verifies, are settled later."""
    if isinstance(row, Fault):
        return Failed(row.reason, row.evidence)
    file = files[row.entry]
    try:
        question, options = texts(row, file)
        answer = _answer(row, file)
    except BadField as error:
        return Failed("malformed_row", str(error))
    label = ""
    if options:
        place = _gold(options, answer, file.answer_is)
        if isinstance(place, Rejected):
            return place
        label, answer = LABELS[place], options[place]
    elif not answer:
        return Rejected("empty_answer")
    elif file.group != "math" and count_words(answer) > max_answer_words:
        return Rejected("long_answer", f"{count_words(answer)} words")
    kind = "choice" if options else "math" if file.group == "math" else "text"
    return keep(Question(
        id=question_id(question, options), question=question, options=options, answer=answer, answer_label=label,
        answer_type=kind, verifier="", template="mcq" if options else "open",
        domain=_domain(row, file, question), group=file.group, source=file.source, licence=file.licence,
        lineage=Lineage(synthesizer="import", input_file=row.file, input_row=row.row)))


def texts(row: Row, file: QuestionFile) -> tuple[str, tuple[str, ...]]:
    """Question (its context before it) and options of a row. Raises BadField."""
    question = _string(row, file.question).strip()
    if not question:
        raise BadField(f"{row.file}, row {row.row}, field {file.question}: is empty")
    if file.context and row.values.get(file.context):
        question = f"{_string(row, file.context).strip()}\n{question}"
    found = row.values.get(file.options)
    if isinstance(found, dict):
        found = [found[name] for name in sorted(found)]
    if found is None or found == []:
        return question, ()
    if not isinstance(found, list) or not all(isinstance(option, str | int | float) for option in found):
        raise BadField(f"{row.file}, row {row.row}, field {file.options}: {found!r:.80} is no list of texts")
    options = [str(option).strip() for option in found]
    labelled = [_LABELLED.fullmatch(option) for option in options]
    if all(match and match[1] == label for match, label in zip(labelled, LABELS, strict=False)):
        options = [match[2].strip() for match in labelled if match]
    if not 2 <= len(options) <= len(LABELS) or not all(options):
        raise BadField(f"{row.file}, row {row.row}, field {file.options}: {len(options)} options, or one is empty")
    return question, tuple(options)


def _answer(row: Row, file: QuestionFile) -> str:
    answer = _string(row, file.answer).strip()
    if file.answer_after:
        _, mark, answer = answer.rpartition(file.answer_after)
        if not mark:
            raise BadField(f"{row.file}, row {row.row}, field {file.answer}: {file.answer_after!r} is not in it")
    return answer.strip()


def _string(row: Row, field: str) -> str:
    value = row.values.get(field)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None or not isinstance(value, str | int | float):
        kind = "is missing" if value is None else f"is a {type(value).__name__}, not a text"
        raise BadField(f"{row.file}, row {row.row}, field {field}: {kind}")
    return str(value)


def _gold(options: tuple[str, ...], answer: str, answer_is: str) -> int | Rejected:
    """Index of the option that the gold names. Where label and text name different options the gold is none."""
    shown = [canonical_text(option) for option in options]
    if len(set(shown)) < len(shown):
        return Rejected("equal_options", " | ".join(options))
    if answer_is == "text" and canonical_text(answer) in shown:
        return shown.index(canonical_text(answer))
    if answer_is == "label" and (answer.isdigit() or len(answer) == 1):
        place = int(answer) if answer.isdigit() else LABELS.find(answer.upper())
        return place if 0 <= place < len(options) else Rejected("gold_not_an_option", answer)
    if len(answer) > 1:
        named = named_option(options, answer)
        if named is Reason.LABEL_TEXT_CONFLICT:
            return Rejected("label_text_conflict", answer)
        if isinstance(named, int):
            return named
    return Rejected("gold_not_an_option", answer)


def _domain(row: Row, file: QuestionFile, question: str) -> str:
    given = row.values.get("domain")
    if isinstance(given, str) and given:
        return given
    return file.domain or ("math" if file.group == "math" else domain_of(question))
