"""The line with the real thing: SmolLM2-135M writes, votes and is measured through vLLM in the job's own process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
pytest.importorskip("vllm")
pytest.importorskip("gguf")

from crossthink.schema import Question
from crossthink.shards import Manifest, read_questions

REPO = Path(__file__).parents[2]
SMALL = ("data.passages_per_page=1", "data.max_generated_tokens=384", "data.difficulty_limit=2",
         "data.difficulty_attempts=2", "data.difficulty_max_tokens=32", "data.vote_max_tokens=32")


def run(output: Path, *more: str) -> str:
    """Run the demo's recipe on little; returns what it said."""
    words = [sys.executable, "-m", "crossthink.dataflow", "run", "--recipe", "recipes/demo.toml",
             "--output", str(output), *SMALL, *more]
    done = subprocess.run(words, cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stderr


def keys(output: Path) -> list[str]:
    return [json.loads(line)["key"] for path in (output / "store").glob("*.jsonl")
            for line in path.read_text(encoding="utf-8").splitlines()]


def test_from_crawl_to_measured_questions(tmp_path: Path) -> None:
    output = tmp_path / "out"
    said = run(output)
    assert "engine vllm" in said
    assert "tokens/s" in said or "write (vllm)" in said
    funnel = {row["stage"]: row for row in json.loads((output / "data/funnel.json").read_text())}
    # 384 tokens pay for two passages: 96 tokens at most for each of two calls
    assert funnel["budget"]["kept"] == 2
    assert 0 < funnel["write"]["out"] <= 4
    questions: list[Question] = list(read_questions(Manifest.load(output / "data")))
    assert sum(question.lineage.synthesizer == "cloze" for question in questions) >= 20
    measured = [question.difficulty for question in questions if question.difficulty]
    assert len(measured) == 2
    assert all(found.attempts == 2 and found.model == "smollm2-135m-instruct" for found in measured)
    tokens = json.loads((output / "data/run.json").read_text())["tokens"]
    assert 0 < tokens["write"]["generated"] <= 384
    first = {path.name: path.read_bytes() for path in (output / "data").iterdir() if path.name != "run.json"}
    before = keys(output)
    again = run(output, "--direct_num_workers=2", "--direct_running_mode=multi_processing")
    assert "engine vllm" not in again  # nothing is missing in the store, so no model is loaded
    assert keys(output) == before
    assert len(set(before)) == len(before)
    assert {path.name: path.read_bytes() for path in (output / "data").iterdir() if path.name != "run.json"} == first
