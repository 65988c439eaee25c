"""Splits of a WARC file read together what the file in one piece gives; an index that does not fit is named."""

import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.jobs import run_job
from crossthink.dataflow.records import Fault, WarcRecord
from crossthink.dataflow.sources.splits import WarcSplit, read_split, splits
from crossthink.dataflow.stages.result import JobError

from crossthink.config import load_recipe

REPO = Path(__file__).parents[3]
SHARED = Path(os.environ.get("CROSSTHINK_SHARED", Path(__file__).parents[4] / "shared")) / "data"


def member(number: int, size: int = 300) -> bytes:
    """A gzip member of random text, so that it has about `size` bytes."""
    text = os.urandom(size)
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://{number}.example/\r\nContent-Length: {size}"
    return gzip.compress(head.encode() + b"\r\n\r\n" + text + b"\r\n\r\n")


def write(folder: Path, members: Sequence[bytes], *, indexed: Sequence[int], ending: str = ".cdxj") -> str:
    """A file of these members, and an index of those at the places `indexed`."""
    path = folder / "a.warc.gz"
    path.write_bytes(b"".join(members))
    starts = [sum(map(len, members[:place])) for place in range(len(members))]
    if ending == ".cdxj":
        lines = [f'com,example)/{place} 20240101000000 {json.dumps({"filename": "x/a.warc.gz", "offset": str(at)})}'
                 for place, at in enumerate(starts) if place in indexed]
    else:
        lines = [" CDX N b a m s k r M S V g", *(f"k b a m s k r M 10 {at} x/a.warc.gz"
                                                 for place, at in enumerate(starts) if place in indexed)]
    Path(str(path) + ending).write_text("\n".join(lines) + "\n")
    return str(path)


def together(parts: list[WarcSplit]) -> list[WarcRecord | Fault]:
    return [found for part in parts for found in read_split(part)]


@pytest.mark.parametrize("ending", [".cdxj", ".cdx"])
def test_splits_begin_at_indexed_members_and_read_the_whole(tmp_path: Path, ending: str) -> None:
    members = [member(number) for number in range(9)]
    file = write(tmp_path, members, indexed=(0, 1, 2, 4, 5, 8), ending=ending)
    size = len(members[0])  # random text does not shrink: all members have one size, give or take a byte of its own
    starts = [sum(map(len, members[:place])) for place in (0, 4, 8)]
    parts = splits(file, 3 * size)  # member 3 is not in the index, so that the first cut is at 4, the next at 8
    assert [(part.start, part.end) for part in parts] == [(0, starts[1]), (starts[1], starts[2]), (starts[2], -1)]
    assert [part.id for part in parts] == [f"a.warc.gz@000000000000-{starts[1]:012d}",
                                           f"a.warc.gz@{starts[1]:012d}-{starts[2]:012d}",
                                           f"a.warc.gz@{starts[2]:012d}-"]
    assert [len(list(read_split(part))) for part in parts] == [4, 4, 1]
    assert together(parts) == list(read_split(WarcSplit(file=file)))


def test_damage_at_a_cut_is_told_once(tmp_path: Path) -> None:
    """A flipped byte in the last member of a split, a member cut short, garbage between two, and the end missing."""
    members = [member(number) for number in range(12)]
    for place in (2, 5):
        broken = bytearray(members[place])
        broken[150] ^= 0xff
        members[place] = bytes(broken)
    members[7] = members[7][:200]
    members[8] = members[8] + b"garbage" * 9
    members[11] = members[11][:-30]
    file = write(tmp_path, members, indexed=range(12))
    whole = list(read_split(WarcSplit(file=file)))
    assert len([found for found in whole if isinstance(found, Fault)]) == 5
    for size in (1, 400, 800, 1000, 2000):
        parts = splits(file, size)
        assert len(parts) > 1
        assert together(parts) == whole


def test_a_file_without_an_index_and_an_uncompressed_one_are_read_in_one_piece(tmp_path: Path) -> None:
    file = write(tmp_path, [member(number) for number in range(4)], indexed=range(4))
    Path(file + ".cdxj").unlink()
    assert splits(file, 1) == [WarcSplit(file=file)]
    plain = tmp_path / "b.warc"
    plain.write_bytes(gzip.decompress(Path(file).read_bytes()))
    Path(f"{plain}.cdxj").write_text('k 2024 {"filename": "b.warc", "offset": "400"}\n')
    assert splits(str(plain), 1) == [WarcSplit(file=str(plain))]
    assert len(list(read_split(WarcSplit(file=str(plain))))) == 4


def test_an_index_that_does_not_fit_stops_with_its_name(tmp_path: Path) -> None:
    members = [member(number) for number in range(3)]
    file = write(tmp_path, members, indexed=range(3))
    index = Path(file + ".cdxj")
    index.write_text('k 2024 {"filename": "a.warc.gz", "offset": "77"}\n')
    with pytest.raises(JobError, match=r"a\.warc\.gz\.cdxj names offset 77, and no WARC record begins there"):
        splits(file, 1)
    index.write_text("no index\n")
    with pytest.raises(JobError, match=r"a\.warc\.gz\.cdxj, line 1: no index entry"):
        splits(file, 1)
    # lines of other files say nothing about this one
    index.write_text('k 2024 {"filename": "other.warc.gz", "offset": "77"}\n')
    assert len(splits(file, 1)) == 1


def test_a_cut_inside_of_a_member_is_found_by_its_reader(tmp_path: Path) -> None:
    """A page that is itself a WARC archive, stored as it is: its inner member looks like one of the file."""
    inner = member(1)
    head = f"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: {len(inner)}\r\n\r\n".encode()
    outer = gzip.compress(head + inner + b"\r\n\r\n", compresslevel=0)
    path = tmp_path / "a.warc.gz"
    path.write_bytes(outer + member(2))
    place = outer.index(inner)
    Path(f"{path}.cdxj").write_text(json.dumps({"offset": place}) + "\n")
    parts = splits(str(path), 1)
    assert [part.start for part in parts] == [0, place]
    with pytest.raises(JobError, match=f"a member goes on over offset {place}"):
        list(read_split(parts[0]))


def test_a_file_that_is_missing_is_a_fault() -> None:
    found = list(read_split(WarcSplit(file="/nowhere/x.warc.gz")))
    assert [(fault.reason, fault.id) for fault in found] == [("unreadable", "x.warc.gz@000000000000")]


def test_a_real_crawl_by_its_own_offsets(tmp_path: Path) -> None:
    source = SHARED / "web_wcxb" / "wcxb_260.warc.gz"
    if not source.exists():
        pytest.skip(f"{source} is missing: set CROSSTHINK_SHARED to the folder that holds data/")
    file = tmp_path / source.name
    file.symlink_to(source)
    whole = list(read_split(WarcSplit(file=str(file))))
    lines = [json.dumps({"filename": source.name, "offset": found.offset, "url": found.url})
             for found in whole if isinstance(found, WarcRecord) and found.type == "response"]
    Path(f"{file}.cdxj").write_text("\n".join(lines) + "\n")
    parts = splits(str(file), 1 << 20)
    assert len(parts) == 7  # 7.0 MB
    assert together(parts) == whole


def test_a_job_over_splits_ships_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crawl = tmp_path / "crawl.warc.gz"
    crawl.symlink_to(REPO / "examples/crawl.warc.gz")
    recipe = tmp_path / "r.toml"
    recipe.write_text(f'[run]\nname = "r"\n[model]\npath = "none"\n[data]\nwarc = ["{tmp_path}/*.warc.gz"]\n')
    assert run_job("extract", load_recipe(recipe), tmp_path / "whole", debug=True) == 0
    offsets = [found.offset for found in read_split(WarcSplit(file=str(crawl))) if isinstance(found, WarcRecord)]
    Path(f"{crawl}.cdxj").write_text("".join(json.dumps({"offset": offset}) + "\n" for offset in offsets))
    monkeypatch.setattr(splits, "__defaults__", (30_000,))
    assert len(splits(str(crawl))) == 3  # 86,982 bytes
    assert run_job("extract", load_recipe(recipe), tmp_path / "split", debug=True) == 0
    names = sorted(path.name for path in (tmp_path / "whole/passages").iterdir() if path.name != "run.json")
    for name in names:
        assert (tmp_path / "split/passages" / name).read_bytes() == (tmp_path / "whole/passages" / name).read_bytes()
