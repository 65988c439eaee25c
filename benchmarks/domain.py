"""The domains of MMLU's test questions against its own subjects.

    .venv/bin/python benchmarks/domain.py

Each question with its options is given to the function that names a passage's domain; the subject says what it should
be (SUBJECTS). Subjects of none of the eight domains (psychology, sociology, politics, religion, miscellaneous, ...) are
counted apart, as `outside`; MMLU has none for the arts. This part of MMLU was not fitted on (fit_domain.py). `named` is
the share of questions that get a domain, `right` the share of those that get the subject's, `found` that of all. Writes
benchmarks/results/domain.json.
"""

import gzip
import json
import lzma
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crossthink.dataflow.stages.domain import OTHER, domain_of

from crossthink.files import write_json
from crossthink.provenance import provenance

SHARED = Path(os.environ.get("CROSSTHINK_SHARED", "../shared")) / "data"
SUBJECTS = {
    "stem": ("abstract_algebra", "astronomy", "college_biology", "college_chemistry", "college_computer_science",
             "college_mathematics", "college_physics", "computer_security", "conceptual_physics",
             "electrical_engineering", "elementary_mathematics", "high_school_biology", "high_school_chemistry",
             "high_school_computer_science", "high_school_mathematics", "high_school_physics",
             "high_school_statistics", "machine_learning"),
    "history": ("high_school_european_history", "high_school_us_history", "high_school_world_history", "prehistory"),
    "law": ("international_law", "jurisprudence", "professional_law"),
    "economics": ("econometrics", "high_school_macroeconomics", "high_school_microeconomics", "management", "marketing",
                  "professional_accounting"),
    "geography": ("high_school_geography",),
    "philosophy": ("formal_logic", "logical_fallacies", "moral_disputes", "philosophy"),
    "health": ("anatomy", "clinical_knowledge", "college_medicine", "human_aging", "medical_genetics", "nutrition",
               "professional_medicine", "virology"),
}


def rows(name: str) -> Iterator[dict[str, Any]]:
    """The rows of a JSONL file of the shared folder."""
    opened: Any = {".gz": gzip.open, ".xz": lzma.open}.get(Path(name).suffix, open)
    with opened(SHARED / name, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def main() -> None:
    """Count, print, and write the results."""
    expected = {subject: domain for domain, subjects in SUBJECTS.items() for subject in subjects}
    given: dict[str, Counter[str]] = defaultdict(Counter)
    outside: Counter[str] = Counter()
    for row in rows("mmlu/test.jsonl.gz"):
        named = domain_of(" ".join((row["question"], *row["options"])))
        if domain := expected.get(row["subject"].replace(" ", "_")):
            given[domain][named] += 1
        else:
            outside[named] += 1
    result: dict[str, Any] = {"outside": {"questions": outside.total(), "named": 1 - outside[OTHER] / outside.total()}}
    print(f"{'outside':12} {outside.total():6} named {result['outside']['named']:.3f}")
    for name, counts in {**given, "all": sum_of(given)}.items():
        total = counts.total() - counts[OTHER]
        right = sum(given[d][d] for d in given) if name == "all" else counts[name]
        result[name] = {"questions": counts.total(), "named": total / counts.total(), "right": right / total,
                        "found": right / counts.total(), "given": dict(counts.most_common())}
        print(f"{name:12} {counts.total():6} named {total / counts.total():.3f} right {right / total:.3f} "
              f"found {right / counts.total():.3f}")
    write_json(Path(__file__).parent / "results" / "domain.json", {
        "command": " ".join(["python", *sys.argv]), **provenance(), "domains": result})


def sum_of(given: dict[str, Counter[str]]) -> Counter[str]:
    """All domains together."""
    total: Counter[str] = Counter()
    for counts in given.values():
        total += counts
    return total


if __name__ == "__main__":
    main()
