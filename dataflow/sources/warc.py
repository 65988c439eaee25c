"""Our reader of WARC files: gzip by member, one gzip stream, or uncompressed. It names what is broken and goes on.

A record counts only where what follows its block is the end of a record; else its length is false, and reading goes on
at the next line that begins a record. A member that gzip cannot read costs that member alone. Memory is bounded by the
largest record that is accepted.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from crossthink.dataflow.records import Fault, WarcRecord, page_id
from crossthink.dataflow.sources.ahead import Ahead
from crossthink.dataflow.sources.inflate import MAGIC, GzipFault, Member, next_member

MAX_RECORD = 20 * 1024 * 1024
"""Bytes of the largest block that is read; pages above it are not documents."""
_MAX_HEADER = 64 * 1024
_MAX_DIGITS = 18
"""Of a length; Python reads no number of more than some thousand."""
_BEGIN = b"WARC/"
_ENDS = (b"\r\n\r\n", b"\n\n")
_HALF_ENDS = (b"\r\n\r", b"\r\n", b"\n")
ChunksFrom = Callable[[int], Iterator[bytes]]
"""The bytes of a file or member from a position on."""


def read_warc(stream: BinaryIO, file: str, max_record: int = MAX_RECORD, *, start: int = 0,
              end: int = -1) -> Generator[WarcRecord | Fault, None, int]:
    """All records and faults of a seekable file, in their order. `file` is the base name that they carry.

    Of a file that is gzipped by member, a part: from the member at `start` to those that begin before `end` (-1: all).
    Returns the offset that it reached.
    """
    magic = stream.read(len(MAGIC))
    if not magic:
        yield _fault(file, 0, 0, "empty_file", "the file has no bytes")
    elif magic == MAGIC or file.endswith(".gz"):
        return (yield from _read_members(stream, file, max_record, start, end))
    else:
        yield from _Records(file, 0, max_record, compressed=False).read(partial(_plain_chunks, stream, 0))
    return stream.tell()


def record_at(stream: BinaryIO, file: str, offset: int, inner: int = 0) -> WarcRecord | Fault:
    """The record at a place that a reading gave: the gzip member at `offset`, or the record, and in a member the one
    `inner` bytes behind its start. What is no record there is a fault."""
    stream.seek(offset)
    compressed = stream.read(len(MAGIC)) == MAGIC
    chunks = Member(stream, offset).chunks_from if compressed else partial(_plain_chunks, stream, offset)
    wanted = page_id(file, offset, inner)
    try:
        for found in _Records(file, offset if compressed else 0, MAX_RECORD, compressed=compressed).read(chunks):
            if not compressed or found.id == wanted:
                return replace(found, id=wanted)
    except GzipFault as fault:
        return _fault(file, offset, inner, fault.reason, str(fault))
    return _fault(file, offset, inner, "no_record", "no record begins here")


def _plain_chunks(stream: BinaryIO, offset: int, position: int) -> Iterator[bytes]:
    """The bytes of an uncompressed file from a position behind an offset on."""
    stream.seek(offset + position)
    return iter(lambda: stream.read(1 << 16), b"")


def _read_members(stream: BinaryIO, file: str, max_record: int, offset: int,
                  end: int) -> Generator[WarcRecord | Fault, None, int]:
    while offset >= 0 and (end < 0 or offset < end):
        stream.seek(offset)
        start = stream.read(len(MAGIC))
        if not start:
            break
        if start != MAGIC:
            found = next_member(stream, offset)
            where = f"the next member begins at {found}" if found >= 0 else "no member follows"
            yield _fault(file, offset, 0, "no_gzip_member", f"these bytes begin no gzip member; {where}")
            offset = found
            continue
        member = Member(stream, offset)
        try:
            yield from _Records(file, offset, max_record, compressed=True).read(member.chunks_from)
            offset = member.end
        except GzipFault as fault:
            yield _fault(file, offset, 0, fault.reason, str(fault))
            offset = next_member(stream, offset + 1)
    return offset


class _Records:
    """The records in the bytes of one gzip member, or of an uncompressed file."""

    def __init__(self, file: str, offset: int, max_record: int, *, compressed: bool) -> None:
        self._file, self._offset, self._max_record, self._compressed = file, offset, max_record, compressed
        self._known_end: int | None = None

    def read(self, chunks_from: ChunksFrom) -> Iterator[WarcRecord | Fault]:
        """All of them, in their order."""
        self._chunks_from = chunks_from
        ahead = Ahead(chunks_from(0))
        while True:
            ahead.skip(b"\r\n")
            if not ahead.reach(1):
                return
            yield self._record(ahead)

    def _record(self, ahead: Ahead) -> WarcRecord | Fault:
        start = ahead.position
        ahead.reach(len(_BEGIN))
        if not ahead.starts(_BEGIN):
            lost = ahead.skip_to_line(_BEGIN)
            return self._fault(start, "no_warc_record", f"{lost} bytes that are no WARC record")
        size = ahead.length_to(_ENDS, _MAX_HEADER)
        if size < 0:
            ahead.take(len(_BEGIN))
            ahead.skip_to_line(_BEGIN)
            return self._fault(start, "bad_header", "the record's header does not end")
        fields = parse_header(ahead.take(size))
        length = fields.get("content-length", "")
        if not length.isascii() or not length.isdigit() or len(length) > _MAX_DIGITS:
            ahead.skip_to_line(_BEGIN)
            return self._fault(start, "bad_length", f"Content-Length is {length[:2 * _MAX_DIGITS]!r}")
        return self._block(ahead, start, fields, int(length))

    def _block(self, ahead: Ahead, start: int, fields: dict[str, str], length: int) -> WarcRecord | Fault:
        if length > self._max_record:
            return self._large(ahead, start, length)
        # One byte more than the end of a record: the last record of a member is good once its checksum was compared.
        ahead.reach(length + len(_ENDS[0]) + 1)
        if len(ahead.buffer) < length or not self._ends(bytes(ahead.buffer[length:length + len(_ENDS[0])])):
            found = len(ahead.buffer)
            lost = ahead.skip_to_line(_BEGIN)
            cut = found < length and not ahead.buffer and not self._compressed
            return self._fault(start, "truncated" if cut else "false_length",
                               f"Content-Length is {length}, the block ends elsewhere; {lost} bytes were passed over")
        block = ahead.take(length)
        offset, inner = (self._offset, start) if self._compressed else (start, 0)
        return WarcRecord(id=page_id(self._file, offset, inner), file=self._file, offset=offset,
                          type=fields.get("warc-type", "").lower(), url=fields.get("warc-target-uri", "").strip("<>"),
                          date=fields.get("warc-date", ""), content_type=fields.get("content-type", ""), block=block)

    def _large(self, ahead: Ahead, start: int, length: int) -> Fault:
        """The fault of a record above the limit. Where it does not end as it says, its length is false and the records
        behind its header are read; what was passed over is read again for that, once up to the end of the file."""
        block, is_whole = ahead.position, False
        if self._known_end is None or block + length <= self._known_end:
            is_whole = ahead.discard(length)
            if is_whole and self._ends(ahead.view(len(_ENDS[0]))):
                return self._fault(start, "too_large", f"Content-Length is {length}, the limit {self._max_record}")
            if not is_whole:
                self._known_end = ahead.position
            ahead.go_back(self._chunks_from(block), block)
        lost = ahead.skip_to_line(_BEGIN)
        cut = not is_whole and not ahead.buffer and not self._compressed
        return self._fault(start, "truncated" if cut else "false_length", f"Content-Length is {length}, the limit "
                           f"{self._max_record}, and the block ends elsewhere; {lost} bytes were passed over")

    def _ends(self, tail: bytes) -> bool:
        """Whether these bytes after a block end a record; the last one of a file or member may do without, that of an
        uncompressed file with half of it."""
        return not tail or tail.startswith(_ENDS) or (not self._compressed and tail in _HALF_ENDS)

    def _fault(self, start: int, reason: str, text: str) -> Fault:
        offset, inner = (self._offset, start) if self._compressed else (start, 0)
        return _fault(self._file, offset, inner, reason, text)


def parse_header(header: bytes) -> dict[str, str]:
    """Fields of a WARC or HTTP header by their names in lower case; a line that begins with a blank goes on."""
    fields: dict[str, str] = {}
    name = ""
    for line in header.decode("utf-8", "replace").splitlines()[1:]:
        if line[:1] in (" ", "\t") and name:
            fields[name] += " " + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields.setdefault(name, value.strip())
    return fields


def _fault(file: str, offset: int, inner: int, reason: str, text: str) -> Fault:
    return Fault(id=page_id(file, offset, inner), reason=reason, evidence=f"{file}, offset {offset}: {text}")


def unreadable(file: str, offset: int, error: OSError) -> Fault:
    """A file that cannot be opened, or read on."""
    return _fault(file, offset, 0, "unreadable", str(error))
