"""One evaluation: ask every question, keep every response as it finishes, and say what they come to.

A killed run goes on where it was: a response that has finished is never asked for again. The others then run in other
batches than in an undisturbed run, which changes rounding, and so a text only where two tokens were as good as equal.
"""

import hashlib
import json
import logging
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from crossthink.config import ConfigError, Recipe
from crossthink.engine import Engine, Request, Sampling, open_engine
from crossthink.engine.weights import resolve_model, revision
from crossthink.evaluate.cells import averages, by_cell, by_source, cell
from crossthink.evaluate.responses import Response, ResponseLog, judged, judged_again
from crossthink.evaluate.seen import refuse_seen
from crossthink.files import write_json
from crossthink.judge import open_judge
from crossthink.progress import Progress
from crossthink.prompts import prompt_ids
from crossthink.provenance import provenance
from crossthink.questions import read_question_file
from crossthink.records import write_records
from crossthink.schema import Question, derive_seed
from crossthink.templates import Template, user_message
from crossthink.verify import verifier_id

log = logging.getLogger("crossthink.evaluate")


def evaluate(recipe: Recipe, model: str, output: Path, *, seen_too: bool = False) -> dict[str, Any]:
    """Evaluate `model` (a folder, or what else `model.path` of a recipe may be) and return the summary.

    Leaves `run.json`, `responses.arrow` and `summary.json` in `output`. A finished evaluation is not done again. Raises
    ValueError before any work where a setting or a question cannot be used, the folder holds another evaluation, or,
    unless `seen_too`, the model was trained on one of the questions.
    """
    check_settings(recipe)
    questions, repeated = read_questions(recipe)
    if not seen_too:
        refuse_seen(questions, model)
    facts = identity(recipe, model, questions) | {"repeated": repeated}
    claim_output(output, facts)
    summary_path, log_path = output / "summary.json", output / "responses.jsonl"
    if not summary_path.exists():
        with ResponseLog(log_path) as done:
            ask(recipe, model, questions, done)
            responses = in_order(recipe, questions, done)
            write_records(output / "responses.arrow", Response, responses)
            write_json(summary_path, summarise(facts, responses, done.seconds))
    log_path.unlink(missing_ok=True)
    return json.loads(summary_path.read_text(encoding="utf-8"))


def check_settings(recipe: Recipe) -> None:
    """Raise ConfigError for settings that no evaluation can work with."""
    settings = recipe.evaluate
    if not settings.questions:
        raise ConfigError(f"{recipe.run.name}: the recipe evaluates no questions: add an [[evaluate.questions]] table")
    if settings.samples < 1 or settings.max_tokens < 1 or settings.temperature < 0 or settings.limit < 0:
        raise ConfigError(f"evaluate.samples = {settings.samples} and max_tokens = {settings.max_tokens} must be above "
                          f"zero, temperature = {settings.temperature} and limit = {settings.limit} not below")


def read_questions(recipe: Recipe) -> tuple[list[Question], int]:
    """The questions of all files in the recipe's order, each id once, and how many rows repeated one.

    `evaluate.limit` takes the first rows of each file, where it is less than the file's own limit. Raises ValueError
    naming file, row and field for a row that is no question.
    """
    questions: dict[str, Question] = {}
    rows = 0
    for file in recipe.evaluate.questions:
        limits = [limit for limit in (recipe.evaluate.limit, file.limit) if limit]
        for question in read_question_file(replace(file, limit=min(limits, default=0))):
            rows += 1
            questions.setdefault(question.id, question)
    if not questions:
        raise ConfigError(f"{', '.join(file.path for file in recipe.evaluate.questions)}: no questions in it")
    return list(questions.values()), rows - len(questions)


def identity(recipe: Recipe, model: str, questions: list[Question]) -> dict[str, Any]:
    """What makes an evaluation this one: the weights, what is asked, how it is sampled and who judges it."""
    if recipe.model.engine == "endpoint":
        engine = _open(recipe, model)
        name, weights = engine.model, engine.revision
    else:
        folder = resolve_model(model)
        name, weights = folder.name, revision(folder)
    settings = recipe.evaluate
    return {
        "model": name, "revision": weights, "engine": recipe.model.engine, "dtype": recipe.model.dtype,
        "seed": recipe.run.seed,
        "sampling": {"temperature": settings.temperature, "samples": settings.samples,
                     "max_tokens": settings.max_tokens, "max_model_len": recipe.model.max_model_len,
                     "think": recipe.template.think},
        "questions": {"n": len(questions), "sha256": questions_sha256(questions, recipe.template)},
        "verifiers": sorted({verifier_id(question) for question in questions}
                            | ({f"judge/{recipe.judge.model}"} if recipe.judge.model else set())),
    }


def questions_sha256(questions: list[Question], template: Template) -> str:
    """Digest of what is asked, in its very words, of the golds, and of the cells the questions count in; in order."""
    digest = hashlib.sha256()
    for q in questions:
        facts = [q.id, user_message(q, template), q.answer, q.answer_label, q.answer_type, q.template, q.group,
                 q.domain]
        digest.update(json.dumps(facts).encode() + b"\n")
    return digest.hexdigest()


def claim_output(output: Path, facts: dict[str, Any]) -> None:
    """Write `run.json`, or check that the folder's evaluation is this one. Raises ConfigError where it is another."""
    path = output / "run.json"
    if not path.exists():
        write_json(path, {**facts, **provenance()})
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    differing = [key for key in facts if before.get(key) != facts[key]]
    if differing:
        raise ConfigError(f"{output}: holds another run (differs in {', '.join(differing)}): "
                          "choose another --output or remove the folder")


def ask(recipe: Recipe, model: str, questions: list[Question], done: ResponseLog) -> None:
    """Generate and grade every response that `done` does not hold."""
    wanted = [(question, sample) for question in questions for sample in range(recipe.evaluate.samples)
              if (question.id, sample) not in done.responses]
    if done.responses:
        log.info("resumed: %d responses stand, %d to go", len(done.responses), len(wanted))
    if not wanted:
        return
    engine = _open(recipe, model)
    log.info("engine %s %s, revision %s, dtype %s", engine.name, engine.model, engine.revision[:12], recipe.model.dtype)
    requests = [_request(engine, recipe, question, sample) for question, sample in wanted]
    last = perf_counter()
    with Progress("evaluate", len(wanted), "responses") as progress:
        for index, completion in engine.stream(requests):
            response = judged(*wanted[index], completion, recipe.template.think)
            now = perf_counter()
            done.add(response, now - last)
            last = now
            progress.add(note=f"{done.right} of {len(done.responses)} right")


def in_order(recipe: Recipe, questions: list[Question], done: ResponseLog) -> list[Response]:
    """The finished responses in the order of the questions, after the recipe's judge, if any, was asked."""
    asked = [(question, sample) for question in questions for sample in range(recipe.evaluate.samples)]
    responses = [done.responses[question.id, sample] for question, sample in asked]
    judge = open_judge(recipe.judge)
    return judged_again([question for question, _ in asked], responses, judge) if judge else responses


def summarise(facts: dict[str, Any], responses: list[Response], seconds: float) -> dict[str, Any]:
    """The content of `summary.json`; `crossthink/evaluate/__init__.py` says what stands where."""
    return {
        **facts,
        "cells": {name: cell(rows) for name, rows in by_cell(responses).items()},
        "sources": {name: cell(rows) for name, rows in by_source(responses).items()},
        "averages": averages(responses),
        "seconds": seconds,
        "tokens": sum(response.tokens for response in responses),
        **provenance(),
    }


def _open(recipe: Recipe, model: str) -> Engine:
    settings = recipe.model
    return open_engine(settings.engine, model, dtype=settings.dtype, max_model_len=settings.max_model_len,
                       cache_gib=settings.cache_gib, seed=recipe.run.seed)


def _request(engine: Engine, recipe: Recipe, question: Question, sample: int) -> Request:
    settings = recipe.evaluate
    seed = derive_seed(recipe.run.seed, "evaluate", question.id, sample)
    return Request(prompt_ids=prompt_ids(engine.tokenizer, question, recipe.template),
                   sampling=Sampling(max_tokens=settings.max_tokens, temperature=settings.temperature, seed=seed))
