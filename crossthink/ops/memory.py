"""Memory for large results: on a CPU the system makes a new page at its first touch, 4 KiB at a time unless asked."""

from collections.abc import Sequence

import torch

from crossthink import _core

Tensor = torch.Tensor

LARGE = 1 << 25
"""Bytes from which the C library maps memory anew for each tensor and gives it back: every page is a new one."""


def empty(like: Tensor, shape: Sequence[int], dtype: torch.dtype = torch.float32) -> Tensor:
    """A tensor on `like`'s device, not filled; in pages of 2 MiB where it is large and the system has them."""
    x = like.new_empty(tuple(shape), dtype=dtype)
    if x.device.type == "cpu" and x.nbytes >= LARGE:
        _core.use_huge_pages(x.data_ptr(), x.nbytes)
    return x
