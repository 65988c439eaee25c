"""Advantages and the control, by hand."""

import pytest

pytest.importorskip("torch")

from crossthink.algorithms import group_advantages, permute_rewards
from crossthink.algorithms.advantages import zero_spread_share


def test_advantages_by_hand() -> None:
    # rewards 1 0 0 1: mean 0.5, unbiased variance 4 * 0.25 / 3 = 1/3, std 0.57735; (1 - 0.5) / 0.57735 = 0.866025
    # rewards 1 1: no spread, so zeros
    values = group_advantages([1, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1])
    assert values == pytest.approx([0.866025, -0.866025, -0.866025, 0.866025, 0, 0], abs=5e-6)
    assert group_advantages([1, 0, 0, 1], [0, 0, 0, 0], kind="dr_grpo") == pytest.approx([0.5, -0.5, -0.5, 0.5])


def test_zero_spread() -> None:
    assert zero_spread_share([1, 1, 0, 1, 0, 0], [0, 0, 1, 1, 2, 2]) == pytest.approx(2 / 3)


def test_the_control_keeps_each_groups_rewards_and_moves_them() -> None:
    rewards = [1.0, 0, 0, 0, 1, 1, 0, 0]
    dealt = [permute_rewards(rewards, "q", seed=0, step=s) for s in range(50)]
    assert all(sorted(d) == sorted(rewards) for d in dealt)
    assert dealt[0] == permute_rewards(rewards, "q", seed=0, step=0)
    # each place holds a 1 in 3 of 8 deals: over 50 seeds within 4 standard errors (0.068 each)
    for place in range(8):
        assert abs(sum(d[place] for d in dealt) / 50 - 3 / 8) < 0.28
