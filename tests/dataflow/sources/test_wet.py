"""What a record holds: pages of HTML and text, and what is none."""

import gzip
import os
import zlib

import pyarrow as pa
import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.records import Page, WarcRecord
from crossthink.dataflow.sources.wet import to_page
from crossthink.dataflow.stages.stage import Failed, Kept, Rejected


def record(block: bytes, kind: str = "response", content_type: str = "application/http") -> WarcRecord:
    return WarcRecord(id="f@0", file="f", offset=0, type=kind, url="u", date="d", content_type=content_type,
                      block=block)


def page(block: bytes) -> Page:
    result = to_page(record(block))
    assert isinstance(result, Kept), result
    return result.records[0]


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=\"GB2312\"\r\n"


def test_a_response_is_its_body_with_the_declared_charset() -> None:
    found = page(HEAD + b"\r\n<p>x")
    assert (found.body, found.charset, found.is_html) == (b"<p>x", "gb2312", True)


def test_what_the_server_says_to_robots_goes_with_the_page() -> None:
    found = page(HEAD + b"X-Robots-Tag: all\r\nx-robots-tag: gptbot: noindex\r\nTDM-Reservation: 1\r\n\r\n<p>x")
    assert (found.robots, found.tdm_reservation) == ("all\ngptbot: noindex", "1")


def test_chunked_and_compressed_bodies_are_opened() -> None:
    packed = gzip.compress(b"<p>hello</p>")
    chunked = b"%x\r\n%s\r\n4;ext=1\r\n%s\r\n0\r\n\r\n" % (len(packed) - 4, packed[:-4], packed[-4:])
    both = HEAD + b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
    assert page(both + chunked).body == b"<p>hello</p>"
    # a crawler that has opened them already leaves the fields as they were
    assert page(both + b"<p>plain</p>").body == b"<p>plain</p>"


def packed(text: bytes, codec: str) -> bytes:
    """A text as servers pack it; "bare" is deflate without zlib's head."""
    if codec == "gzip":
        return gzip.compress(text)
    if codec == "bare":
        squeeze = zlib.compressobj(wbits=-15)
        return squeeze.compress(text) + squeeze.flush()
    if codec == "deflate":
        return zlib.compress(text)
    return pa.compress(text, codec, asbytes=True)


@pytest.mark.parametrize(("encoding", "codec"), [
    ("gzip", "gzip"), ("deflate", "deflate"), ("Deflate", "bare"), ("br", "brotli"), ("zstd", "zstd")])
def test_the_encodings_of_the_web(encoding: str, codec: str) -> None:
    head = HEAD + b"Content-Encoding: %s\r\n\r\n" % encoding.encode()
    assert page(head + packed(b"<p>hello</p>", codec)).body == b"<p>hello</p>"
    assert page(head + b"\xef\xbb\xbf<p>plain</p>").body == b"\xef\xbb\xbf<p>plain</p>"  # opened by the crawler
    broken = b"\x1f\x8b\x08\xffno such flags" if codec == "gzip" else b"\x07no such stream"
    cut = packed(b"<p>hello</p>" + os.urandom(2000), codec)[:-500]
    for bad in (packed(b"\0" * (21 * 1024 * 1024), codec), broken, cut):
        result = to_page(record(head + bad))
        assert isinstance(result, Failed), result
        assert result.reason == "http_encoding"
    assert to_page(record(head)) == Rejected("empty_page")


def test_encodings_in_a_row_and_one_that_is_none() -> None:
    twice = gzip.compress(gzip.compress(b"<p>he") + gzip.compress(b"llo"))  # the inner one in two members
    assert page(HEAD + b"Content-Encoding: gzip, gzip\r\n\r\n" + twice).body == b"<p>hello"
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(twice), twice)
    assert page(HEAD + b"Transfer-Encoding: gzip, gzip, chunked\r\n\r\n" + chunked).body == b"<p>hello"
    assert page(HEAD + b"Content-Encoding: UTF-8\r\n\r\nhello").body == b"hello"


@pytest.mark.parametrize(("block", "reason"), [
    (b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\nx", "http_status"),
    (b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\nx", "not_html"),
    (HEAD + b"\r\n  \r\n", "empty_page"),
])
def test_rejects(block: bytes, reason: str) -> None:
    result = to_page(record(block))
    assert isinstance(result, Rejected)
    assert result.reason == reason


def test_other_types_are_no_pages_and_a_broken_answer_fails() -> None:
    assert to_page(record(b"2024\nexample.com. A 1.2.3.4", content_type="text/dns")) == Rejected(
        "not_a_page", "WARC-Type response, text/dns")
    assert to_page(record(b"x", kind="request")) == Rejected("not_a_page", "WARC-Type request")
    result = to_page(record(b"no http at all"))
    assert isinstance(result, Failed)
    assert result.reason == "no_http"


def test_wet_text_is_a_page_of_text() -> None:
    result = to_page(record("später".encode(), kind="conversion", content_type="text/plain"))
    assert isinstance(result, Kept)
    assert not result.records[0].is_html
