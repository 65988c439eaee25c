"""Time and peak memory of work on a GPU, in one set-up for every contender."""

import gc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import torch


@dataclass(frozen=True, slots=True)
class Cost:
    """What one call takes."""

    ms: float
    """The median over the repeats, between two events on the stream."""
    spread: float
    """(slowest - fastest) / median."""
    mib: float
    """The most memory allocated beyond what was held before the call."""


def cost(work: Callable[[], object], *, repeats: int = 10, warmup: int = 3, graph: bool = False) -> Cost:
    """Measure `work`; what it returns is dropped before the next call. `graph`: as a captured CUDA graph, for work
    whose launches take longer than the device."""
    for _ in range(warmup):
        work()
    if graph:
        captured = torch.cuda.CUDAGraph()
        with torch.cuda.graph(captured):
            work()
        work = captured.replay
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    work()
    torch.cuda.synchronize()
    peak = torch.cuda.max_memory_allocated() - before
    times = []
    for _ in range(repeats):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    middle = median(times)
    return Cost(ms=middle, spread=(max(times) - min(times)) / middle, mib=peak / 2**20)


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


def print_rows(title: str, rows: dict[str, Any]) -> None:
    """One line a row."""
    for name, row in rows.items():
        figures = ", ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
                            for key, value in row.items())
        print(f"  {title}: {name}: {figures}", flush=True)
