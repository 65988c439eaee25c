"""token_logprob in Triton: log-prob and entropy in one read of the logits, and the gradient in one more.

One program walks a row in tiles and keeps the running maximum m, s = sum e^u and d = sum u e^u with
u = (logit - m) / temperature (online softmax, arXiv 1805.02867; d is carried over to a new maximum in the same way):

    logp = u_token - log s,   entropy = log s - d / s

All arithmetic is fp32. The order of the sums depends on the vocabulary alone, not on the number of rows. The eager
meaning is `token_logprob` in kernels/reference.py.
"""

from typing import Any

import torch
import triton
import triton.language as tl

Tensor = torch.Tensor

TILE = 4096
"""Logits a program holds at a time: 16 in each of 256 threads."""
LAUNCH = {"num_warps": 8, "enable_fp_fusion": True}
"""Compiler options; the default of fusing a product into a sum differs between Triton 3.9 and 3.10."""


# T and V are neither constants nor specialised: a length of 1 or a multiple of 16 makes no other kernel.
@triton.jit(do_not_specialize=["vocabulary"])
def forward_kernel(logits, token, logp, entropy, stats, vocabulary, row_stride,  # type: ignore[no-untyped-def]
                   inverse_temperature, tile: tl.constexpr):
    """logits [T, V] -> logp [T], entropy [T], stats [T, 2] (largest logit, log s); one program a row."""
    lowest = -1.0e30  # in place of -inf: differences stay finite, over a temperature as well; a NaN logit stays
    row = tl.program_id(0).to(tl.int64)
    logits += row * row_stride
    top = tl.full((), lowest, tl.float32)
    exps = tl.zeros((), tl.float32)
    product = tl.zeros((), tl.float32)
    for start in range(0, vocabulary, tile):
        place = start + tl.arange(0, tile)
        x = tl.load(logits + place, mask=place < vocabulary, other=-float("inf")).to(tl.float32)
        x = tl.where(x < lowest, lowest, x)
        new_top = tl.maximum(top, tl.max(x, 0))
        move = (top - new_top) * inverse_temperature
        shrink = tl.exp(move)
        u = (x - new_top) * inverse_temperature
        e = tl.exp(u)
        product = (product + exps * move) * shrink + tl.sum(tl.where(e > 0, e * u, e), 0)
        exps = exps * shrink + tl.sum(e, 0)
        top = new_top
    log_sum = tl.log(exps)
    chosen = tl.load(token + row)
    inside = (chosen >= 0) & (chosen < vocabulary)  # a token that is none reads nothing and gets NaN
    x = tl.load(logits + chosen, mask=inside, other=float("nan")).to(tl.float32)
    tl.store(logp + row, (x - top) * inverse_temperature - log_sum)
    tl.store(entropy + row, log_sum - product / exps)
    tl.store(stats + 2 * row, top)
    tl.store(stats + 2 * row + 1, log_sum)


@triton.jit(do_not_specialize=["vocabulary"])
def backward_kernel(logits, token, grad_logp, grad_entropy, entropy, stats,  # type: ignore[no-untyped-def]
                    grad_logits, vocabulary, row_stride, inverse_temperature, tile: tl.constexpr):
    """grad_logits [T, V] (contiguous) = (g (delta - p) - h p (log p + entropy)) / temperature; one program a tile."""
    row = tl.program_id(0).to(tl.int64)
    place = tl.program_id(1).to(tl.int64) * tile + tl.arange(0, tile)
    mask = place < vocabulary
    x = tl.load(logits + row * row_stride + place, mask=mask, other=-float("inf")).to(tl.float32)
    log_p = (x - tl.load(stats + 2 * row)) * inverse_temperature - tl.load(stats + 2 * row + 1)
    p = tl.exp(log_p)
    log_p = tl.where(p == 0, 0.0, log_p)
    g = tl.load(grad_logp + row)
    dz = tl.where(place == tl.load(token + row), g, 0.0) - p * g
    dz -= tl.load(grad_entropy + row) * p * (log_p + tl.load(entropy + row))
    grad = (dz * inverse_temperature).to(grad_logits.dtype.element_ty)
    tl.store(grad_logits + row * vocabulary + place, grad, mask=mask)


@torch.library.custom_op("crossthink::token_logprob_triton", mutates_args=())
def _forward(logits: Tensor, token: Tensor, temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    logp, entropy, stats = _results(logits)
    rows, vocabulary = logits.shape
    logits = logits if logits.stride(1) == 1 else logits.contiguous()
    if rows:
        forward_kernel[(rows,)](logits, token.contiguous(), logp, entropy, stats, vocabulary, logits.stride(0),
                                1 / temperature, tile=TILE, **LAUNCH)
    return logp, entropy, stats


@_forward.register_fake
def _(logits: Tensor, token: Tensor, temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    return _results(logits)


def _results(logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    rows = logits.shape[0]
    return (logits.new_empty(rows, dtype=torch.float32), logits.new_empty(rows, dtype=torch.float32),
            logits.new_empty((rows, 2), dtype=torch.float32))


@torch.library.custom_op("crossthink::token_logprob_triton_backward", mutates_args=())
def _backward(grad_logp: Tensor, grad_entropy: Tensor, logits: Tensor, token: Tensor, entropy: Tensor, stats: Tensor,
              temperature: float) -> Tensor:
    grad_logits = logits.new_empty(logits.shape)
    rows, vocabulary = logits.shape
    logits = logits if logits.stride(1) == 1 else logits.contiguous()
    if rows:
        # rows on the first axis of the grid: the others end at 65,535
        backward_kernel[(rows, triton.cdiv(vocabulary, TILE))](
            logits, token.contiguous(), grad_logp.contiguous(), grad_entropy.contiguous(), entropy, stats, grad_logits,
            vocabulary, logits.stride(0), 1 / temperature, tile=TILE, **LAUNCH)
    return grad_logits


@_backward.register_fake
def _(grad_logp: Tensor, grad_entropy: Tensor, logits: Tensor, token: Tensor, entropy: Tensor, stats: Tensor,
      temperature: float) -> Tensor:
    return logits.new_empty(logits.shape)


def _context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    logits, token, ctx.temperature = inputs
    ctx.save_for_backward(logits, token, output[1], output[2])


def _gradient(ctx: Any, grad_logp: Tensor, grad_entropy: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    return _backward(grad_logp, grad_entropy, *ctx.saved_tensors, ctx.temperature), None, None


_forward.register_autograd(_gradient, setup_context=_context)


def token_logprob(logits: Tensor, token: Tensor, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
    """Log-prob of each token and entropy of each row of softmax(logits / temperature): ([T], [T]) fp32, in nats.

    logits [T, V] in fp32 or 16 bits, any row stride; token [T] int64. The gradient has the logits' dtype. A token
    outside [0, V) gets NaN: to check it would wait for the device.
    """
    logp, entropy, _ = _forward(logits, token, temperature)
    return logp, entropy
