"""The head on Hopper (H100, H200) in bf16: a product of our own, whose logits never leave the registers in fp32.

It leaves each row's sums, tile by tile, and the exponentials in bf16, half of what the logits would take, from which
the gradient is made in place (csrc/cuda/head.cu, exps.cu). Without gradients not even those.
"""

import torch

from crossthink import _core
from crossthink.ops.device import address, stream
from crossthink.ops.head import Head, Needs, is_narrow
from crossthink.ops.memory import empty
from crossthink.ops.rows import Rows, row_results

Tensor = torch.Tensor


def fits(hidden: Tensor, weight: Tensor, backend: str) -> bool:
    """Whether the product takes these: copies of tiles want rows that begin on 16 bytes, which is 8 values."""
    return (backend == "cuda" and is_narrow(hidden, weight) and weight.numel() > 0
            and torch.cuda.get_device_capability(hidden.device) == (9, 0) and hidden.shape[1] % 8 == 0
            and weight.stride(1) == 1 and weight.stride(0) % 8 == 0 and weight.data_ptr() % 16 == 0)


class HopperHead(Head):
    """A head whose buffer holds exponentials in place of logits."""

    def __init__(self, hidden: Tensor, weight: Tensor, bias: Tensor | None, token: Tensor, temperature: float,
                 needs: Needs) -> None:
        self.kept = needs.hidden or needs.weight or needs.bias
        super().__init__(hidden.contiguous(), weight, bias, token, temperature, needs, "cuda")
        held = min(self.chunk, len(hidden))
        self.tiles = hidden.new_empty((held, _core.cuda_head_tiles(len(weight)), 4), dtype=torch.float32)
        self.chosen = hidden.new_empty(held, dtype=torch.float32)

    def logits(self, part: slice) -> None:
        """Make what there is in place of the logits of a part."""
        states, weight = self._states(part), self.weight
        with torch.cuda.device(states.device):
            _core.cuda_head(
                states.data_ptr(), weight.data_ptr(), address(self.bias), self.token[part].data_ptr(),
                self.tiles.data_ptr(), self.chosen.data_ptr(),
                self.buffer.data_ptr() if self.kept else 0, len(states), len(weight), states.shape[1],
                states.stride(0), weight.stride(0), self.buffer.stride(0), self.temperature, stream())

    def rows(self, part: slice) -> Rows:
        """As the general head's, from the sums of tiles."""
        logp, entropy, stats = row_results(self._states(part))
        with torch.cuda.device(logp.device):
            _core.cuda_head_rows(
                self.tiles.data_ptr(), self.chosen.data_ptr(), self.token[part].data_ptr(), logp.data_ptr(),
                entropy.data_ptr(), stats.data_ptr(), len(logp), len(self.weight), self.temperature, stream())
        return logp, entropy, stats

    def _grad_logits(self, part: slice, grads: tuple[Tensor, Tensor], found: Rows) -> Tensor:
        dz = self.buffer[:part.stop - part.start]
        (grad_logp, grad_entropy), (logp, entropy, stats) = grads, found
        with torch.cuda.device(dz.device):
            _core.cuda_head_gradient(
                dz.data_ptr(), self.tiles.data_ptr(), self.token[part].data_ptr(), grad_logp.data_ptr(),
                grad_entropy.data_ptr(), logp.data_ptr(), entropy.data_ptr(), stats.data_ptr(), len(dz), dz.shape[1],
                dz.stride(0), self.temperature, stream())
        return dz

    def _empty(self, rows: int, width: int) -> Tensor:
        return empty(self.hidden, (rows if self.kept else 0, width), torch.bfloat16)

    def _zeros(self, rows: int, width: int) -> Tensor:
        return self.hidden[:0]  # the product reads the hidden states where they are

    def _states(self, part: slice) -> Tensor:
        return self.hidden[part]
