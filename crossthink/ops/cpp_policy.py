"""group_advantage and policy_loss of the C++ core as torch custom ops: CPU tensors, fp32, sums in fp64."""

from typing import Any

import torch
from numpy.typing import NDArray

from crossthink import _core

Tensor = torch.Tensor

METRICS = ("kl", "clip_fraction", "ratio_mean", "approx_kl")


@torch.library.custom_op("crossthink::group_advantage_cpp", mutates_args=(), device_types="cpu")
def group_advantage(reward: Tensor, group: Tensor, kind: str, eps: float) -> Tensor:
    """kernels/reference.py's op, without a gradient: rewards are measured."""
    out = torch.empty(reward.shape)
    _core.group_advantage(_array(reward), _array(group), kind == "grpo", eps, out.numpy())
    return out


@group_advantage.register_fake
def _(reward: Tensor, group: Tensor, kind: str, eps: float) -> Tensor:
    return reward.new_empty(reward.shape)


@torch.library.custom_op("crossthink::policy_loss_cpp", mutates_args=(), device_types="cpu")
def _policy_loss(logp: Tensor, old_logp: Tensor, advantage: Tensor, mask: Tensor, sequence: Tensor,
                 ref_logp: Tensor | None, sampler_logp: Tensor | None, kind: str, sequences: int | None,
                 tokens: int | None, max_completion_length: int | None, clip_low: float, clip_high: float,
                 kl_coef: float, sampler_cap: float) -> tuple[Tensor, Tensor, Tensor]:
    """Loss [], its gradient with respect to logp [T], and metrics [4]."""
    loss, grad, metrics = torch.empty(()), torch.empty(logp.shape), torch.empty(len(METRICS))
    _core.policy_loss(
        _array(logp), _array(old_logp), _array(advantage), _array(mask), _array(sequence),
        None if ref_logp is None else _array(ref_logp), None if sampler_logp is None else _array(sampler_logp), kind,
        _count(sequences), _count(tokens), _count(max_completion_length), clip_low, clip_high, kl_coef, sampler_cap,
        loss.numpy(), grad.numpy(), metrics.numpy())
    return loss, grad, metrics


def _array(x: Tensor) -> NDArray[Any]:
    return x.detach().contiguous().numpy()


def _count(value: int | None) -> float:
    """What the core takes for "count what is here"."""
    return -1.0 if value is None else float(value)


@_policy_loss.register_fake
def _(logp: Tensor, old_logp: Tensor, advantage: Tensor, mask: Tensor, sequence: Tensor, ref_logp: Tensor | None,
      sampler_logp: Tensor | None, kind: str, sequences: int | None, tokens: int | None,
      max_completion_length: int | None, clip_low: float, clip_high: float, kl_coef: float,
      sampler_cap: float) -> tuple[Tensor, Tensor, Tensor]:
    return logp.new_empty(()), logp.new_empty(logp.shape), logp.new_empty(len(METRICS))


def _context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    ctx.save_for_backward(output[1])


def _gradient(ctx: Any, grad_loss: Tensor, _grad: Tensor, _metrics: Tensor) -> tuple[Tensor | None, ...]:
    (grad,) = ctx.saved_tensors
    return (grad_loss * grad, *[None] * 14)


_policy_loss.register_autograd(_gradient, setup_context=_context)


def policy_loss(logp: Tensor, old_logp: Tensor, advantage: Tensor, mask: Tensor, sequence: Tensor, *, kind: str,
                clip_low: float, clip_high: float, ref_logp: Tensor | None, kl_coef: float,
                sampler_logp: Tensor | None, sampler_cap: float, sequences: int | None, tokens: int | None,
                max_completion_length: int | None) -> tuple[Tensor, dict[str, Tensor]]:
    """kernels/reference.py's op; the gradient is made in the forward's pass."""
    loss, _, metrics = _policy_loss(logp, old_logp, advantage, mask, sequence, ref_logp, sampler_logp, kind, sequences,
                                    tokens, max_completion_length, clip_low, clip_high, kl_coef, sampler_cap)
    return loss, dict(zip(METRICS, metrics.detach().unbind(), strict=True))
