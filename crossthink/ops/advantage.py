"""group_advantage over every backend's kernels."""

import torch

from crossthink import _core
from crossthink.ops import policy
from crossthink.ops.device import stream
from crossthink.ops.memory import empty

Tensor = torch.Tensor


@torch.library.custom_op("crossthink::group_advantage", mutates_args=())
def group_advantage(reward: Tensor, group: Tensor, kind: str, eps: float, backend: str) -> Tensor:
    """kernels/reference.py's op, without a gradient: rewards are measured."""
    reward, group = reward.detach().contiguous(), group.contiguous()
    out = _centred(reward, group, kind == "grpo", eps, backend)
    if kind == "rloo":
        counts, _ = policy.sequence_counts(backend, torch.ones_like(group, dtype=torch.bool), group)
        size = policy.at_each_token(counts, group)
        assert size is not None
        out *= size / (size - 1).clamp_(min=1)
    return out


@group_advantage.register_fake
def _(reward: Tensor, group: Tensor, kind: str, eps: float, backend: str) -> Tensor:
    return torch.empty_like(reward)


def _centred(reward: Tensor, group: Tensor, divide: bool, eps: float, backend: str) -> Tensor:
    """Rewards less their group's mean, divided by its standard deviation or not."""
    if backend == "triton":
        from crossthink.kernels import runs

        return runs.group_advantage(reward, group, divide, eps)
    out = empty(reward, reward.shape)
    if backend == "cpp":
        _core.group_advantage(reward.numpy(), group.numpy(), divide, eps, out.numpy(), torch.get_num_threads())
    else:
        with torch.cuda.device(reward.device):
            _core.cuda_group_advantage(reward.data_ptr(), group.data_ptr(), len(reward), divide, eps, out.data_ptr(),
                                       stream())
    return out
