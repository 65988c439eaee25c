"""Verdicts worked out by hand: pairs.jsonl holds whole responses, each with its gold, the right verdict and why.

`from` says where the case comes from: by hand, a rollout of the demo, or a report in a peer's tracker or tests, whose
expressions were taken. `miss` says why ours is another verdict: all of them are right answers that were refused.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crossthink.schema import Question
from crossthink.verify import grade_all

PAIRS = [json.loads(line) for line in (Path(__file__).parent / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("kind", ["choice", "math", "text"])
def test_verdicts_are_those_worked_out_by_hand(ask: Callable[..., Question], kind: str) -> None:
    pairs = [pair for pair in PAIRS if pair["type"] == kind]
    questions = [ask(pair["gold"], kind, options=tuple(pair["options"]), text=pair.get("question", "What?"))
                 for pair in pairs]
    verdicts = grade_all(questions, [pair["response"] for pair in pairs])
    wrong = [(pair["gold"], pair["response"][-80:], verdict.reason)
             for pair, verdict in zip(pairs, verdicts, strict=True)
             if (verdict.reward == 1.0) != (pair["right"] and "miss" not in pair)]
    assert wrong == []


def test_there_are_enough_of_each_kind() -> None:
    """Of 500 or more, half are there to fool, 200 or more come from rollouts and peers, and few are missed."""
    assert len(PAIRS) >= 500
    assert sum(pair["from"] != "hand" for pair in PAIRS) >= 200
    assert 0.4 < sum(pair["right"] for pair in PAIRS) / len(PAIRS) < 0.6
    missed = [pair for pair in PAIRS if "miss" in pair]
    assert len(missed) <= len(PAIRS) / 100
    assert all(pair["right"] for pair in missed)
