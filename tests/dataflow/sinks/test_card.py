"""A folder of shards as others find it: the card by Hugging Face's own readers, attribution, and exports."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.__main__ import main
from crossthink.dataflow.jobs import run_job
from crossthink.dataflow.sinks.card import card

from crossthink.config import load_recipe
from crossthink.shards import Manifest, ShardError, read_questions

REPO = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `import` leaves of 300 rows of two sources with licences of their own and one row that is none."""
    place = tmp_path_factory.mktemp("card")
    sums = [{"question": f"Add {n} and {n}.", "answer": f"steps #### {2 * n}"} for n in range(200)]
    law = [{"description": "Is it a | rule?", "fields": {"text": f"Clause {n}."}, "answer": "Yes", "task": "t",
            "licence": "MIT" if n else "CC-BY-SA-4.0"} for n in range(100)]
    (place / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*sums, {"question": "?"}]))
    (place / "law.jsonl").write_text("".join(json.dumps(row) + "\n" for row in law))
    recipe = place / "recipe.toml"
    recipe.write_text(f"""
[run]
name = "card"
[model]
path = "none"
[data]
shards = 3
questions_per_passage = 0
vote_samples = 0
difficulty_attempts = 0
[[data.questions]]
path = "{place}/sums.jsonl"
mapping = "{REPO}/recipes/sets/gsm8k.toml"
[[data.questions]]
path = "{place}/law.jsonl"
mapping = "{REPO}/recipes/sets/legalbench.toml"
""")
    assert run_job("import", load_recipe(recipe), place / "out", debug=True) == 0
    return place / "out" / "imported"


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """All rows in the manifest's order, by pyarrow alone."""
    names = [file["file"] for file in json.loads((folder / "manifest.json").read_bytes())["files"]]
    read = [pq.read_table(folder / name) if name.endswith(".parquet") else
            pa.ipc.open_file(str(folder / name)).read_all() for name in names]
    return pa.concat_tables([table.replace_schema_metadata() for table in read]).to_pylist()


def load(folder: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> list[dict[str, Any]]:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    loaded = datasets.load_dataset(str(folder), cache_dir=str(cache))
    assert list(loaded) == ["train"]
    return loaded["train"].to_list()


def test_load_dataset_reads_the_folder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(folder)
    assert len(rows) == 300
    assert load(folder, monkeypatch, tmp_path) == rows


def test_the_card_is_one_that_the_hub_reads(folder: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    read = hub.DatasetCard((folder / "README.md").read_text())
    head = read.data.to_dict()
    assert head["license"] == ["cc-by-sa-4.0", "mit"]
    assert (head["language"], head["size_categories"]) == (["en"], ["n<1K"])
    assert head["configs"] == [{"config_name": "default", "data_files": [{"split": "train", "path": "*.arrow"}]}]
    assert "300 rows in 3 files" in read.text
    assert "| import | 301 | 300 | malformed_row 1 |" in read.text
    assert "| gsm8k | 200 |" in read.text
    assert (folder / "ATTRIBUTION.md").read_text().removeprefix("# Attribution\n\n") in read.text


def test_languages_are_texts_to_yaml(folder: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    made, statistics, funnel = (json.loads((folder / f"{name}.json").read_bytes())
                                for name in ("manifest", "statistics", "funnel"))
    made["options"]["data"]["languages"] = ["no", "en"]
    head = hub.DatasetCard(card(made, statistics, funnel, "*.arrow")).data.to_dict()
    assert head["language"] == ["no", "en"]


def test_attribution_names_each_source_with_its_licences(folder: Path) -> None:
    lines = (folder / "ATTRIBUTION.md").read_text().splitlines()
    law = "legalbench | LegalBench | Guha et al., HazyResearch | https://github.com/HazyResearch/legalbench"
    assert lines[4:] == [
        "| gsm8k | GSM8K: Grade School Math 8K | Cobbe et al., OpenAI | https://github.com/openai/grade-school-math | "
        "MIT | 200 |", f"| {law} | CC-BY-SA-4.0 | 1 |", f"| {law} | MIT | 99 |"]


@pytest.mark.parametrize("kind", ["parquet", "arrow-zstd"])
def test_an_export_has_the_same_rows_and_describes_itself(folder: Path, tmp_path: Path, kind: str,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "export"
    assert main(["export", str(folder), "--format", kind, "--output", str(output)]) == 0
    rows = rows_of(folder)
    assert rows_of(output) == rows
    made, source = (json.loads((place / "manifest.json").read_bytes()) for place in (output, folder))
    assert {**made, "files": None} == {**source, "files": None}
    Manifest.load(output).verify()
    assert sum(file["bytes"] for file in made["files"]) < sum(file["bytes"] for file in source["files"]) / 2
    assert [file["rows"] for file in made["files"]] == [file["rows"] for file in source["files"]]
    assert load(output, monkeypatch, tmp_path / "cache") == rows
    for name in ("statistics.json", "funnel.json", "failed.jsonl", "ATTRIBUTION.md"):
        assert (output / name).read_bytes() == (folder / name).read_bytes()
    again = tmp_path / "again"
    assert main(["export", str(folder), "--format", kind, "--output", str(again)]) == 0
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in output.iterdir()}


@pytest.mark.parametrize("kind", ["parquet", "arrow-zstd"])
def test_an_export_with_shards_of_no_rows_is_read(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "q.jsonl").write_text('{"question": "Add 2 and 3.", "answer": "5"}\n')
    (tmp_path / "r.toml").write_text('run = {name = "t"}\nmodel = {path = "none"}\ndata = {shards = 3, questions = '
                                     f'[{{path = "{tmp_path}/q.jsonl", source = "s"}}]}}\n')
    assert run_job("import", load_recipe(tmp_path / "r.toml"), tmp_path / "out", debug=True) == 0
    assert main(["export", str(tmp_path / "out/imported"), "--format", kind, "--output", str(tmp_path / "x")]) == 0
    files = Manifest.load(tmp_path / "x").files
    assert sorted(file.rows for file in files) == [0, 0, 1]
    assert [row["answer"] for row in load(tmp_path / "x", monkeypatch, tmp_path / "cache")] == ["5"]


def test_what_readers_do_with_an_export(folder: Path, tmp_path: Path) -> None:
    """zstd is read, though not mapped; Parquet is refused with its name. What a schema's metadata says stays."""
    for kind in ("parquet", "arrow-zstd"):
        main(["export", str(folder), "--format", kind, "--output", str(tmp_path / kind)])
    assert list(read_questions(Manifest.load(tmp_path / "arrow-zstd"))) == list(read_questions(Manifest.load(folder)))
    with pytest.raises(ShardError, match=r"shard-00000-of-00003\.parquet: not a readable Arrow file"):
        read_questions(Manifest.load(tmp_path / "parquet"))
    metadata = pq.read_schema(tmp_path / "parquet/shard-00000-of-00003.parquet").metadata
    assert metadata[b"crossthink.record"] == b"Question"
    statistics = pq.ParquetFile(tmp_path / "parquet/shard-00000-of-00003.parquet").metadata.row_group(0).column(0)
    assert statistics.statistics.has_min_max


def test_an_export_does_not_write_over_anything(folder: Path, tmp_path: Path,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(folder), "--format", "parquet", "--output", str(folder)]) == 2
    assert "is there already: choose another output folder" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "none"), "--format", "parquet", "--output", str(tmp_path / "x")]) == 2
    assert "run the data line first" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_an_export_to_a_full_disk_is_one_line_and_leaves_nothing(folder: Path, disk: Callable[[int], Path],
                                                                 capsys: pytest.CaptureFixture[str]) -> None:
    place = disk(16)
    for kind in ("parquet", "arrow-zstd"):
        output = place / "export"
        assert main(["export", str(folder), "--format", kind, "--output", str(output)]) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert f"{output}: No space left on device" in error
        assert list(place.iterdir()) == []


def test_mapped_questions_take_no_memory(make_big: Path) -> None:
    """20 MB of questions: reading ids and domains allocates what these take; the texts stay on the disk."""
    before = pa.total_allocated_bytes()
    questions = read_questions(Manifest.load(make_big))
    assert pa.total_allocated_bytes() - before < 1 << 16
    batches = [batch.nbytes for batch in questions.batches(("domain",))]
    assert sum(batches) > 0
    assert pa.total_allocated_bytes() - before < 1 << 16
    assert questions[19_999].question.startswith("19999")
    assert pa.total_allocated_bytes() - before < 1 << 16


@pytest.fixture
def make_big(make_question: Any, write_manifest: Any) -> Path:
    path: Path = write_manifest([make_question(f"{n} " + "x" * 1000) for n in range(20_000)])
    assert sum(file.stat().st_size for file in path.parent.glob("*.arrow")) > 20_000_000
    return path
