"""What finished pieces of the input became, kept until the job has published: a run that was killed goes on from them.

A part is found under the name of its piece, the state of the piece's file, the options that decide about it and the
code; where one of them is another, it is another part. It appears as a whole, by a rename, on any file system that Beam
knows.
"""

import hashlib
import json
import posixpath
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from crossthink.dataflow.sinks.manifest import writing

import crossthink
from crossthink import _core, verify
from crossthink.arrow import from_row, to_row
from crossthink.provenance import provenance
from crossthink.schema import Failure, Reject

SUFFIX = ".part"
_READERS = ("resiliparse", "selectolax", "py3langid")
"""Packages that decide about records, beside those of every run's metadata."""
_LETTERS: dict[str, type] = {"rejected": Reject, "failed": Failure}


class Piece(NamedTuple):
    """What a worker reads in one go, and stores the outcome of."""

    split: Any
    """What the reading function takes."""
    name: str
    """The same wherever the folder of the file lies: base name, and the range of a part of a file."""
    state: str
    """Size of the file and time of its last change."""


class Part(NamedTuple):
    """What the records of a piece became."""

    found: list[Any]
    """Records that are kept, and dead letters, in the order of the piece."""
    counts: dict[tuple[str, str, str], int]
    """Of (stage, kind, reason)."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one chain of stages."""

    folder: str
    """Of all its parts, whatever made them."""
    kind: type
    """Of the records that are kept."""
    made_by: str
    """What the parts depend on beside the piece: see `digest`."""

    def path(self, piece: Piece) -> str:
        """Where the part of a piece is."""
        name = digest(piece.name, piece.state)
        return posixpath.join(self.folder, self.made_by, name + SUFFIX)

    def load(self, piece: Piece) -> Part | None:
        """The part of a piece; None where there is none, or one that was damaged."""
        path = self.path(piece)
        if not FileSystems.exists(path):
            return None
        with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            content = file.read()
        try:
            return _decode(content, self.kind)
        except (ValueError, OSError, pa.ArrowException):
            return None

    def save(self, piece: Piece, part: Part) -> None:
        """Store the part of a piece. Raises JobError where the disk is full."""
        path = self.path(piece)
        partial = f"{path}.{uuid.uuid4().hex}"
        with writing(path):
            _make_folder(posixpath.dirname(path))
        with writing(path), FileSystems.create(partial, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            file.write(_encode(part))
        FileSystems.rename([partial], [path])

    def remove_others(self) -> int:
        """Remove the parts that something else made, and what is half written; returns how many parts."""
        return _remove(path for path in _found(self.folder)
                       if path.split("/")[-2] != self.made_by or not path.endswith(SUFFIX))

    def remove(self) -> None:
        """Remove all parts: the job has published."""
        _remove(_found(self.folder))
        if FileSystems.get_filesystem(self.folder).has_dirs() and FileSystems.exists(self.folder):
            FileSystems.delete([self.folder])


def digest(*words: str) -> str:
    """32 hex digits for some words."""
    return hashlib.blake2b("\x1f".join(words).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@cache
def code_digest() -> str:
    """The digest of the code that makes parts: our sources, the weights and words beside them, and the versions of the
    packages that they use."""
    beside = [path for ending in ("py", "json", "txt") for path in Path(__file__).parent.glob(f"**/*.{ending}")]
    sources = [*Path(crossthink.__file__).parent.glob("*.py"), *Path(verify.__file__).parent.glob("*.py"), *beside,
               Path(_core.__file__)]
    found = hashlib.blake2b(digest_size=16)
    for name, content in sorted((path.name, path.read_bytes()) for path in sources):
        found.update(name.encode() + b"\x1f" + content)
    packages = {**provenance()["versions"], **{package: version(package) for package in _READERS}}
    found.update(json.dumps(packages).encode())
    return found.hexdigest()


def _found(folder: str) -> list[str]:
    """Paths of the parts in a folder and of what killed workers left half written."""
    [match] = FileSystems.match([posixpath.join(folder, "*", "*")])
    return [entry.path for entry in match.metadata_list]


def _remove(paths: Iterable[str]) -> int:
    listed = list(paths)
    if listed:
        FileSystems.delete(listed)
    return sum(path.endswith(SUFFIX) for path in listed)


def _make_folder(folder: str) -> None:
    try:
        FileSystems.mkdirs(folder)
    except OSError:  # another worker was faster
        if not FileSystems.exists(folder):
            raise


def _encode(part: Part) -> bytes:
    names = {kind: name for name, kind in _LETTERS.items()}
    lines = [json.dumps([[*key, number] for key, number in sorted(part.counts.items())])]
    lines += [json.dumps([names.get(type(item), "kept"), to_row(item)]) for item in part.found]
    content = "\n".join(lines).encode()
    head = hashlib.blake2b(content, digest_size=16).digest() + len(content).to_bytes(8, "big")
    return head + pa.compress(content, codec="zstd", asbytes=True)


def _decode(stored: bytes, kind: type) -> Part:
    size = int.from_bytes(stored[16:24], "big")
    content = pa.decompress(stored[24:], size, codec="zstd", asbytes=True)
    if hashlib.blake2b(content, digest_size=16).digest() != stored[:16]:
        raise ValueError("the part was damaged")
    counts, *lines = map(json.loads, content.split(b"\n"))
    return Part([from_row(_LETTERS.get(name, kind), row) for name, row in lines],
                {(stage, what, reason): number for stage, what, reason, number in counts})
