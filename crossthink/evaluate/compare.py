"""Two finished evaluations over the same questions: the paired difference of each cell, and what flipped."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from crossthink.evaluate.cells import by_cell, by_question, right_shares
from crossthink.evaluate.responses import Response
from crossthink.evaluate.statistics import exact_p, paired_interval
from crossthink.records import read_records

EXAMPLES = 20
"""Flipped answers that a comparison shows, at most."""


class Evaluation(NamedTuple):
    """A finished evaluation: what `summary.json` and `responses.arrow` of its folder hold."""

    folder: Path
    summary: dict[str, Any]
    responses: list[Response]


def load_evaluation(folder: Path) -> Evaluation:
    """Read a finished evaluation. Raises ValueError where the folder holds none."""
    path = folder / "summary.json"
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"{folder}: no finished evaluation here (no summary.json): run the evaluation to its end") \
            from error
    return Evaluation(folder, summary, read_records(folder / "responses.arrow", Response))


def compare(before: Evaluation, after: Evaluation) -> dict[str, Any]:
    """The content of `comparison.json`; `crossthink/evaluate/__init__.py` says what stands where.

    Raises ValueError where the two were not asked the same questions in the same way and judged by the same verifiers.
    """
    for key in ("questions", "sampling", "verifiers"):
        if before.summary[key] != after.summary[key]:
            raise ValueError(f"{before.folder} and {after.folder} differ in {key} ({before.summary[key]} and "
                             f"{after.summary[key]}): evaluate both models by one recipe")
    cells_after = by_cell(after.responses)
    return {
        "before": _model(before),
        "after": _model(after),
        "cells": {name: _paired(rows, cells_after[name]) for name, rows in by_cell(before.responses).items()},
        "flipped": _flipped(before.responses, after.responses),
    }


def _model(evaluation: Evaluation) -> dict[str, Any]:
    keys = ("model", "revision", "engine", "dtype", "seed", "cells")
    return {key: evaluation.summary[key] for key in keys}


def _paired(before: Sequence[Response], after: Sequence[Response]) -> dict[str, Any]:
    """One cell: the difference of the accuracies, its interval, and the exact test on the questions that moved."""
    old, new = right_shares(before), right_shares(after)
    a, b = list(old.values()), [new[question] for question in old]
    difference, low, high = paired_interval(a, b)
    gained = sum(y > x for x, y in zip(a, b, strict=True))
    lost = sum(y < x for x, y in zip(a, b, strict=True))
    return {"n": len(a), "before": sum(a) / len(a), "after": sum(b) / len(b), "difference": difference, "low": low,
            "high": high, "p": exact_p(gained, lost), "gained": gained, "lost": lost}


def _flipped(before: Sequence[Response], after: Sequence[Response]) -> list[dict[str, Any]]:
    """Questions whose share of right answers moved, a pair of answers each: losses first, in half the room at most."""
    new = by_question(after)
    gained: list[dict[str, Any]] = []
    lost: list[dict[str, Any]] = []
    for question, answers in by_question(before).items():
        pairs = list(zip(answers, new[question], strict=True))
        moved = sum(y.right for _, y in pairs) - sum(x.right for x, _ in pairs)
        if moved:
            first = next(pair for pair in pairs if pair[1].right - pair[0].right == (1 if moved > 0 else -1))
            (gained if moved > 0 else lost).append(_example(*first, change="gained" if moved > 0 else "lost"))
    shown = lost[:EXAMPLES // 2]
    return shown + gained[:EXAMPLES - len(shown)]


def _example(before: Response, after: Response, change: str) -> dict[str, Any]:
    def side(response: Response) -> dict[str, Any]:
        return {"text": response.text, "correct": response.correct, "formatted": response.formatted,
                "answer": response.answer, "reason": response.reason}

    return {"question_id": before.question_id, "sample": before.sample, "question": before.question,
            "options": list(before.options), "gold": before.gold, "answer_label": before.answer_label,
            "domain": before.domain, "template": before.template, "change": change, "before": side(before),
            "after": side(after)}
