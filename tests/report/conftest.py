"""A run folder of made-up numbers in the shapes that the rooms write: small, seeded, real Arrow and JSON files."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from crossthink.arrow import arrow_schema, to_row
from crossthink.evaluate.cells import by_cell, cell
from crossthink.evaluate.compare import Evaluation, compare
from crossthink.evaluate.responses import Response
from crossthink.schema import Difficulty, Lineage, Question, Rollout, Votes, question_id
from crossthink.templates import gold_answer, move_gold, user_message

DOMAINS = ("stem", "history", "law", "geography")
FUNNEL = [  # stage, in, kept, rejected, failed, out
    ("warc", 57, 55, {"not_a_page": 1}, {"truncated_gzip": 1}, 55),
    ("extract", 55, 54, {"no_text": 1}, {}, 54),
    ("language", 54, 53, {"other_language": 1}, {}, 53),
    ("quality", 53, 52, {"top_word": 1}, {}, 52),
    ("near_duplicate_pages", 52, 50, {"near_duplicate": 2}, {}, 50),
    ("passages", 50, 50, {}, {}, 134),
    ("synthesize", 134, 61, {"no_json": 31, "other_shape": 28, "answer_not_an_option": 14}, {}, 97),
    ("cloze", 134, 112, {"no_term": 22}, {}, 112),
    ("import", 73, 71, {"answer_too_long": 1}, {"malformed_row": 1}, 71),
    ("exact_duplicates", 280, 262, {"duplicate": 14, "gold_conflict": 4}, {}, 262),
    ("decontaminate", 262, 259, {"contaminated": 3}, {}, 259),
    ("vote", 259, 131, {"no_majority": 83, "disagrees": 45}, {}, 131),
    ("verifiable", 131, 96, {"gold_not_an_option": 35}, {}, 96),
    ("shards", 96, 96, {}, {}, 96)]
RECIPE = {
    "run": {"name": "demo", "seed": 0},
    "model": {"path": "smollm2-135m-instruct", "dtype": "float32", "engine": "vllm"},
    "blend": {"by": "group", "weights": {"gpr": 2 / 3, "math": 1 / 3}, "pass_rate": [0.0, 1.0]},
    "rollout": {"prompts": 6, "group_size": 4, "max_tokens": 64}, "algorithm": {"kl_coef": 0.001, "control": "none"},
    "optimizer": {"lr": 1.5e-5}, "train": {"steps": 4, "backend": "auto", "compute_dtype": "float32"}}
MACHINE = {"versions": {"python": "3.11.7", "crossthink": "0.1.0", "torch": "2.13.0+cpu"},
           "processor": "Some CPU, 2 cores, avx2", "argv": ["__main__.py", "run"],
           "started": "2026-11-25T10:00:00+00:00"}
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\x00\ud800</pre>"
"""What a model may write."""


def write_arrow(path: Path, kind: type, records: Sequence[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = arrow_schema(kind)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_table(pa.Table.from_pylist([to_row(record) for record in records], schema=schema))


def write_json(path: Path, tree: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(tree), encoding="utf-8")


def questions(number: int, *, born: bool = True) -> list[Question]:
    """A third arithmetic, a third facts, a third born of pages (or facts too)."""
    return [_question(index, ("import", "import", ("llm", "cloze")[index % 2])[index % 3] if born else "import")
            for index in range(number)]


def _question(index: int, synthesizer: str) -> Question:
    domain = DOMAINS[index % len(DOMAINS)]
    if index % 3 == 0:
        text, options, answer, group, domain = f"What is {index} + 46?", (), str(index + 46), "math", "math"
    else:
        options = (f"Lorne & {index}", f"Orrin {index}", f"Vask {index}", f"Tollan {index}")
        text, answer, group = f"Which town of {domain} rebuilt wall {index} in 1811?", options[index % 4], "gpr"
    lineage = Lineage(synthesizer=synthesizer, input_file="questions.jsonl", input_row=index)
    if synthesizer != "import":
        lineage = Lineage(passage_id="p" * 32, url=f"https://pages.example/{domain}/{index}", warc_file="crawl.warc.gz",
                          warc_offset=18211, span_start=100, span_end=912, synthesizer=synthesizer,
                          prompt_hash="a1b2c3", model="SmolLM2-135M-Instruct", revision="0f" * 20, seed=7)
    return Question(
        id=question_id(text, options), question=text, options=options, answer=answer,
        answer_label="ABCD"[index % 4] if options else "", answer_type="choice" if options else "math",
        verifier="choice/2" if options else "math/1", template="mcq" if options else "open", domain=domain, group=group,
        source={"import": "arithmetic" if group == "math" else "facts"}.get(synthesizer, synthesizer),
        licence="Apache-2.0", lineage=lineage, votes=Votes(winner=2, cast=3, invalid=0, agrees=True),
        difficulty=Difficulty(passes=1, attempts=4, low=0.05, high=0.7, model="m", revision="r", sampling='{"n": 4}'))


def write_data(folder: Path, shipped: Sequence[Question]) -> None:
    """Two shards with their manifest, the funnel and the dead letters."""
    files = []
    for number, part in enumerate((shipped[::2], shipped[1::2])):
        path = folder / f"shard-{number:05d}-of-00002.arrow"
        write_arrow(path, Question, part)
        content = path.read_bytes()
        files.append({"file": path.name, "rows": len(part), "bytes": len(content),
                      "sha256": hashlib.sha256(content).hexdigest()})
    write_json(folder / "manifest.json", {
        "schema": "1.0", "code": "0.1.0", "record": "Question", "options": {}, "generation": 1, "files": files,
        "rows": len(shipped), "tokens_generated": {"synthesize": 9000}})
    keys = ("stage", "in", "kept", "rejected", "failed", "out")
    rows = [dict(zip(keys, row, strict=True)) for row in FUNNEL]
    write_json(folder / "funnel.json", rows)
    used = {"prompt": 21000, "generated": 9123, "calls": 268, "cached": 0}
    write_json(folder / "run.json", {**MACHINE, "runner": "FnApiRunner, 1 worker(s), in_memory", "engine": "vllm",
                                     "device": "Some CPU", "capped": {}, "tokens": {"synthesize": used},
                                     "seconds": {"extract": 2.04, "synthesize": 97.5, "total": 271.3}})
    for kind in ("rejected", "failed"):
        lines = [json.dumps({"stage": row["stage"], "reason": reason, "record_id": f"{reason}-{copy}",
                             "record": json.dumps({"question": f"Lost {copy} {ATTACK}", "options": ["a", "b"],
                                                   "answer": "a"}),
                             "evidence": f"evidence of {reason}"})
                 for row in rows for reason, number in row[kind].items() for copy in range(min(number, 3))]
        text = "".join(line + "\n" for line in lines) + '{"stage": "torn'
        (folder / f"{kind}.jsonl").write_text(text, encoding="utf-8")


def write_training(folder: Path, drawn: Sequence[Question], *, steps: int = 4, prompts: int = 6, size: int = 4) -> None:
    """Metrics and rollouts of steps that get a little better, the cold start and the final model's folder."""
    random, rows = Random(3), []
    for step in range(1, steps + 1):
        rollouts = []
        for slot in range(prompts):
            question = drawn[((step - 1) * prompts + slot) % len(drawn)]
            rollouts += _group(random, question, step, size, 0.4 + 0.3 * step / steps)
        write_arrow(folder / "rollouts" / f"step-{step:06d}.arrow", Rollout, rollouts)
        rows.append(_metrics(random, rollouts, step, size))
    recipe = {**RECIPE, "train": {**RECIPE["train"], "steps": steps}}
    write_json(folder / "run.json", {"recipe": recipe, "data": "d" * 64, **MACHINE})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    write_json(folder / "cold" / "cold_start.json", {"base": "smollm2-135m-instruct", "base_revision": "0f" * 20,
                                                     "loss": [2.1, 0.9, 0.31], "seconds": 84.0})
    write_json(folder / "final" / "config.json", {})


def _group(random: Random, question: Question, step: int, size: int, chance: float) -> list[Rollout]:
    group = []
    asked = move_gold(question, 3) if question.options else question  # as a blend with balanced letters asks it
    for sample in range(size):
        formatted, correct = random.random() < 0.93, random.random() < chance
        answer = (question.answer_label or question.answer) if correct else random.choice("ABCD")
        malformed = random.choice(("no_box", "two_boxes", "no_think"))
        reason = ("correct" if correct else "wrong") if formatted else malformed
        text = f"<think>One wall & one storm.</think>\\boxed{{{answer}}}" if formatted else f"{ATTACK} {answer}"
        group.append(Rollout(
            question_id=question.id, step=step - 1, sample=sample, prompt_ids=(1, 2),
            completion_ids=tuple(range(20 + sample)), sampler_logprobs=(-0.5,) * (20 + sample),
            text=text.replace("\ud800", "?"), weights_version=step - 1, correct=correct, formatted=formatted,
            answer=answer if formatted else "", reason=reason, reward=float(correct and formatted),
            advantage=0.87 if correct and formatted else -0.87, finish_reason="stop", domain=question.domain,
            template=question.template, group=question.group, source=question.source,
            prompt=user_message(asked), gold=gold_answer(asked)))
    return group


def _metrics(random: Random, rollouts: Sequence[Rollout], step: int, size: int) -> dict[str, Any]:
    def means(rows: Sequence[Rollout]) -> dict[str, Any]:
        return {"reward": sum(r.reward for r in rows) / len(rows), "accuracy": sum(r.correct for r in rows) / len(rows),
                "formatted": sum(r.formatted for r in rows) / len(rows), "truncated": 0.0, "length": 21.5}

    cells: dict[str, list[Rollout]] = {}
    for row in rollouts:
        for name in (row.group, row.domain):
            cells.setdefault(f"{name}/{row.template}", []).append(row)
    letters = Counter(r.answer for r in rollouts if r.template == "mcq" and len(r.answer) == 1)
    parts = {"rollout": 8.2, "verify": 0.1, "reference": 1.9, "forward": 2.2, "backward": 4.4, "optimizer": 0.3,
             "sync": 0.7}
    return {"step": step, **means(rollouts), "completion_tokens": len(rollouts) * 21, "zero_spread_groups": 0.25,
            "drawn": dict(Counter(r.source for r in rollouts[::size])),
            "by": {name: {**means(rows), "n": len(rows)} for name, rows in cells.items()},
            "labels": dict(sorted(letters.items())),
            "reasons": dict(Counter(r.reason for r in rollouts)), "loss": 0.01, "entropy": 0.4 - 0.01 * step,
            "kl": 0.0004 * step, "clip_fraction": 0.0, "sampler_gap_mean": 1.6e-6 * (1 + random.random()),
            "sampler_gap_max": 4e-5 * (1 + random.random()), "grad_norm": 0.8 + random.random(), "lr": 1.5e-5,
            "probe_gap": 3e-5 * (1 + random.random()), "seconds": {**parts, "total": 17.9}}


def write_evaluations(folder: Path, asked: Sequence[Question], right_before: Callable[[int], bool],
                      right_after: Callable[[int], bool]) -> None:
    """Both evaluations and their comparison; the functions say which questions are answered right."""
    done = []
    for name, right in (("before", right_before), ("after", right_after)):
        rows = [_response(question, right(index)) for index, question in enumerate(asked)]
        summary = {"model": name, "revision": "ab" * 20, "engine": "vllm", "dtype": "float32", "seed": 0,
                   "sampling": {"temperature": 0.0, "samples": 1}, "questions": {"n": len(rows), "sha256": "e" * 64},
                   "verifiers": ["choice/2", "math/1"], "repeated": 0, "seconds": 61.0, "tokens": 20 * len(rows),
                   "cells": {cell_name: cell(part) for cell_name, part in by_cell(rows).items()}, **MACHINE}
        write_json(folder / name / "summary.json", summary)
        done.append(Evaluation(folder / name, summary, rows))
    write_json(folder / "comparison.json", compare(*done))


def _response(question: Question, right: bool) -> Response:
    answer = (question.answer_label or question.answer) if right else "D" if question.answer_label != "D" else "A"
    return Response(
        question_id=question.id, sample=0, question=question.question, options=question.options, gold=question.answer,
        answer_label=question.answer_label, text=f"<think>So it is.</think>\\boxed{{{answer}}}", tokens=20,
        correct=right, formatted=True, answer=answer, reason="correct" if right else "wrong", finish_reason="stop",
        domain=question.domain, template=question.template, group=question.group, source=question.source)


def write_run(folder: Path, *, steps: int = 4, held_out: int = 60, born: bool = True) -> Path:
    """A whole run: data, training, both evaluations and the demo's times."""
    shipped = questions(96, born=born)
    write_data(folder / "data", shipped)
    write_training(folder / "train", shipped, steps=steps)
    write_evaluations(folder / "eval", questions(held_out, born=False), lambda i: i % 2 == 0, lambda i: i % 7 < 5)
    write_json(folder / "demo.json", {"seconds": {"data": 271.3, "training": 512.0, "evaluation before": 61.0,
                                                  "evaluation after": 60.2, "comparison": 1.2},
                                      "peak_rss_bytes": 5 * 2**30})
    return folder


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; tests that change it work on a copy."""
    return write_run(tmp_path_factory.mktemp("report") / "run")
