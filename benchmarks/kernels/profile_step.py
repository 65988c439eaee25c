"""Profile a few calls of linear_policy_loss, forward and backward: a table of what took how long, and a Chrome trace.

    python benchmarks/kernels/profile_step.py [--tokens 2048 --size 896 --vocabulary 151936 --backend auto] [--no-trace]

Under nsys or ncu take --no-trace; the calls stand in NVTX ranges where there is a GPU.
"""

import argparse
from contextlib import nullcontext
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from crossthink import ops


def main() -> None:
    """Run, profile and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("tokens", 2048), ("size", 896), ("vocabulary", 151936), ("calls", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--trace", type=Path, default=Path("linear_policy_loss.trace.json"))
    parser.add_argument("--no-trace", action="store_true", help="run alone, for a profiler from outside")
    given = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    hidden = torch.randn(given.tokens, given.size, device=device).to(dtype).requires_grad_()
    weight = (torch.randn(given.vocabulary, given.size, device=device) / given.size**0.5).to(dtype).requires_grad_()
    token = torch.randint(given.vocabulary, (given.tokens,), device=device)
    advantage, sequence = torch.randn(given.tokens, device=device), torch.arange(given.tokens, device=device) // 256
    mask = torch.ones(given.tokens, dtype=torch.bool, device=device)

    def call() -> None:
        hidden.grad = weight.grad = None
        with torch.cuda.nvtx.range("linear_policy_loss") if device == "cuda" else nullcontext():
            loss, _ = ops.linear_policy_loss(hidden, weight, token, None, advantage, mask, sequence,
                                             backend=given.backend)
            loss.backward()  # type: ignore[no-untyped-call]

    call()
    if given.no_trace:
        for _ in range(given.calls):
            call()
        return
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA], profile_memory=True) as profiler:
        for _ in range(given.calls):
            call()
    profiler.export_chrome_trace(str(given.trace))
    by = "self_cuda_time_total" if device == "cuda" else "self_cpu_time_total"
    print(profiler.key_averages().table(sort_by=by, row_limit=15))
    print(f"trace: {given.trace} (chrome://tracing or https://ui.perfetto.dev)")


if __name__ == "__main__":
    main()
