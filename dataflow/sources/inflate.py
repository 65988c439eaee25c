"""The bytes of a gzip member, and where the next readable member begins after a broken one."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

CHUNK = 1 << 16
_INFLATED_CHUNK = 1 << 20
MAGIC = b"\x1f\x8b\x08"


class GzipFault(ValueError):
    """A gzip member that cannot be read to its end; `reason` is "truncated_gzip" or "broken_gzip"."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Member:
    """One gzip member of a file, inflated chunk by chunk. Raises GzipFault; `end` is known once it has been read."""

    def __init__(self, stream: BinaryIO, offset: int) -> None:
        self._stream, self._offset = stream, offset
        self.end = -1
        """Offset of the byte after the member."""

    def chunks_from(self, position: int) -> Iterator[bytes]:
        """What is inflated, from a position of it on."""
        for piece in self.chunks():
            if position < len(piece):
                yield piece[position:]
            position = max(0, position - len(piece))

    def chunks(self) -> Iterator[bytes]:
        """Pieces of at most 1 MiB, so that a bomb of a member does not fill the memory."""
        self._stream.seek(self._offset)
        inflate, read, rest = zlib.decompressobj(31), 0, b""
        while not inflate.eof:
            if not rest:
                rest = self._stream.read(CHUNK)
                read += len(rest)
                if not rest:
                    raise GzipFault("truncated_gzip", f"the file ends inside the member, after {read} bytes of it")
            try:
                piece = inflate.decompress(rest, _INFLATED_CHUNK)
            except zlib.error as error:
                raise GzipFault("broken_gzip", str(error)) from error
            rest = inflate.unconsumed_tail
            if piece:
                yield piece
        self.end = self._offset + read - len(inflate.unused_data)


def next_member(stream: BinaryIO, offset: int) -> int:
    """Offset of the first gzip member at or after `offset` that begins with a WARC record; -1 where there is none."""
    window, start = b"", offset
    stream.seek(offset)
    while chunk := stream.read(CHUNK):
        window += chunk
        place = window.find(MAGIC)
        while place >= 0:
            after = stream.tell()
            if begins_record(stream, start + place):
                return start + place
            stream.seek(after)
            place = window.find(MAGIC, place + 1)
        keep = len(MAGIC) - 1
        start += len(window) - keep
        window = window[-keep:]
    return -1


def begins_record(stream: BinaryIO, offset: int) -> bool:
    """Whether a gzip member with a WARC record begins at this offset."""
    stream.seek(offset)
    try:
        return zlib.decompressobj(31).decompress(stream.read(CHUNK), 64).lstrip(b"\r\n").startswith(b"WARC/")
    except zlib.error:
        return False
