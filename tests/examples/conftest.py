"""The examples are scripts beside each other, not a package: their folder goes on the path, and so does this one."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
sys.path[:0] = [str(EXAMPLES), str(Path(__file__).resolve().parent)]


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder examples/."""
    return EXAMPLES


@pytest.fixture(scope="session")
def rows() -> Callable[[str], list[dict[str, Any]]]:
    """A function that reads one committed question file."""
    return lambda name: [json.loads(line) for line in (EXAMPLES / name).read_text(encoding="utf-8").splitlines()]
