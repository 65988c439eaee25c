"""Records as rows, and one versioned Arrow schema for each kind of record.

Layer 1: standard library and pyarrow. A reader that meets a newer major schema version says so and stops.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache, partial
from typing import Any, get_args, get_type_hints

import pyarrow as pa

from crossthink.schema import Reason

SCHEMA_VERSION = "1.2"


def to_row(record: Any) -> dict[str, Any]:
    """A record as a plain dict for Arrow or JSON; records in it become dicts, too, other values stay what they are."""
    row = {}
    kind: Any = type(record)
    for name in _names(kind):
        value = getattr(record, name)
        row[name] = to_row(value) if hasattr(value, "__dataclass_fields__") else value
    return row


def from_row(kind: type, row: dict[str, Any]) -> Any:
    """The record of type `kind` that `to_row` made `row` from. A missing field without a default is a TypeError."""
    values: dict[str, Any] = {}
    for name, make in _makers(kind):
        if name in row:
            value = row[name]
            if make is not None and value is not None:
                value = make(value)
            elif isinstance(value, list):
                value = tuple(value)
            values[name] = value
    return kind(**values)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _makers(kind: type) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    """Of each field: its name, and what makes its value out of a row's where the type asks for it."""
    hints = get_type_hints(kind)
    makers: list[tuple[str, Callable[[Any], Any] | None]] = []
    for name in _names(kind):
        nested = _record_in(hints[name])
        makers.append((name, partial(from_row, nested) if nested else Reason if hints[name] is Reason else None))
    return tuple(makers)


def _record_in(hint: Any) -> type | None:
    """The record type that a field's hint names, alone or beside None."""
    return next((t for t in (hint, *get_args(hint)) if isinstance(t, type) and is_dataclass(t)), None)


_SCALARS = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), Reason: pa.string()}
_INT_LISTS = {"prompt_ids": pa.int32(), "completion_ids": pa.int32(), "sampler_logprobs": pa.float32()}


def _arrow_type(name: str, hint: Any) -> tuple[pa.DataType, bool]:
    """Arrow type and nullability of one field."""
    if hint in _SCALARS:
        return _SCALARS[hint], False
    nested = _record_in(hint)
    if nested is not None:
        return pa.struct(list(_fields(nested))), type(None) in get_args(hint)
    element = _INT_LISTS.get(name, pa.string())
    return pa.list_(pa.field("item", element, nullable=False)), False


def _fields(kind: type) -> list[pa.Field]:
    hints = get_type_hints(kind)
    return [pa.field(f.name, *_arrow_type(f.name, hints[f.name])) for f in fields(kind)]


def arrow_schema(kind: type, metadata: dict[str, str] | None = None) -> pa.Schema:
    """The Arrow schema of a record type; its metadata names the record and the schema version."""
    own = {"crossthink.record": kind.__name__, "crossthink.schema": SCHEMA_VERSION}
    return pa.schema(_fields(kind), metadata={**own, **(metadata or {})})


def check_version(schema: pa.Schema, kind: type, where: str) -> None:
    """Raise ValueError unless `schema` (from the file `where`) holds `kind` in a version this code reads."""
    metadata = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
    found, version = metadata.get("crossthink.record"), metadata.get("crossthink.schema", "0")
    if found != kind.__name__:
        raise ValueError(f"{where}: holds {found or 'no CrossThink record'}, not {kind.__name__}")
    if int(version.split(".")[0]) > int(SCHEMA_VERSION.split(".")[0]):
        raise ValueError(f"{where}: schema {version} is newer than {SCHEMA_VERSION}: upgrade crossthink to read it")
