"""The whole data line without a model: exact counts, every fault in one run, the same bytes however it was run."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
from crossthink.dataflow.__main__ import main
from crossthink.dataflow.jobs import run_job

from crossthink.config import Recipe, load_recipe
from crossthink.schema import Passage, Question
from crossthink.shards import Manifest, read_questions

REPO = Path(__file__).parents[2]
SHARED = Path(os.environ.get("CROSSTHINK_SHARED", REPO.parent / "shared")) / "data"
NO_MODEL = ("data.questions_per_passage=0", "data.cloze_per_passage=0", "data.vote_samples=0",
            "data.difficulty_attempts=0")
SHIPPED = ("manifest.json", "funnel.json", "rejected.jsonl", "failed.jsonl", "shard-00000-of-00002.arrow",
           "shard-00001-of-00002.arrow")
WORDS = ("The harbour of {} was built by the people of the town, and its two walls reach far into the bay. Ships that "
         "come from the south wait there for better weather, because the coast has no other shelter. In the year {} a "
         "storm broke the outer wall. The fishermen rebuilt it with stone from the hills, and it has stood since then.")


def warc_record(url: str, body: str, status: str = "200 OK") -> bytes:
    block = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{body}".encode()
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nContent-Length: {len(block)}\r\n\r\n"
    return gzip.compress(head.encode() + block + b"\r\n\r\n")


def html(*paragraphs: str) -> str:
    return "<html><head><title>T</title></head><body>" + "".join(f"<p>{p}</p>" for p in paragraphs) + "</body></html>"


def write_inputs(folder: Path) -> Path:
    """A small crawl and question file that hold one of everything; returns the recipe."""
    folder.mkdir(exist_ok=True)
    exam = "Which town rebuilt the outer wall of its harbour with stone from the hills above the bay?"
    pages = [("a", html(WORDS.format("Lorne", 1811))), ("b", html(WORDS.format("Orrin", 1741), exam, "It is an exam.")),
             ("copy-of-a", html(WORDS.format("Lorne", 1811))), ("short", html("Nothing here.")),
             ("empty", "<html></html>"), ("german", html("Auf der Insel steht seit mehr als hundert Jahren ein Turm "
                                                         "aus hellem Granit, den man mit Booten herüberbrachte."))]
    good = b"".join(warc_record(f"http://{name}.example/", body) for name, body in pages)
    good += warc_record("http://gone.example/", "x", "404 Not Found")
    (folder / "good.warc.gz").write_bytes(good)
    (folder / "cut.warc.gz").write_bytes(warc_record("http://c.example/", html(WORDS.format("Vask", 1650)))[:-60])
    (folder / "empty.warc.gz").write_bytes(b"")
    (folder / "page.warc.gz").write_bytes(b"<html>this is no WARC</html>")
    rows: list[Any] = [
        {"question": "Add 2 and 3.", "answer": "5"}, {"question": "add 2  and 3.", "answer": "5.0"},
        {"question": "Add 4 and 4.", "answer": "8"}, {"question": "Add 4 and 4.", "answer": "9"},
        {"question": exam, "answer": "Orrin"}, {"question": "Name the broken brace.", "answer": "{x"},
        {"question": "Add 1 and 1."}, "no object", {"question": "Which letter?", "options": ["a", "b"], "answer": "c"}]
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "exam.jsonl").write_text(json.dumps({"question": exam, "answer": "Orrin"}) + "\n")
    recipe = folder / "recipe.toml"
    recipe.write_text(f"""
[run]
name = "small"
[model]
path = "none"
[data]
warc = ["{folder}/*.warc.gz"]
min_words = 20
questions_per_passage = 0
cloze_per_passage = 0
vote_samples = 0
difficulty_attempts = 0
[[data.questions]]
path = "{folder}/questions.jsonl"
source = "own"
group = "math"
[[data.evaluation]]
path = "{folder}/exam.jsonl"
source = "exam"
""")
    return recipe


def run(job: str, recipe: Recipe, output: Path, *beam: str) -> None:
    assert run_job(job, recipe, output, beam, debug=True) == 0


def shipped(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in SHIPPED}


def demo(output: Path, *more: str) -> list[str]:
    return ["run", "--recipe", str(REPO / "recipes/demo.toml"), "--output", str(output), *NO_MODEL, *more]


def subprocess_of(arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "crossthink.dataflow", *arguments], cwd=REPO,
                            stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's data line, run once."""
    output = tmp_path_factory.mktemp("demo") / "out"
    assert subprocess_of(demo(output)).wait() == 0
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
    assert (question.question, question.answer, question.verifier) == ("Add 2 and 3.", "5", "math/2")
    failed = [json.loads(line) for line in (tmp_path / "out/data/failed.jsonl").read_text().splitlines()]
    assert [(row["stage"], row["record_id"], row["reason"]) for row in failed] == [
        ("import", "own/questions.jsonl:00000007", "malformed_row"),
        ("import", "own/questions.jsonl:00000008", "malformed_row"),
        ("warc", "cut.warc.gz@000000000000", "truncated_gzip"),
        ("warc", "empty.warc.gz@000000000000", "empty_file"),
        ("warc", "page.warc.gz@000000000000", "no_gzip_member")]
    assert failed[0]["evidence"] == "questions.jsonl, row 7, field answer: is missing"


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


def test_two_worker_processes_give_the_same_bytes(undisturbed: Path, tmp_path: Path) -> None:
    two = ("--direct_num_workers=2", "--direct_running_mode=multi_processing")
    assert subprocess_of(demo(tmp_path / "two", *two)).wait() == 0
    assert shipped(tmp_path / "two/data") == shipped(undisturbed)


@pytest.mark.parametrize("seen", ["options.json", ".work-*/*", "shard-*"])
def test_killed_and_run_again(undisturbed: Path, tmp_path: Path, seen: str) -> None:
    """SIGKILL as soon as a file shows up: before the work, as shards are written, as they are put in place."""
    folder = tmp_path / "out/data"
    process = subprocess_of(demo(tmp_path / "out"))
    deadline = time.monotonic() + 60
    while not any(folder.glob(seen)) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    if (folder / "manifest.json").exists():  # it was faster than the kill: then it must be whole
        Manifest.load(folder).verify()
    assert subprocess_of(demo(tmp_path / "out")).wait() == 0
    assert shipped(folder) == shipped(undisturbed)
    assert sorted(path.name for path in folder.iterdir()) == sorted((*SHIPPED, "options.json", "run.json"))


@pytest.mark.slow
def test_killed_again_and_again(undisturbed: Path, tmp_path: Path) -> None:
    """SIGKILL ever later in one folder, each run going on over what the ones before it left."""
    folder = tmp_path / "out/data"
    kills = 0
    for number in range(40):
        process = subprocess_of(demo(tmp_path / "out"))
        try:
            assert process.wait(timeout=1 + number) == 0
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
    assert kills >= 5
    assert shipped(folder) == shipped(undisturbed)
    assert sorted(path.name for path in folder.iterdir()) == sorted((*SHIPPED, "options.json", "run.json"))


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
