"""Which head runs: the general one, or that of a device which has one of its own."""

import torch

from crossthink.ops import hopper
from crossthink.ops.head import Head, Needs

Tensor = torch.Tensor


def head_of(hidden: Tensor, weight: Tensor, bias: Tensor | None, token: Tensor, temperature: float, needs: Needs,
            backend: str) -> Head:
    """The head for these tensors under a backend."""
    if hopper.fits(hidden, weight, backend):
        return hopper.HopperHead(hidden, weight, bias, token, temperature, needs)
    return Head(hidden, weight, bias, token, temperature, needs, backend)
