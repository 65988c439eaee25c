"""`curate` on real Flink, on a real Spark cluster that loses a worker, and with workers apart: every byte the same."""

import json
import os
import shutil
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
sys.path.insert(0, os.path.dirname(__file__))
import engines
from small_run import finish, shipped, start

pytestmark = pytest.mark.slow
DATA = engines.SHARED / "data"
RECIPE = """
[run]
name = "engines"
[model]
path = "none"
[data]
questions_per_passage = 0
cloze_per_passage = 0
vote_samples = 0
difficulty_attempts = 0
[[data.questions]]
path = "{data}/gsm8k/train.jsonl.gz"
source = "gsm8k"
group = "math"
domain = "math"
answer_after = "####"
limit = 1500
[[data.questions]]
path = "{data}/gsm8k/train.jsonl.gz"
source = "copies"
group = "math"
domain = "math"
answer_after = "####"
limit = 300
[[data.questions]]
path = "{data}/mmlu/val.jsonl.gz"
source = "mmlu"
answer_is = "label"
[[data.evaluation]]
path = "{data}/mmlu/dev.jsonl"
source = "mmlu-dev"
answer_is = "label"
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe, what `import` left, and what `curate` makes of it in process."""
    if not (DATA / "gsm8k").is_dir():
        pytest.skip(f"{DATA}/gsm8k is missing")
    folder = tmp_path_factory.mktemp("engines")
    (folder / "recipe.toml").write_text(RECIPE.format(data=DATA))
    for job in ("import", "curate"):
        assert finish(arguments(job, folder, folder))[0] == 0
    return folder


def arguments(job: str, imported: Path, output: Path) -> list[str]:
    return [job, "--recipe", str(imported / "recipe.toml"), "--output", str(output)]


def curate(imported: Path, output: Path) -> list[str]:
    """The arguments of `curate` in a folder of its own."""
    output.mkdir()
    shutil.copytree(imported / "imported", output / "imported")
    return arguments("curate", imported, output)


def check(imported: Path, output: Path) -> None:
    """Every byte is that of the run in process."""
    assert shipped(output / "curated") == shipped(imported / "curated")
    exact = json.loads((output / "curated/funnel.json").read_text())[0]
    assert exact["rejected"]["duplicate"] >= 300, "the source `copies` holds the first 300 rows again"
    assert not list((output / "curated").glob(".work-*"))


def test_flink(imported: Path, tmp_path: Path) -> None:
    if lacking := engines.missing("flink"):
        pytest.skip(lacking)
    with engines.flink(tmp_path) as there:
        code, said = finish([*curate(imported, tmp_path / "out"), *there, "--parallelism=2"])
        assert code == 0, said
    check(imported, tmp_path / "out")


def test_flink_with_a_pool_of_two_workers(imported: Path, tmp_path: Path) -> None:
    if lacking := engines.missing("flink"):
        pytest.skip(lacking)
    with engines.flink(tmp_path) as there, engines.worker_pool(tmp_path) as (pool, _):
        processes = ["--parallelism=2", "--sdk_worker_parallelism=2", "--environment_cache_millis=60000"]
        code, said = finish([*curate(imported, tmp_path / "out"), *there, *pool, *processes])
        assert code == 0, said
        assert "PortableRunner, Python processes on each machine: 2" in said
        assert (tmp_path / "pool.log").read_text().count("Starting worker") == 2, "one for each of the two slots"
    check(imported, tmp_path / "out")


def test_spark_loses_a_worker_in_the_middle(imported: Path, tmp_path: Path) -> None:
    if lacking := engines.missing("spark"):
        pytest.skip(lacking)
    with engines.spark(tmp_path) as (there, workers, tasks_done):
        job = start([*curate(imported, tmp_path / "out"), *there])
        while tasks_done() < 10:
            assert job.poll() is None
            time.sleep(0.05)
        engines.kill(workers[0])
        assert job.poll() is None, "the job was done before the worker was killed"
        assert job.wait(timeout=300) == 0
        assert "Lost executor" in (tmp_path / "driver.log").read_text()
    check(imported, tmp_path / "out")


def test_without_java_a_test_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "java is missing" in engines.missing("flink")
