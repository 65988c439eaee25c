"""Responses by hand, evaluations on disk, and a tiny model with its tokenizer, recipe and questions."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from crossthink.evaluate.cells import by_cell, cell
from crossthink.evaluate.responses import Response, write_json, write_responses


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
        write_responses(folder / "responses.arrow", responses)
        return folder

    return write


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A randomly initialised Llama of two layers, whose tokenizer knows digits, some words and the format's parts."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["[UNK]", "[END]", "<think>", "</think>", "\\boxed{", "}", "A", "B", *"0123456789", "what", "is", "sum"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        hidden_size=48, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        vocab_size=len(words), tie_word_embeddings=True, initializer_range=0.3, eos_token_id=1, bos_token_id=1)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", eos_token="[END]") \
        .save_pretrained(folder)
    return folder


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
