"""Putting a finished job's files in their place: shards first, the manifest last; readers trust the manifest alone."""

import errno
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crossthink.dataflow.stages.result import JobError

from crossthink.arrow import SCHEMA_VERSION

UNFINISHED = ".work-"
"""How the names of files and folders begin that a killed job may leave; the next job removes them."""


def manifest(record: str, files: list[dict[str, Any]], options: dict[str, Any], code: str,
             tokens: dict[str, int]) -> dict[str, Any]:
    """What a reader is told; the same bytes for the same rows and options."""
    shards = [{key: file[key] for key in ("file", "rows", "sha256", "bytes")} for file in files]
    return {"schema": SCHEMA_VERSION, "code": code, "record": record, "options": options, "generation": 1,
            "files": sorted(shards, key=lambda file: file["file"]), "rows": sum(file["rows"] for file in files),
            "tokens_generated": tokens}


def to_json(value: Any) -> bytes:
    """Bytes of a JSON file for people and programs."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


@contextmanager
def writing(path: object) -> Iterator[None]:
    """While a file is written: a full disk raises JobError that names it and the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise JobError(f"{path}: {os.strerror(error.errno)}: make room and run it again, "
                           "what was finished is kept") from error
        raise


def temporary(folder: str) -> Path:
    """A new path in a folder; every attempt of a worker writes to one of its own."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder) / uuid.uuid4().hex


def write_atomic(path: Path, content: bytes) -> None:
    """Replace a file as a whole: a reader sees the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{UNFINISHED}{uuid.uuid4().hex}")
    with writing(path), partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def publish(folder: Path, work: Path, result: dict[str, Any], texts: dict[str, bytes], manifest_bytes: bytes) -> None:
    """Move the shards and dead letters of `work` into `folder`, write the other files, and the manifest last.

    Where the content changes, the old manifest goes first: no reader may find it beside new shards.
    """
    path = folder / "manifest.json"
    if path.exists() and path.read_bytes() != manifest_bytes:
        path.unlink()
    names = {file["file"]: file["temporary"] for file in result["files"]}
    names |= {"rejected.jsonl": result["rejected"], "failed.jsonl": result["failed"]}
    for name, partial in names.items():
        (work / partial).replace(folder / name)
    for stale in set(folder.glob("shard-*.arrow")) - {folder / name for name in names}:
        stale.unlink()
    for name, content in texts.items():
        write_atomic(folder / name, content)
    _sync(folder)
    write_atomic(path, manifest_bytes)
    _sync(folder)
    shutil.rmtree(work)


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed job left."""
    for stale in folder.glob(f"{UNFINISHED}*"):
        if stale.is_dir():
            shutil.rmtree(stale)
        else:
            stale.unlink()


def _sync(folder: Path) -> None:
    """Wait until the disk has the folder's names."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
