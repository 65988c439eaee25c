"""Algorithms, one idea a file; the arithmetic itself lives behind crossthink.ops."""

from crossthink.algorithms.advantages import group_advantages
from crossthink.algorithms.control import permute_rewards

__all__ = ["group_advantages", "permute_rewards"]
