"""crossthink data export DIR --format parquet|arrow-zstd --output DIR2

A finished folder in another format, with its own manifest and card: Parquet for others' tools, Arrow with zstd to keep.
The rows are the same and in the same order, a file for each shard; what describes them goes along.
"""

import json
import shutil
import sys
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from crossthink.dataflow.sinks.arrow import digest
from crossthink.dataflow.sinks.card import describe
from crossthink.dataflow.sinks.manifest import UNFINISHED, to_json, writing

from crossthink.command import command_parser, exit_code
from crossthink.config import ConfigError
from crossthink.shards import Manifest, ShardError

ROW_GROUP = 65536
"""Rows of a row group of Parquet: what a reader of one column has in memory at once."""
COPIED = ("funnel.json", "run.json", "rejected.jsonl", "failed.jsonl", "options.json")


def _parquet(table: pa.Table, path: Path) -> None:
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        if table.num_rows:  # a row group of no rows is one that `datasets` cannot read
            writer.write_table(table, ROW_GROUP)


def _arrow_zstd(table: pa.Table, path: Path) -> None:
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=9))
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=ROW_GROUP)


FORMATS: dict[str, tuple[str, Callable[[pa.Table, Path], None]]] = {
    "parquet": (".parquet", _parquet), "arrow-zstd": (".arrow", _arrow_zstd)}


def export(folder: Path, kind: str, output: Path) -> dict[str, Any]:
    """Write the folder's rows to `output`, which must not be there yet and is there as a whole; returns its manifest.

    Raises ShardError, ConfigError, and JobError where the disk is full.
    """
    manifest = Manifest.load(folder)
    manifest.verify()
    if output.exists():
        raise ConfigError(f"{output} is there already: choose another output folder")
    work = output.parent / f"{UNFINISHED}{uuid.uuid4().hex}"
    work.mkdir(parents=True)
    try:
        with writing(output):
            made = _write(manifest, kind, work)
        work.replace(output)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return made


def _write(manifest: Manifest, kind: str, work: Path) -> dict[str, Any]:
    folder, (ending, write) = manifest.path.parent, FORMATS[kind]
    files = []
    for shard in manifest.files:
        path = work / Path(shard.file).with_suffix(ending).name
        write(_table(folder / shard.file), path)
        files.append({"file": path.name, "rows": shard.rows, "sha256": digest(path), "bytes": path.stat().st_size})
    made = {**json.loads(manifest.path.read_bytes()), "files": files}
    statistics, funnel = (json.loads((folder / name).read_bytes()) for name in ("statistics.json", "funnel.json"))
    texts = describe(made, statistics, funnel, f"*{ending}")
    texts |= {name: (folder / name).read_bytes() for name in COPIED if (folder / name).exists()}
    for name, content in {**texts, "manifest.json": to_json(made)}.items():
        (work / name).write_bytes(content)
    return made


def _table(path: Path) -> pa.Table:
    try:
        return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    except pa.ArrowInvalid as error:
        raise ShardError(f"{path}: not a readable Arrow file ({error}): export a folder that a job made") from error


def main(argv: Sequence[str]) -> int:
    """Parse the command line and export. Returns the exit code."""
    parser = command_parser("crossthink data export", __doc__)
    parser.add_argument("folder", type=Path, help="folder with a manifest.json, as DIR/data of a run")
    parser.add_argument("--format", choices=FORMATS, required=True)
    parser.add_argument("--output", type=Path, required=True, help="a new folder")
    args = parser.parse_args(argv)
    return exit_code(lambda: _report(export(args.folder, args.format, args.output), args.output), debug=args.debug)


def _report(made: dict[str, Any], output: Path) -> None:
    print(f"{made['rows']} rows in {len(made['files'])} files in {output}", file=sys.stderr)
