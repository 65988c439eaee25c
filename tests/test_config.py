"""Recipes: what a user can get wrong, and the line that tells them."""

from pathlib import Path

import pytest
import torch

from crossthink.config import ConfigError, load_recipe

GOOD = '[run]\nname = "t"\n[model]\npath = "m"\n'


def recipe(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "r.toml"
    path.write_text(text)
    return path


def test_the_paper_is_the_default(tmp_path: Path) -> None:
    r = load_recipe(recipe(tmp_path, GOOD))
    # Paper, training: 128 prompts, 8 rollouts, KL 0.001, lr 1e-6, temperature 1, 650 steps, gpr_up 2:1.
    assert (r.rollout.prompts, r.rollout.group_size, r.algorithm.kl_coef, r.optimizer.lr) == (128, 8, 0.001, 1e-6)
    assert (r.rollout.temperature, r.train.steps) == (1.0, 650)
    assert r.blend.weights["gpr"] == pytest.approx(2 * r.blend.weights["math"])


def test_overrides_are_toml_values(tmp_path: Path) -> None:
    overrides = ["train.steps=3", "optimizer.lr=1e-5", "run.name=other", "data.languages=['de']"]
    r = load_recipe(recipe(tmp_path, GOOD), overrides)
    assert (r.train.steps, r.optimizer.lr, r.run.name, r.data.languages) == (3, 1e-5, "other", ("de",))


@pytest.mark.parametrize(("flags", "expected"), [
    (["avx2"], "float32"), (["avx2", "avx512f"], "float32"), (["avx512f", "avx512_bf16"], "bfloat16"),
    (["amx_bf16"], "bfloat16")])
@pytest.mark.skipif(torch.cuda.is_available(), reason="the GPU decides here")
def test_auto_is_bfloat16_only_where_the_cpu_multiplies_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                                           flags: list[str], expected: str) -> None:
    monkeypatch.setattr("crossthink.precision.vector_extensions", lambda: flags)
    r = load_recipe(recipe(tmp_path, GOOD), ["model.dtype=auto", "train.compute_dtype=auto"])
    assert (r.model.dtype, r.train.compute_dtype) == (expected, expected)
    r = load_recipe(recipe(tmp_path, GOOD), ["train.compute_dtype=auto"])
    assert (r.model.dtype, r.train.compute_dtype) == ("float32", expected)


@pytest.mark.parametrize(("text", "line"), [
    (GOOD + "[train]\nstep = 3\n", "unknown key train.step"),
    (GOOD + '[train]\nsteps = "3"\n', "train.steps = '3' must be int, not str"),
    (GOOD + "[train]\nsteps = true\n", "train.steps = True must be int, not bool"),
    (GOOD + "[blend]\nweights = {gpr = 0.5, math = 0.4}\n", "blend.weights sum to 0.9, not 1"),
    (GOOD + "[blend]\nweights = {gpr = 1.5, math = -0.5}\n", "negative share"),
    (GOOD + '[algorithm]\nloss = "ppo"\n', "algorithm.loss = 'ppo'; one of grpo, dapo, dr_grpo"),
    (GOOD + "[rollout]\ngroup_size = 0\n", "rollout.group_size = 0 must be above zero"),
    # all rows would be copies of each other, and all fail in the search for none of their words
    (GOOD + "[data]\nnear_duplicate = 0.0\n", "data.near_duplicate = 0.0 must be above zero"),
    (GOOD + "[data]\ncontamination_ngram = 0\n", "data.contamination_ngram = 0 must be above zero"),
    (GOOD + "[data]\nnear_duplicate = 1.5\n", "data.near_duplicate = 1.5 must be at most 1"),
    (GOOD + "[data]\nmin_words = -3\n", "data.min_words = -3 must be zero or above"),
    (GOOD + "[data]\ndifficulty_attempts = -1\n", "data.difficulty_attempts = -1 must be zero or above"),
    (GOOD + "[train]\nsteps = -3\n", "train.steps = -3 must be zero or above"),
    (GOOD + "[rollout]\ntemperature = -1\n", "rollout.temperature = -1.0 must be above zero"),
    (GOOD + "[rollout]\ntop_p = 7\n", "rollout.top_p = 7.0 must be at most 1"),
    (GOOD + "[optimizer]\nlr = nan\n", "optimizer.lr = nan must be a finite number"),
    (GOOD + "[blend]\nweights = {gpr = nan, math = 1}\n", "blend.weights.gpr = nan must be a finite number"),
    (GOOD + "[blend]\nscores = {gpr = inf}\n", "blend.scores.gpr = inf must be a finite number"),
    (GOOD + "[blend]\npass_rate = [0.9, 0.1]\n", "blend.pass_rate = [0.9, 0.1] must be an interval in [0, 1]"),
    (GOOD + "[blend]\npass_rate = [0.0, 1.1]\n", "blend.pass_rate = [0.0, 1.1] must be an interval in [0, 1]"),
    (GOOD + '[[data.questions]]\npath = "x"\n', "data.questions[0].source is missing"),
    (GOOD + '[[data.questions]]\npath = "x"\nsource = "s"\nanswer_type = "essay"\n',
     "x: answer_type 'essay' has no verifier: one of choice, math, quantity, text"),
    (GOOD + '[[data.questions]]\npath = "x"\nsource = "s"\nlimit = -1\n',
     "x: limit = -1 must be zero (all rows) or above"),
    (GOOD + "[optimizer]\nbetas = [0.9]\n", "optimizer.betas = [0.9] must have 2 values"),
    (GOOD + '[data]\nwarc = "x"\n', "data.warc = 'x' must be a list"),
    ('[run]\nname = "t"\n', "model is missing"),
    ("[run\n", "not TOML"),
])
def test_bad_recipes_are_named_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_recipe(recipe(tmp_path, text))
    assert line in str(error.value)
    assert "r.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_what_may_be_zero_or_below(tmp_path: Path) -> None:
    words = ["run.seed=-1", "train.steps=0", "data.min_words=0", "data.near_duplicate=1", "blend.pass_rate=[0.5, 0.5]"]
    assert load_recipe(recipe(tmp_path, GOOD), words).run.seed == -1


def test_a_missing_recipe_and_a_bad_override(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the recipe: No such file"):
        load_recipe(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match=r"write it as section\.key=value"):
        load_recipe(recipe(tmp_path, GOOD), ["train.steps"])


def test_the_shipped_recipes_load() -> None:
    paths = sorted((Path(__file__).parent.parent / "recipes").glob("*.toml"))
    assert paths
    for path in paths:
        assert load_recipe(path).run.name
