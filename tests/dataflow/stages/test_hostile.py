"""Pages made to break a reader: each is turned away or read, in bounded time and memory, and the rest goes on."""

import gzip
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("selectolax")
from crossthink.dataflow.records import Page
from crossthink.dataflow.stages.extract import decode, extract, has_endless_tag
from crossthink.dataflow.stages.stage import Failed, Kept, Rejected

SECONDS = 60
"""Each page takes 4 at most on a quiet machine; without the bounds some take hours."""
GOOD = b"<p>The harbour lies open to the west, and the boats come in with the tide in the evening.</p>"


def page(body: bytes, charset: str = "") -> Page:
    return Page(id="f@0", url="u", crawl_date="d", warc_file="f", warc_offset=0, is_html=True, charset=charset,
                body=body)


@pytest.mark.parametrize(("body", "reason"), [
    (b"<div>" * 100_000 + b"x", "nested_too_deep"),
    (b"<x-y>" * 100_000 + b"x", "nested_too_deep"),
    (("<div>" * 100_000 + "x").encode("utf-16"), "nested_too_deep"),
    (b"<div></x>" * 70_000 + b"x", "nested_too_deep"),
    (b"<div a='</div>'>" * 70_000 + b"x", "nested_too_deep"),
    (b"<p ='" + b"<div>" * 70_000 + b"'>", "nested_too_deep"),  # a quote that no name is before opens nothing
    (b"<table><tr><td>" * 3_000 + b"x", "nested_too_deep"),
    (b"<rt>" * 140_000 + b"x", "nested_too_deep"),
    (b"<select>" + b"<Option>a</option>" * 60_000, "too_many_options"),
    (b"<b>" * 10_000_000, "too_many_tags"),
    (b"<a><p>" * 2_000_000, "too_many_tags"),
    (b"<p " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b">x", "too_many_attributes"),
    (b"<p x='>' " + b" ".join(b"a%d='>'" % n for n in range(100_000)) + b">x", "too_many_attributes"),
    (b"<p " + b" ".join(b"a%d=<" % n for n in range(100_000)) + b">x", "too_many_attributes"),
    ((b"<a " * 4_999 + b">") * 29 + GOOD, ""),  # 29 tags: what else begins like one is an attribute
    (b"\x00\x01\x02\x7f" * 1_000_000, "no_readable_text"),
    (b"<script type='application/ld+json'>" + b"[" * 150_000 + b"</script>" + GOOD, ""),
    (b"<math>" + b"<mrow>" * 1_500 + b"<mi>x</mi></math>" + GOOD, ""),
    (b"<p>x" * 140_000, ""),
    (GOOD + b"<img class=mwe-math-fallback alt=x>" * 140_000, ""),
    (b"<div class='" + b"nav " * 2_000_000 + b"'>" + GOOD, ""),
    (b"<p>" + b"a.b-" * 1_000_000 + b"@" + GOOD, ""),
])
def test_pages(body: bytes, reason: str) -> None:
    started = time.monotonic()
    result = extract(page(body), "respect")
    assert time.monotonic() - started < SECONDS
    assert (result.reason if isinstance(result, Failed | Rejected) else "") == reason


def test_a_long_attribute_is_not_many() -> None:
    assert not has_endless_tag(b"<img src='data:" + b"QUJD " * 100_000 + b"'>" + GOOD * 1000)
    assert not has_endless_tag(b"<pre>" + b"many words " * 100_000)


def test_charsets_that_lie() -> None:
    assert decode("Zoé".encode() + b"\xff" + "é".encode() * 40, "utf-8") == "Zoé�" + "é" * 40
    assert decode(b"\xef\xbb\xbfZo\xc3\xa9", "windows-1251") == "Zoé"  # its mark says UTF-8
    assert decode("Zoé".encode("utf-16"), "utf-8") == "Zoé"
    for name in ("punycode", "unicode_escape", "zip", "rot13"):  # Python has them, the web has not
        assert decode(b"a\\u0041-", name) == "a\\u0041-"


def record(block: bytes) -> bytes:
    return (b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/\r\nContent-Length: "
            + str(len(block)).encode() + b"\r\n\r\n" + block + b"\r\n\r\n")


def answer(body: bytes, head: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + head + b"\r\n" + body


def hostile_file(path: Path) -> None:
    """One of each between two good pages, and a last member that is cut off."""
    bomb = zlib.compress(b"<p>" + b"x" * 200_000_000, 9)
    records = [answer(GOOD), answer(b"<b>" * 17_000_000),                            # 51 MB of one tag
               answer(bomb, b"Content-Encoding: deflate\r\n"),                        # inflates to 200 MB
               answer(GOOD, b"X-Long: " + b"x" * 10_000_000 + b"\r\n"), answer(b"\x00\xff\xfe\x01" * 1000),
               answer(GOOD + b"\xff\xfe\x80", b"")]
    members = [gzip.compress(record(block)) for block in records]
    members.insert(3, gzip.compress(b"WARC/1.0\r\nX: " + b"h" * 5_000_000 + b"\r\n\r\n"))  # a header without end
    last = gzip.compress(record(answer(GOOD * 50)))
    path.write_bytes(b"".join(members) + last[:len(last) // 2])


READ = """
import resource, sys
from collections import Counter
from crossthink.dataflow.sources.warc import read_warc
from crossthink.dataflow.sources.wet import to_page
from crossthink.dataflow.stages.extract import extract
from crossthink.dataflow.stages.stage import Kept
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = Counter()
with open(sys.argv[1], "rb") as file:
    for record in read_warc(file, "h.warc.gz"):
        result = to_page(record)
        if isinstance(result, Kept):
            result = extract(result.records[0], "respect")
        found[getattr(result, "reason", "kept")] += 1
print(sorted(found.items()))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_file_of_them(tmp_path: Path) -> None:
    hostile_file(tmp_path / "h.warc.gz")
    run = subprocess.run([sys.executable, "-c", READ, str(tmp_path / "h.warc.gz")], capture_output=True, text=True,
                         timeout=5 * SECONDS, check=True)
    counts, mib = run.stdout.strip().split("\n")
    assert counts == str([("bad_header", 1), ("http_encoding", 1), ("kept", 3), ("no_readable_text", 1),
                          ("too_large", 1), ("truncated_gzip", 1)])
    assert int(mib) < 300


def test_script_is_no_text_of_a_page() -> None:
    body = (b"<title>A <script>alert(1)</script></title><h1>Tides</h1>" + GOOD * 3
            + b"<script>alert(2)</script><p onclick='alert(3)'>The &lt;script&gt;alert(4)&lt;/script&gt; element.</p>")
    result = extract(page(body), "respect")
    assert isinstance(result, Kept)
    assert "alert(2)" not in result.records[0].text
    assert "alert(3)" not in result.records[0].text
