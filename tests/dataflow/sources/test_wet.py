"""What a record holds: pages of HTML and text, and what is none."""

import gzip

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


def test_a_bomb_in_the_body_is_a_failure() -> None:
    bomb = gzip.compress(b"\0" * (21 * 1024 * 1024))
    result = to_page(record(HEAD + b"Content-Encoding: gzip\r\n\r\n" + bomb))
    assert isinstance(result, Failed)
    assert result.reason == "http_encoding"


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
    assert to_page(record(b"x", kind="request")) == Rejected("not_a_page", "WARC-Type request")
    result = to_page(record(b"no http at all"))
    assert isinstance(result, Failed)
    assert result.reason == "no_http"


def test_wet_text_is_a_page_of_text() -> None:
    result = to_page(record("später".encode(), kind="conversion", content_type="text/plain"))
    assert isinstance(result, Kept)
    assert not result.records[0].is_html
