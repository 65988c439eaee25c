"""Responses by hand, evaluations on disk, and a recipe with its questions."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from crossthink.evaluate.cells import by_cell, cell
from crossthink.evaluate.responses import Response
from crossthink.files import write_json
from crossthink.records import write_records


@pytest.fixture
def respond() -> Callable[..., Response]:
    """A function that makes a response: question id, right or not, and what else differs."""

    def make(question: str, right: bool, **more: object) -> Response:
        values: dict[str, object] = {
            "question_id": question, "sample": 0, "question": f"What is {question}?", "options": (), "gold": "4",
            "answer_label": "", "text": "t", "tokens": 10, "correct": right, "formatted": True,
            "answer": "4" if right else "5", "reason": "correct" if right else "wrong", "finish_reason": "stop",
            "domain": "math", "template": "open", "group": "math", "source": "s"}
        return Response(**{**values, **more})  # type: ignore[arg-type]

    return make


@pytest.fixture
def finished(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a finished evaluation from its responses and returns the folder."""

    def write(name: str, responses: Sequence[Response], **more: object) -> Path:
        folder = tmp_path / name
        summary = {"model": name, "revision": f"{name}-revision", "engine": "transformers", "dtype": "float32",
                   "seed": 0, "sampling": {"temperature": 0.0, "samples": 1}, "questions": {"n": 2, "sha256": "ab"},
                   "verifiers": ["math/1"], "cells": {key: cell(rows) for key, rows in by_cell(responses).items()}}
        write_json(folder / "summary.json", {**summary, **more})
        write_records(folder / "responses.arrow", Response, responses)
        return folder

    return write


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe of 100 questions, 60 open-ended and 40 multiple-choice, two answers each at temperature 1."""
    rows: list[dict[str, object]] = [{"question": f"what is the sum {i}?", "answer": str(i), "domain": "math"}
                                     for i in range(60)]
    rows += [{"question": f"what is {i}?", "options": [str(i), "7000"], "answer": str(i), "domain": "law"}
             for i in range(40)]
    (tmp_path / "held-out.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = tmp_path / "recipe.toml"
    path.write_text(f"""
[run]
name = "t"
[model]
path = "unused"
engine = "transformers"
max_model_len = 200
[evaluate]
max_tokens = 60
temperature = 1.0
samples = 2
[[evaluate.questions]]
path = "{tmp_path / 'held-out.jsonl'}"
source = "held-out"
""")
    return path
