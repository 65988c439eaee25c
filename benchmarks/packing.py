"""Packing a million sequences, and spreading batches over ranks beside verl's balancing.

    .venv/bin/python benchmarks/packing.py

Lengths are those of real rollouts as far as a formula goes: log-normal, cut at a limit; and even ones from 1 to the
budget, which are hard to pack. Verl's function runs where it and its needs are installed. Writes
benchmarks/results/packing.json.
"""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from crossthink import _core
from crossthink.files import write_json
from crossthink.provenance import provenance

BUDGET = 8192
REPEATS = 3


def lengths(kind: str, n: int) -> list[int]:
    """n lengths of at most BUDGET."""
    generator = random.Random(0)
    if kind == "even":
        return [generator.randint(1, BUDGET) for _ in range(n)]
    return [min(BUDGET // 2, int(generator.lognormvariate(6, 1)) + 1) for _ in range(n)]


def fastest(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the fastest call, and its result."""
    times = []
    for _ in range(REPEATS):
        started = perf_counter()
        result = work()
        times.append(perf_counter() - started)
    return min(times), result


def packed(kind: str) -> dict[str, float]:
    """A million lengths in bins of BUDGET: seconds, and bins over the least that could hold them."""
    found = lengths(kind, 1_000_000)
    seconds, bins = fastest(lambda: _core.pack(found, BUDGET))
    return {"seconds": seconds, "bins": len(bins), "over_the_lower_bound": len(bins) / -(-sum(found) // BUDGET) - 1}


def spread(costs: Sequence[int], parts: Sequence[Sequence[int]]) -> float:
    """The largest part over the mean, less 1: how long the slowest rank keeps the others waiting."""
    sums = [sum(costs[i] for i in part) for part in parts]
    return max(sums) * len(sums) / sum(sums) - 1


def balanced(n: int, ranks: int) -> dict[str, Any]:
    """A batch over ranks: contiguous halves as they come, ours, and verl's."""
    costs = lengths("log-normal", n)
    contiguous = [range(n * i // ranks, n * (i + 1) // ranks) for i in range(ranks)]
    seconds, parts = fastest(lambda: _core.balance(costs, ranks))
    row: dict[str, Any] = {"unbalanced": spread(costs, contiguous),
                           "ours": {"seconds": seconds, "over_the_mean": spread(costs, parts)}}
    try:
        from verl.utils.seqlen_balancing import karmarkar_karp
    except ImportError as error:
        return {**row, "verl": str(error)}
    seconds, parts = fastest(lambda: karmarkar_karp(costs, ranks, equal_size=False))
    return {**row, "verl": {"seconds": seconds, "over_the_mean": spread(costs, parts)}}


def main() -> None:
    """Measure, print, write."""
    results = {"a million lengths, budget 8192": {kind: packed(kind) for kind in ("log-normal", "even")},
               "balance, n x ranks": {f"{n} x {ranks}": balanced(n, ranks)
                                      for n, ranks in ((64, 8), (512, 8), (4096, 64), (100_000, 64))}}
    print(json.dumps(results, indent=1))
    write_json(Path(__file__).parent / "results" / "packing.json",
               {**provenance(), "argv": "python benchmarks/packing.py", "results": results})


if __name__ == "__main__":
    main()
