"""A small set of questions: seven of general reasoning from two sources, four of mathematics."""

from collections.abc import Callable
from pathlib import Path

import pytest

from crossthink.schema import Question
from crossthink.shards import Manifest


@pytest.fixture
def manifest(make_question: Callable[..., Question], write_manifest: Callable[[list[Question]], Path]) -> Manifest:
    gpr = [make_question(f"g{i}", group="gpr", source="a" if i < 5 else "b") for i in range(7)]
    math = [make_question(f"m{i}") for i in range(4)]
    return Manifest.load(write_manifest([*gpr, *math]))
