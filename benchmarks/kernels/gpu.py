"""The ops on a GPU beside the vendor's GEMMs and the peers, one card and one run for all: benchmarks/gpu.sh starts it.

    python benchmarks/kernels/gpu.py OUTPUT.json [--quick]

What is measured: forward and backward with loss (and entropy) at the heads of Qwen2.5-7B and 32B, 8192 tokens of bf16;
log-probs without a gradient; the kernels that move memory, against the card's own copy. The yardstick of the head is
the time of cuBLAS for the products that nobody can avoid: logits, d hidden and d weight, 6TDV flops. A warm card is
slower: the products are timed before our forms and after them, and the yardstick is the mean.
"""

import argparse
import gc
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import triton
from peers import LossPeer, loss_peers, peers
from timing import cost

from crossthink import _core, ops
from crossthink.ops import head

Tensor = torch.Tensor
TOKENS = 8192
HEADS = {"Qwen2.5-7B": (3584, 152064), "Qwen2.5-32B": (5120, 152064)}
BACKENDS = ("triton", "cuda") if _core.with_cuda else ("triton",)


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


def measured(work: Callable[[], object], *, size: int = 0, flops: float = 0.0, **how: int) -> dict[str, Any]:
    """The cost of `work` as a row, with GB/s of `size` bytes or TFLOP/s where given; or why there is none."""
    try:
        row: dict[str, Any] = asdict(cost(work, **how))
        row |= {"gb_s": size / row["ms"] / 1e6} if size else {}
        row |= {"tflops": flops / row["ms"] / 1e9} if flops else {}
    except (RuntimeError, ValueError, TypeError, AssertionError, ImportError, AttributeError) as error:
        row = {"failed": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
    gc.collect()
    torch.cuda.empty_cache()
    return row


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


def copied() -> float:
    """GB/s of a device-to-device copy, reads and writes counted."""
    source = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.numel() / cost(lambda: target.copy_(source)).ms / 1e6


def rows_of_logits(backend: str, logits: Tensor, token: Tensor) -> dict[str, Any]:
    """token_logprob and its gradient."""
    size, name = logits.numel() * logits.element_size(), str(logits.dtype).removeprefix("torch.")
    leaf = logits.detach().requires_grad_()
    logp, _ = ops.token_logprob(leaf, token, backend=backend)
    return {
        f"token_logprob {name}, {backend}": measured(
            lambda: ops.token_logprob(logits, token, backend=backend), size=size),
        f"token_logprob {name}, backward, {backend}": measured(
            lambda: torch.autograd.grad(logp.sum(), leaf, retain_graph=True), size=2 * size)}


def policy_rows(backend: str, n: int) -> dict[str, Any]:
    """policy_loss and group_advantage over n tokens; bytes: three columns, the mask and the gradient, and with "grpo"
    the sequences."""
    logp, old, advantage = (torch.randn(n, device="cuda") * 0.1 for _ in range(3))
    mask, sequence = torch.ones(n, dtype=torch.bool, device="cuda"), torch.arange(n, device="cuda") // 512
    rows = {f"policy_loss {kind}, {n} tokens, {backend}": measured(
        lambda kind=kind: ops.policy_loss(logp, old, advantage, mask, sequence, kind=kind, tokens=n, backend=backend),
        size=n * size, graph=backend != "eager") for kind, size in (("dapo", 17), ("grpo", 25))}
    rows[f"group_advantage, {n} rewards, {backend}"] = measured(
        lambda: ops.group_advantage(logp, sequence, backend=backend), size=16 * n, graph=backend != "eager")
    return rows


def memory_bound() -> dict[str, Any]:
    """Kernels that move memory: GB/s of what has to be read and written, beside the card's copy."""
    copy = copied()
    rows: dict[str, Any] = {"copy": {"gb_s": copy}}
    logits = torch.randn(TOKENS, 152064, device="cuda", dtype=torch.bfloat16)
    token = torch.randint(152064, (TOKENS,), device="cuda")
    for backend in BACKENDS:
        rows |= rows_of_logits(backend, logits, token)
        rows |= rows_of_logits(backend, logits[:TOKENS // 2].float(), token[:TOKENS // 2])
    for backend in (*BACKENDS, "eager"):
        for n in (1 << 20, 1 << 24):
            rows |= policy_rows(backend, n)
    for row in rows.values():
        if "gb_s" in row:
            row["of copy"] = row["gb_s"] / copy
    print_rows("memory", rows)
    return rows


def print_table(name: str, table: dict[str, Any]) -> None:
    """What was measured at a head, on the screen."""
    print(f"{name} {table['shape']}  cuBLAS: " + ", ".join(f"{k} {v:.2f} ms" for k, v in table["cublas ms"].items()))
    print_rows(name, table["rows"])


def print_rows(title: str, rows: dict[str, Any]) -> None:
    """One line a row."""
    for name, row in rows.items():
        figures = ", ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
                            for key, value in row.items())
        print(f"  {title}: {name}: {figures}", flush=True)


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--quick", action="store_true", help="without the peers")
    arguments = parser.parse_args()
    machine = {"device": torch.cuda.get_device_name(), "torch": torch.__version__, "triton": triton.__version__,
               "cuda": torch.version.cuda, "memory GiB": torch.cuda.get_device_properties(0).total_memory / 2**30}
    results: dict[str, Any] = {"machine": machine, "memory": memory_bound(), "heads": heads(arguments.quick)}
    arguments.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
