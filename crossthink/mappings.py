"""Mapping files: how the columns of a published set map to a question, and whom it is from, written once.

An entry of a recipe names one beside its path, `mapping = "recipes/sets/mmlu.toml"` (from the working directory, as all
paths of a recipe), and has its keys; what the entry says itself goes first.
"""

import tomllib
from pathlib import Path
from typing import Any

from crossthink.data_config import QuestionFile
from crossthink.licences import spdx
from crossthink.toml_tree import ConfigError, build

LISTS = (("data", "questions"), ("data", "evaluation"), ("evaluate", "questions"))
"""Where the entries of question files stand in a recipe."""


def fill_mappings(tree: dict[str, Any], where: str) -> None:
    """Put the keys of its mapping file in the place of an entry's `mapping`, licences in one spelling. Raises
    ConfigError."""
    for section, name in LISTS:
        entries = tree[section].get(name) if isinstance(tree.get(section), dict) else None
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and "mapping" in entry:
                path = entry.pop("mapping")
                if not isinstance(path, str):
                    raise ConfigError(f"{where}: {section}.{name}: mapping = {path!r} must be the path of a TOML file")
                for key, value in load_mapping(path, where).items():
                    entry.setdefault(key, value)
            if isinstance(entry, dict):
                _spell(entry, f"{where}: {section}.{name}")


def load_mapping(path: str | Path, where: str = "") -> dict[str, Any]:
    """The keys of a mapping file. Raises ConfigError naming the file (and `where` it is asked for)."""
    named = f" (named by {where})" if where else ""
    try:
        tree = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot read the mapping file: {error.strerror or error}{named}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}{named}") from error
    if "path" in tree:
        raise ConfigError(f"{path}: a mapping has no path: it is for every copy of a set{named}")
    build(QuestionFile, {"path": "", "source": "", **tree}, str(path), "")
    _spell(tree, str(path))
    return tree


def _spell(entry: dict[str, Any], where: str) -> None:
    """Put the SPDX identifier in the place of an entry's licence. Raises ConfigError."""
    if isinstance(entry.get("licence"), str):
        try:
            entry["licence"] = spdx(entry["licence"])
        except ValueError as error:
            raise ConfigError(f"{where}: licence = {error}") from error


def question_file(mapping: str | Path, path: str, **more: Any) -> QuestionFile:
    """The entry of a file with this mapping and, where they differ, these keys. Raises ConfigError."""
    found: QuestionFile = build(QuestionFile, {**load_mapping(mapping), "path": path, **more}, str(mapping), "")
    return found
