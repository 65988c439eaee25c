"""Question files, on any file system that Beam knows: their rows, and the questions that these are.

A row that cannot be read names file, row and field; the paper's filters on the gold give rejects.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from crossthink.dataflow.records import Fault, Row, row_id
from crossthink.dataflow.sources import http_files  # noqa: F401  (teaches Beam http:// and https://)
from crossthink.dataflow.stages.domain import domain_of
from crossthink.dataflow.stages.result import Failed, Rejected, StageResult, keep

from crossthink.columns import BadField
from crossthink.data_config import QuestionFile
from crossthink.questions import BadGold, question_from_row
from crossthink.rows import UNREADABLE, rows_of


def files_of(file: QuestionFile) -> list[QuestionFile]:
    """The files that an entry's path names: those of a glob, sorted, each to be read like the entry."""
    found = FileSystems.match([file.path])[0].metadata_list
    return [replace(file, path=entry.path) for entry in sorted(found, key=lambda entry: entry.path)] or [file]


def read_rows(file: QuestionFile, entry: int = 0) -> Iterator[Row | Fault]:
    """The rows of a file and what could not be read of it, in their order, at most `file.limit` of them."""
    name, number = posixpath.basename(file.path), 0
    try:
        with FileSystems.open(file.path, compression_type=CompressionTypes.UNCOMPRESSED) as stream:
            for number, values in enumerate(rows_of(stream, name), 1):
                place = row_id(file.source, name, number)
                if isinstance(values, dict):
                    yield Row(id=place, file=name, row=number, entry=entry, values=values)
                else:
                    yield Fault(id=place, reason="malformed_row", evidence=f"{name}, row {number}: {values}")
                if number == file.limit:
                    return
        if not number:
            yield Fault(id=f"{file.source}/{name}", reason="empty_file", evidence=f"{name}: the file has no rows")
    except UNREADABLE as error:
        yield Fault(id=f"{file.source}/{name}", reason="unreadable", evidence=f"{name}: {error}")


def read_entry(numbered: tuple[int, QuestionFile]) -> Iterator[Row | Fault]:
    """`read_rows` of a file with its number in the recipe."""
    entry, file = numbered
    return read_rows(file, entry)


def to_question(row: Row | Fault, files: tuple[QuestionFile, ...], max_answer_words: int) -> StageResult:
    """The question of a row; its template, and whether its gold verifies, are settled later."""
    if isinstance(row, Fault):
        return Failed(row.reason, row.evidence)
    file = replace(files[row.entry], path=row.file)
    try:
        question = question_from_row(row.values, file, row.where, row=row.row, max_answer_words=max_answer_words,
                                     domain_of=domain_of)
    except BadField as error:
        return Failed("malformed_row", str(error))
    except BadGold as error:
        return Rejected(error.reason, error.evidence)
    return keep(question)
