"""The fused head on the CPU beside torch's naive form, the peers' chunked ones and the machine's own sgemm.

    .venv/bin/python benchmarks/kernels/cpu.py [--output benchmarks/results/kernels_cpu.json] [--full] [SHAPE ...]

Every contender has two processes of its own. Time is the median of the repeats in one. Memory is the other's peak
resident set in its first call of that size, less the inputs and the gradients: freed memory goes back to the system at
once there, and a small call before has loaded the libraries. Peers that are not installed are named as missing.
--full: all shapes, an hour and a half on two cores. The file is written after each. SHAPE, as 4096x896x49152xfloat32:
only these are measured, and of the others the file keeps what it has.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch
from peers import peers
from torch.nn import functional

from crossthink import ops
from crossthink.files import write_json
from crossthink.provenance import provenance

Tensor = torch.Tensor
Shape = tuple[int, int, int, str]
SMALL: list[Shape] = [(512, 896, 32768, "float32"), (512, 576, 49152, "float32"), (512, 896, 151936, "float32"),
                      (512, 896, 32768, "bfloat16")]
LARGE: list[Shape] = [(4096, size, vocabulary, dtype) for size in (576, 896) for vocabulary in (32768, 49152, 151936)
                      for dtype in ("float32", "bfloat16")]
OURS = ("linear_policy_loss", "linear_logprob")
OTHERS = ("naive", "F.linear_cross_entropy", "trl-chunked", "verl-chunked")


def contender(name: str, shape: Shape) -> Callable[[], Tensor]:
    """A function that computes a loss; hidden and weight get their gradients from its backward."""
    tokens, size, vocabulary, dtype = shape
    torch.manual_seed(0)
    hidden, weight = (torch.randn(*s).to(getattr(torch, dtype)).requires_grad_() for s in
                      ((tokens, size), (vocabulary, size)))
    token, advantage = torch.randint(vocabulary, (tokens,)), torch.randn(tokens)
    mask, sequence, old = torch.ones(tokens, dtype=torch.bool), torch.arange(tokens) // 64, torch.full((tokens,), -10.0)

    def loss_of(logp: Tensor) -> Tensor:
        return ops.policy_loss(logp.float(), old, advantage, mask, sequence, kind="dapo")[0]

    def work() -> Tensor:
        hidden.grad = weight.grad = None
        if name == "linear_policy_loss":
            return ops.linear_policy_loss(hidden, weight, token, old, advantage, mask, sequence, kind="dapo")[0]
        if name == "linear_logprob":
            return loss_of(ops.linear_logprob(hidden, weight, token)[0])
        if name == "naive":
            return loss_of(-functional.cross_entropy(hidden @ weight.T, token, reduction="none"))
        if name == "F.linear_cross_entropy":
            return loss_of(-functional.linear_cross_entropy(hidden, weight, token, reduction="none"))
        found, missing = peers([name])
        if missing:
            raise ImportError(missing[name])
        return loss_of(found[0].run(hidden, weight, token)[0])

    return work


def resident(field: str) -> float:
    """VmRSS or VmHWM of this process, in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    [kib] = [int(line.split()[1]) for line in lines if line.startswith(field)]
    return kib / 1024


def timed(name: str, shape: Shape, repeats: int) -> dict[str, float]:
    """Seconds of forward and backward."""
    work, times = contender(name, shape), []
    torch.autograd.backward(work())  # libraries are loaded
    for _ in range(repeats):
        started = perf_counter()
        torch.autograd.backward(work())
        times.append(perf_counter() - started)
    return {"seconds": median(times), "fastest": min(times)}


def held(name: str, shape: Shape) -> dict[str, float]:
    """Peak MiB of forward and backward beyond inputs and gradients."""
    torch.autograd.backward(contender(name, (8, 8, 16, shape[3]))())
    work = contender(name, shape)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = resident("VmRSS")
    torch.autograd.backward(work())
    tokens, size, vocabulary, dtype = shape
    gradients = (tokens + vocabulary) * size * getattr(torch, dtype).itemsize / 2**20
    return {"mib": resident("VmHWM") - before - gradients}


def sgemm(shape: Shape) -> float:
    """Seconds of the three products of a step in fp32, at full size."""
    tokens, size, vocabulary, _ = shape
    hidden, weight = torch.randn(tokens, size), torch.randn(vocabulary, size)
    dz, times = hidden @ weight.T, []
    for _ in range(3):
        started = perf_counter()
        torch.mm(hidden, weight.T, out=dz)
        dz @ weight
        dz.T @ hidden
        times.append(perf_counter() - started)
    return min(times)


def child(what: str, name: str, shape: Shape) -> dict[str, Any]:
    """What a process of its own measures: "timed" or "held"."""
    given_back = {"MALLOC_MMAP_THRESHOLD_": str(1 << 16), "MALLOC_TRIM_THRESHOLD_": "0"} if what == "held" else {}
    done = subprocess.run([sys.executable, __file__, "--one", what, name, *map(str, shape)], capture_output=True,
                          text=True, check=False, env={**os.environ, **given_back})
    last = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()[-1:]
    found: dict[str, Any] = (json.loads(last[0]) if done.returncode == 0
                             else {"failed": last[0][:200] if last else "killed"})
    return found


def measured(shape: Shape) -> dict[str, Any]:
    """Every contender at a shape."""
    rows: dict[str, Any] = {}
    for name in (*OURS, *OTHERS, "sgemm"):
        if name == "naive" and shape[3] == "bfloat16" and shape[0] > 512:
            continue  # minutes a call
        rows[name] = child("timed", name, shape)
        if name != "sgemm" and "failed" not in rows[name]:
            rows[name] |= child("held", name, shape)
        print(f"{shape}: {name}: {rows[name]}", flush=True)
    return rows


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/kernels_cpu.json"))
    parser.add_argument("--full", action="store_true", help="all shapes")
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help="T x D x V x dtype, without blanks: only these")
    parser.add_argument("--one", nargs=6, metavar=("WHAT", "NAME", "T", "D", "V", "DTYPE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        what, name, *numbers, dtype = given.one
        shape = (int(numbers[0]), int(numbers[1]), int(numbers[2]), dtype)
        print(json.dumps({"seconds": sgemm(shape)} if name == "sgemm"
                         else held(name, shape) if what == "held" else timed(name, shape, 3)))
        return
    known = {"x".join(map(str, shape)): shape for shape in SMALL + LARGE}
    if unknown := set(given.shapes) - set(known):
        parser.error(f"unknown shapes {sorted(unknown)}: choose from {', '.join(known)}")
    began, results = provenance(), {}
    if given.shapes and given.output.exists():
        results = json.loads(given.output.read_text(encoding="utf-8"))["results"]
    for shape in [known[name] for name in given.shapes] or SMALL + (LARGE if given.full else []):
        results[" x ".join(map(str, shape))] = measured(shape)
        write_json(given.output, {**began, "shapes": "T x D x V", "results": results})


if __name__ == "__main__":
    main()
