"""Is the learning real? Held-out accuracy after the cold start, after training, and after a control, over seeds.

    .venv/bin/python benchmarks/learning.py --run runs/demo --seeds 0 1 2 --output runs/learning

`--run` is a finished demo: its shards are the data. One cold start is where all runs begin; each seed trains from it by
the demo's recipe, and as a control by the same with rewards permuted within each group. All models answer the held-out
questions. Overrides of the recipe follow as key=value. What has finished is not done again. Writes
benchmarks/results/learning.json and learning.svg, and prints the table.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from crossthink.cells import GROUPS, cell_names
from crossthink.evaluate.responses import Response
from crossthink.evaluate.statistics import paired_interval
from crossthink.files import write_json
from crossthink.provenance import provenance
from crossthink.records import read_records

HERE = Path(__file__).parent
ARMS = {"real": "none", "control": "permute"}
"""Arms of the study and their `algorithm.control`."""
MODELS = ("cold", *ARMS)
PAIRS = (("real", "cold"), ("control", "cold"), ("real", "control"))


def command(*words: object) -> None:
    """Run a module of ours in a process of its own."""
    said = [str(word) for word in words]
    print("--", *said, file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", *said], check=True)


def run_arm(arm: str, seed: int, start: Path, arguments: argparse.Namespace) -> None:
    """One training run from the model `start`, and the held-out answers of the model it made."""
    folder, settings = arguments.output / f"seed-{seed}", [*arguments.overrides, f"run.seed={seed}"]
    train(folder / arm, arguments, *settings, f"model.path={start}", "cold_start.epochs=0",
          f"algorithm.control={ARMS[arm]}")
    answer(folder / arm / "final", folder / "eval" / arm, arguments, settings)


def train(output: Path, arguments: argparse.Namespace, *settings: str) -> None:
    """Train into `output`, unless that has been done."""
    if not (output / "final" / "config.json").exists():
        command("crossthink.train", arguments.recipe, *settings, "--manifest",
                arguments.run / "data" / "manifest.json", "--output", output)


def answer(model: Path, output: Path, arguments: argparse.Namespace, settings: Sequence[str]) -> None:
    """Let a model answer the held-out questions."""
    command("crossthink.evaluate", arguments.recipe, *settings, "--model", model, "--output", output)


def shares(responses: Sequence[Response], cell: str) -> dict[str, float]:
    """Share of right answers of each question of a cell, of a format, or of "all"."""
    found: dict[str, list[bool]] = {}
    for response in responses:
        if cell in ("all", response.template, *cell_names(response)):
            found.setdefault(response.question_id, []).append(response.right)
    return {question: mean(rights) for question, rights in found.items()}


def compare(output: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """Accuracy of each seed, and paired differences of the questions' means over seeds, with their 95% intervals.

    The seeds answer the same questions: clustered by question, an interval is not narrowed by asking them again.
    """
    cold = read_records(output / "start" / "eval" / "responses.arrow", Response)
    answers = {"cold": [cold]} | {
        arm: [read_records(output / f"seed-{seed}" / "eval" / arm / "responses.arrow", Response) for seed in seeds]
        for arm in ARMS}
    formats = sorted({r.template for r in cold})
    groups = sorted({name for r in cold for name in cell_names(r) if name.split("/")[0] in GROUPS})
    mixed = [name for name in groups if sum(other.endswith(name.split("/")[1]) for other in groups) > 1]
    cells = ["all", *formats, *mixed]
    table: dict[str, Any] = {}
    for cell in cells:
        by_model = {name: [shares(responses, cell) for responses in answers[name]] for name in MODELS}
        questions = list(by_model["cold"][0])
        means = {name: [mean(run[question] for run in runs) for question in questions]
                 for name, runs in by_model.items()}
        table[cell] = {"n": len(questions),
                       "accuracy": {name: [mean(run.values()) for run in runs] for name, runs in by_model.items()},
                       **{f"{after} - {before}": paired_interval(means[before], means[after])
                          for after, before in PAIRS}}
    return table


def curves(folders: Sequence[Path]) -> dict[str, list[list[float]]]:
    """Reward of each step, for each arm and seed."""
    return {arm: [[json.loads(line)["reward"] for line in (folder / arm / "metrics.jsonl").read_text().splitlines()]
                  for folder in folders] for arm in ARMS}


def draw(rewards: dict[str, list[list[float]]], table: dict[str, Any], path: Path) -> None:
    """Reward over steps of both arms, and held-out accuracy of the three models, a line a seed."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    colours = {"real": "#0072B2", "control": "#D55E00", "cold": "#777777"}
    for arm, seeds in rewards.items():
        for number, values in enumerate(seeds):
            smooth = [mean(values[max(0, i - 2):i + 3]) for i in range(len(values))]
            left.plot(range(1, len(values) + 1), smooth, color=colours[arm], label=arm if not number else None)
    left.set(xlabel="step", ylabel="reward (mean of 5 steps)", ylim=(0, 1), title="Rollouts")
    left.legend(frameon=False)
    for place, cell in enumerate(table):
        for shift, arm in enumerate(MODELS):
            values = table[cell]["accuracy"][arm]
            right.plot([place + 0.22 * (shift - 1)] * len(values), values, "o", color=colours[arm],
                       label=arm if not place else None)
    right.set(xticks=range(len(table)), xticklabels=list(table), ylim=(0, 1), ylabel="held-out accuracy",
              title="A point a seed")
    right.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Run what is missing, compare, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overrides", nargs="*", metavar="key=value")
    parser.add_argument("--run", type=Path, default=Path("runs/demo"))
    parser.add_argument("--recipe", default="recipes/demo.toml")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--output", type=Path, default=Path("runs/learning"))
    arguments = parser.parse_intermixed_args()
    begin = arguments.output / "start"
    first = [*arguments.overrides, f"run.seed={arguments.seeds[0]}"]
    train(begin, arguments, *first, "train.steps=0")
    answer(begin / "cold", begin / "eval", arguments, first)
    for arm in ARMS:
        for seed in arguments.seeds:
            run_arm(arm, seed, begin / "cold", arguments)
    table = compare(arguments.output, arguments.seeds)
    rewards = curves([arguments.output / f"seed-{seed}" for seed in arguments.seeds])
    results = HERE / "results"
    said = ["python", "benchmarks/learning.py", "--seeds", *map(str, arguments.seeds), *arguments.overrides]
    facts = {**provenance(), "argv": said, "table": table, "reward": rewards}
    write_json(results / "learning.json", facts)
    draw(rewards, table, results / "learning.svg")
    for cell, row in table.items():
        accuracy = ", ".join(f"{name} {mean(row['accuracy'][name]):.3f}" for name in MODELS)
        print(f"{cell:10s} {accuracy}")
        for after, before in PAIRS:
            difference, low, high = row[f"{after} - {before}"]
            print(f"{'':10s} {after} - {before}: {difference:+.3f} [{low:+.3f}, {high:+.3f}]")


if __name__ == "__main__":
    main()
