"""Tensors as the kernels take them: the name of a dtype, an address, and the stream."""

import torch

Tensor = torch.Tensor


def type_name(dtype: torch.dtype) -> str:
    """As "float32"."""
    return str(dtype).removeprefix("torch.")


def address(x: Tensor | None) -> int:
    """Where a tensor lies; 0 where there is none."""
    return 0 if x is None else x.data_ptr()


def stream() -> int:
    """The handle of the current device's current stream."""
    return torch.cuda.current_stream().cuda_stream
