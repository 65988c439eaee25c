"""Looking at what a small run left: the funnel, why a record went, where a question comes from, what was dropped."""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
from crossthink.dataflow.__main__ import main
from crossthink.dataflow.jobs import run_job

from crossthink.config import Recipe, load_recipe
from crossthink.schema import Question, question_id
from crossthink.shards import Manifest, read_questions

BRIDGES = ("The stone bridge over the river Lorne was opened to carts in 1811 by the council of the town. "
           "Its older neighbour of oak had been built by ferrymen in 1741 and was burned down in a winter of war. "
           "A third one of iron was brought by rail from the south and put together in 1902 by forty men. "
           "The youngest of all the bridges carries the new tram and was paid for by the county in 1987.")
EXAM = "Which town rebuilt the outer wall of its harbour with stone from the hills above the bay?"
ROWS: list[Any] = [{"question": "Add 2 and 3.", "answer": "5"}, {"question": "add 2  and 3.", "answer": "5.0"},
                   {"question": "Add 4 and 4.", "answer": "8"}, {"question": "Add 4 and 4.", "answer": "9"},
                   {"question": EXAM, "answer": "Orrin"}, {"question": "Add 1 and 1."}]
ADD = question_id("Add 2 and 3.")
CONTAMINATED = question_id(EXAM)


def record(url: str, text: str, status: str = "200 OK") -> bytes:
    """A gzip member that holds one response."""
    body = f"<html><head><title>T</title></head><body><p>{text}</p></body></html>"
    block = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{body}".encode()
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nContent-Length: {len(block)}\r\n\r\n"
    return gzip.compress(head.encode() + block + b"\r\n\r\n", mtime=0)


MEMBERS = [record("http://gone.example/", "x", "404 Not Found"), record("http://bridges.example/", BRIDGES),
           record("http://mirror.example/", BRIDGES)]
PAGE = f"pages.warc.gz@{len(MEMBERS[0]):012d}"
MIRROR = f"pages.warc.gz@{len(MEMBERS[0]) + len(MEMBERS[1]):012d}"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A crawl of three records, six rows of questions, and an exam."""
    folder = tmp_path_factory.mktemp("in")
    (folder / "pages.warc.gz").write_bytes(b"".join(MEMBERS))
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (folder / "exam.jsonl").write_text(json.dumps({"question": EXAM, "answer": "Orrin"}) + "\n")
    (folder / "recipe.toml").write_text(f"""
run = {{name = "small"}}
model = {{path = "none"}}
[data]
warc = ["{folder}/pages.warc.gz"]
min_words = 20
questions_per_passage = 0
cloze_per_passage = 1
vote_samples = 0
difficulty_attempts = 0
questions = [{{path = "{folder}/questions.jsonl", source = "own", group = "math"}}]
evaluation = [{{path = "{folder}/exam.jsonl", source = "exam"}}]
""")
    return folder


@pytest.fixture(scope="module")
def recipe(inputs: Path) -> Recipe:
    return load_recipe(inputs / "recipe.toml")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, recipe: Recipe) -> Path:
    """The folder of a run."""
    output = tmp_path_factory.mktemp("out")
    assert run_job("run", recipe, output, debug=True) == 0
    return output


def tree(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([*map(str, arguments)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    return error


def cloze_of(done: Path) -> Question:
    """The one that was made from a page."""
    found = [question for question in read_questions(Manifest.load(done / "data")) if question.source == "cloze"]
    assert len(found) == 1
    return found[0]


def test_why_of_a_question_says_where_it_is_and_which_copies_went(
        done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept, copy = tree(capsys, "why", ADD, done)
    assert (kept["outcome"], kept["id"], kept["comes_from"]) == ("kept", ADD, ["own/questions.jsonl:00000001"])
    questions = read_questions(Manifest.load(done / "data"))
    shards = Manifest.load(done / "data").files
    place = kept["row"] + (shards[0].rows if kept["shard"] == shards[1].file else 0)
    assert questions[place].id == ADD
    assert (copy["outcome"], copy["stage"], copy["reason"]) == ("rejected", "exact_duplicates", "duplicate")
    assert copy["evidence"] == "kept the one of own, questions.jsonl:1"
    assert tree(capsys, "why", ADD[:9], done) == [kept, copy]
    assert tree(capsys, "why", "own/questions.jsonl:00000002", done) == [copy]
    assert main(["why", ADD, str(done)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "question kept, question rejected (duplicate)"


def test_why_of_what_went_has_the_evidence(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = tree(capsys, "why", CONTAMINATED, done)
    assert (found["stage"], found["reason"]) == ("decontaminate", "contaminated")
    assert found["evidence"].startswith("exam, row 1 of exam.jsonl: 'which town rebuilt")
    (row,) = tree(capsys, "why", "own/questions.jsonl:00000006", done)
    assert (row["kind"], row["outcome"], row["reason"]) == ("row", "failed", "malformed_row")


def test_why_of_a_page_follows_what_was_made_from_it(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    question = cloze_of(done)
    (found,) = tree(capsys, "why", PAGE, done)
    assert (found["kind"], found["id"], found["outcome"]) == ("question", question.id, "kept")
    assert found["comes_from"] == [question.lineage.passage_id, PAGE, "http://bridges.example/"]
    assert tree(capsys, "why", "http://bridges.example/", done) == [found]
    assert tree(capsys, "why", question.lineage.passage_id[:10], done) == [found]
    (mirror,) = tree(capsys, "why", MIRROR, done)
    assert (mirror["kind"], mirror["reason"]) == ("page", "near_duplicate")
    assert mirror["evidence"].startswith(f"kept {PAGE}, Jaccard 1.000: The stone bridge")


def test_ids_that_are_none_or_several_are_one_line(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no row and no dead letter" in refused(capsys, "why", "ffffffffffffffff", done)
    assert f"3 ids begin so: pages.warc.gz@000000000000, {PAGE}, {MIRROR}" in refused(
        capsys, "why", "pages.warc.gz@", done)
    assert "'ab' is too short" in refused(capsys, "why", "ab", done)
    assert "no finished job of the data line here" in refused(capsys, "why", ADD, done / "store")
    assert "no question came of it" in refused(capsys, "trace", MIRROR, done)
    assert "nothing was dropped with reason spam. There is: contaminated (decontaminate), " in refused(
        capsys, "sample", "--reason", "spam", done)


@pytest.mark.parametrize("left", [0, 2000])
def test_a_damaged_shard_is_named(left: int, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(done / "data", tmp_path / "data")
    shard = next((tmp_path / "data").glob("*.arrow"))
    shard.write_bytes(shard.read_bytes()[:left])
    assert f"{shard}: not a readable Arrow file" in refused(capsys, "why", ADD, tmp_path)


def test_trace_goes_back_to_the_bytes_of_the_crawl(
        inputs: Path, done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    question = cloze_of(done)
    found = tree(capsys, "trace", question.id, done, "--warc", inputs)
    assert found["page"] == {"id": PAGE, "url": "http://bridges.example/", "warc_file": "pages.warc.gz",
                             "warc_offset": len(MEMBERS[0])}
    assert found["passage"] == {"id": question.lineage.passage_id, "start": 0, "end": len(BRIDGES), "text": BRIDGES,
                                "same": True}
    assert found["made"]["synthesizer"] == "cloze"
    assert found["stages"] == [
        "warc", "extract", "language", "privacy", "quality", "near_duplicate_pages", "passages",
        "decontaminate_passages", "domain", "cloze", "exact_duplicates", "near_duplicates", "decontaminate",
        "template", "verifiable", "shards"]
    shard = Path(found["ended"]["shard"])
    sums = {file.file: file.sha256 for file in Manifest.load(done / "data").files}
    assert found["ended"]["sha256"] == sums[shard.name]
    assert tree(capsys, "trace", PAGE, done)["question"]["id"] == question.id
    assert main(["trace", question.id, "--json", "--warc", str(inputs), str(done)]) == 0  # as its help has it
    assert json.loads(capsys.readouterr().out) == found
    assert main(["why", "--json", question.id, str(done)]) == main(["why", question.id, "--json", str(done)]) == 0


def test_trace_of_a_row_names_file_and_row_and_one_that_went_its_end(
        done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = tree(capsys, "trace", CONTAMINATED, done)
    assert found["row"] == {"id": "own/questions.jsonl:00000005", "file": "questions.jsonl", "row": 5}
    assert found["stages"] == ["import", "exact_duplicates", "near_duplicates", "decontaminate"]
    assert (found["ended"]["outcome"], found["ended"]["reason"]) == ("rejected", "contaminated")


def test_trace_sees_that_the_crawl_was_altered(inputs: Path, done: Path, tmp_path: Path,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    question = cloze_of(done)
    altered = tmp_path / "pages.warc.gz"
    altered.write_bytes(MEMBERS[0] + record("http://bridges.example/", BRIDGES.replace("oak", "elm")))
    found = tree(capsys, "trace", question.id, done, "--warc", altered)
    assert not found["passage"]["same"]
    altered.write_bytes(MEMBERS[0][:-9])
    assert "is no page now" in refused(capsys, "trace", question.id, done, "--warc", altered)
    assert "the page is in pages.warc.gz" in refused(
        capsys, "trace", question.id, done, "--warc", inputs / "exam.jsonl")


def test_stats_are_the_funnel(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = tree(capsys, "stats", done)["data"]
    assert found["rows"] == 2
    assert found["funnel"] == json.loads((done / "data/funnel.json").read_text())
    # the runner's own counters say the same where no bundle was tried twice
    for row in found["funnel"][:-1]:
        counted = {name.partition("/")[2]: number for name, number in found["counters"].items()
                   if name.startswith(f"{row['stage']}/")}
        assert counted == {**({"kept": row["kept"]} if row["kept"] else {}),
                           **{f"rejected/{reason}": number for reason, number in row["rejected"].items()},
                           **{f"failed/{reason}": number for reason, number in row["failed"].items()}}, row["stage"]
    assert main(["stats", str(done)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["rejected", "gold_conflict", "-2", "33.33%"] in lines  # two of the six that came: five rows and the cloze
    assert any(line[:4] == ["exact_duplicates", "6", "3", "3"] for line in lines)


def test_sample_shows_what_was_dropped(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "--reason", "gold_conflict", str(done), "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(json.loads(letter["record"])["answer"] for letter in found) == ["8", "9"]
    assert main(["sample", "-n", "1", "--stage", "near_duplicate_pages", str(done)]) == 0
    assert capsys.readouterr().out.startswith(f"near_duplicate_pages: near_duplicate  {MIRROR}\n  text      The stone")


def test_jobs_one_by_one_are_followed_through_their_folders(
        tmp_path: Path, recipe: Recipe, done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for job in ("extract", "import", "synthesize", "curate", "score"):
        assert run_job(job, recipe, tmp_path, debug=True) == 0
    question = cloze_of(done)
    found = tree(capsys, "why", question.id, tmp_path)
    assert [(one["kind"], one["folder"]) for one in found] == [
        ("question", "written"), ("question", "curated"), ("question", "data")]
    assert tree(capsys, "why", question.lineage.passage_id, tmp_path)[0]["folder"] == "passages"
    traced = tree(capsys, "trace", question.id, tmp_path)
    assert [stage for stage in traced["stages"] if stage != "shards"] == [
        stage for stage in tree(capsys, "trace", question.id, done)["stages"] if stage != "shards"]
    ended = tree(capsys, "trace", CONTAMINATED, tmp_path)["ended"]  # `import` had kept it
    assert (ended["outcome"], ended["stage"], ended["reason"]) == ("rejected", "decontaminate", "contaminated")
    ended = tree(capsys, "trace", ADD, tmp_path)["ended"]  # its copy was dropped
    assert (ended["outcome"], Path(ended["shard"]).parent.name) == ("kept", "data")


def test_looking_needs_no_beam(done: Path) -> None:
    code = ("import sys; from crossthink.cli import main\n"
            f"for words in (['stats'], ['why', {ADD!r}], ['trace', {ADD!r}], ['sample']):\n"
            f"    assert main(['data', *words, {str(done)!r}]) == 0\n"
            "assert not {'apache_beam', 'torch'} & set(sys.modules)")
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
