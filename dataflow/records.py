"""What passes between the stages before there are passages and questions. Every type has an `id`."""

from dataclasses import dataclass
from typing import Any

from crossthink.compact import compact


def page_id(file: str, offset: int, inner: int = 0) -> str:
    """"FILE@OFFSET" of a WARC record, with "+N" for the bytes before it in a gzip member that holds several."""
    return f"{file}@{offset:012d}" + (f"+{inner}" if inner else "")


def row_id(source: str, file: str, row: int) -> str:
    """"SOURCE/FILE:ROW" of a row of a question file."""
    return f"{source}/{file}:{row:08d}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A place in an input file that could not be read."""

    id: str
    reason: str
    evidence: str
    """File, place in it, and what is wrong there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WarcRecord:
    """One record of a WARC file, its block unread."""

    id: str
    """"FILE@OFFSET", with "+N" for the bytes before it in a gzip member that holds several records."""
    file: str
    """Base name."""
    offset: int
    """Byte offset of the record's gzip member, or of the record where the file is not compressed."""
    type: str
    url: str
    date: str
    content_type: str
    block: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What a server answered: HTML, or text that another extracted (WET)."""

    id: str
    url: str
    crawl_date: str
    warc_file: str
    warc_offset: int
    is_html: bool
    charset: str
    """As the server declared it; "" where it did not."""
    body: bytes
    robots: str = ""
    """Values of X-Robots-Tag, one a line."""
    tdm_reservation: str = ""
    """Value of the header of that name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """The main text of a page."""

    id: str
    url: str
    crawl_date: str
    warc_file: str
    warc_offset: int
    title: str
    text: str
    language: str
    """ISO 639-1; "" until the language stage has run."""
    published: str = ""
    """ISO 8601 day, as the page says; "" where it does not."""
    licence: str = "unknown"
    """SPDX identifier of the Creative Commons licence that the page is under."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of a question file."""

    id: str
    """"SOURCE/FILE:ROW", rows counted from 1."""
    file: str
    """Base name."""
    row: int
    entry: int
    """Which of the recipe's question files it is from."""
    values: dict[str, Any]

    @property
    def where(self) -> str:
        """File and row, for errors."""
        return f"{self.file}, row {self.row}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shipped:
    """A question that another run shipped, as far as duplicates go."""

    id: str
    question: str
    options: tuple[str, ...]
    answer: str
    place: str
    """"RUN, SHARD, row N", rows counted from 0."""


compact(Fault, WarcRecord, Page, Document, Row, Shipped)
