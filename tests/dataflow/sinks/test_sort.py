"""Sorting in runs: `sorted`'s result for any sizes, in memory that the rows do not decide, on a disk that fills up."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.sinks import arrow
from crossthink.dataflow.sinks.arrow import STATISTICS, WriteShards
from crossthink.dataflow.sinks.letters import WriteRuns, write_letters
from crossthink.dataflow.sinks.sort import FILES, merge_runs, sort, write_run
from crossthink.dataflow.sinks.statistics import shard_statistics
from crossthink.dataflow.stages.stage import JobError

from crossthink.arrow import to_row
from crossthink.schema import Question, Reject


@pytest.mark.parametrize("seed", range(20))
def test_as_sorted(tmp_path: Path, seed: int) -> None:
    generator = Random(seed)
    items = [(generator.randrange(50), generator.choice(["\ud800", "ä", ""]), number)
             for number in range(generator.randrange(400))]
    generator.shuffle(items)
    size = generator.choice([1, 2, 7, 100, 400])  # 1: up to 399 runs, so 6 rounds of 64 before the last
    assert list(sort(iter(items), None, str(tmp_path), size)) == sorted(items)
    assert list(sort(iter(items), itemgetter(0, 2), str(tmp_path), size)) == sorted(items, key=itemgetter(0, 2))
    assert not list(tmp_path.iterdir()), "each run is removed once it is read"


def test_few_items_never_touch_the_disk(tmp_path: Path) -> None:
    assert list(sort([3, 1, 2], None, str(tmp_path / "none"), 4)) == [1, 2, 3]
    assert not (tmp_path / "none").exists()


def test_no_more_than_so_many_files_are_open(tmp_path: Path) -> None:
    runs = [write_run([number], str(tmp_path)) for number in range(3 * FILES)]
    merged = merge_runs(runs, None, str(tmp_path))
    assert next(merged) == 0
    assert len([link for link in Path("/proc/self/fd").iterdir() if str(link.resolve()).startswith(str(tmp_path))]
               ) <= FILES
    assert list(merged) == list(range(1, 3 * FILES))


def peak(work: Callable[[], Any]) -> int:
    """Bytes that Python holds at most meanwhile."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_ten_times_the_items_in_the_same_memory(tmp_path: Path) -> None:
    for count in (2_000, 20_000):
        items = (f"{number * 7919 % count:06d}{'x' * 1000}" for number in range(count))
        found = peak(lambda items=items: sum(map(len, sort(items, None, str(tmp_path), 500))))
        # a run: 500 strings of 1,055 bytes, 0.53 MB; then up to 40 files with 8 kB of buffer, 0.36 MB.
        # All 20,000 would be 21 MB
        assert found < 700_000


@pytest.fixture
def make(make_question: Callable[..., Question]) -> Callable[[int], Iterator[Question]]:
    return lambda count: (make_question(f"{number}? {'x' * 1000}", answer=str(number)) for number in range(count))


def test_a_shard_of_ten_times_the_rows_in_the_same_memory(
        tmp_path: Path, make: Callable[[int], Iterator[Question]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow, "sort", partial(sort, size=500))
    monkeypatch.setattr(arrow, "BATCH_ROWS", 500)
    usual = pa.default_memory_pool()
    for count in (1_200, 12_000):
        pool = pa.proxy_memory_pool(usual)
        pa.set_memory_pool(pool)
        try:
            sink = WriteShards(Question, str(tmp_path), 1, {}, "0")
            found = peak(lambda sink=sink, count=count: sink._write(0, make(count)))
        finally:
            pa.set_memory_pool(usual)
        # a run, and a batch of rows as dicts: 500 questions each, with 1.1 kB of text and 1.5 kB of the rest, 2.6 MB
        # at most. All 12,000 would be 12 MB of text alone
        assert found < 3_000_000
        assert pool.max_memory() < 2_000_000  # a batch of 0.6 MB, in buffers that double


def test_a_shard_in_runs_is_the_shard_in_one(tmp_path: Path, make: Callable[[int], Iterator[Question]],
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    sink = WriteShards(Question, str(tmp_path), 1, {}, "0")
    whole = sink._write(0, make(1_000))
    monkeypatch.setattr(arrow, "sort", partial(sort, size=64))
    pieces = sink._write(0, reversed([None, *make(1_000)]))
    assert {**pieces, "temporary": ""} == {**whole, "temporary": ""}
    assert pieces["rows"] == 1_000
    left = [name + ending for name in (whole["temporary"], pieces["temporary"]) for ending in ("", STATISTICS)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(left)


def test_statistics_of_batches_are_those_of_the_whole(tmp_path: Path, make: Callable[[int], Iterator[Question]],
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow, "BATCH_ROWS", 77)
    made = WriteShards(Question, str(tmp_path), 1, {}, "0")._write(0, make(1_000))
    table = pa.ipc.open_file(str(tmp_path / made["temporary"])).read_all()
    assert table.column(0).num_chunks == 13  # 1,000 / 77
    part = json.loads((tmp_path / (made["temporary"] + STATISTICS)).read_bytes())
    assert part == json.loads(json.dumps(shard_statistics(table)))


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_letters_of_all_bundles_in_one_order(tmp_path: Path, size: int) -> None:
    letters = [Reject(stage=stage, reason=reason, record_id=f"{number % 5}", record=text, evidence=f"{number}")
               for number, text in enumerate(("a", "\ud800", "ä\n"))
               for stage in ("warc", "extract") for reason in ("short", "long") for _ in range(2)]
    generator, runs = Random(size), []
    generator.shuffle(letters)
    for bundle in (letters[:10], [], letters[10:]):
        work = WriteRuns(str(tmp_path), size)
        work.start_bundle()
        runs += [run for letter in bundle for run in work.process(letter)]
        runs += [last.value for last in work.finish_bundle()]
    written = (tmp_path / write_letters(str(tmp_path), runs)).read_bytes()
    rows = sorted(map(to_row, letters), key=itemgetter("stage", "record_id", "reason"))
    lines = [json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") for row in rows]
    assert written.splitlines() == lines
    assert [json.loads(line) for line in written.splitlines()] == rows
    assert len(list(tmp_path.iterdir())) == 1
    assert (tmp_path / write_letters(str(tmp_path), [])).read_bytes() == b""


def test_a_run_of_letters_ends_by_its_characters(tmp_path: Path) -> None:
    letters = [Reject(stage="warc", reason="short", record_id=f"{number}", record="a" * 500, evidence="")
               for number in range(7)]
    size = len(json.dumps(to_row(letters[0])))  # the same for each
    work = WriteRuns(str(tmp_path), 2 * size + 1)
    work.start_bundle()
    ended = [len(list(work.process(letter))) for letter in letters]
    assert ended == [0, 0, 1, 0, 0, 1, 0]  # two fit, the third is beyond
    assert len(list(work.finish_bundle())) == 1


def test_a_disk_that_fills_up_is_named(disk: Callable[[int], Path]) -> None:
    folder = disk(64)
    with pytest.raises(JobError, match=f"^{folder}/[0-9a-f]{{32}}: No space left on device: make room"):
        list(sort(("x" * 1000 for _ in range(200)), None, str(folder), 10))
