"""Metrics of a training step, by domain and format, as JSONL and TensorBoard."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from crossthink.algorithms.advantages import zero_spread_share
from crossthink.cells import cell_names
from crossthink.rollout.groups import answer_letters
from crossthink.schema import Rollout


def rollout_metrics(rollouts: Sequence[Rollout], group_size: int) -> dict[str, Any]:
    """What a step's rollouts say, in total and by "group/template" and "domain/template"."""
    cells: dict[str, list[Rollout]] = {}
    for rollout in rollouts:
        for name in cell_names(rollout):
            cells.setdefault(name, []).append(rollout)
    groups = [number // group_size for number in range(len(rollouts))]
    return {
        **_means(rollouts),
        "completion_tokens": sum(len(r.completion_ids) for r in rollouts),
        "zero_spread_groups": zero_spread_share([r.reward for r in rollouts], groups),
        "drawn": dict(sorted(Counter(r.source for r in rollouts[::group_size]).items())),
        "by": {name: {**_means(cell), "n": len(cell)} for name, cell in sorted(cells.items())},
        "labels": answer_letters(rollouts),
        "reasons": dict(sorted(Counter(r.reason for r in rollouts).items())),
    }


def _means(rollouts: Sequence[Rollout]) -> dict[str, float]:
    n = max(len(rollouts), 1)
    return {
        "reward": sum(r.reward for r in rollouts) / n,
        "accuracy": sum(r.correct for r in rollouts) / n,
        "formatted": sum(r.formatted for r in rollouts) / n,
        "truncated": sum(r.finish_reason == "length" for r in rollouts) / n,
        "length": sum(len(r.completion_ids) for r in rollouts) / n,
    }


class MetricsWriter:
    """Appends one JSON object a step to `metrics.jsonl` and the same numbers to TensorBoard.

    A resumed run drops what was written after the checkpoint that it starts from: no step stands twice.
    """

    def __init__(self, folder: Path, first_step: int) -> None:
        self._path = folder / "metrics.jsonl"
        kept = [row for row in read_metrics(self._path) if row["step"] < first_step]
        self._path.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
        self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=first_step)

    def write(self, row: dict[str, Any]) -> None:
        """Write the metrics of one step."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        for name, value in _flat(row, ""):
            self._board.add_scalar(name, value, row["step"])
        self._board.flush()

    def close(self) -> None:
        """Finish the TensorBoard file."""
        self._board.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The rows of a metrics file, without a last line that was cut off; none where there is no file."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def _flat(tree: dict[str, Any], prefix: str) -> list[tuple[str, float]]:
    pairs: list[tuple[str, float]] = []
    for name, value in tree.items():
        if isinstance(value, dict):
            pairs += _flat(value, f"{prefix}{name}/")
        elif isinstance(value, int | float):
            pairs.append((f"{prefix}{name}", float(value)))
    return pairs
