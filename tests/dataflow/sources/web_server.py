"""A web server on this machine that serves files with ranges, and fails as it is told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Site:
    """Files by path, the failures of the next requests, and the requests that came."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.failures: list[Any] = []
        """Of the next requests, one each: a status; (status, Retry-After); "cut N": N bytes of the answer, then the end
        of the connection; "slam": no answer; "ok"."""
        self.requests: list[tuple[str, str]] = []
        """(path, Range)"""
        self.ranges = True
        self.lengths = True
        self.version = '"1"'
        self.url = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        site, asked = self.site, self.headers.get("Range", "")
        site.requests.append((self.path, asked))
        failure = site.failures.pop(0) if site.failures else "ok"
        content = site.files.get(self.path)
        if failure == "slam":
            self.close_connection = True
            return
        if isinstance(failure, int | tuple):
            status, wait = failure if isinstance(failure, tuple) else (failure, None)
            self._head(status, 0, *([("Retry-After", wait)] if wait else []))
        elif content is None:
            self._head(404, 0)
        else:
            self._send(content, int(asked.removeprefix("bytes=").rstrip("-") or 0) if site.ranges else 0, failure)

    def _send(self, content: bytes, start: int, failure: str) -> None:
        size = len(content)
        if not self.site.lengths:
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            self._write(content)
            return
        if self.site.ranges and start >= size:
            self._head(416, 0, ("Content-Range", f"bytes */{size}"))
            return
        told = [("Content-Range", f"bytes {start}-{size - 1}/{size}")] if self.site.ranges else []
        self._head(206 if self.site.ranges else 200, size - start, ("ETag", self.site.version), *told)
        end = start + int(failure.removeprefix("cut ")) if failure.startswith("cut") else size
        self._write(content[start:end])
        if end < size:
            self.close_connection = True

    def _write(self, content: bytes) -> None:
        try:
            self.wfile.write(content)
        except OSError:  # the client hung up
            self.close_connection = True

    def _head(self, status: int, length: int, *fields: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (("Content-Length", str(length)), *fields):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serve() -> Iterator[Site]:
    """A site on a free port of this machine."""
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": site}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
