"""A stream of bytes with a view ahead: what a parser needs that may have to go back to a place it passed."""

from collections.abc import Iterator

_KEEP = 1 << 20
_LOOK = 1 << 12


class Ahead:
    """Bytes from an iterator of chunks; `buffer` holds what was read but not taken, `position` counts what was."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.buffer = bytearray()
        self.position = 0

    def reach(self, size: int) -> bool:
        """Read until the buffer holds `size` bytes; False where the stream ends before."""
        while len(self.buffer) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self.buffer += chunk
        return True

    def view(self, size: int) -> bytes:
        """The next `size` bytes, or all there are."""
        self.reach(size)
        return bytes(self.buffer[:size])

    def take(self, size: int) -> bytes:
        """Remove and return the next `size` bytes, which have been reached."""
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        self.position += len(taken)
        return taken

    def discard(self, size: int) -> bool:
        """Pass over `size` bytes without keeping them; False where the stream ends before."""
        while size and self.reach(1):
            size -= len(self.take(min(size, len(self.buffer))))
        return not size

    def go_back(self, chunks: Iterator[bytes], position: int) -> None:
        """Read on from an earlier position, from which on these chunks are."""
        self._chunks, self.position = chunks, position
        self.buffer.clear()

    def skip(self, characters: bytes) -> None:
        """Pass over any of these bytes."""
        while self.reach(1) and self.buffer[0] in characters:
            near = self.buffer[:_LOOK]
            self.take(len(near) - len(near.lstrip(characters)))

    def starts(self, prefix: bytes) -> bool:
        """Whether the buffer starts with `prefix`."""
        return self.buffer.startswith(prefix)

    def length_to(self, ends: tuple[bytes, ...], limit: int) -> int:
        """Length up to and with the first of `ends`; -1 where none begins within `limit` bytes."""
        reached, searched = True, 0
        while reached and searched < limit:
            reached = self.reach(min(max(2 * len(self.buffer), 4096), limit))
            found = [(self.buffer.find(end, 0, limit), end) for end in ends]
            found = [(place, end) for place, end in found if place >= 0]
            if found:
                place, end = min(found)
                return place + len(end)
            searched = len(self.buffer)
        return -1

    def skip_to_line(self, start: bytes) -> int:
        """Pass over bytes up to the next line that starts with `start`, or to the end; returns how many."""
        before, pattern = self.position, b"\n" + start
        while (place := self.buffer.find(pattern)) < 0:
            if len(self.buffer) > _KEEP:
                self.take(len(self.buffer) - len(pattern))
            if not self.reach(len(self.buffer) + 1):
                self.take(len(self.buffer))
                return self.position - before
        self.take(place + 1)
        return self.position - before
