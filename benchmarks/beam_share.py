"""Beam's share: `extract` and `curate` beside a plain loop over the same functions, and 1 beside 2 workers.

    python benchmarks/beam_share.py [PAGES [TURNS]]

The crawl: the pages of the shared crawls, again and again with changed words (changed_pages.py), in 8 WARC files. The
questions: GSM8K, ARC Easy and MMLU. The loops call the functions of the per-record stages one after the other and write
one file of rows; they find no near duplicates and count nothing, so that their speed is an upper bound. Two loops at
once, each over everything, say what the machine's second core is worth to work that shares nothing. The jobs run in a
process of their own; their seconds are those of pipeline and publishing, the loops' those of the loop. Times are the
best of TURNS turns, side by side; CPU is that of the job with all its processes, imports included.
Writes benchmarks/results/beam_share.json.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from changed_pages import SHARED, write_crawl

NO_MODEL = "questions_per_passage = 0\ncloze_per_passage = 0\nvote_samples = 0\ndifficulty_attempts = 0\nshards = 4\n"
RECIPE = f"""
[run]
name = "beam-share"
[model]
path = "none"
[data]
warc = ["{{folder}}/in/*.warc.gz"]
{NO_MODEL}
[[data.questions]]
path = "{SHARED}/gsm8k/train.jsonl.gz"
source = "gsm8k"
group = "math"
answer_after = "####"
domain = "math"
[[data.questions]]
path = "{SHARED}/arc/easy_test.jsonl"
source = "arc"
answer_is = "label"
[[data.questions]]
path = "{SHARED}/mmlu/test.jsonl.gz"
source = "mmlu"
answer_is = "label"
[[data.evaluation]]
path = "{SHARED}/math500/test.jsonl"
source = "math500"
question = "problem"
"""
TWO = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")
ONE = ("--direct_running_mode=multi_processing", "--direct_num_workers=1")


def main(pages: int = 2376, turns: int = 2) -> None:
    """Measure, print and write the results."""
    from crossthink.files import write_json
    from crossthink.provenance import provenance

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_crawl(folder / "in", pages, 8)
        (folder / "recipe.toml").write_text(RECIPE.format(folder=folder))
        job(folder, "import", "out", [])
        results: dict[str, Any] = {**provenance(), "pages": pages, "turns": turns}
        for kind in ("extract", "curate"):
            sides = {"loop": lambda kind=kind: loops(folder, kind, 1),
                     "two loops": lambda kind=kind: loops(folder, kind, 2),
                     "in process": lambda kind=kind: job(folder, kind),
                     "1 worker": lambda kind=kind: job(folder, kind, "out", ONE),
                     "2 workers": lambda kind=kind: job(folder, kind, "out", TWO)}
            found = [{side: measure() for side, measure in sides.items()} for _ in range(turns)]
            best = {side: {key: min(turn[side][key] for turn in found) for key in ("seconds", "cpu")} for side in sides}
            results[kind] = {
                **best, "share": best["loop"]["seconds"] / best["in process"]["seconds"],
                "share_cpu": best["loop"]["cpu"] / best["in process"]["cpu"],
                "one_to_two_loops": 2 * best["loop"]["seconds"] / best["two loops"]["seconds"],
                "one_to_two_workers": best["1 worker"]["seconds"] / best["2 workers"]["seconds"],
                "parts": json.loads((folder / "run.json").read_text())["seconds"]}
            print(kind, json.dumps(results[kind], indent=1))
    write_json(Path(__file__).parent / "results" / "beam_share.json", results)


def job(folder: Path, kind: str, output: str = "out", beam: Sequence[str] = ()) -> dict[str, float]:
    """Seconds and CPU seconds of a job."""
    from crossthink.dataflow.look.folders import FOLDERS

    run(["-m", "crossthink.dataflow", kind, "--recipe", str(folder / "recipe.toml"), "--output",
         str(folder / output), *beam])
    report = folder / output / FOLDERS[kind] / "run.json"
    (folder / "run.json").write_bytes(report.read_bytes())
    return {"seconds": json.loads(report.read_text())["seconds"]["total"], "cpu": _CPU[-1]}


def loops(folder: Path, kind: str, count: int) -> dict[str, float]:
    """Seconds of the slowest of so many loops at once, and CPU seconds of all."""
    names = [f"loop{number}" for number in range(count)]
    run(*([__file__, "--loop", kind, str(folder), name] for name in names))
    seconds = [json.loads((folder / f"{name}.json").read_text())["seconds"] for name in names]
    return {"seconds": max(seconds), "cpu": _CPU[-1]}


_CPU: list[float] = []


def run(*commands: Sequence[str]) -> None:
    """Run Python, once for each command, at once; notes the CPU seconds of all with their children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = [subprocess.Popen([sys.executable, *command], stderr=subprocess.DEVNULL) for command in commands]
    codes = [process.wait() for process in started]
    if any(codes):
        raise RuntimeError(f"{commands} failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    _CPU.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def plain(kind: str, folder: Path, name: str) -> None:
    """The loop over the functions of a job's per-record stages; writes NAME.arrow and NAME.json."""
    from crossthink.dataflow.options import JobOptions, row_options, warc_files
    from crossthink.dataflow.pipeline import page_links, passage_links, question_links
    from crossthink.dataflow.sinks.arrow import write_table
    from crossthink.dataflow.sources.shards import read_shard, shard_paths
    from crossthink.dataflow.sources.splits import WarcSplit, read_split
    from crossthink.dataflow.stages.chain import BATCH
    from crossthink.dataflow.stages.stage import Kept

    from crossthink.arrow import arrow_schema, to_row
    from crossthink.config import load_recipe

    recipe = load_recipe(str(folder / "recipe.toml"))
    options = JobOptions(job=kind, recipe=recipe, output=str(folder / name))
    began = time.perf_counter()
    row_options(recipe)
    if kind == "extract":
        records = (record for path, _ in warc_files(recipe) for record in read_split(WarcSplit(file=path)))
        links = (*page_links(recipe), *passage_links(recipe))
    else:
        records = (question for path in shard_paths(folder / "out/imported") for question in read_shard(path))
        links = question_links(recipe)
    rows = []
    while kept := list(islice(records, BATCH)):
        for link in links:
            results = link.function(kept) if link.batches else map(link.function, kept)
            kept = [item for result in results if isinstance(result, Kept) for item in result.records]
        rows += [to_row(item) for item in kept]
    rows.sort(key=lambda row: row["id"])
    write_table(folder / f"{name}.arrow", rows, arrow_schema(options.record))
    (folder / f"{name}.json").write_text(json.dumps({"seconds": time.perf_counter() - began, "rows": len(rows)}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--loop"]:
        plain(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
    else:
        main(*map(int, sys.argv[1:]))
