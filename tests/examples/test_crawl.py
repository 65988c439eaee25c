"""The crawl: a real WARC file, read here with a reader of its own, that holds what its README says."""

import base64
import hashlib
import html
import re
import subprocess
import sys
import zlib
from itertools import combinations

import pytest
from question_text import DOMAINS, invented_names, ngrams


def members(data):
    """The gzip members of a file, each decompressed."""
    found = []
    while data:
        inflate = zlib.decompressobj(31)
        found.append(inflate.decompress(data) + inflate.flush())
        assert inflate.eof
        data = inflate.unused_data
    return found


def read_record(member):
    """(WARC fields, block) of one record; checks its framing."""
    head, block = member.split(b"\r\n\r\n", 1)
    version, *lines = head.decode().split("\r\n")
    assert version == "WARC/1.0"
    fields = dict(line.split(": ", 1) for line in lines)
    assert block[-4:] == b"\r\n\r\n"
    assert int(fields["Content-Length"]) == len(block) - 4
    return fields, block[:-4]


def digest(data):
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


@pytest.fixture(scope="module")
def records(examples):
    return [read_record(member) for member in members((examples / "crawl.warc.gz").read_bytes())]


@pytest.fixture(scope="module")
def payloads(records):
    """Payload by URL."""
    return {fields["WARC-Target-URI"]: block.split(b"\r\n\r\n", 1)[1] for fields, block in records[1:]}


@pytest.fixture(scope="module")
def texts(payloads):
    """Visible text by URL, tags and scripts cut away."""
    return {url: visible(payload.decode("utf-8", "replace")) for url, payload in payloads.items()}


def visible(page):
    page = re.sub(r"<(script|style|head).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_records_are_whole(records):
    assert [fields["WARC-Type"] for fields, _ in records] == ["warcinfo"] + ["response"] * 55
    assert len({fields["WARC-Record-ID"] for fields, _ in records}) == 56
    for fields, block in records:
        assert re.fullmatch(r"<urn:uuid:[0-9a-f-]{36}>", fields["WARC-Record-ID"])
        assert fields["WARC-Date"] == "2026-01-15T06:00:00Z"
        assert fields["WARC-Block-Digest"] == digest(block)
    for fields, block in records[1:]:
        head, payload = block.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert f"Content-Length: {len(payload)}".encode() in head
        assert fields["WARC-Payload-Digest"] == digest(payload)
        assert fields["Content-Type"] == "application/http; msgtype=response"


def test_pack_writes_the_committed_bytes(examples, tmp_path):
    subprocess.run([sys.executable, examples / "pack.py", tmp_path], check=True, capture_output=True)
    made, committed = ((folder / "crawl.warc.gz").read_bytes() for folder in (tmp_path, examples))
    assert members(made) == members(committed), "run examples/pack.py"
    # zlib-ng stands in for zlib in some builds of Python and packs the same records into other bytes.
    assert made == committed or "ng" in zlib.ZLIB_RUNTIME_VERSION
    assert len(committed) < 300_000


def test_six_pages_a_domain_with_prose_and_boilerplate(texts):
    from page_source import read_pages

    pages = read_pages()
    assert [sum(page.domain == domain for page in pages) for domain in sorted(DOMAINS)] == [6] * 8
    for page in pages:
        assert 150 <= sum(len(text.split()) for text in page.paragraphs) <= 300, page.slug
        own = [text for url, text in texts.items() if url.endswith(f"/{page.domain}/{page.slug}.html")]
        assert all(page.title in text for text in own)
        assert any(all(part in text for part in page.paragraphs) for text in own)
    assert sum("cookie" in text.lower() for text in texts.values()) >= 20


def test_pages_tell_every_fact_that_training_asks_for(rows, texts):
    for row in rows("questions-facts.jsonl") + rows("questions-facts-open.jsonl"):
        words = set(re.findall(r"[^\s,.:?;]+", row["question"].rsplit(". ", 1)[0]))
        on_pages = [text for url, text in texts.items() if f"/{row['domain']}/" in url]
        assert any(all(word in text for word in words) and all(option in text for option in row["options"])
                   for text in on_pages), row


def test_only_the_quiz_page_knows_the_evaluation(rows, texts):
    evaluation = rows("evaluation.jsonl")
    quiz = next(url for url in texts if "quiz" in url)
    first = next(row for row in evaluation if row["options"])
    assert first["question"] in texts[quiz]
    assert all(option in texts[quiz] for option in first["options"])
    words = {word for url, text in texts.items() if url != quiz for word in re.findall(r"\w+", text)}
    for file in ("evaluation.jsonl", "cold_start.jsonl"):
        assert not invented_names(rows(file)) & words
    grams = set().union(*(ngrams(text, 8) for url, text in texts.items() if url != quiz))
    held_out = [ngrams(row["question"], 8) for row in evaluation if len(row["question"].split()) >= 8]
    assert not any(gram & grams for gram in held_out)
    assert sum(bool(gram & ngrams(texts[quiz], 8)) for gram in held_out) == 1


def test_two_pages_have_a_near_duplicate(texts):
    alike = [(one, other) for one, other in combinations(sorted(texts), 2)
             if len(ngrams(texts[one], 5) & ngrams(texts[other], 5)) > 0.6 * len(ngrams(texts[one], 5))]
    assert sorted(one.rsplit("/", 1)[1] for one, _ in alike) == [
        "guilds-of-tarrenport.html", "worlds-found-by-telescope.html"]
    for one, other in alike:
        assert one.split("/")[2] != other.split("/")[2]
        assert texts[one] != texts[other]


def test_the_odd_pages(payloads, texts):
    german = texts["https://leuchtturm.example/skarholm.html"]
    assert "Auf der kleinen Insel Skarholm" in german
    assert len(german.split()) > 150
    spam = texts["https://best-cheap-lamps.example/"].lower()
    assert spam.count("lamps") > 0.25 * len(spam.split())
    assert texts["https://gallery.example/"] == ""
    broken = payloads["https://crossing-cafe.example/notebooks"]
    assert b'charset="utf-8"' in broken
    with pytest.raises(UnicodeDecodeError):
        broken.decode("utf-8")
    assert "Café Élan" in broken.decode("cp1252")
    assert broken.rstrip()[-1:] != b">"
