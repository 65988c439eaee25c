"""The questions that other runs shipped, as far as a new one must know them: no row is shipped twice."""

from collections.abc import Iterator
from pathlib import Path

from crossthink.dataflow.records import Shipped
from crossthink.dataflow.sources.shards import batches, shard_paths

from crossthink.schema import Question

COLUMNS = ("id", "question", "options", "answer")


def shipped_shards(folders: tuple[str, ...]) -> list[tuple[str, str]]:
    """(Path, "RUN/FOLDER/SHARD") of every shard that the folders' manifests name, all verified. Raises ShardError."""
    return [(path, "/".join(Path(path).resolve().parts[-3:]))
            for folder in folders for path in shard_paths(Path(folder))]


def read_shipped(path: str, name: str) -> Iterator[Shipped]:
    """The questions of a shard, batch by batch."""
    rows = (row for batch in batches(path, Question)
            for row in zip(*(batch.column(column).to_pylist() for column in COLUMNS), strict=True))
    for number, (record_id, question, options, answer) in enumerate(rows):
        yield Shipped(id=record_id, question=question, options=tuple(options), answer=answer,
                      place=f"{name}, row {number}")
