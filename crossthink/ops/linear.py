"""linear_logprob as a torch custom op: chunks of logits from the head, read and turned into gradients by row kernels.

No [T, V] tensor lives beyond a chunk; the backward makes the logits again.
"""

from typing import Any

import torch

from crossthink.ops.head import Needs
from crossthink.ops.heads import head_of
from crossthink.ops.rows import row_results

Tensor = torch.Tensor


@torch.library.custom_op("crossthink::linear_logprob", mutates_args=())
def _forward(hidden: Tensor, weight: Tensor, token: Tensor, bias: Tensor | None, temperature: float,
             backend: str) -> tuple[Tensor, Tensor, Tensor]:
    results = row_results(hidden)
    head = head_of(hidden, weight, bias, token, temperature, Needs(hidden=False, weight=False, bias=False), backend)
    for part in head.parts:
        head.logits(part)
        for whole, rows in zip(results, head.rows(part), strict=True):
            whole[part] = rows
    return results


@_forward.register_fake
def _(hidden: Tensor, weight: Tensor, token: Tensor, bias: Tensor | None, temperature: float,
      backend: str) -> tuple[Tensor, Tensor, Tensor]:
    return row_results(hidden)


@torch.library.custom_op("crossthink::linear_logprob_backward", mutates_args=())
def _backward(grad_logp: Tensor, grad_entropy: Tensor, hidden: Tensor, weight: Tensor, token: Tensor,
              bias: Tensor | None, logp: Tensor, entropy: Tensor, stats: Tensor, temperature: float,
              needs: list[bool], backend: str) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of hidden, weight and bias, each empty where `needs` says that nobody asks for it."""
    head = head_of(hidden, weight, bias, token, temperature, Needs(*needs), backend)
    grad_logp, grad_entropy = grad_logp.contiguous(), grad_entropy.contiguous()
    for part in head.parts:
        head.logits(part)
        head.backward(part, (grad_logp[part], grad_entropy[part]), (logp[part], entropy[part], stats[part]))
    grad_hidden, grad_weight, grad_bias = head.grads()
    return grad_hidden, grad_weight.to(weight.dtype), grad_bias.to(_bias_dtype(weight, bias))


@_backward.register_fake
def _(grad_logp: Tensor, grad_entropy: Tensor, hidden: Tensor, weight: Tensor, token: Tensor, bias: Tensor | None,
      logp: Tensor, entropy: Tensor, stats: Tensor, temperature: float, needs: list[bool],
      backend: str) -> tuple[Tensor, Tensor, Tensor]:
    return (hidden.new_empty(hidden.shape if needs[0] else (0, hidden.shape[1])),
            weight.new_empty(weight.shape if needs[1] else 0),
            weight.new_empty(weight.shape[0] if needs[2] else 0, dtype=_bias_dtype(weight, bias)))


def _bias_dtype(weight: Tensor, bias: Tensor | None) -> torch.dtype:
    return weight.dtype if bias is None else bias.dtype


def _context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    hidden, weight, token, bias, ctx.temperature, ctx.backend = inputs
    ctx.save_for_backward(hidden, weight, token, bias, *output)


def _gradient(ctx: Any, grad_logp: Tensor, grad_entropy: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    needs = [ctx.needs_input_grad[i] for i in (0, 1, 3)]
    grads = _backward(grad_logp, grad_entropy, *ctx.saved_tensors, ctx.temperature, needs, ctx.backend)
    grad_hidden, grad_weight, grad_bias = (g if need else None for g, need in zip(grads, needs, strict=True))
    return grad_hidden, grad_weight, None, grad_bias, None, None


_forward.register_autograd(_gradient, setup_context=_context)


def linear_logprob(hidden: Tensor, weight: Tensor, token: Tensor, bias: Tensor | None, temperature: float,
                   backend: str) -> tuple[Tensor, Tensor]:
    """kernels/reference.py's op; gradients have the dtypes of their inputs."""
    logp, entropy, _ = _forward(hidden, weight, token, bias, temperature, backend)
    return logp, entropy
