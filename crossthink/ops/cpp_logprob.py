"""The C++ core's ops as torch custom ops: CPU tensors, fp32 arithmetic, gradients registered.

linear_logprob never holds a [T, V] tensor: the logits of a chunk of tokens are one GEMM of torch's into a buffer, the
core's row kernel reads log-prob and entropy off it, and the backward makes the chunk again and turns it into its
gradient in place.
"""

from itertools import pairwise
from typing import Any

import torch

from crossthink import _core

Tensor = torch.Tensor

CHUNK_ELEMENTS = 1 << 25
"""Logits that are held at a time: 128 MiB, or a single token's where the vocabulary is larger than that."""


def _float32(x: Tensor) -> Tensor:
    return x.detach().to(torch.float32).contiguous()


def _chunks(tokens: int, vocabulary: int) -> list[slice]:
    """Parts of [0, tokens) of about equal size."""
    number = max(-(-tokens * vocabulary // CHUNK_ELEMENTS), 1)
    ends = [tokens * i // number for i in range(number + 1)]
    return [slice(start, end) for start, end in pairwise(ends) if start < end]


def _row_forward(logits: Tensor, token: Tensor, temperature: float, out: tuple[Tensor, Tensor, Tensor]) -> None:
    logp, entropy, stats = (x.numpy() for x in out)
    _core.token_logprob_forward(logits.numpy(), token.numpy(), temperature, logp, entropy, stats,
                                torch.get_num_threads())


def _row_backward(logits: Tensor, token: Tensor, grads: tuple[Tensor, Tensor], saved: tuple[Tensor, Tensor],
                  temperature: float) -> None:
    grad_logp, grad_entropy = (x.numpy() for x in grads)
    entropy, stats = (x.numpy() for x in saved)
    _core.token_logprob_backward(logits.numpy(), token.numpy(), grad_logp, grad_entropy, entropy, stats, temperature,
                                 torch.get_num_threads())


def _row_results(token: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Empty log-prob [T], entropy [T] and the row kernel's statistics [T, 2]."""
    rows = token.shape[0]
    return (torch.empty(rows, device=token.device), torch.empty(rows, device=token.device),
            torch.empty(rows, 2, device=token.device))


def _chunk_logits(hidden: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor) -> Tensor:
    out = out[:hidden.shape[0]]
    return torch.mm(hidden, weight.T, out=out) if bias is None else torch.addmm(bias, hidden, weight.T, out=out)


def _buffer(parts: list[slice], vocabulary: int) -> Tensor:
    return torch.empty(max((part.stop - part.start for part in parts), default=0), vocabulary)


@torch.library.custom_op("crossthink::linear_logprob_cpp", mutates_args=(), device_types="cpu")
def _linear_logprob(hidden: Tensor, weight: Tensor, token: Tensor, bias: Tensor | None,
                    temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    hidden, weight, token = _float32(hidden), _float32(weight), token.contiguous()
    bias = None if bias is None else _float32(bias)
    results = _row_results(token)
    parts = _chunks(hidden.shape[0], weight.shape[0])
    logits = _buffer(parts, weight.shape[0])
    for part in parts:
        chunk = _chunk_logits(hidden[part], weight, bias, logits)
        _row_forward(chunk, token[part], temperature, (results[0][part], results[1][part], results[2][part]))
    return results


@_linear_logprob.register_fake
def _(hidden: Tensor, weight: Tensor, token: Tensor, bias: Tensor | None,
      temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    return _row_results(token)


@torch.library.custom_op("crossthink::linear_logprob_cpp_backward", mutates_args=(), device_types="cpu")
def _linear_logprob_backward(grad_logp: Tensor, grad_entropy: Tensor, hidden: Tensor, weight: Tensor, token: Tensor,
                             bias: Tensor | None, entropy: Tensor, stats: Tensor, temperature: float,
                             needs: list[bool]) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of hidden, weight and bias, each empty where `needs` says that nobody asks for it."""
    grads = (grad_logp.contiguous(), grad_entropy.contiguous())
    wide_hidden, wide_weight, token = _float32(hidden), _float32(weight), token.contiguous()
    wide_bias = None if bias is None else _float32(bias)
    grad_hidden = torch.empty(hidden.shape if needs[0] else 0)
    grad_weight = torch.zeros(weight.shape if needs[1] else 0)
    grad_bias = torch.zeros(weight.shape[0] if needs[2] else 0)
    parts = _chunks(hidden.shape[0], weight.shape[0])
    logits = _buffer(parts, weight.shape[0])
    for part in parts:
        dz = _chunk_logits(wide_hidden[part], wide_weight, wide_bias, logits)
        _row_backward(dz, token[part], (grads[0][part], grads[1][part]), (entropy[part], stats[part]), temperature)
        if needs[0]:
            torch.mm(dz, wide_weight, out=grad_hidden[part])
        if needs[1]:
            grad_weight.addmm_(dz.T, wide_hidden[part])
        if needs[2]:
            grad_bias += dz.sum(0)
    return grad_hidden.to(hidden.dtype), grad_weight.to(weight.dtype), grad_bias.to(_bias_dtype(weight, bias))


@_linear_logprob_backward.register_fake
def _(grad_logp: Tensor, grad_entropy: Tensor, hidden: Tensor, weight: Tensor, token: Tensor, bias: Tensor | None,
      entropy: Tensor, stats: Tensor, temperature: float, needs: list[bool]) -> tuple[Tensor, Tensor, Tensor]:
    return (hidden.new_empty(hidden.shape if needs[0] else 0), weight.new_empty(weight.shape if needs[1] else 0),
            weight.new_empty(weight.shape[0] if needs[2] else 0, dtype=_bias_dtype(weight, bias)))


def _bias_dtype(weight: Tensor, bias: Tensor | None) -> torch.dtype:
    return weight.dtype if bias is None else bias.dtype


def _linear_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    hidden, weight, token, bias, ctx.temperature = inputs
    ctx.save_for_backward(hidden, weight, token, bias, output[1], output[2])


def _linear_gradient(ctx: Any, grad_logp: Tensor, grad_entropy: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    needs = [ctx.needs_input_grad[i] for i in (0, 1, 3)]
    grads = _linear_logprob_backward(grad_logp, grad_entropy, *ctx.saved_tensors, ctx.temperature, needs)
    grad_hidden, grad_weight, grad_bias = (g if need else None for g, need in zip(grads, needs, strict=True))
    return grad_hidden, grad_weight, None, grad_bias, None


_linear_logprob.register_autograd(_linear_gradient, setup_context=_linear_context)


def linear_logprob(hidden: Tensor, weight: Tensor, token: Tensor, bias: Tensor | None,
                   temperature: float) -> tuple[Tensor, Tensor]:
    """kernels/reference.py's op; 16-bit input is widened, weight as a whole, and gets gradients of its own dtype."""
    logp, entropy, _ = _linear_logprob(hidden, weight, token, bias, temperature)
    return logp, entropy


@torch.library.custom_op("crossthink::token_logprob_cpp", mutates_args=(), device_types="cpu")
def _token_logprob(logits: Tensor, token: Tensor, temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    results = _row_results(token)
    _row_forward(_float32(logits), token.contiguous(), temperature, results)
    return results


@_token_logprob.register_fake
def _(logits: Tensor, token: Tensor, temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    return _row_results(token)


@torch.library.custom_op("crossthink::token_logprob_cpp_backward", mutates_args=(), device_types="cpu")
def _token_logprob_backward(grad_logp: Tensor, grad_entropy: Tensor, logits: Tensor, token: Tensor, entropy: Tensor,
                            stats: Tensor, temperature: float) -> Tensor:
    dz = torch.empty(logits.shape).copy_(logits)
    _row_backward(dz, token.contiguous(), (grad_logp.contiguous(), grad_entropy.contiguous()), (entropy, stats),
                  temperature)
    return dz.to(logits.dtype)


@_token_logprob_backward.register_fake
def _(grad_logp: Tensor, grad_entropy: Tensor, logits: Tensor, token: Tensor, entropy: Tensor, stats: Tensor,
      temperature: float) -> Tensor:
    return logits.new_empty(logits.shape)


def _token_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    logits, token, ctx.temperature = inputs
    ctx.save_for_backward(logits, token, output[1], output[2])


def _token_gradient(ctx: Any, grad_logp: Tensor, grad_entropy: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    return _token_logprob_backward(grad_logp, grad_entropy, *ctx.saved_tensors, ctx.temperature), None, None


_token_logprob.register_autograd(_token_gradient, setup_context=_token_context)


def token_logprob(logits: Tensor, token: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """kernels/reference.py's op; 16-bit logits are widened and get a gradient of their own dtype."""
    logp, entropy, _ = _token_logprob(logits, token, temperature)
    return logp, entropy
