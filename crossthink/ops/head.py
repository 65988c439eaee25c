"""The head's matrix products, a chunk of tokens at a time: logits, and from their gradient that of every input.

A library's product that makes logits or a gradient of hidden states runs on one padded shape, [tile, D] x [D, V] and
[tile, V] x [V, D], whatever the number of tokens; our own (csrc/cpu/product.h) sums in one order for any shape. So a
token's row has the same bits alone, in a batch and in a pack. On a CPU that takes rows of whole vectors as well: a
library sums what is left of them in another order for other tokens of a tile, so a weight of another width or layout is
copied with columns of zeros behind. The gradient of the weight, which sums over tokens, is one product a chunk,
accumulated in fp32.
"""

from dataclasses import dataclass

import torch

from crossthink import _core
from crossthink.ops.memory import empty
from crossthink.ops.rows import Rows, over, rows_backward, rows_forward

Tensor = torch.Tensor

CPU_CHUNK, GPU_CHUNK = 1 << 25, 5 << 28
"""Logits that are held at a time, 128 MiB and 5 GiB, or a tile's where those are more."""
CPU_TILE, GPU_TILE = 128, 4096
CPU_SHARE = 0.15
"""Of the logits of all tokens, or a tile's where those are more: 5% of what the naive form holds, which is three times
all logits. A chunk that stays in the cache is no slower than a larger one."""
CPU_BLOCK = 2048
"""Rows of the weight that all tiles of a chunk take before the next: they stay in the cache. On a GPU all at once."""

VECTOR = 8
"""Values of fp32 that a library's product on a CPU takes at a time."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Which gradients are asked for."""

    hidden: bool
    weight: bool
    bias: bool


class Head:
    """Logits of chunks of `hidden` [T, D] under `weight` [V, D] and `bias` [V], what is read off them, and the
    gradients as they come in: for each of `parts`, `logits`, `rows` and, where gradients are asked for, `backward`.

    bf16 products of bf16 factors are exact in fp32, where they are summed: bf16 stays bf16 on a GPU, and under the
    backend cpp on a CPU that has the instructions. Elsewhere, and for mixed dtypes, everything is widened to fp32.
    """

    def __init__(self, hidden: Tensor, weight: Tensor, bias: Tensor | None, token: Tensor, temperature: float,
                 needs: Needs, backend: str) -> None:
        has_products = hidden.is_cuda or (backend == "cpp" and _core.multiplies_bf16())
        narrow = has_products and is_narrow(hidden, weight)
        self.dtype = torch.bfloat16 if narrow else torch.float32
        self.hidden, self.weight, self.needs = hidden.detach(), weight.detach().to(self.dtype), needs
        self.bias = None if bias is None else bias.detach().float()
        self.token, self.temperature, self.backend = token.contiguous(), temperature, backend
        tokens, (vocabulary, self.width) = hidden.shape[0], weight.shape
        self.tile, most = (GPU_TILE, GPU_CHUNK) if hidden.is_cuda else (CPU_TILE, CPU_CHUNK)
        self.own = narrow and not hidden.is_cuda
        if self.own and 1 not in self.weight.stride():
            self.weight = self.weight.contiguous()
        if not hidden.is_cuda and not self.own:
            self.weight = _in_whole_vectors(self.weight)
        width = self.weight.shape[1]
        if not hidden.is_cuda:
            most = min(most, int(CPU_SHARE * tokens) * vocabulary)
        tiles = max(most // max(vocabulary * self.tile, 1), 1)
        self.chunk = min(tiles, max(-(-tokens // self.tile), 1)) * self.tile
        self.parts = [slice(start, min(start + self.chunk, tokens)) for start in range(0, tokens, self.chunk)]
        # rows of a whole number of 32 bytes, which the device's fast products ask for
        padded = -(-vocabulary // 8) * 8 if hidden.is_cuda else vocabulary
        held = self.chunk if tokens else 0
        self.buffer = self._empty(held, padded)[:, :vocabulary]
        self.stage = self._zeros(held, width)
        self.returned = hidden.new_empty((held if needs.hidden else 0, width),
                                         dtype=torch.float32 if self.own else self.dtype)
        self.grad_hidden = hidden.new_empty(hidden.shape if needs.hidden else (0, self.width))
        # a product that nothing is added to can round by itself
        sum_dtype = weight_dtype(hidden, weight) if len(self.parts) == 1 else torch.float32
        self.grad_weight = empty(hidden, weight.shape if needs.weight else (0,), sum_dtype)
        if not self.parts:
            self.grad_weight.zero_()
        self.grad_bias = hidden.new_zeros(vocabulary if needs.bias else 0, dtype=torch.float32)

    def logits(self, part: slice) -> None:
        """Make the logits of a part, in a buffer that the next call writes over."""
        rows, vocabulary = part.stop - part.start, self.weight.shape[0]
        self._states(part).copy_(self.hidden[part])
        block = vocabulary if self.weight.is_cuda or self.own else CPU_BLOCK
        for start in range(0, vocabulary, block):
            words = slice(start, start + block)
            for tile in self._tiles(rows):
                _product(self.stage[tile], self.weight[words].T, self.buffer[tile, words],
                         None if self.bias is None else self.bias[words])

    def rows(self, part: slice) -> Rows:
        """Log-probs [t], entropies [t] and statistics [t, 2] of the part whose logits were made last."""
        return rows_forward(self.backend, self.buffer[:part.stop - part.start], self.token[part], self.temperature)

    def backward(self, part: slice, grads: tuple[Tensor, Tensor], found: Rows) -> None:
        """Take the gradients of log-probs and entropies [t] of the part whose logits were made last; `found` is what
        `rows` gave for it. The logits are gone afterwards."""
        rows = part.stop - part.start
        dz = self._grad_logits(part, grads, found)
        if self.needs.weight:
            _product(dz.T, self._states(part), self.grad_weight, self.grad_weight if part.start else None)
        if self.needs.bias:
            self.grad_bias += dz.sum(0, dtype=torch.float32)
        if not self.needs.hidden:
            return
        whole = dz.as_strided((self.buffer.shape[0], dz.shape[1]), dz.stride())
        for tile in self._tiles(rows):
            _product(whole[tile], self.weight, self.returned[tile], None)
        self.grad_hidden[part] = self.returned[:rows, :self.width]

    def grads(self) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of hidden (its dtype), weight (`weight_dtype`) and bias (fp32), after the last part."""
        return self.grad_hidden, self.grad_weight.to(weight_dtype(self.hidden, self.weight)), self.grad_bias

    def _empty(self, rows: int, width: int) -> Tensor:
        """A buffer for logits."""
        return empty(self.hidden, (rows, width))

    def _grad_logits(self, part: slice, grads: tuple[Tensor, Tensor], found: Rows) -> Tensor:
        """The gradient [t, V] of the logits, over them."""
        _, entropy, stats = found
        logits = self.buffer[:part.stop - part.start]
        dz = over(logits, self.dtype)
        rows_backward(self.backend, logits, self.token[part], grads, (entropy, stats), self.temperature, dz)
        return dz

    def _zeros(self, rows: int, width: int) -> Tensor:
        """A buffer for hidden states: a product takes whole tiles of tokens."""
        return self.hidden.new_zeros((rows, width), dtype=self.dtype)

    def _states(self, part: slice) -> Tensor:
        """The hidden states [t, D] of the part whose logits were made last, in the products' dtype."""
        return self.stage[:part.stop - part.start, :self.width]

    def _tiles(self, rows: int) -> list[slice]:
        """Rows of one product each: padded ones, or, under our own product, which needs no padding, all at once."""
        if self.own:
            return [slice(rows)]
        return [slice(start, start + self.tile) for start in range(0, rows, self.tile)]


def weight_dtype(hidden: Tensor, weight: Tensor) -> torch.dtype:
    """Of the weight's gradient as it leaves the head: fp32, but on a GPU bf16 for bf16 factors."""
    return torch.bfloat16 if hidden.is_cuda and is_narrow(hidden, weight) else torch.float32


def is_narrow(hidden: Tensor, weight: Tensor) -> bool:
    """Whether the factors are bf16 both."""
    return hidden.dtype == weight.dtype == torch.bfloat16


def _in_whole_vectors(weight: Tensor) -> Tensor:
    """A weight [V, D] with its rows in memory one after the other and D a multiple of VECTOR; itself where it is so."""
    vocabulary, width = weight.shape
    behind = -width % VECTOR
    if not behind and (weight.stride(1) == 1 or vocabulary % VECTOR == 0):
        return weight
    padded = empty(weight, (vocabulary, width + behind))
    padded[:, :width], padded[:, width:] = weight, 0
    return padded


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
