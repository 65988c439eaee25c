"""Files that are there as a whole or not at all. Layer 1: standard library only."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path to write to in place of `path`, whose name it takes where the block ends well; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    yield partial
    partial.replace(path)


def write_json(path: Path, tree: dict[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    with whole(path) as partial:
        partial.write_text(json.dumps(tree, indent=1), encoding="utf-8")
