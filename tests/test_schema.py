"""Records, identities and seeds."""

import subprocess
import sys
from collections.abc import Callable

import pyarrow as pa
import pytest

from crossthink.arrow import arrow_schema, check_version, from_row, to_row
from crossthink.schema import Difficulty, Question, Reason, Verdict, derive_seed, question_id


def test_an_id_knows_neither_the_order_of_options_nor_case_nor_spaces() -> None:
    a = question_id("What  is\nIT?", ("Red", "blue"))
    assert a == question_id("what is it?", ("BLUE ", "red"))
    assert a != question_id("what is it?", ("blue",))
    assert a != question_id("what is it?", ())
    assert len(a) == 32


def test_an_id_knows_what_readers_see() -> None:
    """Forms of Unicode, and what is shown as nothing (a soft hyphen, a joiner, marks of direction), make no other
    question; a superscript does."""
    plain = question_id("Was Café law a straße?")
    for text in ("Was Cafe\u0301 law a STRASSE?", "Ｗａｓ Café law a straße?", "Was Café la\u00adw a stra\u200bße?",
                 "\u202bWas Café law a straße?\u202c", "\ufeffWas Café\u00a0law a straẞe?"):
        assert question_id(text) == plain, ascii(text)
    assert question_id("What is 10²³?") == question_id("What is 10^23?") != question_id("What is 1023?")
    assert question_id("Take 1½ or ½?") == question_id("Take 1 1/2 or 1⁄2?") != question_id("Take 11/2 or 1/2?")
    assert question_id("Which?", ("m²", "m2")) != question_id("Which?", ("m2", "m2"))


def test_options_cannot_be_shifted_into_one_another() -> None:
    assert question_id("q", ("ab", "c")) != question_id("q", ("a", "bc"))


def test_seeds_depend_on_each_of_the_four() -> None:
    base = derive_seed(1, "vote", "x", 0)
    assert base == derive_seed(1, "vote", "x", 0)
    others = {derive_seed(2, "vote", "x", 0), derive_seed(1, "write", "x", 0), derive_seed(1, "vote", "y", 0),
              derive_seed(1, "vote", "x", 1)}
    assert base not in others
    assert len(others) == 4
    assert all(0 <= seed < 2**31 for seed in others)


def test_a_question_survives_arrow(make_question: Callable[..., Question]) -> None:
    q = make_question("2+2?", options=("3", "4"), difficulty=Difficulty(
        passes=1, attempts=4, low=0.0, high=0.7, model="m", revision="r", sampling="{}"))
    table = pa.Table.from_pylist([to_row(q)], schema=arrow_schema(Question))
    assert from_row(Question, table.to_pylist()[0]) == q


def test_reward_needs_both() -> None:
    def reward(correct: bool, formatted: bool) -> float:
        return Verdict(correct=correct, formatted=formatted, answer="", reason=Reason.WRONG).reward

    assert [reward(True, True), reward(True, False), reward(False, True), reward(False, False)] == [1.0, 0.0, 0.0, 0.0]


def test_a_newer_schema_is_refused_by_name() -> None:
    newer = arrow_schema(Question, {"crossthink.schema": "2.0"})
    with pytest.raises(ValueError, match=r"f\.arrow: schema 2\.0 is newer than 1\.2: upgrade crossthink"):
        check_version(newer, Question, "f.arrow")
    with pytest.raises(ValueError, match="holds no CrossThink record, not Question"):
        check_version(pa.schema([("a", pa.int64())]), Question, "f.arrow")


@pytest.mark.parametrize("module", ["schema", "config", "shards", "blend", "engine", "templates", "verify", "cli",
                                    "questions", "dataflow.pipeline", "dataflow.stages.synthesize",
                                    "dataflow.stages.vote", "dataflow.stages.difficulty"])
def test_data_workers_need_no_torch(module: str) -> None:
    code = f"import sys, crossthink.{module}; print([m for m in ('torch', 'vllm', 'transformers') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
