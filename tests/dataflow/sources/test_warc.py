"""The WARC reader: what it reads, and what it says of files that are broken in each way that crawls are."""

import gzip
import io
import os
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.records import Fault, WarcRecord
from crossthink.dataflow.sources.warc import parse_header, read_warc

SHARED = Path(os.environ.get("CROSSTHINK_SHARED", Path(__file__).parents[4] / "shared")) / "data"


def record(text: bytes, *, length: int | None = None, kind: str = "response", end: bytes = b"\r\n") -> bytes:
    """One uncompressed record of `text`."""
    size = len(text) if length is None else length
    head = [b"WARC/1.0", b"WARC-Type: " + kind.encode(), b"WARC-Target-URI: <http://a.example/>",
            b"Content-Length: " + str(size).encode(), b"", b""]
    return end.join(head) + text + end * 2


def read(content: bytes, name: str = "a.warc.gz", **more: int) -> list[WarcRecord | Fault]:
    return list(read_warc(io.BytesIO(content), name, **more))


def shown(found: list[WarcRecord | Fault]) -> list[tuple[str, object]]:
    """(reason, id) of faults, ("", block) of records."""
    return [(f.reason, f.id) if isinstance(f, Fault) else ("", f.block) for f in found]


def test_members_carry_the_offset_of_their_gzip_member() -> None:
    first, second = gzip.compress(record(b"one")), gzip.compress(record(b"two"))
    found = read(first + second)
    assert [r.offset for r in found if isinstance(r, WarcRecord)] == [0, len(first)]
    assert shown(found) == [("", b"one"), ("", b"two")]
    assert isinstance(found[0], WarcRecord)
    assert (found[0].type, found[0].url, found[0].file) == ("response", "http://a.example/", "a.warc.gz")


def test_uncompressed_and_line_feeds_alone_read_the_same() -> None:
    content = record(b"one") + record(b"two", end=b"\n")
    found = read(content, "a.warc")
    assert shown(found) == [("", b"one"), ("", b"two")]
    assert [r.offset for r in found if isinstance(r, WarcRecord)] == [0, len(record(b"one"))]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\r\n\r", b"\r\n\r\n"])
def test_an_uncompressed_file_may_end_in_the_end_of_a_record(end: bytes) -> None:
    content = record(b"one") + record(b"two").removesuffix(b"\r\n\r\n") + end
    assert shown(read(content, "a.warc")) == [("", b"one"), ("", b"two")]
    assert shown(read(content, "a.warc", max_record=2))[1][0] == "too_large"
    more = record(b"one").removesuffix(b"\r\n\r\n") + b"\r\n" + record(b"two")
    assert shown(read(more, "a.warc")) == [("false_length", "a.warc@000000000000"), ("", b"two")]


def test_several_records_in_one_member_have_ids_of_their_own() -> None:
    first = record(b"one")
    ids = [f.id for f in read(gzip.compress(first + record(b"two")))]
    assert ids == ["a.warc.gz@000000000000", f"a.warc.gz@000000000000+{len(first)}"]


def test_a_truncated_last_member_is_one_fault() -> None:
    first, second = gzip.compress(record(b"one")), gzip.compress(record(os.urandom(2000)))
    place = f"a.warc.gz@{len(first):012d}"
    assert shown(read(first + second[:-500])) == [("", b"one"), ("truncated_gzip", place)]
    # only the checksum is missing: the block is whole, and still not to be trusted
    assert shown(read(first + second[:-4])) == [("", b"one"), ("truncated_gzip", place)]


def test_a_truncated_member_in_the_middle_costs_itself_alone() -> None:
    first, second, third = (gzip.compress(record(os.urandom(2000))) for _ in range(3))
    found = read(first + second[:1000] + third)
    assert [f.reason if isinstance(f, Fault) else "" for f in found] == ["", "broken_gzip", ""]
    assert found[2].id == f"a.warc.gz@{len(first) + 1000:012d}"


def test_a_changed_byte_fails_the_checksum() -> None:
    good = gzip.compress(record(b"one" * 50), compresslevel=0)  # stored, so that the change is in the text
    bad = bytearray(good)
    bad[good.index(b"oneone")] ^= 1
    assert [f.reason for f in read(bytes(bad) + good) if isinstance(f, Fault)] == ["broken_gzip"]


def test_garbage_between_members_is_passed_over() -> None:
    one = gzip.compress(record(b"one"))
    found = read(one + b"\x00garbage\x1f\x8b\x08 that looks like gzip" + one)
    assert shown(found) == [("", b"one"), ("no_gzip_member", f"a.warc.gz@{len(one):012d}"), ("", b"one")]


@pytest.mark.parametrize("shift", [-2, -1, 1, 2, 3, 5, 40, 5000])
@pytest.mark.parametrize("packed", [False, True])
def test_a_false_length_costs_that_record_alone(shift: int, packed: bool) -> None:
    parts = [record(b"one"), record(b"second", length=6 + shift), record(b"three")]
    if packed:
        found = read(b"".join(gzip.compress(part) for part in parts))
    else:
        found = read(b"".join(parts), "a.warc")
    assert [f.reason if isinstance(f, Fault) else f.block for f in found] == [b"one", "false_length", b"three"]


def test_the_end_of_an_uncompressed_file_inside_a_block_is_truncated() -> None:
    for limit in (1000, 100):
        found = read(record(b"one" * 100)[:-50], "a.warc", max_record=limit)
        assert shown(found) == [("truncated", "a.warc@000000000000")]


def test_empty_file_no_warc_and_wrong_name() -> None:
    assert shown(read(b"")) == [("empty_file", "a.warc.gz@000000000000")]
    assert shown(read(b"<html>no archive</html>\n" * 9, "page.html")) == [("no_warc_record", "page.html@000000000000")]
    assert shown(read(gzip.compress(b"no archive"))) == [("no_warc_record", "a.warc.gz@000000000000")]
    assert shown(read(b"not even gzip")) == [("no_gzip_member", "a.warc.gz@000000000000")]


def test_a_record_without_a_length_and_one_above_the_limit() -> None:
    bad = record(b"one").replace(b"Content-Length: 3", b"Content-Length: x")
    assert shown(read(bad.replace(b" x", b" " + b"9" * 5000), "a.warc")) == [("bad_length", "a.warc@000000000000")]
    huge = record(b"x" * 3000)
    found = read(bad + huge + record(b"two"), "a.warc", max_record=2999)
    assert [f.reason if isinstance(f, Fault) else f.block for f in found] == ["bad_length", "too_large", b"two"]
    assert "Content-Length is 3000, the limit 2999" in found[1].evidence  # type: ignore[union-attr]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("length", [210, 10**12])
def test_a_false_length_above_the_limit_costs_that_record_alone(packed: bool, length: int) -> None:
    """Whether it ends in a later record (210 bytes: in "three") or behind the end of the file."""
    parts = record(b"one") + record(b"two", length=length) + record(b"two", length=length) + record(b"three" * 20)
    found = read(gzip.compress(parts), max_record=200) if packed else read(parts, "a.warc", max_record=200)
    assert [f.reason if isinstance(f, Fault) else f.block for f in found] == [
        b"one", "false_length", "false_length", b"three" * 20]


def test_a_member_of_line_ends_alone_is_read_at_once() -> None:
    """32 MB from 31 kB: they may stand before a record."""
    started = time.monotonic()
    assert shown(read(gzip.compress(b"\r\n" * 16_000_000 + record(b"one")))) == [("", b"one")]
    assert time.monotonic() - started < 10


def test_a_header_that_does_not_end() -> None:
    found = read(b"WARC/1.0\r\nX: " + b"y" * 100_000 + b"\r\n" + record(b"one"), "a.warc")
    assert [f.reason if isinstance(f, Fault) else f.block for f in found] == ["bad_header", b"one"]


def test_header_lines_that_go_on() -> None:
    assert parse_header(b"WARC/1.0\r\nA: one\r\n two\r\nB:three\r\nB: four\r\n\r\n") == {"a": "one two", "b": "three"}


# Records by type as `zcat FILE | grep -a ^WARC-Type | sort | uniq -c` counts them.
@pytest.mark.parametrize(("path", "expected"), [
    ("web_cc/cc_main_2016_50_sample.warc.gz", {"warcinfo": 1, "request": 6, "response": 6, "metadata": 5}),
    ("web_cc/cc_main_2016_50_sample.wet.gz", {"warcinfo": 1, "conversion": 63}),
    ("web_cc/cc_main_2020_34_sample.warc.gz", {"warcinfo": 1, "request": 13, "response": 12, "metadata": 12}),
    ("web_wget/wget_2024_sample_0000.warc.gz",
     {"warcinfo": 1, "request": 22, "response": 22, "metadata": 1, "resource": 2}),
    ("web_wcxb/wcxb_260.warc.gz", {"warcinfo": 1, "response": 260}),
    # 64 records; 20 bodies lost carriage returns (SOURCE.txt), and so did the warcinfo: 21 have a false length.
    ("web_cc/cc_main_2016_50_sample.damaged.wet.gz", {"false_length": 21, "conversion": 43}),
])
def test_real_files(path: str, expected: dict[str, int]) -> None:
    if not (SHARED / path).exists():
        pytest.skip(f"{SHARED / path} is missing")
    with (SHARED / path).open("rb") as stream:
        found = Counter(f.reason if isinstance(f, Fault) else f.type for f in read_warc(stream, path))
    assert found == expected


@pytest.mark.slow
def test_no_damage_raises_and_what_stands_before_it_is_read() -> None:
    """Bytes flipped, cut out and doubled in the examples' crawl: members before the damage come out as they were."""
    content = (Path(__file__).parents[3] / "examples/crawl.warc.gz").read_bytes()
    whole = [r for r in read(content) if isinstance(r, WarcRecord)]
    random = Random(0)
    for _ in range(2000):
        place, length = random.randrange(len(content)), random.choice([1, 2, 7, 100, 5000])
        insert = random.choice([b"", random.randbytes(length), content[place:place + length] * 2])
        found = read(content[:place] + insert + content[place + length:])
        before = [r for r in whole if r.offset < place]
        untouched = before[:-1]  # the last one's member may hold the damage
        assert found[:len(untouched)] == untouched
