"""Files that are there as a whole or not at all. Layer 1: standard library only."""

import json
from pathlib import Path
from typing import Any


def write_json(path: Path, tree: dict[str, Any]) -> None:
    """Write a JSON file, whole or not at all; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(tree, indent=1), encoding="utf-8")
    partial.replace(path)
