"""Tensors as the kernels take them: the name of a dtype, an address, the stream; and what their gradients are not."""

import torch

Tensor = torch.Tensor


def type_name(dtype: torch.dtype) -> str:
    """As "float32"."""
    return str(dtype).removeprefix("torch.")


def address(x: Tensor | None) -> int:
    """Where a tensor lies; 0 where there is none."""
    return 0 if x is None else x.data_ptr()


def refuse_second_gradient(op: str) -> None:
    """To autograd a gradient that the forward made is a constant: a penalty on it would pull at nothing, in silence.
    For a backward, in which gradients are enabled under create_graph alone."""
    if torch.is_grad_enabled():
        raise RuntimeError(f"{op}: its gradient has none itself, as create_graph asks for; backend='eager' has")


def stream() -> int:
    """The handle of the current device's current stream."""
    return torch.cuda.current_stream().cuda_stream
