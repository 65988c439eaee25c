"""The ops on a GPU beside the vendor's GEMMs and the peers, one card and one run for all: benchmarks/gpu.sh starts it.

    python benchmarks/kernels/gpu.py OUTPUT.json [--quick] [--trace]

What is measured: forward and backward with loss (and entropy) at the heads of Qwen2.5-7B and 32B, 8192 tokens of bf16;
log-probs without a gradient; the kernels that move memory, against the card's own copy. The yardstick of the head is
the time of cuBLAS for the products that nobody can avoid: logits, d hidden and d weight, 6TDV flops. A warm card is
slower: the products are timed before our forms and after them, and the yardstick is the mean.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import triton
from gpu_memory import BACKENDS, TOKENS, memory_bound, trace
from peers import LossPeer, loss_peers, peers
from timing import cost, measured, print_rows

from crossthink import ops
from crossthink.ops import head

Tensor = torch.Tensor
HEADS = {"Qwen2.5-7B": (3584, 152064), "Qwen2.5-32B": (5120, 152064)}


class Inputs:
    """One batch at a head's size: hidden states of unit variance, logits with a spread of about 3."""

    def __init__(self, size: int, vocabulary: int, tokens: int = TOKENS) -> None:
        torch.manual_seed(0)
        self.size, self.vocabulary, self.tokens = size, vocabulary, tokens
        self.hidden = torch.randn(tokens, size, device="cuda").bfloat16().requires_grad_()
        self.weight = (torch.randn(vocabulary, size, device="cuda") * 3 / size**0.5).bfloat16().requires_grad_()
        self.token = torch.randint(vocabulary, (tokens,), device="cuda")
        self.of_sequence = torch.randn(tokens // 512, device="cuda")
        self.advantage = self.of_sequence.repeat_interleave(512)
        self.mask = torch.ones(tokens, dtype=torch.bool, device="cuda")
        self.sequence = torch.arange(tokens, device="cuda") // 512
        with torch.no_grad():
            logp, _ = ops.linear_logprob(self.hidden, self.weight, self.token)
            self.old_logp = logp + 0.1 * torch.randn_like(logp)
        self.flops = 2 * tokens * size * vocabulary

    def clear(self) -> None:
        """Forget the gradients, so that each call makes its own."""
        self.hidden.grad = self.weight.grad = None


def products(x: Inputs) -> dict[str, float]:
    """Milliseconds of cuBLAS for the products of a step, bf16 in and out, at full size."""
    hidden, weight = x.hidden.detach(), x.weight.detach()
    dz = torch.randn(x.tokens, x.vocabulary, device="cuda", dtype=torch.bfloat16)
    parts = {"logits": cost(lambda: hidden @ weight.T).ms, "d hidden": cost(lambda: dz @ weight).ms,
             "d weight": cost(lambda: dz.T @ hidden).ms}
    return {**parts, "6TDV": sum(parts.values()), "8TDV": sum(parts.values()) + parts["logits"]}


def step(x: Inputs, backend: str, **options: Any) -> Callable[[], None]:
    """Forward and backward of linear_policy_loss."""

    def work() -> None:
        x.clear()
        loss, _ = ops.linear_policy_loss(x.hidden, x.weight, x.token, x.old_logp, x.advantage, x.mask, x.sequence,
                                         kind="dapo", backend=backend, **options)
        loss.backward()

    return work


def tiled(tile: int, work: Callable[[], None]) -> Callable[[], None]:
    """The same with other chunks of tokens."""

    def other() -> None:
        usual, head.GPU_TILE = head.GPU_TILE, tile
        work()
        head.GPU_TILE = usual

    return other


def through(x: Inputs, run: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor | None]],
            entropy: bool) -> Callable[[], None]:
    """Forward and backward of log-probs (and entropies) and, on them, of the loss."""

    def work() -> None:
        x.clear()
        logp, entropies = run(x.hidden, x.weight, x.token)
        loss, _ = ops.policy_loss(logp.float(), x.old_logp, x.advantage, x.mask, x.sequence, kind="dapo")
        if entropy and entropies is not None:
            loss = loss - 0.01 * entropies.float().mean()
        loss.backward()

    return work


def own_loss(x: Inputs, peer: LossPeer) -> Callable[[], None]:
    """Forward and backward of a peer's fused loss."""

    def work() -> None:
        x.clear()
        peer.loss(x.hidden, x.weight, x.token, x.old_logp, x.of_sequence).backward()

    return work


def without_gradient(x: Inputs, backend: str) -> Callable[[], None]:
    """Log-probs of an old policy or a reference."""

    def work() -> None:
        with torch.no_grad():
            ops.linear_logprob(x.hidden, x.weight, x.token, backend=backend)

    return work


def ours(x: Inputs) -> dict[str, Any]:
    """Our forms at one head."""
    rows: dict[str, Any] = {}
    for backend in BACKENDS:
        rows[f"linear_policy_loss, {backend}"] = measured(step(x, backend))
        rows[f"linear_policy_loss, entropy, {backend}"] = measured(step(x, backend, entropy_coef=0.01))
        rows[f"linear_logprob without gradient, {backend}"] = measured(without_gradient(x, backend), flops=x.flops)
    for tile in (1024, 2048, 8192):
        rows[f"linear_policy_loss, {BACKENDS[-1]}, tile {tile}"] = measured(tiled(tile, step(x, BACKENDS[-1])),
                                                                            repeats=5)
    rows["linear_policy_loss, gspo"] = measured(step(x, "auto", surrogate="gspo"), repeats=5)
    rows["linear_logprob + policy_loss"] = measured(through(x, ops.linear_logprob, entropy=True), repeats=5)
    return rows


def theirs(x: Inputs) -> dict[str, Any]:
    """The peers, each with what it offers: log-probs with a loss of ours on top, or a loss of its own."""
    rows: dict[str, Any] = {}
    found, missing = peers()
    for peer in found:
        rows[f"{peer.name} {peer.version}"] = measured(through(x, peer.run, peer.entropy), repeats=5, warmup=2)
    losses, missing_losses = loss_peers()
    for other in losses:
        rows[f"{other.name} {other.version}, its loss"] = measured(own_loss(x, other), repeats=5, warmup=2)
    return rows | {name: {"failed": reason} for name, reason in (missing | missing_losses).items()}


def heads(quick: bool) -> dict[str, Any]:
    """Every contender at every head."""
    table: dict[str, Any] = {}
    for name, (size, vocabulary) in HEADS.items():
        x = Inputs(size, vocabulary)
        before, rows, after = products(x), ours(x), products(x)
        base = {part: (before[part] + after[part]) / 2 for part in before}
        rows = rows if quick else rows | theirs(x)
        for row in rows.values():
            if "ms" in row:
                row["of 6TDV"] = row["ms"] / base["6TDV"]
        table[name] = {"shape": [TOKENS, size, vocabulary], "cublas ms": base, "before and after ours": [before, after],
                       "rows": rows}
        print_table(name, table[name])
        del x
    return table


def print_table(name: str, table: dict[str, Any]) -> None:
    """What was measured at a head, on the screen."""
    print(f"{name} {table['shape']}  cuBLAS: " + ", ".join(f"{k} {v:.2f} ms" for k, v in table["cublas ms"].items()))
    print_rows(name, table["rows"])


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--quick", action="store_true", help="without the peers")
    parser.add_argument("--trace", action="store_true", help="print what the ops that move memory launch, no more")
    arguments = parser.parse_args()
    if arguments.trace:
        trace()
        return
    machine = {"device": torch.cuda.get_device_name(), "torch": torch.__version__, "triton": triton.__version__,
               "cuda": torch.version.cuda, "memory GiB": torch.cuda.get_device_properties(0).total_memory / 2**30}
    results: dict[str, Any] = {"machine": machine, "memory": memory_bound(), "heads": heads(arguments.quick)}
    arguments.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
