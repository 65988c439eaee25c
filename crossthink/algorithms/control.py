"""The study's control: the same rewards, dealt anew within each group.

Every group keeps its mean and spread, so the control makes as many and as large updates as the real run, but they point
at nothing.
"""

import random
from collections.abc import Sequence

from crossthink.schema import derive_seed


def permute_rewards(rewards: Sequence[float], question_id: str, *, seed: int, step: int) -> list[float]:
    """The rewards of one group in an order drawn from (seed, question, step)."""
    dealt = list(rewards)
    random.Random(derive_seed(seed, "control", question_id, step)).shuffle(dealt)
    return dealt
