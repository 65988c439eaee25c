"""Ask a model through the store: what it answered before is read, the rest is generated and stored as it finishes."""

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from crossthink.dataflow.llm.store import CallStore, Segments, call_key
from crossthink.dataflow.once import once
from crossthink.dataflow.options import ledger_folder, store_folder
from crossthink.dataflow.stages.stage import FATAL, JobError

from crossthink.config import ModelConfig, Recipe
from crossthink.engine import Completion, Engine, Request, open_engine
from crossthink.engine.weights import resolve_model, revision
from crossthink.progress import Progress

_lock = threading.RLock()
"""Runners may drive several bundles of a process at once; a process has one engine, and asks it one list at a time."""


@dataclass(frozen=True)
class Model:
    """A model and the folders of its calls: plain values that travel to every worker.

    Engine, tokenizer and store are opened where they are first needed, once a process; the engine only when something
    is asked that the store does not hold.
    """

    config: ModelConfig
    seed: int
    """Of the engine; every request carries its own."""
    store: str
    """Folder of the calls; it outlives the run."""
    ledger: str
    """Folder of the notes on which calls this run used; a new one for each run."""

    @property
    def name(self) -> str:
        """The model's name for the record."""
        return _opened(self.config, self.seed).name

    @property
    def revision(self) -> str:
        """Digest of the weights."""
        return _opened(self.config, self.seed).revision

    @property
    def tokenizer(self) -> Any:
        """A transformers tokenizer."""
        return _opened(self.config, self.seed).tokenizer

    def has_room(self, prompt_ids: Sequence[int], tokens: int) -> bool:
        """Whether a prompt and `tokens` more fit the model."""
        return len(prompt_ids) + tokens <= self.config.max_model_len

    def ask(self, stage: str, requests: Sequence[Request]) -> list[Completion]:
        """The completions of all requests, in their order. Each is stored the moment it finishes."""
        return ask(self, stage, requests)


def model_of(recipe: Recipe, output: str) -> Model:
    """The recipe's model with the store of an output folder, for the run that is being built."""
    return Model(recipe.model, recipe.run.seed, store_folder(output), ledger_folder(output))


def ask(model: Model, stage: str, requests: Sequence[Request]) -> list[Completion]:
    """The completions of all requests, in their order: stored ones are read, the others asked, each call once.

    Raises JobError where the engine fails; what had finished by then is in the store.
    """
    with _lock:
        opened, store, ledger = _opened(model.config, model.seed), _store(model.store), _ledger(model.ledger)
        store.refresh()
        keys = [call_key(model.name, model.revision, request) for request in requests]
        known = {key for key in keys if store.get(key) is not None}
        missing = {key: request for key, request in zip(keys, requests, strict=True) if key not in known}
        if missing:
            asked, generated = list(missing), 0
            with _stops_the_job(stage), Progress(f"{stage} ({opened.engine.name})", len(asked), "calls") as progress:
                started = time.monotonic()
                for index, completion in opened.engine.stream(list(missing.values())):
                    store.put(asked[index], stage, completion)
                    generated += len(completion.token_ids)
                    progress.add(note=f"{generated / max(time.monotonic() - started, 1e-9):.0f} tokens/s")
            store.segments.flush()
        answers = [store.get(key) for key in keys]
        assert all(answers), f"engine {opened.engine.name} left requests of stage {stage} without an answer"
        found = [answer for answer in answers if answer is not None]
        for key, request, answer in zip(keys, requests, found, strict=True):
            ledger.append({"stage": stage, "key": key, "prompt": len(request.prompt_ids),
                           "generated": len(answer.token_ids), "cached": key in known})
        return found


def token_ledger(folder: str | Path) -> dict[str, dict[str, int]]:
    """What a run used, by stage: prompt and generated tokens, calls, and how many of them were read from the store.

    Each call counts once, however often a bundle was retried. All but `cached` depend on the store's content alone.
    """
    calls: dict[tuple[str, str], dict[str, Any]] = {}
    for row in Segments(folder).new_rows():
        before = calls.setdefault((row["stage"], row["key"]), row)
        before["cached"] = before["cached"] and row["cached"]
    totals: dict[str, dict[str, int]] = {}
    for stage, key in sorted(calls):
        row = calls[stage, key]
        total = totals.setdefault(stage, {"prompt": 0, "generated": 0, "calls": 0, "cached": 0})
        total["prompt"] += row["prompt"]
        total["generated"] += row["generated"]
        total["calls"] += 1
        total["cached"] += int(row["cached"])
    return totals


@contextmanager
def _stops_the_job(what: str) -> Iterator[None]:
    """An error of a model is not one record's: it becomes a JobError with one line."""
    try:
        yield
    except FATAL:
        raise
    except Exception as error:
        said = (str(error).strip().splitlines() or [""])[0]
        raise JobError(f"{what}: the model failed: {type(error).__name__}: {said}") from error


class _Opened:
    """What this process holds of a model: each part is read or started at its first use."""

    def __init__(self, config: ModelConfig, seed: int) -> None:
        self._config, self._seed = config, seed
        self._served = config.engine == "endpoint"  # a server knows its name, a folder is asked without an engine

    @property
    @once
    def engine(self) -> Engine:
        c, started = self._config, time.monotonic()
        with _stops_the_job(f"model {c.path}"):
            engine = open_engine(c.engine, c.path, dtype=c.dtype, max_model_len=c.max_model_len, cache_gib=c.cache_gib,
                                 seed=self._seed)
        print(f"model: {engine.model}, engine {engine.name}, {time.monotonic() - started:.0f} s to load",
              file=sys.stderr, flush=True)
        return engine

    @property
    @once
    def _folder(self) -> Path:
        with _stops_the_job(f"model {self._config.path}"):
            return resolve_model(self._config.path)

    @property
    @once
    def name(self) -> str:
        return self.engine.model if self._served else self._folder.name

    @property
    @once
    def revision(self) -> str:
        return self.engine.revision if self._served else revision(self._folder)

    @property
    @once
    def tokenizer(self) -> Any:
        if self._served:
            return self.engine.tokenizer
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self._folder)


@once
def _opened(config: ModelConfig, seed: int) -> _Opened:
    return _Opened(config, seed)


@cache
def _store(folder: str) -> CallStore:
    return CallStore(folder)


@cache
def _ledger(folder: str) -> Segments:
    return Segments(folder)
