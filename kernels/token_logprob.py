"""token_logprob in Triton: log-prob and entropy in one read of the logits, and the gradient in one more.

One program walks a row in tiles. Each place of the tile keeps the largest logit m that it saw, s = sum e^u and
d = sum u e^u with u = (logit - m) / temperature (online softmax, arXiv 1805.02867; d is carried over to a new maximum
in the same way); at the end the places are merged:

    logp = u_token - log s,   entropy = log s - d / s

All arithmetic is fp32. The order of the sums depends on the vocabulary alone, not on the number of rows. The eager
meaning is `token_logprob` in kernels/reference.py.
"""

import torch
import triton
import triton.language as tl

Tensor = torch.Tensor

FORWARD_TILE = 2048
BACKWARD_TILE = 4096
"""Logits that a program holds at a time: 8 or 16 in each of 256 threads."""
LAUNCH = {"num_warps": 8, "enable_fp_fusion": True}
"""Compiler options; the default of fusing a product into a sum differs between Triton 3.9 and 3.10."""


# V is neither a constant nor specialised: a vocabulary of 1 or a multiple of 16 makes no other kernel.
@triton.jit(do_not_specialize=["vocabulary"])
def forward_kernel(logits, token, logp, entropy, stats, vocabulary, row_stride,  # type: ignore[no-untyped-def]
                   inverse_temperature, tile: tl.constexpr):
    """logits [T, V] -> logp [T], entropy [T], stats [T, 2] (largest logit, log s); one program a row."""
    lowest = -1.0e30  # in place of -inf: differences stay finite, over a temperature as well; a NaN logit stays
    row = tl.program_id(0).to(tl.int64)
    logits += row * row_stride
    top = tl.full((tile,), lowest, tl.float32)
    exps = tl.zeros((tile,), tl.float32)
    product = tl.zeros((tile,), tl.float32)
    for start in range(0, vocabulary, tile):
        place = start + tl.arange(0, tile)
        x = tl.load(logits + place, mask=place < vocabulary, other=-float("inf")).to(tl.float32)
        x = tl.where(x < lowest, lowest, x)
        new_top = tl.maximum(top, x)
        move = (top - new_top) * inverse_temperature
        shrink = tl.exp(move)
        u = (x - new_top) * inverse_temperature
        e = tl.exp(u)
        product = (product + exps * move) * shrink + tl.where(e > 0, e * u, e)
        exps = exps * shrink + e
        top = new_top
    largest = tl.max(top, 0)
    move = (top - largest) * inverse_temperature
    shrink = tl.exp(move)
    all_products = tl.sum((product + exps * move) * shrink, 0)
    all_exps = tl.sum(exps * shrink, 0)
    log_sum = tl.log(all_exps)
    chosen = tl.load(token + row)
    inside = (chosen >= 0) & (chosen < vocabulary)  # a token that is none reads nothing and gets NaN
    x = tl.load(logits + chosen, mask=inside, other=float("nan")).to(tl.float32)
    tl.store(logp + row, (x - largest) * inverse_temperature - log_sum)
    tl.store(entropy + row, log_sum - all_products / all_exps)
    tl.store(stats + 2 * row, largest)
    tl.store(stats + 2 * row + 1, log_sum)


@triton.jit(do_not_specialize=["vocabulary"])
def backward_kernel(logits, token, grad_logp, grad_entropy, entropy, stats,  # type: ignore[no-untyped-def]
                    grad_logits, vocabulary, row_stride, grad_row_stride, inverse_temperature, tile: tl.constexpr):
    """grad_logits [T, V] = (g (delta - p) - h p (log p + entropy)) / temperature; one program a row.

    The gradient may be written over the logits where it is no wider than they are: a tile is read by all threads before
    any of it is written, and what it writes ends before the next tile begins.
    """
    row = tl.program_id(0).to(tl.int64)
    logits += row * row_stride
    grad_logits += row * grad_row_stride
    largest, log_sum = tl.load(stats + 2 * row), tl.load(stats + 2 * row + 1)
    g, h, mean = tl.load(grad_logp + row), tl.load(grad_entropy + row), tl.load(entropy + row)
    chosen = tl.load(token + row)
    for start in range(0, vocabulary, tile):
        place = start + tl.arange(0, tile)
        mask = place < vocabulary
        x = tl.load(logits + place, mask=mask, other=-float("inf")).to(tl.float32)
        tl.debug_barrier()
        log_p = (x - largest) * inverse_temperature - log_sum
        p = tl.exp(log_p)
        log_p = tl.where(p == 0, 0.0, log_p)
        dz = tl.where(place == chosen, g, 0.0) - p * g - h * p * (log_p + mean)
        tl.store(grad_logits + place, (dz * inverse_temperature).to(grad_logits.dtype.element_ty), mask=mask)


def forward(logits: Tensor, token: Tensor, temperature: float, logp: Tensor, entropy: Tensor, stats: Tensor) -> None:
    """Fill logp [T], entropy [T] and stats [T, 2] (fp32, contiguous) from logits [T, V], whose rows are contiguous, in
    fp32 or 16 bits, and token [T] int64. A token outside [0, V) gets NaN: to check it would wait for the device."""
    rows, vocabulary = logits.shape
    if rows:
        forward_kernel[(rows,)](logits, token, logp, entropy, stats, vocabulary, logits.stride(0), 1 / temperature,
                                tile=FORWARD_TILE, **LAUNCH)


def backward(logits: Tensor, token: Tensor, grads: tuple[Tensor, Tensor], saved: tuple[Tensor, Tensor],
             grad_logits: Tensor, temperature: float) -> None:
    """Fill grad_logits [T, V] from the forward's logits, the gradients of logp and entropy [T], and the forward's
    (entropy, stats). `grad_logits` may lie over the logits (see the kernel)."""
    rows, vocabulary = logits.shape
    if rows:
        backward_kernel[(rows,)](logits, token, *grads, *saved, grad_logits, vocabulary, logits.stride(0),
                                 grad_logits.stride(0), 1 / temperature, tile=BACKWARD_TILE, **LAUNCH)
