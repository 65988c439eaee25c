"""The trainer from its command line: what a run leaves, kills and resumes, and bad input before any work."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tensorboard")

import pyarrow as pa

from crossthink.metrics import read_metrics
from crossthink.train import main

STEPS = 4


@pytest.fixture
def make_recipe(model: Path, tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a recipe: a cold start that teaches the tiny model to repeat a digit, and four steps."""

    def make(**more: str) -> Path:
        rows = [{"question": f"{i % 10}?", "answer": str(i % 10), "reasoning": str(i % 10), "domain": "math"}
                for i in range(40)]
        (tmp_path / "traces.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        text = f"""
[run]
name = "tiny"
[model]
path = "{model}"
engine = "transformers"
max_model_len = 200
[blend]
weights = {{math = 1.0}}
[rollout]
prompts = 4
group_size = 4
max_tokens = 40
[algorithm]
kl_coef = 0.01
[optimizer]
lr = 1e-3
[cold_start]
traces = "{tmp_path / 'traces.jsonl'}"
epochs = 8
lr = 1e-2
[train]
steps = {STEPS}
checkpoint_every = 1
"""
        for key, value in more.items():
            assert f"\n{key} = " in text
            text = "\n".join(f"{key} = {value}" if line.startswith(f"{key} = ") else line for line in text.split("\n"))
        (tmp_path / "recipe.toml").write_text(text)
        return tmp_path / "recipe.toml"

    return make


@pytest.fixture
def manifest(make_question: Callable[..., Any], write_manifest: Callable[..., Path]) -> Path:
    """Ten questions: which digit stands here?"""
    return write_manifest([make_question(f"{digit}?", answer=str(digit)) for digit in range(10)])


def start(recipe: Path, manifest: Path, output: Path, *launcher: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", *launcher, "crossthink.train", str(recipe), "--manifest", str(manifest), "--output",
         str(output)], stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"})


def finish(process: "subprocess.Popen[bytes]") -> str:
    said = process.communicate()[1].decode()
    assert process.returncode == 0, said
    return said


def rollouts(output: Path, step: int) -> list[dict[str, Any]]:
    path = output / "rollouts" / f"step-{step:06d}.arrow"
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all().to_pylist()


def test_a_run_and_one_that_was_killed_make_the_same_weights(make_recipe: Callable[..., Path], manifest: Path,
                                                             tmp_path: Path) -> None:
    recipe, whole, killed = make_recipe(), tmp_path / "whole", tmp_path / "killed"
    said = finish(start(recipe, manifest, whole, "torch.distributed.run", "--standalone", "--nproc-per-node=1", "-m"))
    assert "engine transformers" in said
    assert "linear_logprob" in said  # the backends that are in use stand in the first lines
    metrics = read_metrics(whole / "metrics.jsonl")
    assert [row["step"] for row in metrics] == [1, 2, 3, 4]
    for row in metrics:
        rewards = [r["reward"] for r in rollouts(whole, row["step"])]
        assert len(rewards) == 16
        assert row["reward"] == pytest.approx(sum(rewards) / 16)
        assert row["by"]["math/open"]["n"] == 16
        assert row["probe_gap"] < 1e-4
        assert row["sampler_gap_max"] < 1e-4  # on-policy: the sampler's log-probs are the trainer's
        assert row["verifier"].get("correct", 0) == sum(r["correct"] for r in rollouts(whole, row["step"]))
        assert all(r["prompt"].startswith(f"{r['gold']}?\n") for r in rollouts(whole, row["step"]))
    assert [row["repeats"] for row in metrics] == [0, 0, 2, 6]  # four prompts a step, ten questions
    assert any(0 < row["reward"] < 1 for row in metrics)
    # the advantages of a group: (r - mean) / (unbiased std + 1e-6), which sum to zero
    groups = [rollouts(whole, 1)[i:i + 4] for i in range(0, 16, 4)]
    assert all(abs(sum(r["advantage"] for r in group)) < 1e-5 for group in groups)

    process = start(recipe, manifest, killed)
    deadline = time.monotonic() + 300
    while not (killed / "checkpoints/step-000002").exists() and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[1].decode()
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "final").exists()
    said = finish(start(recipe, manifest, killed))
    assert "resumed from" in said
    assert [row["step"] for row in read_metrics(killed / "metrics.jsonl")] == [1, 2, 3, 4]
    for step in range(1, STEPS + 1):
        assert rollouts(killed, step) == rollouts(whole, step)
    weights = "model.safetensors"
    assert (killed / "final" / weights).read_bytes() == (whole / "final" / weights).read_bytes()
    assert (whole / "final" / weights).read_bytes() != (whole / "cold" / weights).read_bytes()
    run = json.loads((whole / "run.json").read_text())
    assert run["engine"]["name"] == "transformers"
    assert run["ops"]["policy_loss"].startswith("cpp")


def test_a_blend_that_may_not_repeat_ends_the_run(make_recipe: Callable[..., Path], manifest: Path, tmp_path: Path,
                                                  caplog: pytest.LogCaptureFixture) -> None:
    """Ten questions, four a step: a third step would repeat two of them."""
    caplog.set_level("INFO", logger="crossthink.train")
    assert main([str(make_recipe()), "--manifest", str(manifest), "--output", str(tmp_path / "out"),
                 'blend.when_exhausted="stop"']) == 0
    assert "the blend is exhausted after 2 steps" in caplog.text
    assert [row["step"] for row in read_metrics(tmp_path / "out" / "metrics.jsonl")] == [1, 2]
    assert (tmp_path / "out" / "final" / "model.safetensors").exists()


def line_of(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert error.startswith("error: "), error
    assert error.count("\n") == 1, error
    return error


@pytest.mark.parametrize(("change", "words"), [
    ({"epochs": "8\nwarmth = 1"}, "unknown key cold_start.warmth"),
    ({"lr": '"fast"'}, "optimizer.lr = 'fast' must be float"),
    ({"weights": "{math = 0.7}"}, "blend.weights sum to 0.7, not 1"),
    ({"weights": "{math = 0.5, gpr = 0.5}"}, "group 'gpr' has a share of 0.5 but no rows"),
    ({"traces": '"nowhere.jsonl"'}, "nowhere.jsonl: cannot read the questions"),
    ({"path": '"nowhere"'}, "nowhere: no model here"),
])
def test_a_bad_recipe_is_one_line(make_recipe: Callable[..., Path], manifest: Path, tmp_path: Path,
                                  capsys: pytest.CaptureFixture[str], change: dict[str, str], words: str) -> None:
    recipe = make_recipe(**change)
    assert main([str(recipe), "--manifest", str(manifest), "--output", str(tmp_path / "out")]) == 2
    assert words in line_of(capsys)
    assert not (tmp_path / "out" / "cold").exists()


def test_missing_and_altered_shards_are_one_line(make_recipe: Callable[..., Path], manifest: Path, tmp_path: Path,
                                                 capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(make_recipe()), "--manifest", str(manifest), "--output", str(tmp_path / "out")]
    shard = manifest.parent / "shard-00000-of-00001.arrow"
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    assert main(arguments) == 2
    assert "the shard was altered" in line_of(capsys)
    shard.unlink()
    assert main(arguments) == 2
    assert "shard is missing" in line_of(capsys)
    shutil.rmtree(manifest.parent)
    assert main(arguments) == 2
    assert "no manifest here" in line_of(capsys)
    assert not (tmp_path / "out").exists()


def test_a_folder_with_another_run_is_one_line(make_recipe: Callable[..., Path], manifest: Path, tmp_path: Path,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(make_recipe()), "--manifest", str(manifest), "--output", str(tmp_path / "out")]
    assert main([*arguments, "train.steps=0"]) == 0
    before = (tmp_path / "out/run.json").read_bytes()
    capsys.readouterr()
    assert main([*arguments, "optimizer.lr=0.5"]) == 2
    assert "holds another run (differs in optimizer)" in line_of(capsys)
    assert (tmp_path / "out/run.json").read_bytes() == before
