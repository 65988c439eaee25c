"""A product with a number on the device, in place: the last step of the gradient of a head, as large as the head."""

import torch
import triton
import triton.language as tl

Tensor = torch.Tensor

TILE, PROGRAMS = 4096, 2048
"""Values at a time; programs at most, few enough that they end at once where there is nothing to do."""


@triton.jit(do_not_specialize=["n"])
def kernel(x, by, n, step, tile: tl.constexpr):  # type: ignore[no-untyped-def]
    """x [n] *= by []; nothing is read or written where by is 1. A program's tiles begin `step` apart."""
    factor = tl.load(by)
    if factor != 1.0:
        first = tl.program_id(0).to(tl.int64) * tile
        for start in range(first, n, step):
            place = start + tl.arange(0, tile)
            value = tl.load(x + place, mask=place < n).to(tl.float32) * factor
            tl.store(x + place, value.to(x.dtype.element_ty), mask=place < n)


def scale(x: Tensor, by: Tensor) -> None:
    """x *= by; x of any shape and dtype, contiguous, and by [] fp32."""
    programs = min(triton.cdiv(x.numel(), TILE), PROGRAMS)
    if programs:
        kernel[(programs,)](x, by, x.numel(), programs * TILE, tile=TILE, num_warps=16)
