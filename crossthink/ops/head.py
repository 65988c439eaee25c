"""The head's matrix products, a chunk of tokens at a time: logits, and from their gradient that of every input.

A library's product that makes logits or a gradient of hidden states runs on one padded shape, [tile, D] x [D, V] and
[tile, V] x [V, D], whatever the number of tokens; our own (csrc/cpu/product.h) sums in one order for any shape. So a
token's row has the same bits alone, in a batch and in a pack. The gradient of the weight, which sums over tokens, is
one product a chunk, accumulated in fp32.
"""

from dataclasses import dataclass

import torch

from crossthink import _core
from crossthink.ops.memory import empty

Tensor = torch.Tensor

CPU_CHUNK, GPU_CHUNK = 1 << 25, 5 << 28
"""Logits that are held at a time, 128 MiB and 5 GiB, or a tile's where those are more."""
CPU_TILE, GPU_TILE = 128, 4096
CPU_SHARE = 0.15
"""Of the logits of all tokens, or a tile's where those are more: 5% of what the naive form holds, which is three times
all logits. A chunk that stays in the cache is no slower than a larger one."""
CPU_BLOCK = 2048
"""Rows of the weight that all tiles of a chunk take before the next: they stay in the cache. On a GPU all at once."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Which gradients are asked for."""

    hidden: bool
    weight: bool
    bias: bool


class Head:
    """Logits of chunks of `hidden` [T, D] under `weight` [V, D] and `bias` [V], and the gradients as they come in.

    bf16 products of bf16 factors are exact in fp32, where they are summed: bf16 stays bf16 on a GPU, and under the
    backend cpp on a CPU that has the instructions. Elsewhere, and for mixed dtypes, everything is widened to fp32.
    """

    def __init__(self, hidden: Tensor, weight: Tensor, bias: Tensor | None, needs: Needs, backend: str) -> None:
        has_products = hidden.is_cuda or (backend == "cpp" and _core.multiplies_bf16())
        narrow = has_products and hidden.dtype == weight.dtype == torch.bfloat16
        self.dtype = torch.bfloat16 if narrow else torch.float32
        self.hidden, self.weight, self.needs = hidden.detach(), weight.detach().to(self.dtype), needs
        self.bias = None if bias is None else bias.detach().float()
        tokens, (vocabulary, width) = hidden.shape[0], weight.shape
        self.tile, most = (GPU_TILE, GPU_CHUNK) if hidden.is_cuda else (CPU_TILE, CPU_CHUNK)
        self.own = narrow and not hidden.is_cuda
        if not hidden.is_cuda:
            most = min(most, int(CPU_SHARE * tokens) * vocabulary)
        tiles = max(most // max(vocabulary * self.tile, 1), 1)
        self.chunk = min(tiles, max(-(-tokens // self.tile), 1)) * self.tile
        self.parts = [slice(start, min(start + self.chunk, tokens)) for start in range(0, tokens, self.chunk)]
        # rows of a whole number of 32 bytes, which the device's fast products ask for
        padded = -(-vocabulary // 8) * 8 if hidden.is_cuda else vocabulary
        self.buffer = empty(hidden, (self.chunk if tokens else 0, padded))[:, :vocabulary]
        self.stage = hidden.new_zeros((self.buffer.shape[0], width), dtype=self.dtype)
        self.returned = torch.empty_like(self.stage if needs.hidden else self.stage[:0],
                                         dtype=torch.float32 if self.own else self.dtype)
        self.grad_hidden = torch.empty_like(hidden if needs.hidden else hidden[:0])
        self.grad_weight = empty(hidden, weight.shape if needs.weight else (0,))
        if not self.parts:
            self.grad_weight.zero_()
        self.grad_bias = hidden.new_zeros(vocabulary if needs.bias else 0, dtype=torch.float32)

    def logits(self, part: slice) -> Tensor:
        """The logits [t, V] of a part, fp32, in a buffer that the next call writes over."""
        rows = part.stop - part.start
        self.stage[:rows].copy_(self.hidden[part])
        vocabulary = self.weight.shape[0]
        block = vocabulary if self.weight.is_cuda or self.own else CPU_BLOCK
        for start in range(0, vocabulary, block):
            words = slice(start, start + block)
            for tile in self._tiles(rows):
                _product(self.stage[tile], self.weight[words].T, self.buffer[tile, words],
                         None if self.bias is None else self.bias[words])
        return self.buffer[:rows]

    def backward(self, part: slice, dz: Tensor) -> None:
        """Take the gradient of the logits that `logits(part)` gave last; `dz` lies over them."""
        rows = part.stop - part.start
        if self.needs.weight:
            _product(dz.T, self.stage[:rows], self.grad_weight, self.grad_weight if part.start else None)
        if self.needs.bias:
            self.grad_bias += dz.sum(0, dtype=torch.float32)
        if not self.needs.hidden:
            return
        whole = dz.as_strided((self.buffer.shape[0], dz.shape[1]), dz.stride())
        for tile in self._tiles(rows):
            _product(whole[tile], self.weight, self.returned[tile], None)
        self.grad_hidden[part] = self.returned[:rows]

    def _tiles(self, rows: int) -> list[slice]:
        """Rows of one product each: padded ones, or, under our own product, which needs no padding, all at once."""
        if self.own:
            return [slice(rows)]
        return [slice(start, start + self.tile) for start in range(0, rows, self.tile)]


def _product(a: Tensor, b: Tensor, out: Tensor, plus: Tensor | None) -> None:
    """out = a @ b (+ plus, which may be out), summed in fp32."""
    if a.dtype == torch.bfloat16 and not a.is_cuda:
        _core.multiply_bf16(a.view(torch.int16).numpy(), b.view(torch.int16).numpy(), out.numpy(), plus is out,
                            torch.get_num_threads())
        if plus is not None and plus is not out:
            out += plus
    elif plus is None:
        torch.mm(a, b, out=out) if a.dtype == out.dtype else torch.mm(a, b, out_dtype=out.dtype, out=out)
    elif a.dtype == out.dtype:
        torch.addmm(plus, a, b, out=out)
    elif plus is out:
        torch.addmm(plus, a, b, out_dtype=out.dtype, out=out)
    else:
        torch.mm(a, b, out_dtype=out.dtype, out=out)
        out += plus
