"""A file at an http:// or https:// address, read as it is needed and tried again where server or network fail.

What is read is one long answer. After 429, 5xx, a connection that breaks or an answer that ends early it goes on from
the byte reached, by a range request; after a wait that doubles, with jitter, and is no shorter than Retry-After.
"""

import io
import random
import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3
from crossthink.dataflow.stages.result import JobError

from crossthink import __version__

ATTEMPTS = 10
"""Tries in a row that bring no byte, after which the job stops: to go on would lose the file."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
"""Seconds; a server that asks for more than ten times the longest wait is not waited for."""
TIMEOUT = (30.0, 60.0)
"""Seconds for a connection, and between two pieces of an answer."""
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_BROKEN = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError,
           urllib3.exceptions.HTTPError, OSError)
_PIECE = 1 << 16
_BEHIND = 1 << 20
"""Bytes kept behind the place reached: a reader of gzip members goes back to the end of the last one."""
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


class HttpFile(io.RawIOBase):
    """The bytes of an address, from any place on. Raises FileNotFoundError or OSError where the server refuses it."""

    def __init__(self, url: str) -> None:
        self._url, self._position = url, 0
        self._answer: requests.Response | None = None
        self._window, self._start = bytearray(), 0
        """Bytes that were read, and the offset of the first; the answer goes on after them."""
        self._size: int | None = None
        self.modified = 0.0
        """Time of the last change in seconds, as the server says; 0.0 before it was asked, and where it does not."""
        self._version = ""
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"crossthink/{__version__}"
        self._session.headers["Accept-Encoding"] = "identity"

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size if whence == io.SEEK_END else 0}
        self._position = base[whence] + offset
        return self._position

    def close(self) -> None:
        self._hang_up()
        self._session.close()
        super().close()

    @property
    def size(self) -> int:
        """Bytes of the file, as the server says."""
        if self._size is None:
            self._retry(lambda: self._ask(self._position))
        if self._size is None:
            raise OSError(f"{self._url}: the server does not say how long it is")
        return self._size

    def readinto(self, target: Any) -> int:
        if not self._start <= self._position < self._start + len(self._window):
            self._retry(self._fetch)
        place = self._position - self._start
        piece = self._window[place:place + len(target)]
        target[:len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _fetch(self) -> None:
        """Add a piece to the window, which then holds the byte at the position, unless the file ends before it."""
        end = self._start + len(self._window)
        if self._answer is None or self._position != end:
            if self._position != end:
                self._window, self._start = bytearray(), self._position
            if self._size is not None and self._position >= self._size:
                return
            self._ask(self._position)
        if self._answer is None:
            return
        piece = self._answer.raw.read(_PIECE)
        if not piece:
            self._hang_up()
            if self._size is not None and self._position < self._size:
                raise urllib3.exceptions.ProtocolError("the answer ends early")
            self._size = self._position  # where no length was told, its end is that of the answer
            return
        self._window += piece
        surplus = self._position - _BEHIND - self._start
        if surplus > 0:
            del self._window[:surplus]
            self._start += surplus

    def _ask(self, start: int) -> None:
        """Begin an answer at a byte; there is none where the file ends there. Raises _BROKEN, _Wait and _Refused."""
        self._hang_up()
        answer = self._session.get(self._url, headers={"Range": f"bytes={start}-"}, stream=True, timeout=TIMEOUT)
        if answer.status_code in _RETRIED:
            answer.close()
            raise _Wait(f"{answer.status_code} {answer.reason}", _retry_after(answer.headers.get("Retry-After", "")))
        if answer.status_code not in (200, 206, 416):
            answer.close()
            raise _Refused(self._url, answer)
        self._note(answer, start)
        if answer.status_code == 416:
            answer.close()
            return
        if answer.status_code == 200:
            _skip(answer, start)  # a server without ranges sends all of it again
        self._answer = answer

    def _note(self, answer: requests.Response, start: int) -> None:
        """Size and version of the file, which must stay while it is read."""
        version = answer.headers.get("ETag") or answer.headers.get("Last-Modified", "")
        if answer.status_code != 416 and version != self._version:
            if self._version:
                raise JobError(f"{self._url}: the file changed while it was read: run the job again")
            self._version = version
        self.modified = _seconds(answer.headers.get("Last-Modified", "")) or self.modified
        told = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if answer.status_code == 206 and (told is None or told[1] is None or int(told[1]) != start):
            raise OSError(f"{self._url}: asked for bytes from {start} on, the server sent "
                          f"{answer.headers.get('Content-Range', 'others')}")
        size = told[2] if told else answer.headers.get("Content-Length", "*") if answer.status_code == 200 else "*"
        if size != "*":
            self._size = int(size)

    def _hang_up(self) -> None:
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def _retry(self, step: Callable[[], object]) -> None:
        """Do a step until it works. Raises JobError after ATTEMPTS tries."""
        for attempt in range(ATTEMPTS):
            try:
                step()
                return
            except _Refused as refusal:
                raise refusal.error from None
            except _Wait as wait:
                reason, least = str(wait), wait.seconds
            except _BROKEN as error:
                reason, least = f"{type(error).__name__}: {error}", 0.0
            self._hang_up()
            if least > 10 * LONGEST_WAIT:
                raise JobError(f"{self._url}: {reason}, come back in {least:.0f} s: run the job again then")
            if attempt + 1 < ATTEMPTS:
                doubled = min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt)
                time.sleep(max(least, doubled * random.uniform(0.5, 1.0)))
        raise JobError(f"{self._url}: no byte from {self._position} on in {ATTEMPTS} tries ({reason:.200}): look at "
                          "the network and run the job again")


class _Wait(Exception):
    """The server is there and asks to come again."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


class _Refused(Exception):
    """An answer that trying again does not change."""

    def __init__(self, url: str, answer: requests.Response) -> None:
        super().__init__(url)
        text = f"{url}: the server answers {answer.status_code} {answer.reason}"
        self.error = FileNotFoundError(text) if answer.status_code in (404, 410) else OSError(text)


def _skip(answer: requests.Response, size: int) -> None:
    while size > 0:
        piece = answer.raw.read(min(size, _PIECE))
        if not piece:
            raise urllib3.exceptions.ProtocolError("the answer ends early")
        size -= len(piece)


def _retry_after(text: str) -> float:
    """Seconds of a Retry-After header: a number of them, or a date."""
    return float(text) if text.strip().isdecimal() else max(0.0, _seconds(text) - time.time())


def _seconds(date: str) -> float:
    """A date of HTTP in seconds; 0.0 where it is none."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return 0.0
