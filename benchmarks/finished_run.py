"""The figures of a finished `crossthink demo`, from the files of its folder: time, memory, funnel, steps, evaluation.

    .venv/bin/python benchmarks/finished_run.py runs/demo benchmarks/results/demo.json --command "make demo" --wall 768

`--command` and `--wall` say what was typed and how long it took in all; they stand in no file of the run.
"""

import argparse
import json
from pathlib import Path
from statistics import mean
from typing import Any

from crossthink.cells import GROUPS
from crossthink.files import write_json
from crossthink.metrics import read_metrics


def figures(run: Path) -> dict[str, Any]:
    """What the folder says."""
    trained, data, demo = (json.loads((run / name).read_text(encoding="utf-8"))
                           for name in ("train/run.json", "data/run.json", "demo.json"))
    steps = read_metrics(run / "train" / "metrics.jsonl")
    compared = json.loads((run / "eval" / "comparison.json").read_text(encoding="utf-8"))["cells"]
    parts = steps[0]["seconds"]
    return {
        "processor": trained["processor"], "versions": trained["versions"], "started": data["started"],
        "seconds": demo["seconds"], "peak_rss_bytes_of_the_largest_process": demo["peak_rss_bytes"],
        "compute_dtype": trained["compute_dtype"], "ops": trained["ops"],
        "seconds_a_step": {name: round(mean(step["seconds"][name] for step in steps), 2) for name in parts},
        "reward_by_step": [round(step["reward"], 4) for step in steps],
        "data_tokens": data["tokens"], "funnel": json.loads((run / "data" / "funnel.json").read_text(encoding="utf-8")),
        "held_out": {name: cell for name, cell in compared.items() if name.split("/")[0] in ("all", *GROUPS)},
    }


def main() -> None:
    """Read, add what was said, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--command", required=True, help="what was typed")
    parser.add_argument("--wall", type=float, required=True, help="seconds that it took in all")
    arguments = parser.parse_args()
    write_json(arguments.output, {"command": arguments.command, "seconds_in_all": arguments.wall,
                                  **figures(arguments.run)})


if __name__ == "__main__":
    main()
