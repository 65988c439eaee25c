"""Time of a training step beside TRL's GRPOTrainer: same model, prompts, group size and lengths, in one run.

    .venv/bin/pip install trl==1.16.0
    .venv/bin/python benchmarks/step_time.py --run runs/demo --steps 4

`--run` is a finished demo: its cold-started model and its data are what both sides train on. Each side runs in a
process of its own, in turn; the first step (warm-up) is not counted. Writes benchmarks/results/step_time.json as each
side ends, and prints a table.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from crossthink.files import write_json
from crossthink.provenance import provenance

HERE = Path(__file__).parent
OURS = {
    "crossthink": (),
    "crossthink-fp32": ("train.compute_dtype=float32", "model.dtype=float32"),
}
"""Settings of our sides: the recipe as it is, and everything in fp32."""
_FP32 = {"bf16": False, "gradient_checkpointing": False}
TRL: dict[str, dict[str, Any]] = {
    "trl-defaults": {},
    "trl-fp32": _FP32,
    "trl-fp32-16": {**_FP32, "per_device_train_batch_size": 16},
    "trl-fp32-32": {**_FP32, "per_device_train_batch_size": 32},
    "trl-bf16": {"bf16": True, "gradient_checkpointing": False, "per_device_train_batch_size": 16},
    "trl-vllm": {**_FP32, "per_device_train_batch_size": 16, "use_vllm": True, "vllm_mode": "colocate"},
}
"""Settings of TRL's sides over its defaults (micro-batches of 8 among them)."""
SIDES = (*OURS, *TRL)


def ours(side: str, run: Path, steps: int, recipe: str, output: Path) -> dict[str, Any]:
    """Our trainer on the run's data from the run's cold-started model. No group is left out: TRL leaves none out."""
    folder = output / side
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=1", "-m",
               "crossthink.train", recipe, f"model.path={run / 'train' / 'cold'}", "cold_start.epochs=0",
               f"train.steps={steps + 1}", "train.checkpoint_every=1000", "algorithm.zero_spread=keep",
               *OURS[side], "--manifest", str(run / "data" / "manifest.json"), "--output", str(folder)]
    subprocess.run(command, check=True)
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()][1:]
    parts = {name: statistics.mean(row["seconds"].get(name, 0.0) for row in rows) for name in rows[0]["seconds"]}
    return {"seconds": [row["seconds"]["total"] for row in rows], "parts": parts,
            "completion_tokens": [row["completion_tokens"] for row in rows]}


def trl(side: str, run: Path, steps: int, recipe_path: str) -> dict[str, Any]:
    """TRL's trainer on the same prompts (this process)."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    from crossthink.blend import Blend
    from crossthink.config import load_recipe
    from crossthink.shards import Manifest
    from crossthink.templates import user_message
    from crossthink.verify import grade

    recipe = load_recipe(recipe_path)
    blend = Blend(recipe.blend, Manifest.load(run / "data"), recipe.run.seed)
    questions = blend.take(recipe.rollout.prompts * (steps + 1))
    by_prompt = {user_message(q): q for q in questions}
    rows = Dataset.from_list([{"prompt": [{"role": "user", "content": user_message(q)}]} for q in questions])

    def reward(prompts: list[Any], completions: list[Any], **_: Any) -> list[float]:
        return [grade(by_prompt[p[0]["content"]], c[0]["content"]).reward
                for p, c in zip(prompts, completions, strict=True)]

    batch = recipe.rollout.prompts * recipe.rollout.group_size
    micro = TRL[side].get("per_device_train_batch_size", 8)
    settings: dict[str, Any] = {
        "output_dir": tempfile.mkdtemp(), "max_steps": steps + 1, "num_generations": recipe.rollout.group_size,
        "max_completion_length": recipe.rollout.max_tokens, "temperature": recipe.rollout.temperature,
        "learning_rate": recipe.optimizer.lr, "beta": recipe.algorithm.kl_coef,
        "per_device_train_batch_size": micro, "gradient_accumulation_steps": batch // micro,
        "use_cpu": True, "report_to": [], "save_strategy": "no", "logging_steps": 1, "shuffle_dataset": False,
        "seed": recipe.run.seed, **TRL[side]}
    if side == "trl-vllm":
        settings["vllm_max_model_length"] = recipe.model.max_model_len
    trainer = GRPOTrainer(model=str(run / "train" / "cold"), reward_funcs=reward, args=GRPOConfig(**settings),
                          train_dataset=rows)
    trainer.train()
    log = [row for row in trainer.state.log_history if "step_time" in row][1:]
    return {"seconds": [row["step_time"] for row in log],
            "completion_tokens": [row["completions/mean_length"] * batch for row in log]}


def measure(side: str, arguments: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """One side, in a process of its own; an error is part of the result, never left out."""
    if side in OURS:
        return ours(side, arguments.run, arguments.steps, arguments.recipe, scratch)
    result = scratch / f"{side}.json"
    done = subprocess.run([sys.executable, __file__, "--run", str(arguments.run), "--steps", str(arguments.steps),
                           "--recipe", arguments.recipe, "--side", side, "--result", str(result)],
                          capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "Error" in line]
        return {"error": said[-1] if said else f"ended with {done.returncode}"}
    return json.loads(result.read_text())


def main() -> None:
    """Measure every side and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path("runs/demo"))
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--recipe", default="recipes/demo.toml")
    parser.add_argument("--sides", nargs="*", default=list(SIDES), choices=SIDES)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        arguments.result.write_text(json.dumps(trl(arguments.side, arguments.run, arguments.steps, arguments.recipe)))
        return
    facts = provenance()
    facts["argv"] = f"python benchmarks/step_time.py --steps {arguments.steps}"
    facts["versions"]["trl"] = version("trl")
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for side in arguments.sides:
            results[side] = measure(side, arguments, Path(scratch))
            print(line(side, results), flush=True)
            write_json(HERE / "results" / "step_time.json", {**facts, "results": results})


def line(side: str, results: dict[str, Any]) -> str:
    """A side's row of the table: its median step, and as a multiple of our first side's."""
    if "error" in results[side]:
        return f"{side:16s} did not run: {results[side]['error']}"
    median = statistics.median(results[side]["seconds"])
    tokens = statistics.mean(results[side]["completion_tokens"])
    own = statistics.median(next(iter(results.values()))["seconds"])
    return f"{side:16s} {median:7.2f} s a step, {tokens:6.0f} completion tokens, {median / own:5.2f} x the first"


if __name__ == "__main__":
    main()
