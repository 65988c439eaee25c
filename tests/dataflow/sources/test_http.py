"""Files at web addresses, from a real server on this machine that says 503, cuts its answers and slams the door."""

import gzip
import io
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

pytest.importorskip("apache_beam")
sys.path.insert(0, str(Path(__file__).parent))
from apache_beam.io.filesystems import FileSystems
from crossthink.dataflow.jobs import run_job
from crossthink.dataflow.records import Fault, Row, WarcRecord
from crossthink.dataflow.sources import http
from crossthink.dataflow.sources.http_files import HttpsFiles
from crossthink.dataflow.sources.splits import WarcSplit, read_split, splits
from crossthink.dataflow.sources.tables import read_rows
from crossthink.dataflow.sources.warc import read_warc
from crossthink.dataflow.sources.warc_files import find_warc_files, listed
from crossthink.dataflow.stages.result import JobError
from web_server import Site, serve

from crossthink.config import ConfigError, load_recipe
from crossthink.data_config import QuestionFile

CONTENT = os.urandom(700_000)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(http, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(http, "ATTEMPTS", 4)
    with serve() as found:
        found.files["/a.bin"] = CONTENT
        yield found


def read(site: Site, path: str = "/a.bin") -> bytes:
    with io.BufferedReader(http.HttpFile(site.url + path)) as file:
        return file.read()


def starts(site: Site) -> list[int]:
    return [int(asked.removeprefix("bytes=").rstrip("-")) for _, asked in site.requests]


def test_a_whole_file_is_one_request(site: Site) -> None:
    assert read(site) == CONTENT
    assert starts(site) == [0]


def test_after_errors_and_a_slammed_door_the_same_byte_is_asked_for_again(site: Site) -> None:
    site.failures = [503, "slam", 429]
    assert read(site) == CONTENT
    assert starts(site) == [0, 0, 0, 0]


def test_a_cut_answer_goes_on_where_it_ended(site: Site) -> None:
    site.failures = ["cut 300000", 503, "cut 200000"]
    assert read(site) == CONTENT
    assert starts(site) == [0, 300_000, 300_000, 500_000]


def test_many_failures_that_each_bring_some_bytes_do_not_give_up(site: Site) -> None:
    site.failures = ["cut 70000"] * 9  # more than ATTEMPTS
    assert read(site) == CONTENT


def test_a_server_without_ranges_is_read_from_its_start_again(site: Site) -> None:
    site.ranges = False
    site.failures = ["cut 300000"]
    assert read(site) == CONTENT


def test_a_server_that_tells_no_length_is_read_to_the_end_of_its_answer(site: Site) -> None:
    site.lengths = False
    with io.BufferedReader(http.HttpFile(f"{site.url}/a.bin")) as file:
        assert file.read() == CONTENT
        assert file.read() == b""
    assert len(site.requests) == 1
    with pytest.raises(OSError, match="does not say how long it is"):
        FileSystems.match([f"{site.url}/a.bin"])


def test_retry_after_is_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    site.failures = [(503, "7"), (429, "Wed, 21 Oct 2015 07:28:00 GMT"), 503]
    assert read(site) == CONTENT
    assert waits[0] == 7.0
    assert waits[1] < 0.01  # a date that is past
    assert 0.002 <= waits[2] <= 0.004  # 0.001 s doubled twice, half to all of it


def test_given_up_files_and_long_waits_stop_with_the_address(site: Site) -> None:
    site.failures = [503] * 4
    with pytest.raises(JobError, match=r"/a\.bin: no byte from 0 on in 4 tries \(503 "):
        read(site)
    site.failures = [(503, "9000")]
    with pytest.raises(JobError, match="come back in 9000 s"):
        read(site)
    site.failures = [503] * 4
    split = WarcSplit(file=f"{site.url}/a.bin")
    with pytest.raises(JobError):  # not a fault of the file: a later run reads it
        list(read_split(split))


def test_a_file_that_is_not_there_or_forbidden_is_not_asked_for_twice(site: Site) -> None:
    for status in (404, 403):
        site.requests.clear()
        site.failures = [status]
        found = list(read_split(WarcSplit(file=f"{site.url}/b.warc.gz")))
        assert [(fault.reason, str(status) in fault.evidence) for fault in found if isinstance(fault, Fault)] == [
            ("unreadable", True)]
        assert len(site.requests) == 1


def test_a_file_that_changes_while_it_is_read_stops(site: Site) -> None:
    site.failures = ["cut 100000"]
    with io.BufferedReader(http.HttpFile(f"{site.url}/a.bin")) as file:
        file.read(10)
        site.version = '"2"'
        with pytest.raises(JobError, match="the file changed while it was read"):
            file.read()


def test_seeking_back_a_little_needs_no_request(site: Site) -> None:
    with io.BufferedReader(http.HttpFile(f"{site.url}/a.bin")) as file:
        file.read(500_000)
        file.seek(100)
        assert file.read(50) == CONTENT[100:150]
        file.seek(-5, os.SEEK_END)
        assert file.read() == CONTENT[-5:]
        assert file.read() == b""
    assert starts(site)[0] == 0
    assert len(site.requests) <= 2


def test_a_crawl_over_http_reads_as_from_the_disk(site: Site) -> None:
    crawl = Path(__file__).parents[3] / "examples/crawl.warc.gz"
    whole = list(read_split(WarcSplit(file=str(crawl))))
    site.files["/crawl.warc.gz"] = crawl.read_bytes()
    site.failures = ["cut 50000", "slam", "cut 90000", 503]
    url = f"{site.url}/crawl.warc.gz"
    assert splits(url) == [WarcSplit(file=url)]
    assert site.requests == []  # no look for an index
    found = list(read_split(WarcSplit(file=url)))
    assert found == whole
    assert sum(isinstance(record, WarcRecord) for record in found) > 20


def test_a_job_reads_a_list_of_paths(site: Site, tmp_path: Path) -> None:
    """The first of two files, over a bad connection; the folder is that of these names, wherever they lie."""
    crawl = (Path(__file__).parents[3] / "examples/crawl.warc.gz").read_bytes()
    site.files |= {"/crawl/1.warc.gz": crawl, "/crawl/2.warc.gz": b"",
                   "/crawl/warc.paths": b"crawl/1.warc.gz\ncrawl/2.warc.gz\n"}
    recipe = tmp_path / "r.toml"
    recipe.write_text(f'[run]\nname = "r"\n[model]\npath = "none"\n[data]\nwarc = ["{site.url}/crawl/warc.paths"]\n'
                      "warc_limit = 1\n")
    with recipe.open("a") as more:
        more.write("questions_per_passage = 0\nvote_samples = 0\ndifficulty_attempts = 0\n")
    site.failures = ["slam", "cut 10", "ok", "cut 20000", 503]
    assert run_job("extract", load_recipe(recipe), tmp_path / "out", debug=True) == 0
    funnel = json.loads((tmp_path / "out/passages/funnel.json").read_text())
    assert (funnel[0]["in"], funnel[0]["failed"]) == (
        len(list(read_warc(io.BytesIO(crawl), "1.warc.gz"))), {})
    options = json.loads((tmp_path / "out/passages/options.json").read_text())
    assert options["warc_files"]["number"] == 1
    assert options["input_bytes"] == {}
    assert not any(path.endswith("2.warc.gz") for path, _ in site.requests)


def test_a_server_that_stays_away_stops_the_job_with_one_line(site: Site, tmp_path: Path,
                                                              capsys: pytest.CaptureFixture[str]) -> None:
    site.files["/crawl/warc.paths"] = b"crawl/1.warc.gz\n"
    recipe = tmp_path / "r.toml"
    recipe.write_text(f'[run]\nname = "r"\n[model]\npath = "none"\n[data]\nwarc = ["{site.url}/crawl/warc.paths"]\n')
    site.failures = ["ok"] * 2 + [503] * 100
    assert run_job("extract", load_recipe(recipe), tmp_path / "out") == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(lines) == 1
    assert "/crawl/1.warc.gz: no byte from 0 on in 4 tries (503 Service Unavailable): look at the network" in lines[0]
    assert not (tmp_path / "out/passages/manifest.json").exists()


def test_sizes_and_what_a_server_does_not_know(site: Site) -> None:
    (found,) = FileSystems.match([f"{site.url}/a.bin"])
    assert [(entry.path, entry.size_in_bytes) for entry in found.metadata_list] == [(f"{site.url}/a.bin", 700_000)]
    assert FileSystems.match([f"{site.url}/none"])[0].metadata_list == []


def test_question_files_of_every_format_are_read_over_http(site: Site) -> None:
    """Parquet and Arrow are read from their ends, the others line by line; both schemes are Beam's."""
    rows = [{"question": f"q{i}", "answer": str(i)} for i in range(3000)]
    table, files = pa.Table.from_pylist(rows), {name: io.BytesIO() for name in ("parquet", "arrow", "csv")}
    pq.write_table(table, files["parquet"])
    with pa.ipc.new_file(files["arrow"], table.schema) as writer:
        writer.write_table(table)
    csv.write_csv(table, files["csv"])
    site.files |= {f"/q.{name}": file.getvalue() for name, file in files.items()}
    site.files["/q.jsonl.gz"] = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    for name in ("parquet", "arrow", "csv", "jsonl.gz"):
        site.failures = [503, "ok", "cut 3000"]
        found = list(read_rows(QuestionFile(path=f"{site.url}/q.{name}", source="s")))
        assert [row.values for row in found if isinstance(row, Row)] == rows, name
    assert isinstance(FileSystems.get_filesystem("https://a.example/b"), HttpsFiles)


def test_a_list_of_paths_names_files_from_its_own_root(site: Site, tmp_path: Path) -> None:
    """As data.commoncrawl.org has it, and a copy of it below another folder."""
    lines = b"crawl-data/X/segments/2.warc.gz\n\ncrawl-data/X/segments/1.warc.gz\n"
    site.files["/crawl-data/X/warc.paths.gz"] = gzip.compress(lines)
    url = f"{site.url}/crawl-data/X/warc.paths.gz"
    assert listed(url) == [f"{site.url}/crawl-data/X/segments/{n}.warc.gz" for n in (2, 1)]
    assert [file.path for file in find_warc_files([url], 1)] == [f"{site.url}/crawl-data/X/segments/1.warc.gz"]
    copy = tmp_path / "mirror/crawl-data/X/warc.paths"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(lines)
    assert listed(str(copy)) == [f"{tmp_path}/mirror/crawl-data/X/segments/{n}.warc.gz" for n in (2, 1)]
    own = tmp_path / "own.paths"
    own.write_text("a.warc.gz\n/b/c.warc.gz\ns3://commoncrawl/d.warc.gz\n")
    assert listed(str(own)) == [f"{tmp_path}/a.warc.gz", "/b/c.warc.gz", "s3://commoncrawl/d.warc.gz"]
    with pytest.raises(ConfigError, match=r"none\.paths: cannot read the list of paths"):
        listed(f"{site.url}/none.paths")
    site.files["/broken.paths.gz"] = gzip.compress(lines)[:10] + b"\xff" * 20
    with pytest.raises(ConfigError, match=r"broken\.paths\.gz: cannot read the list of paths"):
        listed(f"{site.url}/broken.paths.gz")
    own.write_text("a/x.warc.gz\nb/x.warc.gz\n")
    with pytest.raises(ConfigError, match=r"both x\.warc\.gz"):
        find_warc_files([str(own)])
