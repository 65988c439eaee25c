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


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_new_weights_arrive(model: Path, dtype: str) -> None:
    gap = sync_weights(moved(model), TransformersEngine(str(model), dtype=dtype), PROMPTS, seed=0, step=1,
                       tolerance=TOLERANCE[dtype])
    # fp32 on both sides differs by the order of sums alone; eight bits of mantissa by more, and less than is allowed
    assert gap < 1e-4 if dtype == "float32" else 1e-4 < gap < 0.05


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_tensor_left_behind_stops_the_run(model: Path, dtype: str) -> None:
    with pytest.raises(SyncError, match="step 7: after the weight sync trainer and sampler"):
        sync_weights(moved(model), Stale(str(model), dtype=dtype), PROMPTS, seed=0, step=7, tolerance=TOLERANCE[dtype])
