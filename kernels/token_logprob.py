"""token_logprob in Triton: log-prob and entropy in one read of the logits, and the gradient in one more.

One program walks a row in tiles of lanes, each as many logits as a thread reads in 16 bytes. A lane keeps its largest
logit m, and s = sum e^u and d = sum u e^u with u = (logit - m) / temperature (online softmax, arXiv 1805.02867; d is
carried over to a new maximum in the same way); at the end the lanes are added up:

    logp = u_token - log s,   entropy = log s - d / s

All arithmetic is fp32. The order of the sums depends on the vocabulary alone, not on the number of rows. The eager
meaning is `token_logprob` in kernels/reference.py.
"""

import torch
import triton
import triton.language as tl

Tensor = torch.Tensor

FORWARD_LANES = 256
"""A thread each: no tile needs an exchange between threads."""
READ_BYTES = 16
BACKWARD_BYTES = 8192
"""Of a tile of logits: 16 of each of 512 threads, so that what a thread reads in one access it writes in one, without
an exchange."""
LOG2_E = tl.constexpr(1.4426950408889634)
VANISHES = tl.constexpr(-200.0)
"""2^u is 0 below."""
LOWEST = tl.constexpr(torch.finfo(torch.float32).min)
"""In place of -inf, whose difference to itself is none; no logit is lower, not one that was masked with it."""
FORWARD_LAUNCH = {"num_warps": 8, "enable_fp_fusion": True}
BACKWARD_LAUNCH = {"num_warps": 16, "enable_fp_fusion": True}
"""Compiler options; the default of fusing a product into a sum differs between Triton 3.9 and 3.10."""


@triton.jit
def _moved(top, exps, product, new_top, scale):  # type: ignore[no-untyped-def]
    """The sums of lanes with respect to a new largest logit."""
    move = (top - new_top) * scale
    shrink = tl.exp2(move)
    return exps * shrink, (product + exps * tl.maximum(move, VANISHES)) * shrink


@triton.jit
def _added(x, top, exps, product, scale):  # type: ignore[no-untyped-def]
    """Each lane's largest logit and sums, with a tile of logits [lanes, pack] more."""
    x = x.to(tl.float32)
    new_top = tl.maximum(top, tl.max(x, 1))
    exps, product = _moved(top, exps, product, new_top, scale)
    u = (x - new_top[:, None]) * scale
    e = tl.exp2(u)
    # past VANISHES e is 0; a NaN is one in e
    return new_top, exps + tl.sum(e, 1), product + tl.sum(e * tl.maximum(u, VANISHES), 1)


@triton.jit
def _gradient(x, place, chosen, top, log_sum, scale, a, b, g):  # type: ignore[no-untyped-def]
    """The gradient of a tile of logits."""
    log_p = (x.to(tl.float32) - top) * scale - log_sum
    return tl.exp2(log_p) * (a + b * tl.maximum(log_p, VANISHES)) + tl.where(place == chosen, g, 0.0)


# V is neither a constant nor specialised: a vocabulary of 1 or a multiple of 16 makes no other kernel. Whole tiles are
# read and written without a mask, which would keep the compiler from accesses of 16 bytes.
@triton.jit(do_not_specialize=["vocabulary"])
def forward_kernel(logits, token, logp, entropy, stats, vocabulary, row_stride,  # type: ignore[no-untyped-def]
                   inverse_temperature, lanes: tl.constexpr, pack: tl.constexpr):
    """logits [T, V] -> logp [T], entropy [T], stats [T, 2] (largest logit, log s); one program a row."""
    row = tl.program_id(0).to(tl.int64)
    logits += row * row_stride
    scale = inverse_temperature * LOG2_E
    tops = tl.full((lanes,), LOWEST, tl.float32)
    exps = tl.zeros((lanes,), tl.float32)
    product = tl.zeros((lanes,), tl.float32)
    tile: tl.constexpr = lanes * pack
    whole = vocabulary // (2 * tile) * (2 * tile)
    place = tl.arange(0, lanes)[:, None] * pack + tl.arange(0, pack)[None, :]
    for start in range(0, whole, 2 * tile):
        x, other = tl.load(logits + start + place), tl.load(logits + start + tile + place)
        tops, exps, product = _added(x, tops, exps, product, scale)
        tops, exps, product = _added(other, tops, exps, product, scale)
    for start in range(whole, vocabulary, tile):
        x = tl.load(logits + start + place, mask=start + place < vocabulary, other=-float("inf"))
        tops, exps, product = _added(x, tops, exps, product, scale)
    top = tl.max(tops, 0)
    exps, product = _moved(tops, exps, product, top, scale)
    all_exps = tl.sum(exps, 0)
    log_sum = tl.log(all_exps)
    chosen = tl.load(token + row)
    inside = (chosen >= 0) & (chosen < vocabulary)  # a token that is none reads nothing and gets NaN
    x = tl.load(logits + chosen, mask=inside, other=float("nan")).to(tl.float32)
    tl.store(logp + row, (x - top) * inverse_temperature - log_sum)
    tl.store(entropy + row, log_sum - tl.sum(product, 0) / all_exps / LOG2_E)
    tl.store(stats + 2 * row, top)
    tl.store(stats + 2 * row + 1, log_sum)


@triton.jit(do_not_specialize=["vocabulary"])
def backward_kernel(logits, token, grad_logp, grad_entropy, entropy, stats,  # type: ignore[no-untyped-def]
                    grad_logits, vocabulary, row_stride, grad_row_stride, inverse_temperature, tile: tl.constexpr,
                    in_place: tl.constexpr):
    """grad_logits [T, V] = (g (delta - p) - h p (log p + entropy)) / temperature; one program a row.

    In place the gradient, no wider than the logits, is written over them: a tile is read by all threads before any of
    it is written, and what it writes ends before the next tile begins.
    """
    row = tl.program_id(0).to(tl.int64)
    logits += row * row_stride
    grad_logits += row * grad_row_stride
    scale = inverse_temperature * LOG2_E
    top, log_sum = tl.load(stats + 2 * row), tl.load(stats + 2 * row + 1) * LOG2_E
    g, h = tl.load(grad_logp + row) * inverse_temperature, tl.load(grad_entropy + row) * inverse_temperature
    a, b = -g - h * tl.load(entropy + row), -h / LOG2_E
    chosen = tl.load(token + row).to(tl.int32)
    whole = vocabulary // tile * tile
    for start in range(0, whole, tile):
        place = start + tl.arange(0, tile)
        x = tl.load(logits + place)
        if in_place:
            tl.debug_barrier()
        dz = _gradient(x, place, chosen, top, log_sum, scale, a, b, g)
        tl.store(grad_logits + place, dz.to(grad_logits.dtype.element_ty))
    if whole < vocabulary:
        place = whole + tl.arange(0, tile)
        mask = place < vocabulary
        x = tl.load(logits + place, mask=mask, other=-float("inf"))
        if in_place:
            tl.debug_barrier()
        dz = _gradient(x, place, chosen, top, log_sum, scale, a, b, g)
        tl.store(grad_logits + place, dz.to(grad_logits.dtype.element_ty), mask=mask)


def forward(logits: Tensor, token: Tensor, temperature: float, logp: Tensor, entropy: Tensor, stats: Tensor) -> None:
    """Fill logp [T], entropy [T] and stats [T, 2] (fp32, contiguous) from logits [T, V], whose rows are contiguous, in
    fp32 or 16 bits, and token [T] int64. A token outside [0, V) gets NaN: to check it would wait for the device."""
    rows, vocabulary = logits.shape
    if rows:
        forward_kernel[(rows,)](logits, token, logp, entropy, stats, vocabulary, logits.stride(0), 1 / temperature,
                                lanes=FORWARD_LANES, pack=READ_BYTES // logits.element_size(), **FORWARD_LAUNCH)


def backward(logits: Tensor, token: Tensor, grads: tuple[Tensor, Tensor], saved: tuple[Tensor, Tensor],
             grad_logits: Tensor, temperature: float) -> None:
    """Fill grad_logits [T, V] from the forward's logits, the gradients of logp and entropy [T], and the forward's
    (entropy, stats). `grad_logits` may lie over the logits (see the kernel)."""
    rows, vocabulary = logits.shape
    if rows:
        backward_kernel[(rows,)](logits, token, *grads, *saved, grad_logits, vocabulary, logits.stride(0),
                                 grad_logits.stride(0), 1 / temperature, tile=BACKWARD_BYTES // logits.element_size(),
                                 in_place=grad_logits.data_ptr() == logits.data_ptr(), **BACKWARD_LAUNCH)
