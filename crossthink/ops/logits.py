"""token_logprob as a torch custom op over every backend's row kernels."""

from typing import Any

import torch

from crossthink.ops.memory import empty
from crossthink.ops.rows import row_results, rows_backward, rows_forward

Tensor = torch.Tensor


@torch.library.custom_op("crossthink::token_logprob", mutates_args=())
def _forward(logits: Tensor, token: Tensor, temperature: float, backend: str) -> tuple[Tensor, Tensor, Tensor]:
    return rows_forward(backend, _rows(logits, backend), token.contiguous(), temperature)


@_forward.register_fake
def _(logits: Tensor, token: Tensor, temperature: float, backend: str) -> tuple[Tensor, Tensor, Tensor]:
    return row_results(logits)


@torch.library.custom_op("crossthink::token_logprob_backward", mutates_args=())
def _backward(grad_logp: Tensor, grad_entropy: Tensor, logits: Tensor, token: Tensor, entropy: Tensor, stats: Tensor,
              temperature: float, backend: str) -> Tensor:
    if backend == "cpp":  # in place on a copy, since the core has one form
        wide = empty(logits, logits.shape).copy_(logits)
        grad = wide
    else:
        wide, grad = _rows(logits, backend), logits.new_empty(logits.shape)
    rows_backward(backend, wide, token.contiguous(), (grad_logp.contiguous(), grad_entropy.contiguous()),
                  (entropy, stats), temperature, grad)
    return grad.to(logits.dtype)


@_backward.register_fake
def _(grad_logp: Tensor, grad_entropy: Tensor, logits: Tensor, token: Tensor, entropy: Tensor, stats: Tensor,
      temperature: float, backend: str) -> Tensor:
    return logits.new_empty(logits.shape)


def _rows(logits: Tensor, backend: str) -> Tensor:
    if backend == "cpp":
        return logits.detach().to(torch.float32).contiguous()
    return logits if logits.stride(1) == 1 else logits.contiguous()


def _context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    logits, token, ctx.temperature, ctx.backend = inputs
    ctx.save_for_backward(logits, token, output[1], output[2])


def _gradient(ctx: Any, grad_logp: Tensor, grad_entropy: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    grad = _backward(grad_logp, grad_entropy, *ctx.saved_tensors, ctx.temperature, ctx.backend)
    return grad, None, None, None


_forward.register_autograd(_gradient, setup_context=_context)


def token_logprob(logits: Tensor, token: Tensor, temperature: float, backend: str) -> tuple[Tensor, Tensor]:
    """kernels/reference.py's op. The gradient has the logits' dtype; on the device a token outside [0, V) is NaN."""
    logp, entropy, _ = _forward(logits, token, temperature, backend)
    return logp, entropy
