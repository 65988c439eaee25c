"""Copies of real evaluation questions, planted in the ways in which they get into training data, are found."""

import os
import sys
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
REPO = Path(__file__).parents[3]
SHARED = Path(os.environ.get("CROSSTHINK_SHARED", REPO.parent / "shared"))
if not (SHARED / "data" / "mmlu" / "test.jsonl.gz").exists():
    pytest.skip(f"{SHARED}/data has no question sets: CROSSTHINK_SHARED names another folder", allow_module_level=True)
os.environ["CROSSTHINK_SHARED"] = str(SHARED)
sys.path.insert(0, str(REPO / "benchmarks"))
import decontaminate as benchmark
from decontaminate_sets import CLEAN, EVALUATION, Item, items, prose

LEAST = {"verbatim": 0.99, "re-wrapped": 0.99, "options shuffled": 0.98, "options removed": 0.95,
         "one word in eight changed": 0.80, "in prose": 0.95, "in prose, without options": 0.95}


@pytest.fixture(scope="module")
def evaluation() -> list[Item]:
    """The questions of all evaluation sets that there are."""
    return list(items(EVALUATION))


@pytest.fixture(scope="module")
def rule(evaluation: list[Item]) -> benchmark.Rule:
    """The stage's rule against them."""
    return benchmark.ours(benchmark.build_index(((item.source, item.question, item.options) for item in evaluation), 8))


def test_planted_copies_are_found(evaluation: list[Item], rule: benchmark.Rule,
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "PLANTED", 60)
    found = benchmark.recall(rule, list(benchmark.planted(evaluation, prose())))
    assert {way: found[way]["recall"] for way in LEAST if found[way]["recall"] < LEAST[way]} == {}
    assert min(found[way]["copies"] for way in LEAST) > 250


def test_rows_that_are_no_copies_are_kept(rule: benchmark.Rule) -> None:
    rows = list(items(CLEAN))
    assert len(rows) > 20_000
    # the electric flux through a spherical surface, which MMLU-Pro asks with the same numbers (row 9456)
    assert [row.name for row in rows if rule(row)] == ["exercises_with_solution.jsonl.gz, row 5012"]
