"""Column statistics: by hand for a few rows, in parts as in one, and the estimate of many different values."""

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.sinks.statistics import SKETCH, merge, shard_statistics

from crossthink.arrow import arrow_schema, to_row
from crossthink.schema import Difficulty, Question

Make = Callable[..., Question]


def table(questions: list[Question]) -> pa.Table:
    return pa.Table.from_pylist([to_row(question) for question in questions], schema=arrow_schema(Question))


@pytest.fixture
def questions(make_question: Make) -> list[Question]:
    hard = Difficulty(passes=1, attempts=4, low=0.0, high=0.7, model="m", revision="r", sampling="{}")
    return [make_question("Añb?", answer="4"),
            replace(make_question("Add 2 and 3.", answer="5"), difficulty=hard),
            make_question("Which?", answer="x", options=("x", "y"), group="gpr", domain="law", source="t"),
            make_question("Who?", answer="z", options=("w", "x", "z"), group="gpr", domain="law", source="t"),
            make_question("Where?", answer="x", options=("x", "z"), group="gpr", domain="arts", source="s")]


def test_by_hand(questions: list[Question]) -> None:
    found = merge([shard_statistics(table(questions))])
    assert found["rows"] == 5
    columns = found["columns"]
    # characters, not bytes: 4, 12, 6, 4, 6 make 32
    assert columns["question"] == {"type": "string", "nulls": 0, "empty": 0, "distinct": 5, "distinct_is_exact": True,
                                   "characters": {"min": 4, "max": 12, "mean": 6.4}}
    assert columns["answer"]["distinct"] == 4
    assert columns["options"] == {"type": "list<item: string not null>", "nulls": 0,
                                  "length": {"min": 0, "max": 3, "mean": 1.4}}
    assert columns["answer_label"]["empty"] == 2
    assert columns["difficulty.passes"] == {"type": "int64", "nulls": 4, "value": {"min": 1, "max": 1, "mean": 1.0}}
    assert columns["difficulty.high"]["value"]["mean"] == 0.7
    assert columns["votes.cast"]["value"] == {"min": None, "max": None, "mean": None}
    assert found["counts"]["domain"] == {"arts": 1, "law": 2, "math": 2}
    assert found["counts"]["template"] == {"mcq": 3, "open": 2}
    assert found["answer_positions"] == {"2": {"A": 2}, "3": {"C": 1}}
    assert found["licences"] == [{"source": "s", "licence": "Apache-2.0", "rows": 3},
                                 {"source": "t", "licence": "Apache-2.0", "rows": 2}]


def test_parts_make_what_the_whole_makes(questions: list[Question], make_question: Make) -> None:
    rows = questions + [make_question(f"Number {n}?", answer=str(n % 7)) for n in range(800)]
    whole = merge([shard_statistics(table(rows))])
    for size in (1, 300, 799):
        parts = [shard_statistics(table(rows[start:start + size])) for start in range(0, len(rows), size)]
        assert merge([*parts, shard_statistics(table([]))]) == whole
    assert whole["columns"]["answer"]["distinct"] == 9  # 0 to 6, x, z


def test_many_different_values_are_estimated(make_question: Make) -> None:
    rows = [make_question(f"Number {n}?", answer=str(n % 4000)) for n in range(6000)]
    columns = merge([shard_statistics(table(rows))])["columns"]
    assert not columns["answer"]["distinct_is_exact"]
    # the standard error of k minimum values is 1 / sqrt(k - 2): 6.3% for 256; three of them
    assert abs(columns["answer"]["distinct"] / 4000 - 1) < 3 / (SKETCH - 2) ** 0.5
    assert columns["question"]["distinct"] <= 6000  # never more than there are values
