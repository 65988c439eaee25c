"""group_advantage and policy_loss over every backend's kernels: the tokens' weights, their terms, and the sums."""

from typing import Any

import torch
from numpy.typing import NDArray

from crossthink import _core
from crossthink.kernels.loss_options import LossOptions  # type: ignore[import-untyped, unused-ignore]

Tensor = torch.Tensor

METRICS = ("kl", "clip_fraction", "ratio_mean", "approx_kl")


@torch.library.custom_op("crossthink::group_advantage", mutates_args=())
def group_advantage(reward: Tensor, group: Tensor, kind: str, eps: float, backend: str) -> Tensor:
    """kernels/reference.py's op, without a gradient: rewards are measured."""
    reward, group = reward.detach().contiguous(), group.contiguous()
    if backend == "triton":
        from crossthink.kernels import runs

        return runs.group_advantage(reward, group, kind, eps)
    out = torch.empty_like(reward)
    if backend == "cpp":
        _core.group_advantage(reward.numpy(), group.numpy(), kind == "grpo", eps, out.numpy())
    else:
        with torch.cuda.device(reward.device):
            _core.cuda_group_advantage(reward.data_ptr(), group.data_ptr(), len(reward), kind == "grpo", eps,
                                       out.data_ptr(), torch.cuda.current_stream().cuda_stream)
    return out


@group_advantage.register_fake
def _(reward: Tensor, group: Tensor, kind: str, eps: float, backend: str) -> Tensor:
    return torch.empty_like(reward)


def token_weights(backend: str, mask: Tensor, sequence: Tensor, options: LossOptions) -> tuple[Tensor, Tensor | None]:
    """What an active token's term counts in the loss: a number, [] fp64, and what it is divided by, [T] fp32, or None
    for 1 (token_weights of kernels/reference.py). Nothing waits for the device."""
    if options.kind in ("dapo", "bnpo"):
        if options.kind == "dapo" and options.tokens is not None:
            return _number(1 / max(options.tokens, 1), mask), None
        return 1 / mask.sum().clamp(min=1).double(), None
    count = None
    if options.kind == "grpo" or options.sequences is None:
        count = sequence_means(backend, mask, sequence, None)[0].clamp(min=1)
    # every active token is a part of its sequence, and the parts of each add up to 1
    scale = (1 / (mask / count).sum(dtype=torch.float64).round().clamp(min=1) if options.sequences is None
             else _number(1 / max(options.sequences, 1), mask))
    return (scale, count) if options.kind == "grpo" else (scale / options.max_completion_length, None)


def _number(x: float, like: Tensor) -> Tensor:
    return torch.full((), x, dtype=torch.float64, device=like.device)


def sequence_means(backend: str, mask: Tensor, sequence: Tensor, x: Tensor | None) -> tuple[Tensor, Tensor]:
    """Active tokens of each token's sequence, [T], and x's mean over them, [T], or empty where x is None."""
    if backend == "triton":
        from crossthink.kernels import runs

        return runs.sequence_means(mask, sequence, x)
    count = torch.empty(len(mask), device=mask.device)
    mean = torch.empty(0 if x is None else len(mask), device=mask.device)
    if backend == "cpp":
        _core.sequence_means(mask.numpy(), sequence.numpy(), _array(x), count.numpy(), mean.numpy())
    else:
        with torch.cuda.device(mask.device):
            _core.cuda_sequence_means(mask.data_ptr(), sequence.data_ptr(), _address(x), count.data_ptr(),
                                      mean.data_ptr(), len(mask), torch.cuda.current_stream().cuda_stream)
    return count, mean


def policy_terms(backend: str, logp: Tensor, old_logp: Tensor | None, log_ratio: Tensor | None, advantage: Tensor,
                 scale: Tensor, count: Tensor | None, mask: Tensor, ref_logp: Tensor | None,
                 sampler_logp: Tensor | None, options: LossOptions) -> tuple[Tensor, Tensor]:
    """d loss / d logp [T] fp32, and [5] fp64: the loss, and the sums of METRICS over the active tokens."""
    columns = (logp, old_logp, log_ratio, advantage, scale, count, mask, ref_logp, sampler_logp)
    if backend == "triton":
        from crossthink.kernels import policy_terms as kernel

        return kernel.policy_terms(*columns, options)
    core = _core.LossOptions(options.surrogate, "" if ref_logp is None else options.kl,
                             "" if sampler_logp is None else options.correction, options.clip_low, options.clip_high,
                             options.dual_clip or 0.0, options.kl_coef, options.sampler_cap, options.sampler_floor)
    grad = torch.empty_like(logp)
    if backend == "cpp":
        sums = torch.empty(1 + len(METRICS), dtype=torch.float64)
        _core.policy_terms(core, *(_array(x) for x in columns), grad.numpy(), sums.numpy())
        return grad, sums
    partial = logp.new_empty((_core.cuda_policy_blocks(len(logp)), 1 + len(METRICS)), dtype=torch.float64)
    with torch.cuda.device(logp.device):
        _core.cuda_policy_terms(core, *(_address(x) for x in columns), grad.data_ptr(), partial.data_ptr(), len(logp),
                                torch.cuda.current_stream().cuda_stream)
    return grad, partial.sum(0)


def _array(x: Tensor | None) -> NDArray[Any] | None:
    return None if x is None else x.numpy()


def _address(x: Tensor | None) -> int:
    return 0 if x is None else x.data_ptr()


def column(x: Tensor | None) -> Tensor | None:
    """A constant as the kernels take it."""
    return None if x is None else x.detach().contiguous()


@torch.library.custom_op("crossthink::policy_loss", mutates_args=())
def _policy_loss(logp: Tensor, old_logp: Tensor | None, advantage: Tensor, mask: Tensor, sequence: Tensor,
                 ref_logp: Tensor | None, sampler_logp: Tensor | None, names: str, numbers: list[float],
                 backend: str) -> tuple[Tensor, Tensor, Tensor]:
    """Loss [], its gradient with respect to logp [T], and metrics [4]."""
    options = LossOptions.decode(names, numbers)
    logp, mask, sequence = logp.detach().contiguous(), mask.contiguous(), sequence.contiguous()
    old_logp, log_ratio = column(old_logp), None
    if options.surrogate == "gspo":
        moved = torch.zeros_like(logp) if old_logp is None else logp - old_logp
        log_ratio = sequence_means(backend, mask, sequence, moved)[1]
    scale, count = token_weights(backend, mask, sequence, options)
    grad, sums = policy_terms(backend, logp, old_logp, log_ratio, advantage.detach().contiguous(), scale, count, mask,
                              column(ref_logp), column(sampler_logp), options)
    return sums[0].float(), grad, (sums[1:] / mask.sum().clamp(min=1)).float()


@_policy_loss.register_fake
def _(logp: Tensor, old_logp: Tensor | None, advantage: Tensor, mask: Tensor, sequence: Tensor,
      ref_logp: Tensor | None, sampler_logp: Tensor | None, names: str, numbers: list[float],
      backend: str) -> tuple[Tensor, Tensor, Tensor]:
    return logp.new_empty(()), torch.empty_like(logp), logp.new_empty(len(METRICS))


def _context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    ctx.save_for_backward(output[1])


def _gradient(ctx: Any, grad_loss: Tensor, _grad: Tensor, _metrics: Tensor) -> tuple[Tensor | None, ...]:
    (grad,) = ctx.saved_tensors
    return (grad_loss * grad, *[None] * 9)


_policy_loss.register_autograd(_gradient, setup_context=_context)


def policy_loss(logp: Tensor, old_logp: Tensor | None, advantage: Tensor, mask: Tensor, sequence: Tensor,
                ref_logp: Tensor | None, sampler_logp: Tensor | None, options: LossOptions,
                backend: str) -> tuple[Tensor, dict[str, Tensor]]:
    """kernels/reference.py's op; the gradient is made in the forward's pass."""
    loss, _, metrics = _policy_loss(logp, old_logp, advantage, mask, sequence, ref_logp, sampler_logp,
                                    *options.encode(), backend)
    return loss, dict(zip(METRICS, metrics.detach().unbind(), strict=True))
