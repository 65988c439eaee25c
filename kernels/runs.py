"""Group advantages and sequence means in Triton: reductions over runs of equal ids.

A program takes the runs that begin among its places, one after the other. So a run's result depends on nothing but the
run, and nothing about the runs needs to be known beforehand. Sums are fp64.
"""

import torch
import triton
import triton.language as tl

Tensor = torch.Tensor

SPAN = 64
"""Places of a program."""
TILE = 128
"""Places of a run that are read at once."""


@triton.jit
def _begins(ids, n, span: tl.constexpr):  # type: ignore[no-untyped-def]
    """This program's places, and at which of them a run begins."""
    place = tl.program_id(0).to(tl.int64) * span + tl.arange(0, span)
    own = tl.load(ids + place, mask=place < n, other=0)
    before = tl.load(ids + place - 1, mask=(place > 0) & (place < n), other=0)
    return place, (place < n) & ((place == 0) | (own != before))


@triton.jit
def _first(place, begins, n):  # type: ignore[no-untyped-def]
    """Where the first of the runs begins; n where there is none."""
    return tl.min(tl.where(begins, place, n), 0)


@triton.jit
def _members(ids, start, own, n, tile: tl.constexpr):  # type: ignore[no-untyped-def]
    """The tile's places, which of them are the run's, and whether the run may go on behind the tile."""
    place = start + tl.arange(0, tile)
    member = (place < n) & (tl.load(ids + place, mask=place < n, other=0) == own)
    return place, member, tl.sum(member.to(tl.int32), 0) == tile


@triton.jit
def _one_group(reward, group, advantage, n, eps, first, divide: tl.constexpr,  # type: ignore[no-untyped-def]
               tile: tl.constexpr):
    """The advantages of the group that begins at `first`."""
    own, one = tl.load(group + first), tl.load(reward + first)
    total = tl.zeros((), tl.float64)
    count = tl.zeros((), tl.float64)
    others = tl.zeros((), tl.int32)
    start, more = first, first < n
    while more:
        place, member, more = _members(group, start, own, n, tile)
        r = tl.load(reward + place, mask=member, other=0.0)
        total += tl.sum(r.to(tl.float64), 0)
        count += tl.sum(member.to(tl.float64), 0)
        others += tl.sum((member & (r != one)).to(tl.int32), 0)
        start += tile
    mean = total / count
    squares = tl.zeros((), tl.float64)
    start, more = first, first < n
    while more:
        place, member, more = _members(group, start, own, n, tile)
        gap = tl.load(reward + place, mask=member, other=0.0).to(tl.float64) - mean
        squares += tl.sum(tl.where(member, gap * gap, 0.0), 0)
        start += tile
    divisor = mean * 0 + 1
    if divide:
        divisor = tl.sqrt(squares / tl.maximum(count - 1, 1.0)) + eps
    start, more = first, first < n
    while more:
        place, member, more = _members(group, start, own, n, tile)
        gap = tl.load(reward + place, mask=member, other=0.0).to(tl.float64) - mean
        tl.store(advantage + place, tl.where(others > 0, gap / divisor, 0.0).to(tl.float32), mask=member)
        start += tile


@triton.jit
def _one_sequence(mask, sequence, x, count, mean, n, first, tile: tl.constexpr):  # type: ignore[no-untyped-def]
    """Active tokens, and x's mean over them, of the sequence that begins at `first`."""
    own = tl.load(sequence + first)
    active = tl.zeros((), tl.float64)
    total = tl.zeros((), tl.float64)
    start, more = first, first < n
    while more:
        place, member, more = _members(sequence, start, own, n, tile)
        counted = member & (tl.load(mask + place, mask=member, other=0) != 0)
        active += tl.sum(counted.to(tl.float64), 0)
        if x is not None:
            total += tl.sum(tl.load(x + place, mask=counted, other=0.0).to(tl.float64), 0)
        start += tile
    average = total / tl.maximum(active, 1.0)
    start, more = first, first < n
    while more:
        place, member, more = _members(sequence, start, own, n, tile)
        tl.store(count + place, tl.zeros((tile,), tl.float32) + active.to(tl.float32), mask=member)
        if x is not None:
            tl.store(mean + place, tl.zeros((tile,), tl.float32) + average.to(tl.float32), mask=member)
        start += tile


@triton.jit(do_not_specialize=["n"])
def advantage_kernel(reward, group, advantage, n, eps, divide: tl.constexpr,  # type: ignore[no-untyped-def]
                     span: tl.constexpr, tile: tl.constexpr):
    """advantage [n] = (r - mean) / (unbiased std + eps), or r - mean; 0 in a group without spread."""
    place, begins = _begins(group, n, span)
    first = _first(place, begins, n)
    while first < n:
        _one_group(reward, group, advantage, n, eps, first, divide, tile)
        begins = begins & (place > first)
        first = _first(place, begins, n)


@triton.jit(do_not_specialize=["n"])
def means_kernel(mask, sequence, x, count, mean, n, span: tl.constexpr,  # type: ignore[no-untyped-def]
                 tile: tl.constexpr):
    """count [n]: the active tokens of each token's sequence; mean [n]: x's mean over them, unless x is None."""
    place, begins = _begins(sequence, n, span)
    first = _first(place, begins, n)
    while first < n:
        _one_sequence(mask, sequence, x, count, mean, n, first, tile)
        begins = begins & (place > first)
        first = _first(place, begins, n)


def group_advantage(reward: Tensor, group: Tensor, kind: str, eps: float) -> Tensor:
    """kernels/reference.py's op: reward [N] fp32 and group [N] int64, equal ids side by side, contiguous -> [N]."""
    n = reward.shape[0]
    advantage = torch.empty_like(reward)
    if n:
        advantage_kernel[(triton.cdiv(n, SPAN),)](reward, group, advantage, n, eps, divide=kind == "grpo", span=SPAN,
                                                  tile=TILE, num_warps=1)
    return advantage


def sequence_means(mask: Tensor, sequence: Tensor, x: Tensor | None) -> tuple[Tensor, Tensor]:
    """Active tokens of each token's sequence, and x's mean over them: ([T], [T]) fp32; the second is empty where x is
    None. mask [T] bool, sequence [T] int64, equal ids side by side, x [T] fp32; all contiguous."""
    n = mask.shape[0]
    count = torch.empty(n, device=mask.device)
    mean = torch.empty(n if x is not None else 0, device=mask.device)
    if n:
        means_kernel[(triton.cdiv(n, SPAN),)](mask.view(torch.uint8), sequence, x, count, mean, n, span=SPAN, tile=TILE,
                                              num_warps=1)
    return count, mean
