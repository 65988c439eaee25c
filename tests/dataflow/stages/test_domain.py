"""How domains are found: by hand, on the example pages, and on questions that the weights were not fitted on."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.stages.domain import OTHER, TABLE, domain_of, stems, table, times

REPO = Path(__file__).parents[3]
SHARED = Path(os.environ.get("CROSSTHINK_SHARED", REPO.parent / "shared")) / "data"
SUBJECTS = {
    "stem": ("college_chemistry", "college_physics", "high_school_biology", "astronomy", "electrical_engineering"),
    "history": ("high_school_world_history", "high_school_european_history", "high_school_us_history", "prehistory"),
    "law": ("professional_law", "international_law", "jurisprudence"),
    "economics": ("high_school_macroeconomics", "high_school_microeconomics", "marketing"),
    "geography": ("high_school_geography",),
    "philosophy": ("philosophy", "formal_logic", "moral_disputes"),
    "health": ("clinical_knowledge", "nutrition", "anatomy", "professional_medicine"),
}
"""Subjects of MMLU by our domains; it has none for the arts."""


DOMAINS = ("arts", "economics", "geography", "health", "history", "law", "philosophy", "stem")


def test_the_table_is_small_and_whole() -> None:
    names, biases, rows = table()
    assert names == (*DOMAINS, OTHER)
    assert len(biases) == len(names)
    assert all(len(weights) == len(names) and stem.isalpha() and stem.islower() for stem, weights in rows.items())
    assert TABLE.stat().st_size < 200_000


def test_stems() -> None:
    # "The" and "of" say nothing; "laws" is "law", "bodies" is "body", "glass" stays; seven letters count
    assert stems("The laws of bodies, LAW and glass; electricity, electrical.") == {
        "law": 2, "body": 1, "glass": 1, "electri": 2}
    # 10 (1 + ln n): 10, 16.9, 20.99, 33.03
    assert [times(count) for count in (1, 2, 3, 10)] == [10, 17, 21, 33]


def test_a_score_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # unit length: two words once each are 10 / sqrt(200) = .7071 each; "court" for law, "market" against it
    fake = (("economics", "law", OTHER), (0, 0, 10), {"court": (0, 60, 0), "witness": (0, 20, 0), "market": (60, 0, 0)})
    monkeypatch.setattr("crossthink.dataflow.stages.domain.table", lambda: fake)
    assert domain_of("The court heard the witness.") == "law"  # .7071 (60 + 20) = 56.6 leads by 46.6 over OTHER's bias
    assert domain_of("The court and the market.") == OTHER  # 42.4 and 42.4: no lead
    assert domain_of("The court met.") == OTHER  # one word is too little


def test_example_pages() -> None:
    found: Counter[bool] = Counter()
    for path in sorted((REPO / "examples/pages").glob("*/*.txt")):
        if path.parent.name in DOMAINS:
            found[domain_of(path.read_text(encoding="utf-8")) == path.parent.name] += 1
    assert found[True] >= 0.75 * found.total(), found  # measured: 37 of 48


def test_mmlu_subjects() -> None:
    path = SHARED / "mmlu/test.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path} is missing")
    domain = {subject: name for name, subjects in SUBJECTS.items() for subject in subjects}
    found: Counter[str] = Counter()
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            if expected := domain.get(row["subject"].replace(" ", "_")):
                named = domain_of(" ".join((row["question"], *row["options"])))
                found["other" if named == OTHER else "right" if named == expected else "wrong"] += 1
    # Measured on all of the test part by benchmarks/domain.py.
    assert found["right"] >= 0.86 * (found["right"] + found["wrong"]), found
    assert found["other"] <= 0.36 * found.total(), found
