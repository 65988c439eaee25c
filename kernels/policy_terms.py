"""policy_terms in Triton: each token's gradient of a policy loss, and the sums that its metrics need, in one pass.

A token's arithmetic is fp32, and so are the sums of a tile; over the tiles they are fp64. The eager meaning is
`policy_loss` in kernels/reference.py; csrc/policy/terms.h is the same in C++.
"""

import torch
import triton
import triton.language as tl
from crossthink.kernels.loss_options import LossOptions

Tensor = torch.Tensor

TILE = 1024
ROWS = 512
"""Programs whose sums are read at once."""
SUMS = tl.constexpr(6)
"""loss, kl, clipped, ratio, -log_ratio, active tokens."""


@triton.jit
def _cut(x, limit: tl.constexpr):  # type: ignore[no-untyped-def]
    return tl.where(x > limit, limit, tl.where(x < -limit, -limit, x))


@triton.jit
def _surrogate(logp, log_ratio, a, low, high, dual_clip, surrogate: tl.constexpr):  # type: ignore[no-untyped-def]
    """The term, its derivative with respect to logp, whether it was clipped, and the ratio. A NaN fails no comparison
    and stays one."""
    ratio = tl.exp(_cut(log_ratio, 20.0))
    bounded_ratio = tl.where(ratio < low, low, tl.where(ratio > high, high, ratio))
    if surrogate == "cispo":
        value, grad, fixed = -bounded_ratio * a * logp, -bounded_ratio * a, bounded_ratio != ratio
    else:
        free, bounded = -ratio * a, -bounded_ratio * a
        fixed = bounded > free
        value = tl.where(fixed, bounded, free)
        capped = (dual_clip > 0) & (a < 0) & (value > -dual_clip * a)
        value = tl.where(capped, -dual_clip * a, value)
        fixed = fixed | capped
        grad = tl.where(fixed | (tl.abs(log_ratio) > 20.0), 0.0, free)
    return value, grad, fixed, ratio


@triton.jit
def _kl(d, kind: tl.constexpr):  # type: ignore[no-untyped-def]
    """The KL's estimate and its derivative with respect to logp, from d = ref - logp."""
    if kind == "k1":
        value, grad = -d, d * 0 + 1
    elif kind == "k2":
        value, grad = d * d / 2, -d
    else:
        inside = _cut(d, 20.0)
        # e^d - d - 1 by its series where the difference would cancel
        series = inside * inside * (1 / 2 + inside * (1 / 6 + inside * (1 / 24 + inside * (1 / 120 + inside / 720))))
        value = tl.where(tl.abs(inside) < 0.1, series, tl.exp(inside) - 1 - inside)
        rise = value + inside
        grad = tl.where((tl.abs(d) > 20.0) | (value > 10.0), 0.0, -rise)
        value = tl.where(value > 10.0, 10.0, value)
    return value, grad


@triton.jit
def _read(column, place, whole, n, other):  # type: ignore[no-untyped-def]
    """A tile of a column, `other` past its end. Without a mask where the tile is whole, so that a thread reads 16
    bytes."""
    if whole:
        x = tl.load(column + place)
    else:
        x = tl.load(column + place, mask=place < n, other=other)
    return x


# A masked token is read as well: its mask is under way with the other columns.
@triton.jit(do_not_specialize=["n"])
def kernel(logp, old_logp, log_ratio, advantage, scale, count, mask, ref_logp, sampler_logp,  # type: ignore[no-untyped-def]
           grad, parts, n, low, high, dual_clip, kl_coef, cap, floor, surrogate: tl.constexpr, kl: tl.constexpr,
           correction: tl.constexpr, tile: tl.constexpr):
    """grad [n] fp32 and parts [programs, 6] fp32; columns that are None stand for what csrc/policy/terms.h says."""
    program = tl.program_id(0).to(tl.int64)
    place = program * tile + tl.arange(0, tile)
    whole = (program + 1) * tile <= n
    active = _read(mask, place, whole, n, 0) != 0
    new = _read(logp, place, whole, n, 0.0)
    a = _read(advantage, place, whole, n, 0.0)
    share = tl.load(scale).to(tl.float32)
    if count is not None:
        share = share / _read(count, place, whole, n, 1.0)
    old = new
    if old_logp is not None:
        old = _read(old_logp, place, whole, n, 0.0)
    moved = new - old
    used = moved
    if log_ratio is not None:
        used = _read(log_ratio, place, whole, n, 0.0)
    value, slope, clipped, ratio = _surrogate(new, used, a, low, high, dual_clip, surrogate)
    if sampler_logp is not None:
        w = tl.exp(_cut(old - _read(sampler_logp, place, whole, n, 0.0), 20.0))
        if correction == "truncate":
            w = tl.where(w > cap, cap, w)
        else:
            w = tl.where((w < floor) | (w > cap), 0.0, w)
        value *= w
        slope *= w
    kl_value = moved * 0
    if ref_logp is not None:
        kl_value, kl_slope = _kl(_read(ref_logp, place, whole, n, 0.0) - new, kl)
        value += kl_coef * kl_value
        slope += kl_coef * kl_slope
    slope = tl.where(active, slope * share, 0.0)
    if whole:
        tl.store(grad + place, slope)
    else:
        tl.store(grad + place, slope, mask=place < n)
    parts += program * SUMS
    tl.store(parts, tl.sum(tl.where(active, value * share, 0.0), 0))
    tl.store(parts + 1, tl.sum(tl.where(active, kl_value, 0.0), 0))
    tl.store(parts + 2, tl.sum((active & clipped).to(tl.int32), 0).to(tl.float32))
    tl.store(parts + 3, tl.sum(tl.where(active, ratio, 0.0), 0))
    tl.store(parts + 4, tl.sum(tl.where(active, -moved, 0.0), 0))
    tl.store(parts + 5, tl.sum(active.to(tl.int32), 0).to(tl.float32))


@triton.jit
def _column(parts, programs, which: tl.constexpr, rows: tl.constexpr):  # type: ignore[no-untyped-def]
    """One of the sums, added up over the programs."""
    total = tl.zeros((rows,), tl.float64)
    for start in range(0, programs, rows):
        row = start + tl.arange(0, rows)
        total += tl.load(parts + row.to(tl.int64) * SUMS + which, mask=row < programs, other=0.0).to(tl.float64)
    return tl.sum(total, 0)


@triton.jit(do_not_specialize=["programs"])
def results_kernel(parts, loss, means, programs, rows: tl.constexpr):  # type: ignore[no-untyped-def]
    """loss [1] or one of means [4], fp32, from parts [programs, 6]; a program each."""
    which = tl.program_id(0)
    total = _column(parts + which, programs, 0, rows)
    if which == 0:
        tl.store(loss, total.to(tl.float32))
    else:
        active = tl.maximum(_column(parts, programs, 5, rows), 1.0)
        tl.store(means + which - 1, (total / active).to(tl.float32))


def policy_terms(logp: Tensor, old_logp: Tensor | None, log_ratio: Tensor | None, advantage: Tensor, scale: Tensor,
                 count: Tensor | None, mask: Tensor, ref_logp: Tensor | None, sampler_logp: Tensor | None,
                 options: LossOptions) -> tuple[Tensor, Tensor]:
    """d loss / d logp [T] fp32 and parts [P, 6] fp32 that add up to the sums; columns [T] fp32 contiguous, mask [T]
    bool; a token's term counts scale ([] fp64), or scale / count."""
    n = logp.shape[0]
    programs = triton.cdiv(n, TILE)
    grad = torch.empty_like(logp)
    parts = logp.new_empty((programs, SUMS.value))
    if n:
        kernel[(programs,)](
            logp, old_logp, log_ratio, advantage, scale, count, mask.view(torch.uint8), ref_logp, sampler_logp, grad,
            parts, n, 1 - options.clip_low, 1 + options.clip_high, options.dual_clip or 0.0, options.kl_coef,
            options.sampler_cap, options.sampler_floor, surrogate=options.surrogate, kl=options.kl,
            correction=options.correction, tile=TILE, num_warps=4, enable_fp_fusion=True)
    return grad, parts


def policy_results(parts: Tensor, loss: Tensor, means: Tensor) -> None:
    """Fill loss [] and means [4], fp32, from parts [P, 6]."""
    results_kernel[(1 + len(means),)](parts, loss, means, len(parts), rows=ROWS, num_warps=4)
