"""The probe after a weight sync: silent where the weights arrived, an error where one tensor stayed behind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from crossthink.engine.transformers import TransformersEngine
from crossthink.policy import Policy
from crossthink.rollout.sync import TOLERANCE, SyncError, sync_weights

PROMPTS = [tuple(range(5, 15)), tuple(range(30, 50))]


class Stale(TransformersEngine):
    """Keeps its last layer's output projection, as a packed copy that nobody renews would."""

    def load_weights(self, named: Iterator[tuple[str, Any]]) -> None:
        super().load_weights((name, tensor) for name, tensor in named if name != "model.layers.1.mlp.down_proj.weight")


def moved(model: Path) -> Policy:
    """The model after a training step of some size."""
    policy = Policy(model, device=torch.device("cpu"))
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in policy.parameters:
            parameter += 0.1 * torch.randn_like(parameter)
    return policy


def gap(engine: TransformersEngine, policy: Policy, tolerance: float) -> float:
    return sync_weights(policy, engine, PROMPTS, seed=0, step=7, tolerance=tolerance)


def test_new_weights_arrive_and_a_tensor_left_behind_stops_the_run(model: Path) -> None:
    policy = moved(model)
    # fp32 on both sides: only the order of sums differs
    assert gap(TransformersEngine(str(model)), policy, TOLERANCE["float32"]) < 1e-4
    with pytest.raises(SyncError, match="step 7: after the weight sync trainer and sampler"):
        gap(Stale(str(model)), policy, TOLERANCE["float32"])


def test_other_weights_stand_out_from_the_rounding_of_bfloat16(model: Path) -> None:
    policy = moved(model)
    rounding = gap(TransformersEngine(str(model), dtype="bfloat16"), policy, 1.0)
    assert rounding > 1e-4  # eight bits of mantissa, and this model's logits are large
    assert gap(Stale(str(model), dtype="bfloat16"), policy, 10.0) > 3 * rounding
