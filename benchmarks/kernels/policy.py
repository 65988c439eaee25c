"""policy_loss (forward and backward) and group_advantage at a million tokens, beside their eager chains and a copy.

    .venv/bin/python benchmarks/kernels/policy.py

The copy moves as many bytes as the op must read and write at the least. Writes
benchmarks/results/kernels_policy_cpu.json.
"""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from crossthink import ops
from crossthink.files import write_json
from crossthink.provenance import provenance

TOKENS, SEQUENCE, GROUP, REPEATS = 1_000_000, 500, 8, 20


def fastest(work: Callable[[], Any]) -> float:
    """Seconds of the fastest of REPEATS calls."""
    times = []
    for _ in range(REPEATS):
        started = perf_counter()
        work()
        times.append(perf_counter() - started)
    return min(times)


def copy(read_and_written: int) -> float:
    """Seconds of a copy that reads half of these bytes and writes the other half."""
    source = torch.zeros(read_and_written // 2, dtype=torch.uint8)
    target = torch.empty_like(source)
    return fastest(lambda: target.copy_(source))


def compared(work: Callable[[str], Any], bytes_a_token: int) -> dict[str, float]:
    """Ours, eager, and the copy."""
    ours, eager = fastest(lambda: work("cpp")), fastest(lambda: work("eager"))
    least = copy(TOKENS * bytes_a_token)
    return {"seconds": ours, "eager": eager, "times": eager / ours, "copy": least, "of_copy_bandwidth": least / ours}


def main() -> None:
    """Measure, print, write."""
    torch.manual_seed(0)
    logp = (-torch.rand(TOKENS)).requires_grad_()
    old, ref = (logp.detach() + 0.1 * torch.randn(TOKENS) for _ in range(2))
    advantage, mask = torch.randn(TOKENS), torch.ones(TOKENS, dtype=torch.bool)
    sequence, group = torch.arange(TOKENS) // SEQUENCE, torch.arange(TOKENS) // GROUP

    def loss(backend: str, **options: Any) -> None:
        logp.grad = None
        torch.autograd.backward(ops.policy_loss(logp, old, advantage, mask, sequence, backend=backend, **options)[0])

    results = {  # bytes: log-probs, advantages and the gradient of 4, mask of 1, ids of 8
        "policy_loss, dapo": compared(lambda backend: loss(backend, kind="dapo"), 17),
        "policy_loss, grpo": compared(lambda backend: loss(backend, kind="grpo"), 25),
        "policy_loss, grpo and k3": compared(lambda backend: loss(backend, ref_logp=ref, kl_coef=0.1), 29),
        "group_advantage": compared(lambda backend: ops.group_advantage(advantage, group, backend=backend), 16)}
    for name, row in results.items():
        print(name, {key: round(value, 5) for key, value in row.items()})
    write_json(Path("benchmarks/results/kernels_policy_cpu.json"),
               {**provenance(), "argv": "python benchmarks/kernels/policy.py", "tokens": TOKENS, "results": results})


if __name__ == "__main__":
    main()
