"""Reading back what another job shipped."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from crossthink.arrow import check_version, from_row
from crossthink.schema import Question
from crossthink.shards import Manifest, ShardError


def shard_paths(folder: Path, kind: type = Question) -> list[str]:
    """Paths of the shards that the folder's manifest names, all verified and of this kind. Raises ShardError."""
    manifest = Manifest.load(folder)
    manifest.verify()
    paths = [str(folder / shard.file) for shard in manifest.files]
    for path in paths:
        try:
            with pa.memory_map(path) as source:
                schema = pa.ipc.open_file(source).schema
        except pa.ArrowInvalid as error:
            raise ShardError(f"{path}: no Arrow file ({error}): name the shards of a job, not those of an export to "
                             "another format") from error
        try:
            check_version(schema, kind, path)
        except ValueError as error:
            raise ShardError(str(error)) from error
    if manifest.record != kind.__name__:
        raise ShardError(f"{manifest.path}: record is {manifest.record}, and its shards hold {kind.__name__}: "
                         "run the data line again")
    return paths


def batches(path: str, kind: type) -> Iterator[pa.RecordBatch]:
    """The batches of a shard, mapped. Raises ValueError where it holds another kind, or a schema that is too new."""
    with pa.memory_map(path) as source:
        reader = pa.ipc.open_file(source)
        check_version(reader.schema, kind, path)
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)


def read_shard(path: str, kind: type = Question) -> Iterator[Any]:
    """The records of a shard, batch by batch."""
    return (from_row(kind, row) for batch in batches(path, kind) for row in batch.to_pylist())
