"""Checkpoints: everything that the next step depends on, written whole or not at all."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch

from crossthink.policy import Policy


def save_checkpoint(folder: Path, step: int, policy: Policy, optimizer: torch.optim.Optimizer, tokenizer: Any,
                    state: dict[str, Any], keep: int) -> Path:
    """Write `folder/step-NNNNNN` (model folder, optimizer, state) atomically; keep the newest `keep`.

    `step` counts finished steps. A run killed in the middle leaves a `.partial` folder that nobody reads.
    """
    target = folder / f"step-{step:06d}"
    partial = folder / f".step-{step:06d}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    policy.save(partial / "model", tokenizer)
    torch.save(optimizer.state_dict(), partial / "optimizer.pt")
    (partial / "state.json").write_text(json.dumps({"step": step, **state}, indent=1), encoding="utf-8")
    for file in [path for path in partial.rglob("*") if path.is_file()]:
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    if target.exists():
        shutil.rmtree(target)
    partial.rename(target)
    for old in checkpoints(folder)[:-keep]:
        shutil.rmtree(old)
    return target


def checkpoints(folder: Path) -> list[Path]:
    """Complete checkpoints, oldest first."""
    return sorted(path for path in folder.glob("step-*") if (path / "state.json").is_file())


def load_checkpoint(path: Path, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Restore the optimizer and return the state; the model is loaded from `path / "model"` by whoever owns it."""
    optimizer.load_state_dict(torch.load(path / "optimizer.pt", map_location="cpu", weights_only=True))
    state: dict[str, Any] = json.loads((path / "state.json").read_text(encoding="utf-8"))
    return state
