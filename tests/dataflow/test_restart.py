"""A job that was killed and is run again: an undisturbed one's bytes, nothing twice or stale, and little done anew."""

import json
import os
import re
import shutil
import sys
import time
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
from crossthink.dataflow.parts import code_digest

from crossthink.shards import Manifest

sys.path.insert(0, os.path.dirname(__file__))
from small_run import SHIPPED, demo, finish, kill, shipped, start, write_crawl, write_inputs

FILES, PAGES = 10, 30
LEFT = sorted((*SHIPPED, "options.json", "run.json"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's data line, run once."""
    output = tmp_path_factory.mktemp("demo") / "out"
    assert finish(demo(output))[0] == 0
    return output / "data"


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe over FILES files of one size, and in `out` the passages of an undisturbed run."""
    folder = tmp_path_factory.mktemp("crawl")
    recipe = write_inputs(folder)
    for path in folder.glob("*.warc.gz"):
        path.unlink()
    write_crawl(folder, FILES, PAGES)
    code, said = finish(extract(recipe, folder / "out"))
    assert (code, reused(said)) == (0, (0, FILES))
    return recipe


@pytest.fixture(scope="module")
def killed(crawl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a job that was killed when 8 of its 10 files were done."""
    output = tmp_path_factory.mktemp("killed") / "out"
    process = start(extract(crawl, output))
    while len(finished(output)) < 8:
        assert process.poll() is None
        time.sleep(0.001)
    kill(process)
    assert len(finished(output)) in (8, 9)
    return output


def extract(recipe: Path, output: Path, *more: str) -> list[str]:
    return ["extract", "--recipe", str(recipe), "--output", str(output), *more]


def finished(output: Path) -> list[Path]:
    return sorted(output.glob(".parts/pages/*/*.part"))


def reused(said: str) -> tuple[int, int]:
    """(pieces that were finished before, pieces that are new), as the job says."""
    found = re.search(r"(\d+) pieces of the input were finished before, (\d+) are new", said)
    assert found, said
    return int(found[1]), int(found[2])


def copy_of(killed: Path, tmp_path: Path) -> Path:
    """The output of the killed job, its claim on the folder dropped as a user would who changes options."""
    shutil.copytree(killed, tmp_path / "out")
    shutil.rmtree(tmp_path / "out/passages")
    return tmp_path / "out"


@pytest.mark.parametrize("seen", ["options.json", ".work-*/*", "shard-*"])
def test_killed_and_run_again(undisturbed: Path, tmp_path: Path, seen: str) -> None:
    """SIGKILL as soon as a file shows up: before the work, as shards are written, as they are put in place."""
    folder = tmp_path / "out/data"
    process = start(demo(tmp_path / "out"))
    deadline = time.monotonic() + 60
    while not any(folder.glob(seen)) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    kill(process)
    if (folder / "manifest.json").exists():  # it was faster than the kill: then it must be whole
        Manifest.load(folder).verify()
    assert finish(demo(tmp_path / "out"))[0] == 0
    assert shipped(folder) == shipped(undisturbed)
    assert sorted(path.name for path in folder.iterdir()) == LEFT


@pytest.mark.slow
def test_killed_at_ten_random_moments(undisturbed: Path, tmp_path: Path) -> None:
    """SIGKILL in one folder, each run going on over what the ones before it left."""
    seconds = json.loads((undisturbed / "run.json").read_text())["seconds"]["total"]
    generator, kills = Random(7), 0
    while kills < 10:
        process = start(demo(tmp_path / "out", "--direct_num_workers=2", "--direct_running_mode=multi_processing"))
        time.sleep(generator.uniform(1, seconds + 3))
        kills += process.poll() is None
        kill(process) if process.poll() is None else None
    assert finish(demo(tmp_path / "out"))[0] == 0
    assert shipped(tmp_path / "out/data") == shipped(undisturbed)
    assert sorted(path.name for path in (tmp_path / "out/data").iterdir()) == LEFT


def test_killed_at_80_percent_a_fifth_is_done_anew(crawl: Path, killed: Path, tmp_path: Path) -> None:
    shutil.copytree(killed, tmp_path / "out")
    kept = len(finished(killed))
    code, said = finish(extract(crawl, tmp_path / "out"))
    assert (code, reused(said)) == (0, (kept, FILES - kept))
    assert shipped(tmp_path / "out/passages") == shipped(crawl.parent / "out/passages")
    times = [json.loads((folder / "passages/run.json").read_text())["seconds"] for folder in
             (tmp_path / "out", crawl.parent / "out")]
    # 2 of 10 files were extracted anew: about a fifth of the time in the functions, and not 40%
    assert times[0]["extract"] + times[0]["quality"] < 0.4 * (times[1]["extract"] + times[1]["quality"])
    assert not (tmp_path / "out/.parts/pages").exists(), "what is published needs no parts"


def test_other_options_reuse_nothing_that_they_decide_about(crawl: Path, killed: Path, tmp_path: Path) -> None:
    output, kept = copy_of(killed, tmp_path), len(finished(killed))
    code, said = finish(extract(crawl, output, "data.min_words=60"))
    assert (code, reused(said)) == (0, (0, FILES))
    assert f"{kept} finished pieces in {output}/.parts/pages are not reused: they were made with other options" in said
    assert finish(extract(crawl, tmp_path / "fresh", "data.min_words=60"))[0] == 0
    assert shipped(output / "passages") == shipped(tmp_path / "fresh/passages")


def test_options_of_later_stages_leave_the_parts(crawl: Path, killed: Path, tmp_path: Path) -> None:
    output, kept = copy_of(killed, tmp_path), len(finished(killed))
    code, said = finish(extract(crawl, output, "data.passage_words=60"))
    assert (code, reused(said)) == (0, (kept, FILES - kept))


def test_a_changed_file_and_a_damaged_part_are_done_anew(crawl: Path, killed: Path, tmp_path: Path) -> None:
    output, kept = copy_of(killed, tmp_path), finished(killed)
    shutil.copytree(crawl.parent, tmp_path / "in", ignore=shutil.ignore_patterns("out"))  # keeps the times of files
    recipe = tmp_path / "in/recipe.toml"
    recipe.write_text(crawl.read_text().replace(str(crawl.parent), str(tmp_path / "in")))
    content = finished(output)[0].read_bytes()
    finished(output)[0].write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    code, said = finish(extract(recipe, output))
    assert (code, reused(said)) == (0, (len(kept) - 1, FILES - len(kept) + 1))
    assert shipped(output / "passages") == shipped(crawl.parent / "out/passages")


def test_files_that_were_written_again_are_read_again(crawl: Path, killed: Path, tmp_path: Path) -> None:
    output = copy_of(killed, tmp_path)
    shutil.copytree(crawl.parent, tmp_path / "in", ignore=shutil.ignore_patterns("out"), copy_function=shutil.copyfile)
    recipe = tmp_path / "in/recipe.toml"
    recipe.write_text(crawl.read_text().replace(str(crawl.parent), str(tmp_path / "in")))
    code, said = finish(extract(recipe, output))
    assert (code, reused(said)) == (0, (0, FILES))


@pytest.mark.parametrize("name", ["extract.py", "weights.json", "domain_words.txt", "write-mcq.txt"])
def test_parts_are_not_those_of_other_code_or_other_weights(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + (b" " if path.name == name else b""))
    assert code_digest.__wrapped__() != code_digest()
