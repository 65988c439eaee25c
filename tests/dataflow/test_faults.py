"""What goes wrong around a job: other runs in its folder, inputs that are missing, a disk that is full."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
from crossthink.dataflow.__main__ import main

sys.path.insert(0, os.path.dirname(__file__))
from small_run import finish, shipped, write_crawl, write_inputs


def test_another_run_in_the_folder_is_one_line_before_any_work(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_inputs(tmp_path / "in")
    arguments = ["import", "--recipe", str(recipe), "--output", str(tmp_path / "out")]
    assert main(arguments) == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out/imported").iterdir()}
    capsys.readouterr()
    assert main([*arguments, "data.min_words=21"]) == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path}/out/imported holds another run (data.min_words is 20 there and 21 here): "
        "choose another output folder, or remove this one\n")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out/imported").iterdir()} == before
    assert main(arguments) == 0


@pytest.mark.parametrize(("change", "code", "words"), [
    (lambda folder: (folder / "questions.jsonl").unlink(), 2, "questions.jsonl: no such file"),
    (lambda folder: [path.unlink() for path in folder.glob("*.warc.gz")], 2, "*.warc.gz: no such file"),
    (lambda folder: (folder / "exam.jsonl").write_text("{\n"), 1, "evaluation set exam.jsonl, row 1: no JSON"),
    (lambda folder: (folder / "recipe.toml").write_text("x"), 2, "recipe.toml: not TOML"),
])
def test_bad_inputs_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Any, code: int,
                                 words: str) -> None:
    recipe = write_inputs(tmp_path / "in")
    change(tmp_path / "in")
    assert main(["run", "--recipe", str(recipe), "--output", str(tmp_path / "out")]) == code
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error
    assert error.count("\n") == 1


def test_a_job_without_what_it_reads_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_inputs(tmp_path / "in")
    assert main(["score", "--recipe", str(recipe), "--output", str(tmp_path / "out")]) == 2
    assert "no manifest here" in capsys.readouterr().err
    (tmp_path / "foreign/data").mkdir(parents=True)
    (tmp_path / "foreign/data/thesis.txt").write_text("keep me")
    assert main(["run", "--recipe", str(recipe), "--output", str(tmp_path / "foreign")]) == 2
    assert "holds no run of the data line" in capsys.readouterr().err


def test_two_jobs_at_once_in_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import fcntl

    recipe = write_inputs(tmp_path / "in")
    (tmp_path / "out").mkdir()
    with (tmp_path / "out/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main(["import", "--recipe", str(recipe), "--output", str(tmp_path / "out")]) == 2
    assert "another job of the data line works in this folder" in capsys.readouterr().err


def test_a_full_disk_is_one_line_and_the_job_goes_on_where_there_is_room(
        disk: Callable[[int], Path], tmp_path: Path) -> None:
    recipe = write_inputs(tmp_path / "in")
    write_crawl(tmp_path / "in", 3, 60)  # 180 pages: 3 parts of some 300 kB, then 540 passages in 2 shards of 220 kB
    arguments = ["extract", "--recipe", str(recipe), "--output"]
    for kilobytes, what in ((400, ".part: "), (1200, ": ")):
        output = disk(kilobytes) / "out"
        code, said = finish([*arguments, str(output)])
        error = said.splitlines()[-1]
        assert code == 1
        assert f"{what}No space left on device: make room and run it again, what was finished is kept" in error
        assert not (output / "passages/manifest.json").exists()
    assert "/.work-" in error, "with room for the parts it was a shard that found none"
    disk(8 << 10)
    code, said = finish([*arguments, str(output)])
    assert code == 0
    assert "7 pieces of the input were finished before, 0 are new" in said
    assert finish([*arguments, str(tmp_path / "out")])[0] == 0
    assert shipped(output / "passages") == shipped(tmp_path / "out/passages")
