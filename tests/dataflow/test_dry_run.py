"""What a dry run says beforehand is what the job does."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
from crossthink.dataflow import dry_run
from crossthink.dataflow.__main__ import main
from crossthink.dataflow.jobs import _work
from crossthink.dataflow.options import JobOptions

from crossthink.config import load_recipe
from crossthink.shards import Manifest

sys.path.insert(0, os.path.dirname(__file__))
from small_run import run, write_crawl, write_inputs


def test_an_estimate_from_a_quarter_of_a_crawl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = write_inputs(tmp_path / "in")
    for path in (tmp_path / "in").glob("*.warc.gz"):
        path.unlink()
    write_crawl(tmp_path / "in", 2, 40)
    monkeypatch.setattr(dry_run, "SMALL", 2)
    monkeypatch.setattr(dry_run, "LARGE", 10)
    options = JobOptions(job="extract", recipe=load_recipe(recipe), output=str(tmp_path / "out"))
    found = dry_run.estimate(options, lambda sample: _work(sample, []))
    assert not (tmp_path / "out").exists()
    run("extract", options.recipe, tmp_path / "out")
    made = Manifest.load(tmp_path / "out/passages")
    # 2 files of 40 pages of one length, 3 passages each: 10 of each file are a quarter, up to the pages' few bytes
    assert found.share == pytest.approx(0.25, rel=0.02)
    assert found.rows == pytest.approx(240, rel=0.02)
    assert made.rows == 240
    # each of the two shards has some 5 kB of schema and options, which are counted four times over
    assert found.output_bytes == pytest.approx(sum(shard.bytes for shard in made.files) + 3 * 2 * 5000, rel=0.05)
    assert found.funnel["passages"] == (pytest.approx(80, rel=0.02), pytest.approx(240, rel=0.02))


def test_files_of_a_list_have_sizes_and_each_file_of_a_glob_is_counted(tmp_path: Path,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    """A list says no sizes: those of the sample stand for all. Ten files of one size, of which four are looked at:
    10 of their 40 pages are a tenth of the crawl. Of two question files of 30 rows, 30 rows are half."""
    recipe = write_inputs(tmp_path / "in")
    for path in (tmp_path / "in").glob("*.warc.gz"):
        path.unlink()
    write_crawl(tmp_path / "in", 10, 40)
    names = sorted(path.name for path in (tmp_path / "in").glob("*.warc.gz"))
    (tmp_path / "in/warc.paths").write_text("\n".join(names))
    for name in ("a", "b"):
        (tmp_path / f"in/{name}.rows.jsonl").write_text("".join(f'{{"question": "{name} {n}?", "answer": "{n}"}}\n'
                                                                for n in range(30)))
    monkeypatch.setattr(dry_run, "ROWS", 3)
    words = [f'data.warc=["{tmp_path}/in/warc.paths"]',
             f'data.questions=[{{path="{tmp_path}/in/*.rows.jsonl", source="s"}}]']
    options = JobOptions(job="extract", recipe=load_recipe(recipe, words), output=str(tmp_path / "out"))
    sample = dry_run.sample_of(options, 10, tmp_path / "sample")
    assert sample.amount / sample.total == pytest.approx(0.1, rel=0.02)
    sample = dry_run.sample_of(replace(options, job="import"), 10, tmp_path / "rows")
    assert (sample.amount, sample.total) == (30, 60)
    assert [file.limit for file in sample.recipe.data.questions] == [15, 15]


def test_a_sample_of_everything_is_the_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe, output = write_inputs(tmp_path / "in"), tmp_path / "out"
    run("import", load_recipe(recipe), output)
    before = sorted(path.name for path in output.rglob("*"))
    # The funnel of test_jobs.py: 6 questions imported, 3 after exact duplicates, 2 uncontaminated, 1 verifiable
    for job, words in (("import", "about          9 in          6 out"),
                       ("curate", "about          2 in          1 out"), ("run", "about 1 rows")):
        assert main([job, "--recipe", str(recipe), "--output", str(output), "--dry-run"]) == 0
        said = capsys.readouterr().out
        assert words in said
        assert "100.0% of the input sampled" in said
    assert sorted(path.name for path in output.rglob("*")) == before


def test_a_missing_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_inputs(tmp_path / "in")
    (tmp_path / "in/questions.jsonl").unlink()
    words = ["--recipe", str(recipe), "--output", str(tmp_path / "out"), "--dry-run"]
    assert main(["import", *words]) == 2
    assert "questions.jsonl: no such file" in capsys.readouterr().err
    assert main(["extract", *words, f'data.warc=["{tmp_path}/*.none"]', "data.questions=[]"]) == 2
    assert f"{tmp_path}/*.none: no such file: correct the recipe's data section" in capsys.readouterr().err


def test_a_list_without_paths_is_no_input(tmp_path: Path) -> None:
    (tmp_path / "warc.paths").write_text("")
    recipe = load_recipe(write_inputs(tmp_path / "in"), [f'data.warc=["{tmp_path}/warc.paths"]'])
    sample = dry_run.sample_of(JobOptions(job="extract", recipe=recipe, output=""), 10, tmp_path / "sample")
    assert (sample.amount, sample.total, sample.recipe.data.warc) == (0, 0, ())
