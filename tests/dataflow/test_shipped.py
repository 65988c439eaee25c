"""A second corpus against what a first run shipped: rows already shipped win, and the funnel adds up."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.__main__ import main
from crossthink.dataflow.jobs import run_job
from crossthink.dataflow.options import row_options
from crossthink.dataflow.sources.shards import shard_paths

from crossthink.config import load_recipe
from crossthink.schema import Passage, question_id
from crossthink.shards import Manifest, ShardError, read_questions

STORY = ("A farmer who lives at the edge of the village has many sheep and buys twelve more from his neighbour in "
         "spring, then sells some of them at the market in the town. How many sheep did he own before he "
         "went to the market?")
"""45 words: 41 shingles."""
NEAR = STORY.replace("the market?", "the market place?")
"""A word more at the end: 42 shingles, 41 of them shared: 41 / 42 = 0.976."""
FIRST = [{"question": "Add 2 and 3.", "answer": "5"}, {"question": "Add 4 and 4.", "answer": "8"},
         {"question": STORY, "answer": "42"}]
SECOND = [{"question": "add 2 and  3.", "answer": "5"}, {"question": "Add 4 and 4.", "answer": "9"},
          {"question": NEAR, "answer": "42"}, {"question": "Add 7 and 1.", "answer": "8"}]


def run(folder: Path, name: str, rows: list[dict[str, str]], *more: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = folder / f"{name}.toml"
    recipe.write_text(f"""
run = {{name = "{name}"}}
model = {{path = "none"}}
[data]
questions_per_passage = 0
cloze_per_passage = 0
vote_samples = 0
difficulty_attempts = 0
questions = [{{path = "{folder}/{name}.jsonl", source = "own", group = "math"}}]
""")
    output = folder / f"{name}-out"
    assert run_job("run", load_recipe(recipe, more), output) == 0
    return output / "data"


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def funnel_of(folder: Path) -> dict[str, Any]:
    """(in, rejected, out) of each stage."""
    rows = json.loads((folder / "funnel.json").read_text())
    return {row["stage"]: (row["in"], row["rejected"], row["out"]) for row in rows}


def place_of(folder: Path, question: str) -> str:
    """Where a question was shipped, found in the shards by hand."""
    import pyarrow as pa

    for shard in Manifest.load(folder).files:
        ids = pa.ipc.open_file(str(folder / shard.file)).read_all().column("id").to_pylist()
        if question_id(question) in ids:
            return f"{folder.parent.name}/data/{shard.file}, row {ids.index(question_id(question))}"
    raise AssertionError(question)


def test_what_was_shipped_wins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = run(tmp_path, "first", FIRST)
    second = run(tmp_path, "second", SECOND, f'data.shipped=["{first}"]')
    assert [question.question for question in read_questions(Manifest.load(second))] == ["Add 7 and 1."]
    funnel = funnel_of(second)
    assert funnel["shipped"] == (4, {"shipped": 2}, 2)
    assert funnel["near_duplicates"] == (2, {"near_duplicate": 1}, 1)
    evidence = {json.loads(row["record"])["question"]: row["evidence"] for row in lines(second / "rejected.jsonl")}
    assert evidence["add 2 and  3."] == f"kept {place_of(first, 'Add 2 and 3.')}"
    assert evidence["Add 4 and 4."] == f"kept {place_of(first, 'Add 4 and 4.')}, whose gold is '8'"
    assert evidence[NEAR].startswith(f"kept {place_of(first, STORY)}, Jaccard 0.976: A farmer")
    capsys.readouterr()
    # the folder's place is no part of the rows' options, what it holds is
    moved = tmp_path / "moved"
    moved.mkdir()
    (first.parent / "data").rename(moved / "data")
    recipe = load_recipe(tmp_path / "second.toml", [f'data.shipped=["{moved}/data"]'])
    assert row_options(recipe) == Manifest.load(second).options
    assert run_job("run", recipe, tmp_path / "nowhere/../moved") == 2
    assert "data.shipped names" in capsys.readouterr().err
    gone = load_recipe(tmp_path / "second.toml", [f'data.shipped=["{first}"]'])
    assert run_job("run", gone, tmp_path / "third") == 2
    assert "no manifest here" in capsys.readouterr().err


def test_what_is_no_shard_of_questions_is_refused_before_any_work(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = run(tmp_path, "first", FIRST)
    assert main(["export", str(first), "--format", "parquet", "--output", str(tmp_path / "parquet")]) == 0
    capsys.readouterr()
    recipe = load_recipe(tmp_path / "first.toml", [f'data.shipped=["{tmp_path}/parquet"]'])
    assert run_job("run", recipe, tmp_path / "second") == 2
    assert f"{tmp_path}/parquet/shard-00000-of-00002.parquet: no Arrow file" in capsys.readouterr().err
    with pytest.raises(ShardError, match=r"shard-00000-of-00002\.arrow: holds Question, not Passage"):
        shard_paths(first, Passage)
