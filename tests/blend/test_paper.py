"""The paper's blends on its pool, a thousandth of its size: shares by source as worked out from the paper's sizes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from crossthink.blend import Blend
from crossthink.blend.shares import shares
from crossthink.config import BlendConfig, load_recipe
from crossthink.schema import Question
from crossthink.shards import Manifest

RECIPES = Path(__file__).parents[2] / "recipes" / "blends"
POOL = {"mmlu": (100, "gpr", True), "syn-qa": (193, "gpr", True), "naturalreasoning": (100, "gpr", False),
        "numinamath": (87, "math", False), "persona-math": (100, "math", False), "math": (9, "math", False)}
"""Thousands of rows of each source (arXiv 2504.13941), its group, and whether it is multiple choice."""
SHARES = {
    "nd": (.1696, .3278, .1699, .1484, .1699, .0145), "gpr_up": (.1695, .3275, .1697, .1487, .1702, .0145),
    "mr_up": (.0847, .1637, .0849, .2973, .3404, .0290), "mcq_up": (.2273, .4393, .1127, .0984, .1127, .0096),
    "open_up": (.1137, .2197, .2253, .1968, .2253, .0192),
    # 192,930 of 392,772 and so on; 87,350 of 195,873 and so on
    "only_gpr": (.2542, .4912, .2546, 0, 0, 0), "only_mr": (0, 0, 0, .4460, .5105, .0435),
    # 34.78 of 267.47 and so on
    "score": (.1300, .1707, .1676, .1984, .1667, .1667)}


@pytest.fixture
def pool(make_question: Callable[..., Question], write_manifest: Callable[[list[Question]], Path]) -> Manifest:
    return Manifest.load(write_manifest([
        make_question(f"{source} {number}", source=source, group=group, options=("4", "5") if choice else ())
        for source, (rows, group, choice) in POOL.items() for number in range(rows)]))


@pytest.mark.parametrize("name", SHARES)
def test_declared_and_drawn_shares_are_the_papers(name: str, pool: Manifest) -> None:
    blend = Blend(load_recipe(RECIPES / f"{name}.toml").blend, pool, seed=0)
    drawn = [row for _, row in blend.draw(5890)]
    found = {share.name: share for share in shares(blend, drawn)["source"]}
    for source, expected in zip(POOL, SHARES[name], strict=True):
        # a pool of whole thousands is up to .0025 off; inside a part the sources come by chance, with whole epochs even
        assert found[source].declared == pytest.approx(expected, abs=.003)
        assert found[source].realised(5890) == pytest.approx(expected, abs=.01)


def test_the_difficulty_filter_leaves_out_what_nobody_measured() -> None:
    config = load_recipe(RECIPES / "f_gpr_up.toml").blend
    assert config == BlendConfig(weights=config.weights, pass_rate=(0.0, 0.5), unmeasured="drop")


def test_there_are_nine() -> None:
    assert {path.stem for path in RECIPES.glob("*.toml")} == {*SHARES, "f_gpr_up"}
