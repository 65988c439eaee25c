"""The ops that move memory on a GPU, beside the card's own copy; gpu.py starts it."""

from collections.abc import Callable
from typing import Any

import torch
from timing import cost, measured, print_rows

from crossthink import _core, ops

Tensor = torch.Tensor
Work = Callable[[], object]
TOKENS = 8192
BACKENDS = ("triton", "cuda") if _core.with_cuda else ("triton",)


def copied() -> float:
    """GB/s of a device-to-device copy, reads and writes counted."""
    source = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.numel() / cost(lambda: target.copy_(source)).ms / 1e6


def logit_work(backend: str, logits: Tensor, token: Tensor) -> dict[str, tuple[int, Work]]:
    """token_logprob and its gradient: bytes, and a call."""
    size, name = logits.numel() * logits.element_size(), str(logits.dtype).removeprefix("torch.")
    op = torch.ops.crossthink
    logp, entropy, stats = op.token_logprob(logits, token, 1.0, backend)
    grads = torch.randn_like(logp), torch.randn_like(logp)
    return {f"token_logprob {name}, {backend}": (size, lambda: ops.token_logprob(logits, token, backend=backend)),
            f"token_logprob {name}, backward, {backend}": (2 * size, lambda: op.token_logprob_backward(
                *grads, logits, token, entropy, stats, 1.0, backend))}


def policy_work(backend: str, n: int) -> dict[str, tuple[int, Work]]:
    """policy_loss and group_advantage over n tokens: bytes (three columns, the mask and the gradient, and with "grpo"
    the sequences), and a call."""
    logp, old, advantage = (torch.randn(n, device="cuda") * 0.1 for _ in range(3))
    mask, sequence = torch.ones(n, dtype=torch.bool, device="cuda"), torch.arange(n, device="cuda") // 512
    work: dict[str, tuple[int, Work]] = {f"policy_loss {kind}, {n} tokens, {backend}": (n * size, lambda kind=kind: (
        ops.policy_loss(logp, old, advantage, mask, sequence, kind=kind, tokens=n, backend=backend)))
        for kind, size in (("dapo", 17), ("grpo", 25))}
    for size in (8, 512):
        group = torch.arange(n, device="cuda") // size
        work[f"group_advantage, {n} rewards, groups of {size}, {backend}"] = (
            16 * n, lambda group=group: ops.group_advantage(logp, group, backend=backend))
    return work


def rows_of(work: dict[str, tuple[int, Work]], graph: bool) -> dict[str, Any]:
    """The cost of each call; as a graph it is the device's alone."""
    return {name: measured(call, size=size, graph=graph) for name, (size, call) in work.items()}


def trace() -> None:
    """Print which kernels one call of each op that moves memory launches, and how long each of them takes."""
    logits = torch.randn(TOKENS, 152064, device="cuda", dtype=torch.bfloat16)
    token = torch.randint(152064, (TOKENS,), device="cuda")
    for backend in BACKENDS:
        for name, (_, call) in (logit_work(backend, logits, token) | policy_work(backend, 1 << 24)).items():
            call()
            with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
                call()
                torch.cuda.synchronize()
            print(name, *(f"  {kernel.device_time_total / 1e3:.4f} ms, {kernel.count} of {kernel.key[:90]}"
                          for kernel in profile.key_averages()), sep="\n", flush=True)


def memory_bound() -> dict[str, Any]:
    """Kernels that move memory: GB/s of what has to be read and written, beside the card's copy."""
    copy = copied()
    rows: dict[str, Any] = {"copy": {"gb_s": copy}}
    logits = torch.randn(TOKENS, 152064, device="cuda", dtype=torch.bfloat16)
    token = torch.randint(152064, (TOKENS,), device="cuda")
    for backend in BACKENDS:
        rows |= rows_of(logit_work(backend, logits, token), graph=True)
        rows |= rows_of(logit_work(backend, logits[:TOKENS // 2].float(), token[:TOKENS // 2]), graph=True)
    for backend in (*BACKENDS, "eager"):
        for n in (1 << 20, 1 << 24):
            rows |= rows_of(policy_work(backend, n), graph=backend != "eager")
    for row in rows.values():
        if "gb_s" in row:
            row["of copy"] = row["gb_s"] / copy
    print_rows("memory", rows)
    return rows
