"""The parts of a WARC file that workers read on their own: the same records, ids and faults as the file in one piece.

A file is cut where an index beside it says that gzip members begin: FILE.cdxj (a line a record, with "offset" in its
JSON, as pywb and Common Crawl write it) or FILE.cdx (the column V of its head). A file without one is read in one
piece: only a reader that has come all the way knows a member from bytes of a page that look like one. So is a file at a
web address, where a look for indexes that are not there would double what a crawl's files ask of its server.
"""

import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from crossthink.dataflow.records import Fault, WarcRecord
from crossthink.dataflow.sources import http_files  # noqa: F401  (teaches Beam http:// and https://)
from crossthink.dataflow.sources.inflate import begins_record
from crossthink.dataflow.sources.warc import read_warc, unreadable
from crossthink.dataflow.stages.result import JobError

SPLIT_BYTES = 64 << 20
"""A file with an index is cut at the first member after every so many bytes."""
INDEXES = (".cdxj", ".cdx")


@dataclass(frozen=True, kw_only=True, slots=True)
class WarcSplit:
    """The records of a file whose gzip members begin in [start, end)."""

    file: str
    """Path, on any file system that Beam knows."""
    start: int = 0
    end: int = -1
    """Offset of a member's begin; -1: the end of the file."""

    @property
    def id(self) -> str:
        """"FILE@START-END", with the file's base name; without END where the split goes to the end of the file."""
        end = f"{self.end:012d}" if self.end >= 0 else ""
        return f"{posixpath.basename(self.file)}@{self.start:012d}-{end}"


def splits(file: str, size: int = SPLIT_BYTES) -> list[WarcSplit]:
    """The file's splits in their order, of `size` bytes or somewhat more; one without an index, or uncompressed.

    Raises JobError where the index does not fit the file: an offset at which no member with a WARC record begins.
    """
    index = _index_of(file) if file.endswith(".gz") and not file.startswith(("http://", "https://")) else None
    starts = [0]
    for offset in sorted(_offsets(index, posixpath.basename(file))) if index else []:
        if offset >= starts[-1] + size:
            starts.append(offset)
    if index and len(starts) > 1:
        with _open(file) as stream:
            for offset in starts[1:]:
                if not begins_record(stream, offset):
                    raise _misfit(file, f"{posixpath.basename(index)} names offset {offset}, and no WARC record begins")
    return [WarcSplit(file=file, start=start, end=end) for start, end in zip(starts, [*starts[1:], -1], strict=True)]


def read_split(split: WarcSplit) -> Iterator[WarcRecord | Fault]:
    """The records and faults of a split, in their order. A file that cannot be opened or read on is a fault, too.

    Raises JobError where a member goes on past the split's end: the index is that of another file.
    """
    name = posixpath.basename(split.file)
    try:
        with _open(split.file) as stream:
            reached = yield from read_warc(stream, name, start=split.start, end=split.end)
    except OSError as error:
        yield unreadable(name, split.start, error)
        return
    if 0 <= split.end < reached:
        raise _misfit(split.file, f"a member goes on over offset {split.end}, where its index lets one begin")


def _misfit(file: str, text: str) -> JobError:
    return JobError(f"{file}: {text} there: the index is of another file; make it anew or remove it")


def _index_of(file: str) -> str | None:
    matches = FileSystems.match([file + ending for ending in INDEXES])
    return next((match.metadata_list[0].path for match in matches if match.metadata_list), None)


def _offsets(index: str, name: str) -> Iterator[int]:
    """Offsets that an index gives for a file; lines of other files are passed over. Raises JobError."""
    columns: list[str] = []
    with _open(index) as lines:
        for number, line in enumerate(lines, 1):
            text = line.decode("utf-8", "replace").strip()
            if text.startswith("CDX "):
                columns = text.split()[1:]
            elif text:
                try:
                    file, offset = _entry(text, columns)
                except (ValueError, KeyError, IndexError, TypeError) as error:
                    raise JobError(f"{index}, line {number}: no index entry ({error}): make the index anew or "
                                   "remove it") from error
                if not file or posixpath.basename(file) == name:
                    yield offset


def _entry(line: str, columns: list[str]) -> tuple[str, int]:
    """(file or "", offset) of a line: `key timestamp {json}`, or the values of the columns g and V."""
    if columns:
        values = dict(zip(columns, line.split(), strict=True))
        return values.get("g", ""), int(values["V"])
    entry: dict[str, Any] = json.loads(line[line.index("{"):])
    return str(entry.get("filename", "")), int(entry["offset"])


def _open(path: str) -> BinaryIO:
    stream: BinaryIO = FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)
    return stream
