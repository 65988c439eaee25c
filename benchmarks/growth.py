"""How `extract` grows: time and memory of ever more pages.

    python benchmarks/growth.py [PAGES ...]     (default: 10000 200000)

Pages are those of the shared crawls with changed words (changed_pages.py), 100 to a WARC file; a shard holds the
passages of some 2,500 pages. One worker process apart from the runner's, which holds what is between two steps in its
own memory; the resident set of each is looked at ten times a second. Writes benchmarks/results/growth.json.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from changed_pages import write_crawl

RECIPE = """
[run]
name = "growth"
[model]
path = "none"
[data]
warc = ["{folder}/in/*.warc.gz"]
questions_per_passage = 0
cloze_per_passage = 0
vote_samples = 0
difficulty_attempts = 0
shards = {shards}
"""
ONE = ("--direct_running_mode=multi_processing", "--direct_num_workers=1")


def main(sizes: list[int]) -> None:
    """Measure, print and write the results."""
    from crossthink.files import write_json
    from crossthink.provenance import provenance

    found = [measure(pages) for pages in sizes]
    first, last = found[0], found[-1]
    results = {**provenance(), "sizes": found, "pages_times": last["pages"] / first["pages"],
               "seconds_times": last["seconds"] / first["seconds"], "cpu_times": last["cpu"] / first["cpu"],
               "worker_memory_times": last["worker_mib"] / first["worker_mib"]}
    print(json.dumps({name: results[name] for name in results if name.endswith("times")}, indent=1))
    write_json(Path(__file__).parent / "results" / "growth.json", results)


def measure(pages: int) -> dict[str, Any]:
    """Seconds, CPU seconds and memory of one size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_crawl(folder / "in", pages, max(1, pages // 100))
        (folder / "recipe.toml").write_text(RECIPE.format(folder=folder, shards=max(1, pages // 2500)))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        job = subprocess.Popen([sys.executable, "-m", "crossthink.dataflow", "extract", "--recipe",
                                str(folder / "recipe.toml"), "--output", str(folder / "out"), *ONE],
                               stderr=subprocess.DEVNULL)
        worker = runner = 0.0
        while job.poll() is None:
            runner = max(runner, _resident(job.pid))
            worker = max([worker, *map(_resident, _descendants(job.pid))])
            time.sleep(0.1)
        assert job.returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = json.loads((folder / "out/passages/run.json").read_text())
        row = {"pages": pages, "seconds": run["seconds"]["total"], "worker_mib": worker, "runner_mib": runner,
               "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, "capped": run["capped"],
               "rows": json.loads((folder / "out/passages/manifest.json").read_text())["rows"]}
    print(json.dumps(row))
    return row


def _descendants(process: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            found += [child, *_descendants(child)]
    return found


def _resident(process: int) -> float:
    """MiB."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    except (OSError, IndexError):
        return 0.0


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [10_000, 200_000])
