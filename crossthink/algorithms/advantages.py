"""Group-relative advantages (GRPO, arXiv 2402.03300, section 4.1.2; Dr. GRPO, arXiv 2503.20783: no divisor)."""

from collections.abc import Sequence

import torch

from crossthink import ops


def group_advantages(rewards: Sequence[float], groups: Sequence[int], *, kind: str = "grpo",
                     eps: float = 1e-6) -> list[float]:
    """Advantage of each rollout against its own group: (r - mean) / (unbiased std + eps) for "grpo".

    `groups` numbers the group of each reward, ascending. A group without spread gets zeros.
    """
    reward = torch.tensor(rewards, dtype=torch.float32)
    group = torch.tensor(groups, dtype=torch.int64)
    return ops.group_advantage(reward, group, kind=kind, eps=eps).tolist()


def zero_spread_share(rewards: Sequence[float], groups: Sequence[int]) -> float:
    """Share of groups whose rewards are all the same: they teach nothing."""
    seen: dict[int, set[float]] = {}
    for reward, group in zip(rewards, groups, strict=True):
        seen.setdefault(group, set()).add(reward)
    return sum(len(values) == 1 for values in seen.values()) / len(seen) if seen else 0.0
