"""linear_policy_loss as a torch custom op: the loss and every gradient in one pass over chunks of logits.

For each chunk: one product makes its logits, row kernels read log-probs and entropies off them, the policy terms turn
those into one coefficient a token, row kernels write the gradient over the logits, and two products carry it on (6TDV
flops where linear_logprob, which must make the logits again, takes 8TDV). A loss that looks at whole sequences (GSPO)
is linear_logprob followed by policy_loss.
"""

from typing import Any

import torch
from torch.fx.experimental.symbolic_shapes import guard_or_false

from crossthink.kernels.loss_options import LossOptions  # type: ignore[import-untyped, unused-ignore]
from crossthink.ops import policy
from crossthink.ops.device import refuse_second_gradient
from crossthink.ops.head import Needs, weight_dtype
from crossthink.ops.heads import head_of
from crossthink.ops.linear import linear_logprob
from crossthink.ops.rows import scale

Tensor = torch.Tensor

METRICS = (*policy.METRICS, "entropy")


@torch.library.custom_op("crossthink::linear_policy_loss", mutates_args=())
def _forward(hidden: Tensor, weight: Tensor, token: Tensor, old_logp: Tensor | None, advantage: Tensor, mask: Tensor,
             sequence: Tensor, ref_logp: Tensor | None, sampler_logp: Tensor | None, bias: Tensor | None,
             temperature: float, words: str, numbers: list[float], needs: list[bool],
             backend: str) -> list[Tensor]:
    """Loss [], metrics [5], log-probs [T], entropies [T], places of the active tokens [n], and gradients: hidden's
    [n, D], weight's (`weight_dtype`) and bias's (fp32), each empty where `needs` says that nobody asks for it."""
    options = LossOptions.decode(words, numbers)
    scale, counts = policy.token_weights(backend, mask.contiguous(), sequence.contiguous(), options)
    active = mask.nonzero()[:, 0]
    at = slice(None) if len(active) == len(mask) else active  # where nothing is masked nothing is copied
    constant = policy.constant
    count = policy.at_each_token(counts, mask)
    columns = policy.Columns(constant(old_logp), advantage.detach().contiguous(), constant(ref_logp),
                             constant(sampler_logp), count).at(at)
    weights = policy.weight_of(scale, None if count is None else count[at]).float().expand(len(active))
    here = torch.ones(len(active), dtype=torch.bool, device=mask.device)
    head = head_of(hidden.detach()[at], weight, bias, token[at], temperature, Needs(*needs), backend)
    sums = hidden.new_zeros(policy.SUMS, dtype=torch.float64)
    per_token = hidden.new_empty((2, len(active)), dtype=torch.float32)
    for part in head.parts:
        head.logits(part)
        found = head.rows(part)
        logp, per_token[1, part], _ = found
        per_token[0, part] = logp
        grad, parts = policy.policy_terms(backend, logp, columns.at(part), scale, here[part], options)
        sums += parts.sum(0, dtype=torch.float64)
        if any(needs):
            head.backward(part, (grad, -options.entropy_coef * weights[part]), found)
    loss = sums[0] - options.entropy_coef * (weights.double() * per_token[1]).sum()
    means = torch.cat([sums[1:-1], per_token[1].double().sum()[None]]) / max(len(active), 1)
    whole = hidden.new_zeros((2, len(mask)), dtype=torch.float32)
    whole[:, active] = per_token
    return [loss.float(), means.float(), whole[0].clone(), whole[1].clone(), active, *head.grads()]


@_forward.register_fake
def _(hidden: Tensor, weight: Tensor, token: Tensor, old_logp: Tensor | None, advantage: Tensor, mask: Tensor,
      sequence: Tensor, ref_logp: Tensor | None, sampler_logp: Tensor | None, bias: Tensor | None, temperature: float,
      words: str, numbers: list[float], needs: list[bool], backend: str) -> list[Tensor]:
    active, wide = torch.library.get_ctx().new_dynamic_size(), hidden.new_empty(0, dtype=torch.float32)
    return [wide.new_empty(()), wide.new_empty(len(METRICS)), wide.new_empty(len(mask)), wide.new_empty(len(mask)),
            mask.new_empty((active,), dtype=torch.int64),
            hidden.new_empty((active if needs[0] else 0, hidden.shape[1])),
            hidden.new_empty(weight.shape if needs[1] else 0, dtype=weight_dtype(hidden, weight)),
            wide.new_empty(weight.shape[0] if needs[2] else 0)]


def _context(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    hidden, weight, bias, ctx.needs, ctx.backend = (inputs[i] for i in (0, 1, 9, 13, 14))
    ctx.shape, ctx.dtypes = hidden.shape, (weight.dtype, None if bias is None else bias.dtype)
    ctx.save_for_backward(*output[4:])
    ctx.set_materialize_grads(False)  # or torch makes zeros as large as each output, the weight's gradient among them


def _gradient(ctx: Any, grads_of_outputs: list[Tensor | None]) -> tuple[Tensor | None, ...]:
    grad_loss = grads_of_outputs[0]
    if grad_loss is None:
        return (None,) * 15
    refuse_second_gradient("linear_policy_loss")
    active, active_hidden, grad_weight, grad_bias = ctx.saved_tensors
    grad_hidden = None
    if ctx.needs[0]:
        grad_hidden = active_hidden * grad_loss
        if not guard_or_false(active.shape[0] == ctx.shape[0]):  # a graph that is being traced does not know
            grad_hidden = active_hidden.new_zeros(ctx.shape).index_copy_(0, active, grad_hidden)
    grads: list[Tensor | None] = [None] * 15
    grads[0] = grad_hidden
    grads[1] = _scaled(ctx.backend, grad_weight, grad_loss, ctx.dtypes[0]) if ctx.needs[1] else None
    grads[9] = _scaled(ctx.backend, grad_bias, grad_loss, ctx.dtypes[1]) if ctx.needs[2] else None
    return tuple(grads)


def _scaled(backend: str, grad: Tensor, by: Tensor, dtype: torch.dtype) -> Tensor:
    """grad * by in another dtype; in place, since a head's gradient is large, but where a graph is being traced: there
    tensors are of other classes, and a graph's backward must not change what its forward gave."""
    if type(grad) is not Tensor:
        return (grad * by).to(dtype)
    if not policy.is_one(by):
        scale(backend, grad, by)
    return grad.to(dtype)


_forward.register_autograd(_gradient, setup_context=_context)


def linear_policy_loss(hidden: Tensor, weight: Tensor, token: Tensor, old_logp: Tensor | None, advantage: Tensor,
                       mask: Tensor, sequence: Tensor, options: LossOptions, ref_logp: Tensor | None,
                       sampler_logp: Tensor | None, bias: Tensor | None, temperature: float,
                       backend: str) -> tuple[Tensor, dict[str, Tensor]]:
    """kernels/reference.py's op; gradients have the dtypes of their inputs and can be asked for once."""
    if options.whole_sequences:
        return _in_two_passes(hidden, weight, token, old_logp, advantage, mask, sequence, options, ref_logp,
                              sampler_logp, bias, temperature, backend)
    needs = [torch.is_grad_enabled() and x is not None and x.requires_grad for x in (hidden, weight, bias)]
    loss, means, logp, entropies, *_ = _forward(hidden, weight, token, old_logp, advantage, mask, sequence, ref_logp,
                                                sampler_logp, bias, temperature, *options.encode(), needs, backend)
    metrics = dict(zip(METRICS, means.detach().unbind(), strict=True))
    return loss, {**metrics, "logp": logp.detach(), "entropies": entropies.detach()}


@torch.library.custom_op("crossthink::token_weights", mutates_args=())
def _weights(mask: Tensor, sequence: Tensor, words: str, numbers: list[float], backend: str) -> Tensor:
    """policy.token_weights at each token, [T] fp32: the core's cannot be traced."""
    scale, counts = policy.token_weights(backend, mask.contiguous(), sequence.contiguous(),
                                         LossOptions.decode(words, numbers))
    return policy.weight_of(scale, policy.at_each_token(counts, mask)).float().expand(len(mask)).contiguous()


@_weights.register_fake
def _(mask: Tensor, sequence: Tensor, words: str, numbers: list[float], backend: str) -> Tensor:
    return mask.new_empty(mask.shape, dtype=torch.float32)


def _in_two_passes(hidden: Tensor, weight: Tensor, token: Tensor, old_logp: Tensor | None, advantage: Tensor,
                   mask: Tensor, sequence: Tensor, options: LossOptions, ref_logp: Tensor | None,
                   sampler_logp: Tensor | None, bias: Tensor | None, temperature: float,
                   backend: str) -> tuple[Tensor, dict[str, Tensor]]:
    active = mask.nonzero()[:, 0]
    found = linear_logprob(hidden[active], weight, token[active], bias, temperature, backend)
    logp, entropies = (x.new_zeros(len(mask)).index_copy(0, active, x) for x in found)
    loss, metrics = policy.policy_loss(logp, old_logp, advantage, mask, sequence, ref_logp, sampler_logp, options,
                                       backend)
    if options.entropy_coef:
        weights = _weights(mask, sequence, *options.encode(), backend)
        loss = loss - options.entropy_coef * (weights * entropies).sum()
    mean = entropies.detach().sum() / mask.sum().clamp(min=1)
    return loss, {**metrics, "entropy": mean, "logp": logp.detach(), "entropies": entropies.detach()}
