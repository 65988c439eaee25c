"""The whole data line without a model: exact counts, every fault of an input in one run, what real crawls hold."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
from crossthink.dataflow.jobs import run_job

from crossthink.config import load_recipe
from crossthink.schema import Passage, Question
from crossthink.shards import Manifest, read_questions

sys.path.insert(0, os.path.dirname(__file__))
from small_run import REPO, SHARED, SHIPPED, demo, finish, run, shipped, write_inputs


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's data line, run once."""
    output = tmp_path_factory.mktemp("demo") / "out"
    assert finish(demo(output))[0] == 0
    return output / "data"


def test_the_funnel_of_a_small_run(tmp_path: Path) -> None:
    run("run", load_recipe(write_inputs(tmp_path / "in")), tmp_path / "out")
    funnel = json.loads((tmp_path / "out/data/funnel.json").read_text())
    assert {row["stage"]: (row["in"], row["rejected"], row["failed"], row["out"]) for row in funnel} == {
        # good.warc.gz holds 7 records, each other file one thing that cannot be read
        "warc": (10, {"http_status": 1}, {"empty_file": 1, "no_gzip_member": 1, "truncated_gzip": 1}, 6),
        "extract": (6, {"no_text": 1}, {}, 5),
        "language": (5, {"other_language": 1}, {}, 4),
        "privacy": (4, {}, {}, 4),
        "quality": (4, {"too_few_words": 1}, {}, 3),
        "near_duplicate_pages": (3, {"near_duplicate": 1}, {}, 2),
        "passages": (2, {}, {}, 2),
        "decontaminate_passages": (2, {"contaminated": 1}, {}, 1),
        "domain": (1, {}, {}, 1),
        "import": (9, {"gold_not_an_option": 1}, {"malformed_row": 2}, 6),
        "exact_duplicates": (6, {"duplicate": 1, "gold_conflict": 2}, {}, 3),
        "near_duplicates": (3, {}, {}, 3),
        "decontaminate": (3, {"contaminated": 1}, {}, 2),
        "template": (2, {}, {}, 2),
        "verifiable": (2, {"gold_box_not_closed": 1}, {}, 1),
        "shards": (1, {}, {}, 1)}
    manifest = Manifest.load(tmp_path / "out/data")
    manifest.verify()
    question = read_questions(manifest)[0]
    assert (question.question, question.answer, question.verifier) == ("Add 2 and 3.", "5", "math/4")
    failed = [json.loads(line) for line in (tmp_path / "out/data/failed.jsonl").read_text().splitlines()]
    assert [(row["stage"], row["record_id"], row["reason"]) for row in failed] == [
        ("import", "own/questions.jsonl:00000007", "malformed_row"),
        ("import", "own/questions.jsonl:00000008", "malformed_row"),
        ("warc", "cut.warc.gz@000000000000", "truncated_gzip"),
        ("warc", "empty.warc.gz@000000000000", "empty_file"),
        ("warc", "page.warc.gz@000000000000", "no_gzip_member")]
    assert failed[0]["evidence"] == "questions.jsonl, row 7, field answer: is missing"


def test_an_option_that_nobody_knows_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beam passes over it: "--dryrun" would run the job."""
    recipe = load_recipe(write_inputs(tmp_path / "in"))
    assert run_job("run", recipe, tmp_path / "out", ["--direct_num_workers=1", "--dryrun"]) == 2
    assert capsys.readouterr().err.startswith("error: --dryrun: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("words", "stray"), [
    (["data.near_duplicate", "0.5"], "data.near_duplicate"), (["--streaming", "stray"], "stray"),
    (["--runner=FnApiRunner", "stray"], "stray"), (["--direct_num_workers", "1", "stray"], "stray")])
def test_a_word_that_is_no_option_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str],
                                              stray: str) -> None:
    recipe = load_recipe(write_inputs(tmp_path / "in"))
    assert run_job("run", recipe, tmp_path / "out", words) == 2
    assert capsys.readouterr().err == (f"error: '{stray}' is no option, and no option's value: write an override as "
                                       "section.key=value\n")
    assert not (tmp_path / "out").exists()


def test_jobs_one_by_one_give_what_run_gives(tmp_path: Path) -> None:
    recipe = load_recipe(write_inputs(tmp_path / "in"))
    run("run", recipe, tmp_path / "whole")
    for job in ("extract", "import", "synthesize", "curate", "score"):
        run(job, recipe, tmp_path / "parts")
    for name in SHIPPED:
        if name.startswith(("shard", "manifest")):
            assert (tmp_path / "parts/data" / name).read_bytes() == (tmp_path / "whole/data" / name).read_bytes(), name
    passages = json.loads((tmp_path / "parts/passages/manifest.json").read_text())
    assert (passages["record"], passages["rows"]) == (Passage.__name__, 1)


def test_question_files_alone_need_no_passages(tmp_path: Path) -> None:
    recipe = load_recipe(write_inputs(tmp_path / "in"))
    recipe = replace(recipe, data=replace(recipe.data, warc=(), cloze_per_passage=1))
    run("run", recipe, tmp_path / "whole")
    for job in ("import", "curate", "score"):
        run(job, recipe, tmp_path / "parts")
    assert (tmp_path / "parts/data/manifest.json").read_bytes() == (tmp_path / "whole/data/manifest.json").read_bytes()


def test_inputs_in_another_folder_and_a_second_run_give_the_same_bytes(tmp_path: Path) -> None:
    first = load_recipe(write_inputs(tmp_path / "in"))
    run("run", first, tmp_path / "one")
    before = shipped(tmp_path / "one/data")
    run("run", first, tmp_path / "one")
    assert shipped(tmp_path / "one/data") == before
    run("run", load_recipe(write_inputs(tmp_path / "moved")), tmp_path / "two")
    assert shipped(tmp_path / "two/data") == before


def test_shards_say_what_made_them(undisturbed: Path) -> None:
    import pyarrow as pa

    with pa.memory_map(str(undisturbed / "shard-00000-of-00002.arrow")) as source:
        reader = pa.ipc.open_file(source)
        metadata = {key.decode(): value.decode() for key, value in reader.schema.metadata.items()}
        rows = [reader.get_batch(i) for i in range(reader.num_record_batches)]
    assert metadata["crossthink.record"] == Question.__name__
    assert json.loads(metadata["crossthink.options"]) == Manifest.load(undisturbed).options
    assert str(REPO) not in metadata["crossthink.options"]
    assert max(batch.num_rows for batch in rows) <= 4096
    ids = [value for batch in rows for value in batch.column("id").to_pylist()]
    assert ids == sorted(ids)
    report = json.loads((undisturbed / "run.json").read_text())
    assert report["seconds"]["language"] > 0
    assert report["engine"] == "none"


def test_the_examples_traps_are_caught(undisturbed: Path) -> None:
    rejected = [json.loads(line) for line in (undisturbed / "rejected.jsonl").read_text().splitlines()]
    caught = sorted((row["stage"], row["reason"], json.loads(row["record"])["url"]) for row in rejected)
    assert [row for row in caught if row[0] != "near_duplicate_pages"] == [
        ("decontaminate_passages", "contaminated", "https://www.wayfarer-weekly.example/pubs/copper-kettle-quiz.html"),
        ("extract", "no_text", "https://gallery.example/"),
        ("language", "other_language", "https://leuchtturm.example/skarholm.html"),
        ("quality", "no_stop_words", "https://best-cheap-lamps.example/"), ("warc", "not_a_page", "")]
    pairs = sorted(url.rsplit("/")[-1] for stage, _, url in caught if stage == "near_duplicate_pages")
    assert pairs == ["guilds-of-tarrenport.html", "worlds-found-by-telescope.html"]


def test_no_torch_in_the_data_line() -> None:
    code = ("import sys, crossthink.dataflow.jobs, crossthink.dataflow.__main__; "
            "assert not {'torch', 'vllm', 'transformers'} & set(sys.modules), 'torch is imported'")
    assert subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, check=False).returncode == 0


def test_real_crawls_count_as_their_records_do(tmp_path: Path) -> None:
    """The damaged WET file (43 of 64 records readable) and pages in gb2312 and windows-1251 (12 of 38 records)."""
    names = ("cc_main_2016_50_sample.damaged.wet.gz", "cc_main_2020_34_sample.warc.gz")
    if not all((SHARED / "web_cc" / name).exists() for name in names):
        pytest.skip(f"{SHARED}/web_cc is missing")
    folder = tmp_path / "in"
    write_inputs(folder)
    for path in folder.glob("*.warc.gz"):
        path.unlink()
    for name in names:
        shutil.copy(SHARED / "web_cc" / name, folder)
    recipe = load_recipe(folder / "recipe.toml", [f'data.warc=["{folder}/*.gz"]', "data.languages=[]"])
    run("extract", recipe, tmp_path / "out")
    funnel = json.loads((tmp_path / "out/passages/funnel.json").read_text())
    assert funnel[0] == {"stage": "warc", "in": 102, "kept": 55, "rejected": {"not_a_page": 26},
                         "failed": {"false_length": 21}, "out": 55}
    # Most of them are menus that the quality rules turn away: their text stands among the rejects.
    rejected = (tmp_path / "out/passages/rejected.jsonl").read_text(encoding="utf-8")
    text = " ".join((*_texts(tmp_path / "out/passages"), rejected))
    assert "�" not in text
    assert any("一" <= character <= "鿿" for character in text)
    assert "Контакты" in text


def _texts(folder: Path) -> list[str]:
    import pyarrow as pa

    tables = [pa.ipc.open_file(str(path)).read_all() for path in sorted(folder.glob("*.arrow"))]
    return [text for table in tables for text in table.column("text").to_pylist()]
