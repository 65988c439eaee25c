"""Column statistics of shards: what one shard holds is counted where it is written, and the parts are merged.

Every number but `distinct` is exact. That one is exact below SKETCH values; from there on it is an estimate by the
SKETCH smallest hashes (k minimum values: Bar-Yossef et al., RANDOM 2002), good to some 6%, and parts of it merge.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

SKETCH = 256
COUNTED = ("answer_type", "domain", "group", "language", "licence", "source", "template", "verifier")
"""Columns of which every value is counted."""
Part = dict[str, Any]


def file_statistics(reader: pa.RecordBatchFileReader) -> Part:
    """The part of a shard: JSON all through. Memory holds what one batch takes."""
    batches = (pa.Table.from_batches([reader.get_batch(number)]) for number in range(reader.num_record_batches))
    return combine(map(shard_statistics, chain([reader.schema.empty_table()], batches)))


def shard_statistics(table: pa.Table) -> Part:
    """The part of some rows: JSON all through."""
    columns = {}
    for name, values in _leaves(table):
        columns[name] = _column(values)
    part: Part = {"rows": table.num_rows, "columns": columns, "counts": {}, "positions": {}, "licences": {}}
    for name in COUNTED:
        if name in table.column_names:
            part["counts"][name] = dict(Counter(table.column(name).to_pylist()))
    if {"answer_label", "options"} <= set(table.column_names):
        numbers = pc.list_value_length(table.column("options")).to_pylist()
        pairs = zip(numbers, table.column("answer_label").to_pylist(), strict=True)
        part["positions"] = dict(Counter(f"{number} {label}" for number, label in pairs if label))
    if {"source", "licence"} <= set(table.column_names):
        both = zip(table.column("source").to_pylist(), table.column("licence").to_pylist(), strict=True)
        part["licences"] = dict(Counter(f"{source}\t{licence}" for source, licence in both))
    return part


def combine(parts: Iterable[Part]) -> Part:
    """The part of all rows of some parts; the same for the same parts in the same order."""
    counts: dict[str, Counter[str]] = {}
    positions, licences = Counter[str](), Counter[str]()
    whole: Part = {"rows": 0, "columns": {}, "counts": counts, "positions": positions, "licences": licences}
    columns = whole["columns"]
    for part in parts:
        whole["rows"] += part["rows"]
        positions.update(part["positions"])
        licences.update(part["licences"])
        for name, values in part["counts"].items():
            counts.setdefault(name, Counter()).update(values)
        for name, column in part["columns"].items():
            columns[name] = _join(columns[name], column) if name in columns else column
    return whole


def merge(parts: Iterable[Part]) -> dict[str, Any]:
    """The statistics of all shards, as statistics.json has them; the same for the same shards in the same order."""
    whole = combine(parts)
    return {
        "rows": whole["rows"],
        "columns": {name: _shown(column) for name, column in whole["columns"].items()},
        "counts": {name: dict(sorted(values.items())) for name, values in sorted(whole["counts"].items())},
        "answer_positions": _positions(whole["positions"]),
        "licences": [{"source": key.split("\t")[0], "licence": key.split("\t")[1], "rows": number}
                     for key, number in sorted(whole["licences"].items())],
    }


def _leaves(table: pa.Table) -> Iterable[tuple[str, pa.ChunkedArray]]:
    """The columns, those inside of structs by their paths ("lineage.url")."""
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    yield from zip(table.column_names, table.columns, strict=True)


def _column(values: pa.ChunkedArray) -> Part:
    kind = values.type
    column: Part = {"type": str(kind), "nulls": values.null_count, "values": len(values) - values.null_count}
    if pa.types.is_string(kind):
        column["distinct"] = _sketch(values)
        column["empty"] = pc.sum(pc.equal(values, "")).as_py() or 0
        return {**column, **_range(pc.utf8_length(values), "characters")}
    if pa.types.is_list(kind):
        return {**column, **_range(pc.list_value_length(values), "length")}
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return {**column, **_range(values, "value")}
    return column


def _range(values: pa.ChunkedArray, name: str) -> Part:
    ends = pc.min_max(values).as_py()
    return {"of": name, "min": ends["min"], "max": ends["max"], "sum": pc.sum(values).as_py() or 0}


def _sketch(values: pa.ChunkedArray) -> list[str]:
    """The SKETCH smallest hashes of the different values, as hex digits."""
    different = (value for value in pc.unique(values).to_pylist() if value is not None)
    return sorted({hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
                   for value in different})[:SKETCH]


def _join(one: Part, other: Part) -> Part:
    joined = dict(one)
    for key in ("nulls", "values", "empty", "sum"):
        if key in one:
            joined[key] = one[key] + other[key]
    for key, choose in (("min", min), ("max", max)):
        ends = [part[key] for part in (one, other) if part.get(key) is not None]
        if key in one:
            joined[key] = choose(ends) if ends else None
    if "distinct" in one:
        joined["distinct"] = sorted({*one["distinct"], *other["distinct"]})[:SKETCH]
    return joined


def _shown(column: Part) -> dict[str, Any]:
    shown: dict[str, Any] = {key: column[key] for key in ("type", "nulls", "empty") if key in column}
    if "distinct" in column:
        hashes = column["distinct"]
        exact = len(hashes) < SKETCH
        estimate = len(hashes) if exact else (SKETCH - 1) * 2**64 // (int(hashes[-1], 16) + 1)
        shown |= {"distinct": min(estimate, column["values"]), "distinct_is_exact": exact}
    if "of" in column:
        mean = column["sum"] / column["values"] if column["values"] else None
        shown[column["of"]] = {"min": column["min"], "max": column["max"],
                               "mean": None if mean is None else round(mean, 4)}
    return shown


def _positions(positions: Counter[str]) -> dict[str, dict[str, int]]:
    """How often each label is the gold, by number of options."""
    found: dict[str, dict[str, int]] = {}
    for key, number in sorted(positions.items(), key=lambda item: (int(item[0].split()[0]), item[0].split()[1])):
        options, label = key.split()
        found.setdefault(options, {})[label] = number
    return found
