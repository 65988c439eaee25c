"""Time and peak memory of work on a GPU, in one set-up for every contender."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

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
