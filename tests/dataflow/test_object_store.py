"""Inputs in an object store: moto's server in the place of S3, the same rows as from the disk.

Needs `pip install -r requirements/engines.txt`.
"""

import gzip
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
boto3 = pytest.importorskip("boto3", reason="boto3 is missing: pip install -r requirements/engines.txt")
pytest.importorskip("moto.server", reason="moto is missing: pip install -r requirements/engines.txt")
sys.path.insert(0, os.path.dirname(__file__))
from small_run import finish, write_crawl

TWO = ("--direct_num_workers=2", "--direct_running_mode=multi_processing")
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
RECIPE = """
[run]
name = "store"
[model]
path = "none"
[data]
warc = ["{folder}/*.warc.gz"]
min_words = 20
[[data.questions]]
path = "{folder}/questions.jsonl"
source = "own"
group = "math"
"""


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a store with an empty bucket `crawl`."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        boto3.client("s3", endpoint_url=address).create_bucket(Bucket="crawl")
        yield address
    finally:
        server.kill()
        server.wait()


def test_s3_gives_the_rows_of_the_disk(tmp_path: Path, store: str) -> None:
    crawl = tmp_path / "crawl"
    write_crawl(crawl, files=2, pages=4)
    (crawl / "questions.jsonl").write_text(
        "".join(json.dumps({"question": f"Add {n} and 1.", "answer": str(n + 1)}) + "\n" for n in range(5)))
    client = boto3.client("s3", endpoint_url=store)
    for path in sorted(crawl.iterdir()):
        client.upload_file(str(path), "crawl", path.name)
    made = {}
    for name, folder, more in (("disk", str(crawl), ()), ("s3", "s3://crawl", (f"--s3_endpoint_url={store}", *TWO))):
        recipe = tmp_path / f"{name}.toml"
        recipe.write_text(RECIPE.format(folder=folder))
        for job, kept in (("extract", "passages"), ("import", "imported")):
            code, said = finish([job, "--recipe", str(recipe), "--output", str(tmp_path / name), *more])
            assert code == 0, said
            made[name, job] = [(path.name, path.read_bytes())
                               for path in sorted((tmp_path / name / kept).glob("shard-*.arrow"))]
    for job in ("extract", "import"):
        assert made["s3", job] == made["disk", job]
    assert json.loads((tmp_path / "s3/imported/manifest.json").read_text())["rows"] == 5
    assert json.loads((tmp_path / "s3/passages/manifest.json").read_text())["rows"] > 20


def test_what_is_not_in_the_store_is_named(tmp_path: Path, store: str) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE.format(folder="s3://crawl"))
    code, said = finish(["import", "--recipe", str(recipe), "--output", str(tmp_path / "out"),
                         f"--s3_endpoint_url={store}"])
    assert code == 2
    assert "s3://crawl/*.warc.gz: no such file" in said or "s3://crawl/questions.jsonl: no such file" in said


def test_a_split_is_read_from_the_store(store: str) -> None:
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.options.pipeline_options import PipelineOptions
    from crossthink.dataflow.sources.splits import read_split, splits
    from small_run import html, warc_record

    # Incompressible bodies, so that a file of four members has three or more splits of 1,000 bytes.
    records = [warc_record(f"http://{n}.example/", html(os.urandom(600).hex())) for n in range(4)]
    offsets = [sum(map(len, records[:n])) for n in range(4)]
    lines = "".join(f"x 2024 {json.dumps({'filename': 'a.warc.gz', 'offset': offset})}\n" for offset in offsets)
    client = boto3.client("s3", endpoint_url=store)
    client.put_object(Bucket="crawl", Key="a.warc.gz", Body=b"".join(records))
    client.put_object(Bucket="crawl", Key="a.warc.gz.cdxj", Body=lines.encode())
    assert all(gzip.decompress(record) for record in records)
    FileSystems.set_options(PipelineOptions([f"--s3_endpoint_url={store}"]))
    found = splits("s3://crawl/a.warc.gz", size=min(map(len, records)))
    assert [split.start for split in found] == offsets  # each member is at least as long as a split
    urls = [record.url for split in found for record in read_split(split)]  # type: ignore[union-attr]
    assert urls == [f"http://{n}.example/" for n in range(4)]
