"""How `extract`, `synthesize` (cloze) and `curate` grow: time and memory of ever more pages.

    python benchmarks/growth.py [--flink] [--workers=N] [PAGES ...]     (default: 10000 200000, 1 worker)

Pages are those of the shared crawls with changed words (changed_pages.py), 100 to a WARC file; a shard holds what
2,500 pages give. Worker processes are apart from the runner's, and the resident set of each is looked at ten times a
second. Without --flink Beam's runner in Python holds what is between two steps in its own memory, and hands a worker
all of a step's input in one piece; Flink (tests/dataflow/engines.py says what it needs) keeps it on the disk, and its
workers come from a pool. Writes benchmarks/results/growth.json or growth_flink.json.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

from changed_pages import write_crawl
from processes import descendants, resident

RECIPE = """
[run]
name = "growth"
[model]
path = "none"
[data]
warc = ["{folder}/in/*.warc.gz"]
questions_per_passage = 0
cloze_per_passage = 2
vote_samples = 0
difficulty_attempts = 0
shards = {shards}
"""
JOBS = {"extract": "passages", "synthesize": "written", "curate": "curated"}
Engine = tuple[list[str], int | None]
"""Beam's options, and the process whose children the workers are; None: the job's."""


def main(flink: bool, workers: int, sizes: list[int]) -> None:
    """Measure, print and write the results."""
    from crossthink.files import write_json
    from crossthink.provenance import provenance

    began = provenance()
    with tempfile.TemporaryDirectory() as name:
        found = [measure(pages, Path(name) / str(pages), flink, workers) for pages in sizes]
    first, last = found[0]["jobs"], found[-1]["jobs"]
    times: dict[str, Any] = {"pages": sizes[-1] / sizes[0]}
    for job in JOBS:
        times[job] = {key: last[job][key] / first[job][key] for key in ("seconds", "worker_mib", "rows")}
    times["seconds"] = sum(last[job]["seconds"] for job in JOBS) / sum(first[job]["seconds"] for job in JOBS)
    times["worker_mib"] = max(last[job]["worker_mib"] for job in JOBS) / max(first[job]["worker_mib"] for job in JOBS)
    print(json.dumps(times, indent=1))
    results = {**began, "engine": "flink" if flink else "direct", "workers": workers, "sizes": found, "times": times}
    write_json(Path(__file__).parent / "results" / f"growth{'_flink' if flink else ''}.json", results)


@contextmanager
def engine(flink: bool, workers: int, folder: Path) -> Iterator[Engine]:
    """Where one job runs: the worker processes of one before it would be counted as its own."""
    if not flink:
        yield ["--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"], None
        return
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests/dataflow"))
    import engines

    if lacking := engines.missing("flink"):
        raise SystemExit(lacking)
    with engines.flink(folder) as there, engines.worker_pool(folder) as (pool, process):
        # else each step of the graph starts a Python of its own, and all slots take turns in one
        kept = ["--environment_cache_millis=60000", f"--sdk_worker_parallelism={workers}"]
        yield [*there, *pool, f"--parallelism={workers}", *kept], process.pid


def measure(pages: int, folder: Path, flink: bool, workers: int) -> dict[str, Any]:
    """The jobs over one size: seconds, rows, capped groups, MiB of the largest worker (with the second of each high)
    and of the submitting process."""
    started = time.monotonic()
    write_crawl(folder / "in", pages, max(1, pages // 100))
    row: dict[str, Any] = {"pages": pages, "crawl_seconds": time.monotonic() - started, "jobs": {}}
    (folder / "recipe.toml").write_text(RECIPE.format(folder=folder, shards=max(1, pages // 2500)))
    for job in JOBS:
        with engine(flink, workers, folder) as there:
            row["jobs"][job] = run(job, folder, there)
        print(json.dumps({"pages": pages, "job": job, **row["jobs"][job]}), flush=True)
    return row


def run(job: str, folder: Path, there: Engine) -> dict[str, Any]:
    """One job."""
    arguments, pool = there
    command = [sys.executable, "-m", "crossthink.dataflow", job, "--recipe", str(folder / "recipe.toml"), "--output",
               str(folder / "out"), *arguments]
    with (folder / "log").open("wb") as log:
        process = Popen(command, stdout=DEVNULL, stderr=log)
        began, worker, runner = time.monotonic(), 0.0, 0.0
        highs: list[tuple[float, float]] = []
        while process.poll() is None:
            runner = max(runner, resident(process.pid))
            worker = max([worker, *map(resident, descendants(pool or process.pid))])
            if not highs or worker > 1.02 * highs[-1][1]:
                highs.append((round(time.monotonic() - began, 1), round(worker)))
            time.sleep(0.1)
    if process.returncode:
        raise SystemExit((folder / "log").read_text())
    left = folder / "out" / JOBS[job]
    ran = json.loads((left / "run.json").read_text())
    return {"seconds": ran["seconds"]["total"], "worker_mib": worker, "worker_highs": highs, "runner_mib": runner,
            "capped": ran["capped"], "rows": json.loads((left / "manifest.json").read_text())["rows"]}


if __name__ == "__main__":
    given = sys.argv[1:]
    several = [int(word.removeprefix("--workers=")) for word in given if word.startswith("--workers=")]
    main("--flink" in given, several[-1] if several else 1,
         [int(word) for word in given if word.isdigit()] or [10_000, 200_000])
