"""Crawls of any size: real pages whose words were changed, so that no two are near duplicates.

Each copy of a page has every third of its longer words replaced by words of other pages, by a generator seeded with
the copy's number: the same crawl each time. Markup, scripts and attributes stay as they are.
"""

import gzip
import os
import random
import re
import uuid
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

from crossthink.dataflow.records import Page, WarcRecord
from crossthink.dataflow.sources.splits import WarcSplit, read_split
from crossthink.dataflow.sources.wet import to_page
from crossthink.dataflow.stages.stage import Kept

SHARED = Path(os.environ.get("CROSSTHINK_SHARED", "../shared")) / "data"
FILES = ("web_wcxb/wcxb_260.warc.gz", "web_wget/wget_2024_sample_0000.warc.gz",
         "web_wget/wget_2024_sample_0001.warc.gz")
_SCRIPT = re.compile(rb"(?is)<(script|style|textarea|title|head)\b.*?</\1>")
_TEXT = re.compile(rb">[^<]+<")
_WORD = re.compile(rb"\b[A-Za-z]{4,14}\b")


def real_pages() -> list[Page]:
    """The HTML pages of the shared crawls."""
    pages: list[Page] = []
    for name in FILES:
        for record in read_split(WarcSplit(file=str(SHARED / name))):
            if isinstance(record, WarcRecord):
                result = to_page(record)
                pages += result.records if isinstance(result, Kept) else ()
    return [page for page in pages if page.is_html]


def write_crawl(folder: Path, pages: int, files: int) -> None:
    """Write `files` WARC files that hold `pages` pages in turn, on all processors."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as workers:
        for _ in workers.map(partial(_write_file, folder, pages, files), range(files)):
            pass


def _write_file(folder: Path, pages: int, files: int, file: int) -> None:
    with (folder / f"crawl-{file:04d}.warc.gz").open("wb") as stream:
        for number in range(file, pages, files):
            stream.write(gzip.compress(_record(number), 1))


@cache
def _originals() -> tuple[list[Page], list[bytes]]:
    """The real pages, and the words of all of them."""
    pages = real_pages()
    return pages, sorted({word for page in pages for word in _WORD.findall(_visible(page.body))})


def _record(number: int) -> bytes:
    """The page of a number as a record of a WARC file."""
    originals, words = _originals()
    page, copy = originals[number % len(originals)], number // len(originals)
    body = changed(page.body, words, random.Random(number)) if copy else page.body
    charset = f"; charset={page.charset}" if page.charset else ""
    block = f"HTTP/1.1 200 OK\r\nContent-Type: text/html{charset}\r\n\r\n".encode() + body
    head = (f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{uuid.UUID(int=number)}>\r\n"
            f"WARC-Date: {page.crawl_date or '2026-01-01T00:00:00Z'}\r\nWARC-Target-URI: {page.url}#{copy}\r\n"
            f"Content-Type: application/http\r\nContent-Length: {len(block)}\r\n\r\n").encode()
    return head + block + b"\r\n\r\n"


def changed(body: bytes, words: list[bytes], generator: random.Random) -> bytes:
    """A page with every third of its longer words replaced."""
    def text(match: re.Match[bytes]) -> bytes:
        return _WORD.sub(lambda word: generator.choice(words) if generator.random() < 1 / 3 else word[0], match[0])

    parts, place = [], 0
    for kept in _SCRIPT.finditer(body):
        parts += [_TEXT.sub(text, body[place:kept.start()]), kept[0]]
        place = kept.end()
    return b"".join([*parts, _TEXT.sub(text, body[place:])])


def _visible(body: bytes) -> bytes:
    return b" ".join(_TEXT.findall(_SCRIPT.sub(b"", body)))
