"""A TOML tree as frozen dataclasses: every key known, every type checked."""

import tomllib
from dataclasses import MISSING, fields, is_dataclass
from math import isfinite
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


class ConfigError(ValueError):
    """A recipe that cannot be run; the message names the file, the key and the remedy."""


def override(tree: dict[str, Any], word: str) -> None:
    """Set `section.key=value` in a tree: the value in TOML, a bare word is a string. Raises ConfigError."""
    key, separator, text = word.partition("=")
    if not separator:
        raise ConfigError(f"override {word!r}: write it as section.key=value")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *sections, name = key.strip().removeprefix("--").split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"override {word!r}: {section} is no section")
    tree[name] = value


def build(kind: type, tree: Any, where: str, prefix: str) -> Any:
    """The dataclass `kind` from a tree. Raises ConfigError naming file and key for unknown keys and wrong types."""
    if not isinstance(tree, dict):
        raise ConfigError(f"{where}: {prefix.rstrip('.')} must be a table, not {tree!r}")
    known = {f.name: f for f in fields(kind)}
    for key in tree:
        if key not in known:
            raise ConfigError(f"{where}: unknown key {prefix}{key}; known: {', '.join(sorted(known))}")
    hints = get_type_hints(kind)
    for name, item in known.items():
        if item.default is MISSING and item.default_factory is MISSING and name not in tree:
            raise ConfigError(f"{where}: {prefix}{name} is missing")
    return kind(**{name: _value(hints[name], value, where, prefix + name) for name, value in tree.items()})


def _value(hint: Any, value: Any, where: str, key: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if is_dataclass(hint):
        return build(hint, value, where, key + ".")  # type: ignore[arg-type]
    if origin is Literal:
        if value not in arguments:
            raise ConfigError(f"{where}: {key} = {value!r}; one of {', '.join(map(str, arguments))}")
        return value
    if origin in (Union, UnionType):
        return None if value is None else _value(arguments[0], value, where, key)
    if origin is tuple:
        if not isinstance(value, list):
            raise ConfigError(f"{where}: {key} = {value!r} must be a list")
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_value(arguments[0], item, where, f"{key}[{i}]") for i, item in enumerate(value))
        if len(value) != len(arguments):
            raise ConfigError(f"{where}: {key} = {value!r} must have {len(arguments)} values")
        pairs = zip(arguments, value, strict=True)
        return tuple(_value(a, item, where, f"{key}[{i}]") for i, (a, item) in enumerate(pairs))
    if origin is dict:
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: {key} = {value!r} must be a table")
        return {name: _value(arguments[1], item, where, f"{key}.{name}") for name, item in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, float) and not isfinite(value):
        raise ConfigError(f"{where}: {key} = {value!r} must be a finite number")
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise ConfigError(f"{where}: {key} = {value!r} must be {hint.__name__}, not {type(value).__name__}")
    return value
