"""Reading what the data line shipped: the manifest, its shards, and the questions in them.

Readers trust the manifest alone: a shard that is missing or differs from its sha256 stops the run before any work.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crossthink.arrow import SCHEMA_VERSION, check_version, from_row
from crossthink.schema import Question

T = TypeVar("T")


class ShardError(ValueError):
    """A manifest or shard that cannot be read; the message names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class ShardFile:
    """One shard as the manifest declares it."""

    file: str
    rows: int
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a data job shipped: the shards, in order, and the options that made their rows."""

    path: Path
    files: tuple[ShardFile, ...]
    rows: int
    options: dict[str, Any]
    code: str
    generation: int
    record: str
    """What the rows are: the name of a record of crossthink/schema.py."""

    @classmethod
    def load(cls, path: str | Path) -> "Manifest":
        """Read `manifest.json` (or the folder that holds it). Raises ShardError."""
        path = Path(path)
        path = path / "manifest.json" if path.is_dir() else path
        try:
            tree = json.loads(path.read_text(encoding="utf-8"))
            files = tuple(ShardFile(_of(f, "file", str), _of(f, "rows", int), _of(f, "sha256", str),
                                    _of(f, "bytes", int)) for f in _of(tree, "files", list))
            version = _of(tree, "schema", str)
            major = version.split(".")[0]
            if not major.isdecimal():
                raise ValueError(f"schema is {version!r}, not a version")
            manifest = cls(path, files, _of(tree, "rows", int), _of(tree, "options", dict), _of(tree, "code", str),
                           _of(tree, "generation", int), _of(tree, "record", str))
            _check_sums(manifest)
        except OSError as error:
            raise ShardError(f"{path}: no manifest here ({error.strerror}): run the data line first") from error
        except ValueError as error:
            raise ShardError(f"{path}: not a manifest ({error}): run the data line again") from error
        if int(major) > int(SCHEMA_VERSION.split(".")[0]):
            raise ShardError(f"{path}: schema {version} is newer than {SCHEMA_VERSION}: upgrade crossthink to read it")
        return manifest

    @property
    def digest(self) -> str:
        """One sha256 over all shards': what names this data in checkpoints."""
        return self.digest_of(len(self.files))

    def digest_of(self, files: int) -> str:
        """The digest that this data had when it was its first `files` shards alone."""
        return hashlib.sha256("".join(f.sha256 for f in self.files[:files]).encode()).hexdigest()

    def verify(self) -> None:
        """Compare every shard with its size and sha256. Raises ShardError naming the first that differs."""
        for shard in self.files:
            path = self.path.parent / shard.file
            if not path.is_file():
                raise ShardError(f"{path}: shard is missing: copy it back or run the data line again")
            if (size := path.stat().st_size) != shard.bytes:
                raise ShardError(f"{path}: {size} bytes, the manifest says {shard.bytes}: "
                                 "copy it back or run the data line again")
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != shard.sha256:
                raise ShardError(f"{path}: sha256 is {found[:12]}..., the manifest says {shard.sha256[:12]}...: "
                                 "the shard was altered; copy it back or run the data line again")


def _of(tree: Any, key: str, kind: type[T]) -> T:
    """The value of a key in a manifest. Raises ValueError where there is none of this type."""
    value = tree.get(key) if isinstance(tree, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{key} is {value!r:.60}, not {kind.__name__}")
    return value


def _check_sums(manifest: Manifest) -> None:
    """Raise ValueError where a shard is named twice, or the rows of all are not the sum of each one's."""
    times = Counter(shard.file for shard in manifest.files)
    if twice := [name for name, number in times.items() if number > 1]:
        raise ValueError(f"files has {twice[0]} twice")
    if (rows := sum(shard.rows for shard in manifest.files)) != manifest.rows:
        raise ValueError(f"rows is {manifest.rows}, and its files have {rows}")


class Questions:
    """The questions of a manifest, memory-mapped: rows are decoded only when they are asked for."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __len__(self) -> int:
        return self._table.num_rows

    def __getitem__(self, row: int) -> Question:
        return from_row(Question, self._table.slice(row, 1).to_pylist()[0])

    def __iter__(self) -> Iterator[Question]:
        return (self[row] for row in range(len(self)))

    def column(self, name: str) -> list[Any]:
        """All values of one column, in row order."""
        return self._table.column(name).to_pylist()

    def take(self, rows: NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
        """Some columns of some rows."""
        return self._table.select(list(columns)).take(pa.array(rows))

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Some columns, batch by batch, in row order."""
        return iter(self._table.select(list(columns)).to_batches())


def read_questions(manifest: Manifest) -> Questions:
    """Map the shards of a manifest, in its order. Raises ShardError where one is unreadable or has other rows."""
    if manifest.record != Question.__name__:
        raise ShardError(f"{manifest.path}: record is {manifest.record}, not {Question.__name__}: "
                         "name the folder of a job that ships questions")
    tables = []
    for shard in manifest.files:
        path = manifest.path.parent / shard.file
        try:
            table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
            check_version(table.schema, Question, str(path))
        except (OSError, pa.ArrowInvalid) as error:
            raise ShardError(f"{path}: not a readable Arrow file ({error})") from error
        if table.num_rows != shard.rows:
            raise ShardError(f"{path}: {table.num_rows} rows, the manifest says {shard.rows}")
        tables.append(table.replace_schema_metadata())
    if not tables:
        raise ShardError(f"{manifest.path}: the manifest names no shards")
    return Questions(pa.concat_tables(tables))
