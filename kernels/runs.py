"""Group advantages and sequence means in Triton: reductions over runs of equal ids.

A program takes the runs that begin among its places, one after the other. So a run's result depends on nothing but the
run, and nothing about the runs needs to be known beforehand. Sums are fp64. Where an id is smaller than the one before
it, its run's results are NaN: to look beforehand would wait for the device.
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
def _falls(ids, first):  # type: ignore[no-untyped-def]
    """Whether the run that begins at `first` has a smaller id than the one before it."""
    return tl.load(ids + tl.maximum(first - 1, 0)) > tl.load(ids + first)


@triton.jit
def _members(ids, start, own, n, tile: tl.constexpr):  # type: ignore[no-untyped-def]
    """The tile's places, which of them are the run's, and whether the run may go on behind the tile. Where ids fall,
    one may come again: that is another run."""
    offset = tl.arange(0, tile)
    place = start + offset
    same = (place < n) & (tl.load(ids + place, mask=place < n, other=0) == own)
    length = tl.min(tl.where(same, tile, offset), 0)
    return place, offset < length, length == tile


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
    divisor = count * 0 + 1
    if divide:
        divisor = tl.sqrt(squares / tl.maximum(count - 1, 1.0)) + eps
    falls = _falls(group, first)
    divisor = tl.where(falls, float("nan"), divisor)
    start, more = first, first < n
    while more:
        place, member, more = _members(group, start, own, n, tile)
        gap = tl.load(reward + place, mask=member, other=0.0).to(tl.float64) - mean
        tl.store(advantage + place, tl.where((others > 0) | falls, gap / divisor, 0.0).to(tl.float32), mask=member)
        start += tile


@triton.jit
def _one_sequence(mask, sequence, x, count, mean, n, first, tile: tl.constexpr):  # type: ignore[no-untyped-def]
    """Active tokens, and x's mean over them, of the sequence that begins at `first`; 1 where it has one, or 0."""
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
    least = tl.where(_falls(sequence, first), float("nan"), tl.maximum(active, 1.0))
    average = total / least
    start, more = first, first < n
    while more:
        place, member, more = _members(sequence, start, own, n, tile)
        if count is not None:
            tl.store(count + place, tl.zeros((tile,), tl.float32) + least.to(tl.float32), mask=member)
        if x is not None:
            tl.store(mean + place, tl.zeros((tile,), tl.float32) + average.to(tl.float32), mask=member)
        start += tile
    return (active > 0).to(tl.int32)


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
def means_kernel(mask, sequence, x, count, mean, active, n, span: tl.constexpr,  # type: ignore[no-untyped-def]
                 tile: tl.constexpr):
    """count [n], unless it is None: the active tokens of each token's sequence, 1 where it has none. mean [n], unless x
    is None: x's over them. active [programs]: the sequences with an active token."""
    place, begins = _begins(sequence, n, span)
    first = _first(place, begins, n)
    found = tl.zeros((), tl.int32)
    while first < n:
        found += _one_sequence(mask, sequence, x, count, mean, n, first, tile)
        begins = begins & (place > first)
        first = _first(place, begins, n)
    tl.store(active + tl.program_id(0), found)


def group_advantage(reward: Tensor, group: Tensor, divide: bool, eps: float) -> Tensor:
    """kernels/reference.py's "grpo", or "dr_grpo" where nothing is divided: reward [N] fp32 and group [N] int64, equal
    ids side by side, contiguous -> [N]."""
    n = reward.shape[0]
    advantage = torch.empty_like(reward)
    if n:
        advantage_kernel[(triton.cdiv(n, SPAN),)](reward, group, advantage, n, eps, divide=divide, span=SPAN, tile=TILE,
                                                  num_warps=1)
    return advantage


def sequence_means(mask: Tensor, sequence: Tensor, x: Tensor | None, count: Tensor | None,
                   mean: Tensor | None) -> Tensor:
    """Fill count [T] and mean [T], fp32, where they are there: the active tokens of each token's sequence, and x's mean
    over them. Return 1 over the number of sequences that have one, [] fp64. mask [T] bool, sequence [T] int64, equal
    ids side by side, x [T] fp32; all contiguous."""
    programs = triton.cdiv(mask.shape[0], SPAN)
    active = torch.empty(programs, dtype=torch.int32, device=mask.device)
    if programs:
        means_kernel[(programs,)](mask.view(torch.uint8), sequence, x, count, mean, active, mask.shape[0], span=SPAN,
                                  tile=TILE, num_warps=1)
    return 1 / active.sum().clamp(min=1).double()
