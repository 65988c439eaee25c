"""A whole evaluation of a tiny model: what it leaves, kills and resumes, and bad input."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from crossthink.engine import Completion, Engine, Request, open_engine
from crossthink.evaluate import run
from crossthink.evaluate.__main__ import main
from crossthink.evaluate.responses import Response
from crossthink.records import read_records

ANSWERS = 200
"""100 questions, two answers each."""


def command(recipe: Path, model: Path, output: Path, *overrides: str) -> list[str]:
    return [str(recipe), "--model", str(model), "--output", str(output), *overrides]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads of so small a model would only wait for each other."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many responses each engine of the test was asked for."""
    counts: list[int] = []

    class Counting:
        def __init__(self, engine: Engine) -> None:
            self._engine = engine

        def __getattr__(self, name: str) -> Any:
            return getattr(self._engine, name)

        def stream(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
            counts.append(len(requests))
            yield from self._engine.stream(requests)

    monkeypatch.setattr(run, "open_engine", lambda *args, **kw: Counting(open_engine(*args, **kw)))
    return counts


def test_what_an_evaluation_leaves(recipe: Path, model: Path, tmp_path: Path, asked: list[int],
                                   capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    assert main(command(recipe, model, output)) == 0
    assert sorted(path.name for path in output.iterdir()) == ["responses.arrow", "run.json", "summary.json"]
    responses = read_records(output / "responses.arrow", Response)
    assert len(responses) == ANSWERS
    assert [(r.question, r.sample) for r in responses[:3]] == [
        ("what is the sum 0?", 0), ("what is the sum 0?", 1), ("what is the sum 1?", 0)]
    assert responses[-1].options == ("39", "7000")
    assert responses[0].text != responses[1].text  # two answers have two seeds
    summary = json.loads((output / "summary.json").read_text())
    assert (summary["model"], summary["engine"], summary["questions"]["n"]) == ("tiny", "transformers", 100)
    assert {name: (c["n"], c["samples"]) for name, c in summary["cells"].items()} == {
        "all": (100, 2), "gpr/mcq": (40, 2), "math/open": (60, 2), "law/mcq": (40, 2)}
    assert summary["tokens"] == sum(r.tokens for r in responses)
    assert summary["sampling"] == {"temperature": 1.0, "samples": 2, "max_tokens": 60, "max_model_len": 200,
                                   "think": "tags"}
    assert set(summary["cells"]["all"]["pass_at"]) == {"1", "2"}
    assert summary["cells"]["all"]["pass_at"]["1"] == summary["cells"]["all"]["accuracy"]
    assert {name: (part["n"], part["samples"]) for name, part in summary["sources"].items()} == {"held-out": (100, 2)}
    assert summary["averages"]["all"]["accuracy"] == summary["cells"]["all"]["accuracy"]  # one set: its own accuracy
    assert summary["seconds"] > 0
    assert summary["versions"]["python"]
    assert "math/open" in capsys.readouterr().out
    assert main(command(recipe, model, output)) == 0  # finished: nothing is asked again
    assert asked == [ANSWERS]


def test_a_killed_evaluation_goes_on_where_it_was(recipe: Path, model: Path, tmp_path: Path, asked: list[int]) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    assert main(command(recipe, model, undisturbed)) == 0
    log = killed / "responses.jsonl"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-m", "crossthink.evaluate", *command(recipe, model, killed)],
                               env=environment, stderr=subprocess.PIPE)
    while process.poll() is None and (not log.exists() or log.read_bytes().count(b"\n") < 20):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    finished = log.read_bytes().count(b"\n")
    assert 20 <= finished < ANSWERS
    with log.open("ab") as file:
        file.write(b'{"response": {"question_id": "to')  # as a kill inside a write leaves it
    assert main(command(recipe, model, killed)) == 0
    assert asked == [ANSWERS, ANSWERS - finished]
    assert (killed / "responses.arrow").read_bytes() == (undisturbed / "responses.arrow").read_bytes()
    assert not log.exists()


@pytest.mark.parametrize(("override", "named"), [
    ("evaluate.max_tokens=59", "sampling"), ("evaluate.limit=99", "questions"), ("run.seed=1", "seed")])
def test_a_folder_with_another_evaluation_is_refused(override: str, named: str, recipe: Path, model: Path,
                                                     tmp_path: Path, asked: list[int],
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    assert main(command(recipe, model, output, "evaluate.max_tokens=2")) == 0
    capsys.readouterr()
    assert main(command(recipe, model, output, "evaluate.max_tokens=2", override)) == 2
    assert capsys.readouterr().err == (f"error: {output}: holds another run (differs in {named}): choose another "
                                       "--output or remove the folder\n")
    assert len(asked) == 1


def test_another_model_in_the_folder_is_refused(recipe: Path, model: Path, tmp_path: Path, asked: list[int],
                                                capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "tiny"
    other.mkdir()
    for file in model.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    with (other / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))
    output = tmp_path / "out"
    assert main(command(recipe, model, output, "evaluate.max_tokens=2")) == 0
    capsys.readouterr()
    assert main(command(recipe, other, output, "evaluate.max_tokens=2")) == 2
    assert "holds another run (differs in revision)" in capsys.readouterr().err


def test_the_limit_holds_for_each_file_and_repeats_are_counted(recipe: Path, model: Path, tmp_path: Path,
                                                               asked: list[int]) -> None:
    with (tmp_path / "held-out.jsonl").open("r+") as file:
        rows = file.readlines()
        file.seek(0)
        file.writelines([rows[0], rows[0], *rows])
    output = tmp_path / "out"
    assert main(command(recipe, model, output, "evaluate.max_tokens=2", "evaluate.limit=5")) == 0
    summary = json.loads((output / "summary.json").read_text())
    assert (summary["questions"]["n"], summary["repeated"]) == (3, 2)  # rows 0, 0, 0, 1, 2
    assert asked == [6]


@pytest.mark.parametrize(("row", "said"), [
    ('{"question": "what?", "answer": null}', "held-out.jsonl, row 101, field answer"),
    ('{"question": "what?", "options": "A", "answer": "A"}', "held-out.jsonl, row 101, field options"),
    ('{"question": "what?"', "held-out.jsonl, row 101: no JSON"),
])
def test_a_malformed_row_names_file_row_and_field(row: str, said: str, recipe: Path, model: Path, tmp_path: Path,
                                                  asked: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "held-out.jsonl").open("a") as file:
        file.write(row + "\n")
    assert main(command(recipe, model, tmp_path / "out")) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not asked
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("override", ["evaluate.samples=0", "evaluate.max_tokens=0", "evaluate.questions=[]",
                                      "evaluate.temperature=-1.0", "evaluate.sample=1"])
def test_settings_that_cannot_work_are_refused(override: str, recipe: Path, model: Path, tmp_path: Path,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(recipe, model, tmp_path / "out", override)) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_model_is_named(recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(recipe, tmp_path / "none", tmp_path / "out")) == 2
    assert "no model here" in capsys.readouterr().err
