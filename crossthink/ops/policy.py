"""policy_loss over every backend's kernels: the tokens' weights, their terms, and the sums."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.fx.experimental.symbolic_shapes import guard_or_false

from crossthink import _core
from crossthink.kernels.loss_options import LossOptions  # type: ignore[import-untyped, unused-ignore]
from crossthink.ops.device import address, refuse_second_gradient, stream
from crossthink.ops.memory import empty

Tensor = torch.Tensor

METRICS = ("kl", "clip_fraction", "ratio_mean", "approx_kl")
SUMS = 1 + len(METRICS) + 1
"""What policy_terms adds up: the loss, METRICS, and the active tokens."""


Counts = Tensor | _core.Sequences | None
"""The active tokens of each token's sequence: at every token, [T] fp32 and at least 1, or once a sequence, as the C++
core takes them. None for 1."""


def token_weights(backend: str, mask: Tensor, sequence: Tensor, options: LossOptions) -> tuple[Tensor, Counts]:
    """What an active token's term counts in the loss: a number, [] fp64, and what it is divided by (token_weights of
    kernels/reference.py). Nothing waits for the device."""
    if options.kind in ("dapo", "bnpo"):
        if options.kind == "dapo" and options.tokens is not None:
            return _number(1 / max(options.tokens, 1), mask), None
        if backend == "cpp":  # torch's sum would leave its threads spinning beside the core's
            return _number(1 / max(int(np.count_nonzero(mask.numpy())), 1), mask), None
        return 1 / mask.sum().clamp(min=1).double(), None
    count, scale = sequence_counts(backend, mask, sequence) if options.counts_sequences else (None, None)
    if options.sequences is not None:
        scale = _number(1 / max(options.sequences, 1), mask)
    assert scale is not None
    if options.kind == "grpo":
        return scale, count
    assert options.max_completion_length is not None
    return scale / options.max_completion_length, None


def weight_of(scale: Tensor, count: Tensor | None) -> Tensor:
    """The weights that token_weights gives in two parts: [T], or [] where they are all the same."""
    return scale if count is None else scale / count


def at_each_token(counts: Counts, like: Tensor) -> Tensor | None:
    """Counts as a column [T], for tokens `like` these."""
    if not isinstance(counts, _core.Sequences):
        return counts
    column = like.new_empty(len(like), dtype=torch.float32)
    counts.counts(column.numpy())
    return column.clamp_(min=1)


def _number(x: float, like: Tensor) -> Tensor:
    return torch.full((), x, dtype=torch.float64, device=like.device)


def sequence_counts(backend: str, mask: Tensor, sequence: Tensor) -> tuple[Tensor | _core.Sequences, Tensor]:
    """Active tokens of each sequence, and 1 over the number of sequences that have one, [] fp64."""
    if backend == "cpp":
        found = _core.Sequences(sequence.numpy(), mask.numpy(), torch.get_num_threads())
        return found, _number(1 / max(found.active, 1), mask)
    count = torch.empty(len(mask), dtype=torch.float32, device=mask.device)
    return count, _device_means(backend, mask, sequence, None, count, None)


def sequence_means(backend: str, mask: Tensor, sequence: Tensor, x: Tensor) -> Tensor:
    """The mean of x over each sequence's active tokens, at each of its tokens: [T]."""
    threads, mean = torch.get_num_threads(), empty(mask, mask.shape)
    if backend == "cpp":
        _core.Sequences(sequence.numpy(), mask.numpy(), threads).means(mask.numpy(), x.numpy(), mean.numpy(), threads)
    else:
        _device_means(backend, mask, sequence, x, None, mean)
    return mean


def _device_means(backend: str, mask: Tensor, sequence: Tensor, x: Tensor | None, count: Tensor | None,
                  mean: Tensor | None) -> Tensor:
    """Fill count [T], the active tokens of each token's sequence and 1 where it has none, and mean [T], x's over them,
    where asked for; 1 over the number of sequences with an active token, [] fp64."""
    if backend == "triton":
        from crossthink.kernels import runs

        return runs.sequence_means(mask, sequence, x, count, mean)
    active = torch.empty(_core.cuda_run_blocks(len(mask)), dtype=torch.int32, device=mask.device)
    share = torch.empty((), dtype=torch.float64, device=mask.device)
    with torch.cuda.device(mask.device):
        _core.cuda_sequence_means(mask.data_ptr(), sequence.data_ptr(), address(x), address(count), address(mean),
                                  active.data_ptr(), share.data_ptr(), len(mask), stream())
    return share


@dataclass(frozen=True, slots=True)
class Columns:
    """What is known of each token beside its log-prob: [T] fp32, contiguous constants."""

    old_logp: Tensor | None
    """None: the log-probs themselves."""
    advantage: Tensor
    ref_logp: Tensor | None
    sampler_logp: Tensor | None
    count: Counts = None
    """What the token's weight is divided by (token_weights)."""
    log_ratio: Tensor | None = None
    """In place of logp - old_logp."""

    def at(self, place: slice | Tensor) -> "Columns":
        """The columns of some tokens."""
        taken = (getattr(self, field.name) for field in fields(self))
        return Columns(*(None if x is None else x[place] for x in taken))  # type: ignore[arg-type]


def policy_terms(backend: str, logp: Tensor, columns: Columns, scale: Tensor, mask: Tensor,
                 options: LossOptions) -> tuple[Tensor, Tensor]:
    """d loss / d logp [T] fp32, and parts [P, SUMS] that add up, in fp64, to the loss, METRICS over the active tokens,
    and their number."""
    c, grad = columns, empty(logp, logp.shape)
    if backend == "triton":
        from crossthink.kernels import policy_terms as kernel

        assert not isinstance(c.count, _core.Sequences)
        return kernel.policy_terms(logp, c.old_logp, c.log_ratio, c.advantage, scale, c.count, mask, c.ref_logp,
                                   c.sampler_logp, options)
    core = _core.LossOptions(options.surrogate, "" if c.ref_logp is None else options.kl,
                             "" if c.sampler_logp is None else options.correction, options.clip_low, options.clip_high,
                             options.dual_clip or 0.0, options.kl_coef, options.sampler_cap, options.sampler_floor)
    if backend == "cpp":
        parts = torch.empty((1, SUMS), dtype=torch.float64)
        sequences, count = (c.count, None) if isinstance(c.count, _core.Sequences) else (None, _array(c.count))
        _core.policy_terms(core, logp.numpy(), _array(c.old_logp), _array(c.log_ratio), c.advantage.numpy(),
                           scale.numpy(), count, mask.numpy(), _array(c.ref_logp), _array(c.sampler_logp), sequences,
                           grad.numpy(), parts[0].numpy(), torch.get_num_threads())
        return grad, parts
    assert not isinstance(c.count, _core.Sequences)
    parts = logp.new_empty((_core.cuda_policy_blocks(len(logp)), SUMS))
    with torch.cuda.device(logp.device):
        _core.cuda_policy_terms(core, logp.data_ptr(), address(c.old_logp), address(c.log_ratio),
                                c.advantage.data_ptr(), scale.data_ptr(), address(c.count), mask.data_ptr(),
                                address(c.ref_logp), address(c.sampler_logp), grad.data_ptr(), parts.data_ptr(),
                                len(logp), stream())
    return grad, parts


def policy_results(backend: str, parts: Tensor) -> tuple[Tensor, Tensor]:
    """The loss [] and METRICS [4], fp32, from the parts of policy_terms."""
    if backend == "cpp":
        sums = parts[0]
        return sums[0].float(), (sums[1:-1] / sums[-1].clamp(min=1)).float()
    loss = parts.new_empty((), dtype=torch.float32)
    means = parts.new_empty(len(METRICS), dtype=torch.float32)
    if backend == "triton":
        from crossthink.kernels import policy_terms as kernel

        kernel.policy_results(parts, loss, means)
    else:
        with torch.cuda.device(parts.device):
            _core.cuda_policy_results(parts.data_ptr(), len(parts), loss.data_ptr(), means.data_ptr(), stream())
    return loss, means


def _array(x: Tensor | None) -> NDArray[Any] | None:
    return None if x is None else x.numpy()


def is_one(x: Tensor) -> bool:
    """Whether a gradient from upstream is known to change nothing: on a device, to look would wait; a graph that is
    being traced has no value yet."""
    return x.device.type == "cpu" and guard_or_false(x.item() == 1)


def detached(x: Tensor | None) -> Tensor | None:
    """A column without its history."""
    return None if x is None else x.detach()


def constant(x: Tensor | None) -> Tensor | None:
    """A column as the kernels take it."""
    return None if x is None else x.detach().contiguous()


@torch.library.custom_op("crossthink::policy_loss", mutates_args=())
def _policy_loss(logp: Tensor, old_logp: Tensor | None, advantage: Tensor, mask: Tensor, sequence: Tensor,
                 ref_logp: Tensor | None, sampler_logp: Tensor | None, names: str, numbers: list[float],
                 backend: str) -> tuple[Tensor, Tensor, Tensor]:
    """Loss [], its gradient with respect to logp [T], and metrics [4]."""
    options = LossOptions.decode(names, numbers)
    logp, mask, sequence = logp.detach().contiguous(), mask.contiguous(), sequence.contiguous()
    old_logp, log_ratio = constant(old_logp), None
    if options.surrogate == "gspo":
        moved = torch.zeros_like(logp) if old_logp is None else logp - old_logp
        log_ratio = sequence_means(backend, mask, sequence, moved)
    scale, count = token_weights(backend, mask, sequence, options)
    columns = Columns(old_logp, advantage.detach().contiguous(), constant(ref_logp), constant(sampler_logp), count,
                      log_ratio)
    grad, parts = policy_terms(backend, logp, columns, scale, mask, options)
    loss, means = policy_results(backend, parts)
    return loss, grad, means


@_policy_loss.register_fake
def _(logp: Tensor, old_logp: Tensor | None, advantage: Tensor, mask: Tensor, sequence: Tensor,
      ref_logp: Tensor | None, sampler_logp: Tensor | None, names: str, numbers: list[float],
      backend: str) -> tuple[Tensor, Tensor, Tensor]:
    return logp.new_empty(()), torch.empty_like(logp), logp.new_empty(len(METRICS))


def _context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    ctx.save_for_backward(output[1])
    ctx.set_materialize_grads(False)  # or torch makes zeros as large as each output that nobody takes a gradient of


def _gradient(ctx: Any, grad_loss: Tensor | None, _grad: None, _metrics: None) -> tuple[Tensor | None, ...]:
    if grad_loss is None:
        return (None,) * 10
    refuse_second_gradient("policy_loss")
    (grad,) = ctx.saved_tensors
    return (grad if is_one(grad_loss) else grad_loss * grad, *[None] * 9)


_policy_loss.register_autograd(_gradient, setup_context=_context)


def policy_loss(logp: Tensor, old_logp: Tensor | None, advantage: Tensor, mask: Tensor, sequence: Tensor,
                ref_logp: Tensor | None, sampler_logp: Tensor | None, options: LossOptions,
                backend: str) -> tuple[Tensor, dict[str, Tensor]]:
    """kernels/reference.py's op. The gradient is made in the forward's pass and handed on as it is where upstream's is
    1: to add it up again and again under retain_graph is torch's error of a saved tensor that was changed."""
    loss, _, metrics = _policy_loss(logp, old_logp, advantage, mask, sequence, ref_logp, sampler_logp,
                                    *options.encode(), backend)
    return loss, dict(zip(METRICS, metrics.detach().unbind(), strict=True))
