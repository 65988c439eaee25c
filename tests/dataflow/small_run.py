"""A small crawl and question file that hold one of everything, and the commands that run the data line over them."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from crossthink.dataflow.jobs import _sink, run_job
from crossthink.dataflow.line import Line
from crossthink.dataflow.options import JobOptions, row_options
from crossthink.dataflow.pipeline import build

from crossthink.config import Recipe

REPO = Path(__file__).parents[2]
SHARED = Path(os.environ.get("CROSSTHINK_SHARED", REPO.parent / "shared")) / "data"
NO_MODEL = ("data.questions_per_passage=0", "data.cloze_per_passage=0", "data.vote_samples=0",
            "data.difficulty_attempts=0")
SHIPPED = ("manifest.json", "funnel.json", "statistics.json", "README.md", "ATTRIBUTION.md", "rejected.jsonl",
           "failed.jsonl", "shard-00000-of-00002.arrow", "shard-00001-of-00002.arrow")
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


def add_run(pipeline: Any, recipe: Recipe, output: Path) -> None:
    """Add the whole graph of the job `run` to a pipeline."""
    line, job = Line(), JobOptions(job="run", recipe=recipe, output=str(output))
    _sink(build(pipeline, job, line), job, row_options(recipe), line, str(output))


def run(job: str, recipe: Recipe, output: Path, *beam: str) -> None:
    assert run_job(job, recipe, output, beam, debug=True) == 0


def shipped(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in SHIPPED}


def demo(output: Path, *more: str) -> list[str]:
    return ["run", "--recipe", str(REPO / "recipes/demo.toml"), "--output", str(output), *NO_MODEL, *more]


def start(arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    """A job in a process, and a process group, of its own."""
    return subprocess.Popen([sys.executable, "-m", "crossthink.dataflow", *arguments], cwd=REPO,
                            stderr=subprocess.DEVNULL, start_new_session=True)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """SIGKILL to a job and its workers."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def finish(arguments: Sequence[str]) -> tuple[int, str]:
    """Exit code and stderr of a job."""
    done = subprocess.run([sys.executable, "-m", "crossthink.dataflow", *arguments], cwd=REPO, check=False,
                          stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stderr


def write_crawl(folder: Path, files: int, pages: int) -> None:
    """WARC files of `pages` long pages each, no two alike."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [path.read_text(encoding="utf-8") for path in sorted((REPO / "examples/pages").glob("[gh]*/*.txt"))]
    words = [*sorted(set(re.findall(r"[a-z]{4,}", " ".join(texts)))), *200 * ["the", "of", "and", "to", "be", "with"]]
    for file in range(files):
        records = []
        for page in range(pages):
            generator = Random(f"{file} {page}")
            text = [" ".join(" ".join(generator.choices(words, k=15)).capitalize() + "." for _ in range(8))
                    for _ in range(25)]
            records.append(warc_record(f"http://{file}.example/{page}", html(*text)))
        (folder / f"{file}.warc.gz").write_bytes(b"".join(records))
