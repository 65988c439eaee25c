"""The model's stages in a whole run: garbage, kills, failing servers, workers; over a store the bytes never change."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
pytest.importorskip("transformers")
from crossthink.dataflow.__main__ import main

from crossthink.shards import Manifest, read_questions

sys.path.insert(0, os.path.dirname(__file__))
from model_server import ModelServer, write_tokenizer

REPO = Path(__file__).parents[2]
SHIPPED = ("manifest.json", "funnel.json", "rejected.jsonl", "failed.jsonl", "shard-00000-of-00002.arrow",
           "shard-00001-of-00002.arrow")
TOWNS = ("Lorne", "Orrin", "Vask", "Luma", "Halsk", "Tindry", "Garsey", "Ferrow", "Pethwick", "Wick")
PAGE = ("The harbour of {town} was built by the people of the town, and its walls reach far into the bay. Ships from "
        "the south wait there for better weather, as the coast has no other shelter. In the year {year} a storm broke "
        "the outer wall of {town}. It has stood since then, and {town} pays for it with a tax on {ware}.")
WARES = ("wool", "salt", "wine", "rope", "fish", "slate", "honey", "cheese", "timber", "copper")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tokenizer(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Ten pages of one passage each, and two questions with their golds."""
    from small_run import html, warc_record

    pages = (html(PAGE.format(town=town, year=1600 + 10 * number, ware=ware), f"{town} is known for {ware}.")
             for number, (town, ware) in enumerate(zip(TOWNS, WARES, strict=True)))
    (tmp_path / "crawl.warc.gz").write_bytes(b"".join(
        warc_record(f"http://{number}.example/", page) for number, page in enumerate(pages)))
    rows = [{"question": "Add 2 and 3.", "answer": "5"}, {"question": "Add 4 and 4.", "answer": "8"}]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = tmp_path / "recipe.toml"
    path.write_text(f"""
[run]
name = "model"
[model]
path = "http://127.0.0.1:9/v1"
engine = "endpoint"
max_model_len = 4096
[data]
warc = ["{tmp_path}/crawl.warc.gz"]
min_words = 20
near_duplicate = 0.99
question_context = "sentences"
cloze_per_passage = 0
difficulty_attempts = 2
[[data.questions]]
path = "{tmp_path}/questions.jsonl"
source = "own"
group = "math"
""")
    return path


def arguments(recipe: Path, output: Path, server: ModelServer, *more: str) -> list[str]:
    return ["run", "--recipe", str(recipe), "--output", str(output), f"model.path={server.url}", *more]


def started(words: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "crossthink.dataflow", *words], cwd=REPO,
                            stderr=subprocess.DEVNULL)


def stored(output: Path) -> list[str]:
    """Keys of the store's rows, whole lines only."""
    lines = [line for path in (output / "store").glob("*.jsonl") for line in path.read_bytes().splitlines(True)]
    return [json.loads(line)["key"] for line in lines if line.endswith(b"\n")]


def shipped(output: Path) -> dict[str, bytes]:
    return {name: (output / "data" / name).read_bytes() for name in SHIPPED}


def test_a_funnel_with_garbage_in_it_adds_up(recipe: Path, tokenizer: Path, tmp_path: Path) -> None:
    with ModelServer(tokenizer) as server:
        assert main(arguments(recipe, tmp_path / "out", server)) == 0
    rows = {row["stage"]: row for row in json.loads((tmp_path / "out/data/funnel.json").read_text())}
    # Ten passages make two calls each; of 20 calls each fifth is garbage, which is 4 in all.
    assert (rows["write"]["in"], rows["write"]["kept"], rows["write"]["out"]) == (10, 10, 20)
    assert (rows["parse"]["in"], rows["parse"]["kept"]) == (20, 16)
    assert sum(rows["parse"]["rejected"].values()) == 4
    assert rows["vote"]["in"] == rows["decontaminate"]["out"]
    assert rows["vote"]["failed"] == rows["difficulty"]["failed"] == {}
    questions = read_questions(Manifest.load(tmp_path / "out/data"))
    written = [question for question in questions if question.lineage.synthesizer == "llm"]
    assert len(written) >= 10
    assert all(question.votes and question.votes.agrees and question.votes.winner >= 2 for question in written)
    assert all(question.difficulty and question.difficulty.attempts == 2 for question in questions)
    # An imported row has its gold: nothing to vote on. 5 and 8 are not what this server answers.
    imported = [question for question in questions if question.lineage.synthesizer == "import"]
    assert [(q.votes, q.difficulty.passes if q.difficulty else None) for q in imported] == [(None, 0), (None, 0)]
    assert server.answered.total() == len(stored(tmp_path / "out"))


def test_killed_in_the_middle_of_model_work(recipe: Path, tokenizer: Path, tmp_path: Path) -> None:
    """SIGKILL with 8 calls finished and others on their way; two workers do the rest; one works over the full store."""
    output = tmp_path / "out"
    with ModelServer(tokenizer, hold_after=8) as server:
        words = arguments(recipe, output, server)
        process = started(words)
        deadline = time.monotonic() + 200
        while (server.held == 0 or len(stored(output)) < 8) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert len(stored(output)) == server.answered.total() == 8
        assert not (output / "data/manifest.json").exists()
        server.release()
        two = ("--direct_num_workers=2", "--direct_running_mode=multi_processing")
        assert started([*words, *two]).wait() == 0
        keys, calls = stored(output), server.answered.total()
        assert len(keys) == len(set(keys)) == calls
        assert set(server.answered.values()) == {1}
        first = shipped(output)
        assert started(words).wait() == 0
        assert shipped(output) == first
        assert server.answered.total() == calls
    run = json.loads((output / "data/run.json").read_text())
    assert run["tokens"]["write"]["calls"] == run["tokens"]["write"]["cached"] == 20


def test_a_model_that_fails_stops_the_job_with_one_line(
        recipe: Path, tokenizer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(tokenizer, fail_after=6) as server:
        assert main(arguments(recipe, tmp_path / "out", server)) == 1
        errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1
        assert "write: the model failed: EndpointError" in errors[0]
        assert "the card fell off" in errors[0]
        assert len(stored(tmp_path / "out")) == 6
        assert not (tmp_path / "out/data/manifest.json").exists()


def test_the_budget_takes_the_same_passages_whatever_the_workers(
        recipe: Path, tokenizer: Path, tmp_path: Path) -> None:
    # 2 calls of at most 160 tokens a passage: 1000 tokens pay for 3 passages, 7 are rejected
    found = []
    for name, more in (("one", ()), ("two", ("--direct_num_workers=2", "--direct_running_mode=multi_threading"))):
        with ModelServer(tokenizer) as server:
            words = arguments(recipe, tmp_path / name, server, "data.max_generated_tokens=1000",
                              "data.difficulty_attempts=0", "data.vote_samples=0", *more)
            assert main(words) == 0
        rejected = [json.loads(line) for line in (tmp_path / name / "data/rejected.jsonl").read_text().splitlines()]
        found.append(sorted(row["record_id"] for row in rejected if row["reason"] == "budget"))
    assert len(found[0]) == 7
    assert found[0] == found[1]


def test_only_as_many_are_measured_as_the_recipe_says(recipe: Path, tokenizer: Path, tmp_path: Path) -> None:
    with ModelServer(tokenizer) as server:
        words = arguments(recipe, tmp_path / "out", server, "data.questions_per_passage=0", "data.difficulty_limit=1")
        assert main(words) == 0
    questions = read_questions(Manifest.load(tmp_path / "out/data"))
    assert sorted(question.difficulty is None for question in questions) == [False, True]


@pytest.mark.parametrize(("change", "words"), [
    ("model.engine=transformers", "cannot follow a JSON schema"),
    ("model.engine=vllm", "no model here"),
])
def test_a_model_that_cannot_work_is_said_before_any_work(
        recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str, words: str) -> None:
    assert main(["run", "--recipe", str(recipe), "--output", str(tmp_path / "out"), change]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out/data").exists()
