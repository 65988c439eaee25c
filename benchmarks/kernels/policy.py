"""policy_loss (forward and backward) and group_advantage on the CPU, beside their eager chains and a copy.

    .venv/bin/python benchmarks/kernels/policy.py

A million tokens lie in a large processor's cache, 16 million in memory. The copy reads and writes together as many
bytes as the op must at the least, into memory that is there already; the op's gradient is new memory, as autograd has
it. The eager chain runs at a million. Writes benchmarks/results/kernels_policy_cpu.json.
"""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from crossthink import ops
from crossthink.files import write_json
from crossthink.provenance import provenance

SIZES, SEQUENCE, GROUP = (1_000_000, 16_000_000), 500, 8
BYTES = {"policy_loss, dapo": 17, "policy_loss, grpo": 25, "policy_loss, grpo and k3": 29, "group_advantage": 16}
"""A token's: log-probs, advantages and the gradient of 4, a mask of 1, ids of 8."""

Op = Callable[[str], Any]


def fastest(work: Callable[[], Any], repeats: int) -> float:
    """Seconds of the fastest call."""
    times = []
    for _ in range(repeats):
        started = perf_counter()
        work()
        times.append(perf_counter() - started)
    return min(times)


def copy(read_and_written: int, repeats: int) -> float:
    """Seconds of a copy that reads half of these bytes and writes the other half."""
    source = torch.zeros(read_and_written // 2, dtype=torch.uint8)
    target = torch.zeros_like(source)
    return fastest(lambda: target.copy_(source), repeats)


def contenders(tokens: int) -> dict[str, Op]:
    """The ops over made-up tokens, as functions of a backend."""
    torch.manual_seed(0)
    logp = (-torch.rand(tokens)).requires_grad_()
    old, ref = (logp.detach() + 0.1 * torch.randn(tokens) for _ in range(2))
    advantage, mask = torch.randn(tokens), torch.ones(tokens, dtype=torch.bool)
    sequence, group = torch.arange(tokens) // SEQUENCE, torch.arange(tokens) // GROUP

    def loss(backend: str, **options: Any) -> None:
        logp.grad = None
        torch.autograd.backward(ops.policy_loss(logp, old, advantage, mask, sequence, backend=backend, **options)[0])

    ways: tuple[Op, ...] = (lambda backend: loss(backend, kind="dapo"), lambda backend: loss(backend, kind="grpo"),
                            lambda backend: loss(backend, ref_logp=ref, kl_coef=0.1),
                            lambda backend: ops.group_advantage(advantage, group, backend=backend))
    return dict(zip(BYTES, ways, strict=True))


def measured(tokens: int) -> dict[str, dict[str, float]]:
    """Every op at a size: seconds of ours, of the copy and, at the smaller size, of the eager chain."""
    repeats, rows = (40, {}) if tokens == SIZES[0] else (8, {})
    for name, work in contenders(tokens).items():
        ours, least = fastest(lambda work=work: work("cpp"), repeats), copy(tokens * BYTES[name], repeats)
        rows[name] = {"seconds": ours, "copy": least, "of_copy_bandwidth": least / ours}
        if tokens == SIZES[0]:
            eager = fastest(lambda work=work: work("eager"), 10)
            rows[name] |= {"eager": eager, "times": eager / ours}
        print(tokens, name, {key: round(value, 5) for key, value in rows[name].items()}, flush=True)
    return rows


def main() -> None:
    """Measure, print, write."""
    results = {f"{tokens} tokens": measured(tokens) for tokens in SIZES}
    write_json(Path("benchmarks/results/kernels_policy_cpu.json"),
               {**provenance(), "argv": "python benchmarks/kernels/policy.py", "threads": torch.get_num_threads(),
                "results": results})


if __name__ == "__main__":
    main()
