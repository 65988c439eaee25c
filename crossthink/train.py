"""GRPO on a blend of verifiable questions: torchrun -m crossthink.train RECIPE --manifest M --output DIR [key=value]

The loop is the paper's: draw prompts from the blend, sample a group for each, grade, group-relative advantages, one
policy-gradient step with a KL term to the frozen start, new weights into the sampler. What it leaves out of the paper:
nothing known; what it adds: a cold start (crossthink/cold_start.py) and a probe after every weight sync.
"""

import json
import logging
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from transformers.utils.logging import disable_progress_bar

from crossthink import ops
from crossthink.blend import Blend
from crossthink.checkpoint import checkpoints, load_checkpoint, save_checkpoint
from crossthink.cold_start import cold_start, read_traces
from crossthink.command import command_parser, exit_code
from crossthink.config import ConfigError, Recipe, load_recipe
from crossthink.distributed import Ranks, join_ranks
from crossthink.engine import Engine, open_engine
from crossthink.engine.weights import resolve_model, revision
from crossthink.files import write_json
from crossthink.judge import open_judge
from crossthink.metrics import MetricsWriter, rollout_metrics
from crossthink.ops.device import type_name
from crossthink.policy import Policy
from crossthink.progress import Progress
from crossthink.prompts import prompt_ids
from crossthink.provenance import provenance
from crossthink.records import write_records
from crossthink.rollout.groups import sample_rollouts, with_advantages
from crossthink.rollout.sync import TOLERANCE, sync_weights
from crossthink.schema import Question, Rollout
from crossthink.shards import Manifest
from crossthink.trained_on import write_note
from crossthink.update import merged, update
from crossthink.verify import counts, reset_counts

log = logging.getLogger("crossthink.train")


class Trainer:
    """The parts of a run, made in the order in which errors are cheapest."""

    def __init__(self, recipe: Recipe, manifest: Manifest, output: Path, ranks: Ranks) -> None:
        self.recipe, self.manifest, self.output, self.ranks = recipe, manifest, output, ranks
        self.blend = Blend(recipe.blend, manifest, recipe.run.seed)
        start = self._start_folder()
        latest = next(reversed(checkpoints(output / "checkpoints")), None)
        folder = latest / "model" if latest else start
        self.policy = self._policy(folder)
        self.reference = self._policy(start).freeze() if recipe.algorithm.kl_coef else None
        o = recipe.optimizer
        self.optimizer = torch.optim.AdamW(self.policy.parameters, lr=o.lr, betas=o.betas, eps=o.eps,
                                           weight_decay=o.weight_decay, fused=True)
        self.step = 0
        if latest:
            state = load_checkpoint(latest, self.optimizer)
            self.step = state["step"]
            self.blend.load_state_dict(state["blend"])
            log.info("resumed from %s", latest)
        self.engine = self._engine(folder)
        self.judge = open_judge(recipe.judge)
        self.probe: list[tuple[int, ...]] = []

    def _policy(self, folder: Path) -> Policy:
        train = self.recipe.train
        dtype = getattr(torch, train.compute_dtype)
        return Policy(folder, device=self.ranks.device, dtype=dtype, backend=train.backend)

    def _engine(self, folder: Path) -> Engine:
        model = self.recipe.model
        engine = open_engine(model.engine, str(folder), dtype=model.dtype, max_model_len=model.max_model_len,
                             cache_gib=model.cache_gib, seed=self.recipe.run.seed)
        log.info("engine %s %s, revision %s, dtype %s", engine.name, engine.model, engine.revision[:12], model.dtype)
        return engine

    def _start_folder(self) -> Path:
        """The model that RL starts from: the cold start's, made here once, or the recipe's own."""
        base = resolve_model(self.recipe.model.path)
        if not self.recipe.cold_start.epochs:
            return base
        target = self.output / "cold"
        if not (target / "cold_start.json").exists() and self.ranks.first:
            self._cold_start(base, target)
        self.ranks.wait()
        return target

    def _cold_start(self, base: Path, target: Path) -> None:
        from transformers import AutoTokenizer

        started = perf_counter()
        tokenizer = AutoTokenizer.from_pretrained(base)
        traces = read_traces(self.recipe.cold_start.traces, tokenizer, self.recipe.template)
        policy = self._policy(base)
        losses = cold_start(policy, traces, self.recipe.cold_start, seed=self.recipe.run.seed,
                            pack_tokens=self.recipe.train.pack_tokens,
                            weight_decay=self.recipe.optimizer.weight_decay)
        policy.save(target, tokenizer)
        facts = {"base": str(self.recipe.model.path), "base_revision": revision(base), "loss": losses,
                 "seconds": perf_counter() - started}
        write_json(target / "cold_start.json", facts)

    def run(self) -> None:
        """Train from the present step to the recipe's last, then write the final model."""
        train, first = self.recipe.train, self.ranks.first
        writer = MetricsWriter(self.output, self.step + 1) if first else None
        with Progress("train", train.steps - self.step, "steps") as progress:
            while self.step < train.steps:
                drawn = self.blend.take(self.recipe.rollout.prompts)
                if len(drawn) < self.recipe.rollout.prompts:
                    log.info("the blend is exhausted after %d steps (blend.when_exhausted)", self.step)
                    break
                row = self.train_step(drawn)
                if writer:
                    writer.write(row)
                if first and (self.step % train.checkpoint_every == 0 or self.step == train.steps):
                    state = {"blend": self.blend.state_dict()}
                    save_checkpoint(self.output / "checkpoints", self.step, self.policy, self.optimizer,
                                    self.engine.tokenizer, state, train.keep_checkpoints)
                progress.add(note=f"reward {row['reward']:.2f}, {row['seconds']['total']:.1f} s a step")
        if writer:
            writer.close()
            self.policy.save(self.output / "final", self.engine.tokenizer)
            write_note(self.output / "final", self.manifest)

    def train_step(self, drawn: Sequence[Question]) -> dict[str, Any]:
        """One step on the prompts drawn; returns its metrics."""
        started, recipe, seed = perf_counter(), self.recipe, self.recipe.run.seed
        mine = self.ranks.share(len(drawn))
        reset_counts()
        rollouts, seconds = sample_rollouts(self.engine, drawn[mine.start:mine.stop], recipe.rollout, recipe.template,
                                            seed=seed, step=self.step, slot=mine.start, judge=self.judge)
        rollouts = with_advantages(rollouts, recipe.algorithm, group_size=recipe.rollout.group_size, seed=seed,
                                   step=self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(recipe, self.step)
        everything = self.ranks.gather(rollouts)
        sums, norm = update(self.policy, self.reference, self.optimizer, everything, recipe, self.ranks)
        self.step += 1
        synced = perf_counter()
        gap = sync_weights(self.policy, self.engine, self._probe_prompts(drawn), seed=seed, step=self.step,
                           tolerance=recipe.train.probe_tolerance or TOLERANCE[recipe.model.dtype])
        seconds |= sums.seconds | {"sync": perf_counter() - synced}
        if self.ranks.first:
            write_records(self.output / "rollouts" / f"step-{self.step:06d}.arrow", Rollout, everything)
        row = rollout_metrics(everything, recipe.rollout.group_size)
        events = sum((Counter(part) for part in self.ranks.gather([counts()])), Counter[str]())
        measured = merged(self.ranks.gather([sums]))
        return {"step": self.step, **row, "repeats": self.blend.repeats, "verifier": dict(events), **measured,
                "grad_norm": norm, "lr": self.optimizer.param_groups[0]["lr"], "probe_gap": gap,
                "seconds": seconds | {"total": perf_counter() - started}}

    def _probe_prompts(self, drawn: Sequence[Question]) -> list[tuple[int, ...]]:
        """Two prompts of the run's first batch, the same for every probe."""
        if not self.probe:
            self.probe = [prompt_ids(self.engine.tokenizer, question, self.recipe.template)
                          for question in drawn[:2]]
        return self.probe


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up over `optimizer.warmup` steps, then constant (paper: 1e-6). `step` counts from 0."""
    warmup = recipe.optimizer.warmup
    return recipe.optimizer.lr * min(1.0, (step + 1) / warmup if warmup else 1.0)


def claim_output(output: Path, recipe: Recipe, manifest: Manifest) -> None:
    """Write `run.json`, or check that the folder's run is this one. Raises ConfigError where it is another.

    A longer run over the same folder goes on where the shorter one ended, so `train.steps` may differ, and the manifest
    may have got more shards behind those that it had.
    """
    tree = json.loads(json.dumps(asdict(recipe)))
    identity = {"recipe": tree, "data": manifest.digest, "files": len(manifest.files)}
    path = output / "run.json"
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        differing = sorted(key for key in tree if _settings(before["recipe"], key) != _settings(tree, key))
        if before["data"] != manifest.digest_of(before.get("files", len(manifest.files))):
            differing.append("the data")
        if differing:
            raise ConfigError(f"{output}: holds another run (differs in {', '.join(differing)}): "
                              "choose another --output or remove the folder")
    write_json(path, {**identity, **provenance()})


def note_what_runs(output: Path, trainer: Trainer, ranks: Ranks) -> None:
    """Say in the log, and add to `run.json`, which engine, ops, precision, device and ranks this run has."""
    used, dtype, engine = ops.backends_in_use(), type_name(trainer.policy.dtype), trainer.engine
    log.info("ops %s; matrix products in %s; device %s; %d rank(s)", used, dtype, ranks.device, ranks.world)
    if ranks.first:
        path = output / "run.json"
        facts = json.loads(path.read_text(encoding="utf-8"))
        facts |= {"engine": {"name": engine.name, "model": engine.model, "revision": engine.revision}, "ops": used,
                  "compute_dtype": dtype, "device": str(ranks.device), "ranks": ranks.world}
        write_json(path, facts)


def _settings(tree: dict[str, Any], section: str) -> Any:
    settings: dict[str, Any] = tree.get(section) or {}
    free = {"steps", "checkpoint_every", "keep_checkpoints"} if section == "train" else set()
    return {k: v for k, v in settings.items() if k not in free} if section not in ("evaluate", "data") else None


def main(argv: Sequence[str] | None = None) -> int:
    """Command line of the trainer; returns the exit code (0 done, 1 failed, 2 bad input)."""
    parser = command_parser("crossthink train", __doc__)
    parser.add_argument("recipe", help="TOML recipe")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="e.g. train.steps=20 optimizer.lr=1e-5")
    parser.add_argument("--manifest", required=True, help="manifest.json of the data line")
    parser.add_argument("--output", required=True, type=Path, help="run folder; an unfinished run in it is resumed")
    arguments = parser.parse_intermixed_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    if not sys.stderr.isatty():
        disable_progress_bar()

    def work() -> None:
        recipe = load_recipe(arguments.recipe, arguments.overrides)
        manifest = Manifest.load(arguments.manifest)
        manifest.verify()
        ranks = join_ranks()
        if ranks.first:
            claim_output(arguments.output, recipe, manifest)
        ranks.wait()
        trainer = Trainer(recipe, manifest, arguments.output, ranks)
        note_what_runs(arguments.output, trainer, ranks)
        trainer.run()

    return exit_code(work, debug=arguments.debug)


if __name__ == "__main__":
    raise SystemExit(main())
