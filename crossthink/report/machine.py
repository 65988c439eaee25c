"""Section 8: what ran on what: versions, engines, devices, and the recipe's settings."""

from typing import Any

from crossthink.report.markup import Html, el, escape, facts, fold, join, missing, section, table
from crossthink.report.run_folder import Run, Tree
from crossthink.report.wording import NONE, plain

_ELSEWHERE = frozenset({"recipe", "versions", "seconds", "tokens", "cells", "sources", "averages", "questions",
                        "sampling", "argv"})
"""Keys of a part's record that have a place of their own in the page."""
_ORDER = ("started", "processor", "device", "engine", "runner", "model", "revision", "dtype")


def machine(run: Run) -> Html:
    """The section."""
    title = "What ran on what"
    records = _records(run)
    if not records:
        return section("machine", title, missing("record of a run", "every part writes one when it starts or ends"))
    return section("machine", title, _parts(records), _versions(records), _commands(records), _recipe(run))


def _records(run: Run) -> dict[str, Tree]:
    """What each part wrote about itself."""
    records = {
        "data": run.data.run if run.data else {},
        "training": run.training.run if run.training else {},
        "evaluation before": run.before.summary if run.before else {},
        "evaluation after": run.after.summary if run.after else {},
    }
    return {name: record for name, record in records.items() if record}


def _settings(name: str, record: Tree) -> dict[str, Html]:
    """One line a fact; the trainer's engine and types stand in its recipe."""
    shown = {key: _short(plain(value)) for key, value in record.items()
             if key not in _ELSEWHERE and value not in ({}, [], "")}
    if "started" in shown:
        shown["started"] = escape(str(record["started"]).replace("T", " ").replace("+00:00", " UTC"))
    recipe = record.get("recipe", {})
    if name == "training" and recipe:
        model, train = recipe.get("model", {}), recipe.get("train", {})
        defaults = {"engine": model.get("engine"), "model": model.get("path"), "dtype": model.get("dtype"),
                    "compute_dtype": train.get("compute_dtype"), "ops asked for": train.get("backend")}
        shown |= {key: escape(value) for key, value in defaults.items() if value and key not in shown}
    return shown


def _short(text: str) -> Html:
    """A digest by its first digits (the whole one where the pointer rests); other text as it is."""
    digest = len(text) >= 32 and set(text) <= set("0123456789abcdef")
    return el("span", text[:16], title=text) if digest else escape(text)


def _parts(records: dict[str, Tree]) -> Html:
    settings = {name: _settings(name, record) for name, record in records.items()}
    keys = sorted({key for shown in settings.values() for key in shown},
                  key=lambda key: (_ORDER.index(key) if key in _ORDER else len(_ORDER), key))
    body = [(key.replace("_", " "), *(settings[name].get(key, NONE) for name in settings)) for key in keys]
    return table("Engine, device and processor of each part", ("", *settings), body,
                 words=tuple(range(1, len(settings) + 1)))


def _versions(records: dict[str, Tree]) -> Html:
    versions = {name: record.get("versions", {}) for name, record in records.items()}
    packages = list(dict.fromkeys(package for found in versions.values() for package in found))
    body = [(package, *(found.get(package, NONE) for found in versions.values())) for package in packages]
    return table("Versions", ("package", *versions), body, words=tuple(range(1, len(versions) + 1)))


def _commands(records: dict[str, Tree]) -> Html:
    commands = [(name, " ".join(map(str, record.get("argv", [])))) for name, record in records.items()]
    return fold("Commands", facts(commands))


def _recipe(run: Run) -> Html | None:
    recipe = run.training.recipe if run.training else {}
    if not recipe:
        return None
    pairs: list[tuple[Any, Any]] = []
    for section_name, settings in recipe.items():
        if isinstance(settings, dict):
            pairs += [(f"{section_name}.{key}", plain(value)) for key, value in settings.items()]
    return fold("The recipe, all settings", join(table("Settings of the recipe", ("key", "value"), pairs, words=(1,))))
