"""What a run left: its folders, their funnels, dead letters and rows, read as streams. Needs no Beam."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crossthink.shards import Manifest, ShardError

FOLDERS = {"extract": "passages", "import": "imported", "synthesize": "written", "curate": "curated", "score": "data",
           "run": "data"}
"""Where each job leaves its shards, below a run's folder, in the order of the work; the next job reads them there."""
LETTERS = {"rejected": "rejected.jsonl", "failed": "failed.jsonl"}
_TEXTS = ("id", "url", "page_id", "warc_file", "source", "passage_id", "input_file")
"""Columns, of a row or of its lineage, that hold what a record is known by."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a shard."""

    shard: str
    row: int
    """From 0."""
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Folder:
    """What one job left."""

    path: Path

    @property
    def name(self) -> str:
        """Its base name: "data", "curated", ..."""
        return self.path.name

    @property
    def funnel(self) -> list[dict[str, Any]]:
        """One entry a stage, in the order of the work."""
        return self._json("funnel.json") or []

    @property
    def run(self) -> dict[str, Any]:
        """Versions, seconds, tokens, and what was capped."""
        return self._json("run.json") or {}

    @property
    def manifest(self) -> Manifest:
        """The shards."""
        return Manifest.load(self.path)

    def letters(self, kind: str, needle: str = "") -> Iterator[dict[str, Any]]:
        """The rejects ("rejected") or failures ("failed") whose line holds `needle`, one in memory at a time."""
        path = self.path / LETTERS[kind]
        if not path.exists():
            return
        plain = needle.isascii() and not any(c in needle for c in '"\\')  # else JSON may write it in other characters
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if plain and needle not in line:
                    continue
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise ValueError(f"{path}, line {number}: not JSON ({error}): run the job again") from error

    def rows(self, needle: str) -> Iterator[Row]:
        """The rows whose ids, URL, source or files hold `needle`. Raises ShardError."""
        for shard in self.manifest.files:
            path = self.path / shard.file
            try:
                yield from _rows(path, needle)
            except (OSError, pa.ArrowInvalid) as error:
                raise ShardError(f"{path}: not a readable Arrow file ({error}): run the job again") from error

    def _json(self, name: str) -> Any:
        path = self.path / name
        try:
            return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        except ValueError as error:
            raise ValueError(f"{path}: not JSON ({error}): run the job again") from error


def folders_of(directory: str | Path) -> list[Folder]:
    """The finished folders of a run; the folder itself where it is one. Raises ValueError where there is none."""
    directory = Path(directory)
    names = tuple(dict.fromkeys(FOLDERS.values()))
    found = [path for path in (directory, *(directory / name for name in names))
             if (path / "manifest.json").exists()]
    if not found:
        raise ValueError(f"{directory}: no finished job of the data line here (no manifest.json in it, nor in "
                         f"{', '.join(names)}): name the folder that --output named")
    return [Folder(path.resolve()) for path in found]


def _rows(path: Path, needle: str) -> Iterator[Row]:
    first = 0
    with pa.memory_map(str(path)) as source:
        reader = pa.ipc.open_file(source)
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            for place in pc.indices_nonzero(_holds(batch, needle)).to_pylist():
                yield Row(path.name, first + place, batch.slice(place, 1).to_pylist()[0])
            first += batch.num_rows


def _holds(batch: pa.RecordBatch, needle: str) -> Any:
    columns = [batch.column(name) for name in _TEXTS if name in batch.schema.names]
    if "lineage" in batch.schema.names:
        lineage = batch.column("lineage")
        columns += [lineage.field(field.name) for field in lineage.type if field.name in _TEXTS]
    found = pc.match_substring(columns[0], needle)
    for column in columns[1:]:
        found = pc.or_(found, pc.match_substring(column, needle))
    return found
