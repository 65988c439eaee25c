"""Records to Arrow shards whose bytes depend on the records and options alone.

A shard holds the records whose id hashes to it, sorted by id, uncompressed, so that a trainer maps them.
Shards are written beside their place and renamed when the whole job has succeeded.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
from crossthink.dataflow import heap
from crossthink.dataflow.sinks.manifest import temporary, write_atomic, writing
from crossthink.dataflow.sinks.sort import batched, sort
from crossthink.dataflow.sinks.statistics import file_statistics
from crossthink.dataflow.sources.given import Given

from crossthink.arrow import arrow_schema, to_row

BATCH_ROWS = 4096
"""Rows of a record batch. A reader keeps some 20 kB of views for each, and decodes single rows out of any."""

STATISTICS = ".json"
"""Ending of the file of a new shard's statistics."""


def shard_of(record_id: str, shards: int) -> int:
    """The shard of a record."""
    return int.from_bytes(hashlib.blake2b(record_id.encode(), digest_size=8).digest(), "big") % shards


def shard_name(shard: int, shards: int) -> str:
    """File name of a shard."""
    return f"shard-{shard:05d}-of-{shards:05d}.arrow"


class WriteShards(beam.PTransform):
    """Records of one type, with unique ids, to {"file", "rows", "sha256", "bytes", "temporary"} for each shard, its
    statistics (statistics.py) beside it."""

    def __init__(self, kind: type, folder: str, shards: int, options: dict[str, Any], code: str) -> None:
        super().__init__("shards")
        self._kind, self._folder, self._shards = kind, folder, shards
        self._metadata = {"crossthink.code": code, "crossthink.options": json.dumps(options, sort_keys=True)}

    def expand(self, records: Any) -> Any:
        shards = self._shards
        keyed = records | "shard" >> beam.Map(lambda record: (shard_of(record.id, shards), record))
        every = records.pipeline | "every shard" >> Given([(shard, None) for shard in range(shards)])
        return ((keyed, every) | "with empty ones" >> beam.Flatten() | "by shard" >> beam.GroupByKey()
                | "write" >> beam.MapTuple(self._write))

    def _write(self, shard: int, records: Iterable[Any]) -> dict[str, Any]:
        heap.trim()  # what the steps before have left: a shard's records are much at once
        some = (record for record in records if record is not None)
        rows = map(to_row, sort(some, attrgetter("id"), self._folder))
        path, name = temporary(self._folder), shard_name(shard, self._shards)
        write_table(path, rows, arrow_schema(self._kind, self._metadata))
        with pa.memory_map(str(path)) as file:
            part = file_statistics(pa.ipc.open_file(file))
            write_atomic(path.with_suffix(STATISTICS), json.dumps(part).encode())
            return {"file": name, "rows": part["rows"], "bytes": file.size(), "sha256": digest(path),
                    "temporary": path.name}


def digest(path: Path) -> str:
    """The file's sha256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_table(path: Path, rows: Iterable[dict[str, Any]], schema: pa.Schema) -> None:
    """Write rows as an Arrow IPC file and wait until the disk has it."""
    with writing(path), path.open("wb") as file:
        with pa.ipc.new_file(file, schema) as writer:
            for batch in batched(rows, BATCH_ROWS):
                writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
        file.flush()
        os.fsync(file.fileno())

