"""http:// and https:// as file systems of Beam, for reading: it opens such addresses once this module was imported."""

import io
from collections.abc import Iterator
from typing import Any, NoReturn

from apache_beam.io.filesystem import (
    BeamIOError,
    CompressedFile,
    CompressionTypes,
    FileMetadata,
    FileSystem,
    MatchResult,
)
from crossthink.dataflow.sources.http import HttpFile

_BUFFER = 1 << 16


class HttpFiles(FileSystem):
    """Files by their address. A server lists none, so a pattern is the address of one file."""

    @classmethod
    def scheme(cls) -> str:
        return "http"

    def open(self, path: str, mime_type: str = "application/octet-stream",
             compression_type: str = CompressionTypes.AUTO) -> Any:
        """The file for reading. Its first byte is asked for when it is read."""
        stream = io.BufferedReader(HttpFile(path), _BUFFER)
        kind = FileSystem._get_compression_type(path, compression_type)
        return stream if kind == CompressionTypes.UNCOMPRESSED else CompressedFile(stream, compression_type=kind)

    def match(self, patterns: list[str], limits: list[int] | None = None) -> list[MatchResult]:
        """The files at these addresses, with their sizes; no file where the server has none."""
        return [MatchResult(path, self._found(path)) for path in patterns]

    def exists(self, path: str) -> bool:
        return bool(self._found(path))

    def _found(self, path: str) -> list[FileMetadata]:
        try:
            return [self.metadata(path)]
        except FileNotFoundError:
            return []

    def size(self, path: str) -> int:
        with HttpFile(path) as file:
            return file.size

    def metadata(self, path: str) -> FileMetadata:
        with HttpFile(path) as file:
            return FileMetadata(path, file.size, file.modified)

    def last_updated(self, path: str) -> float:
        raise BeamIOError(f"{path}: when it was changed is not asked for")

    def checksum(self, path: str) -> str:
        return str(self.size(path))

    def join(self, basepath: str, *paths: str) -> str:
        return "/".join([basepath.rstrip("/"), *(path.strip("/") for path in paths)])

    def split(self, path: str) -> tuple[str, str]:
        head, _, tail = path.rpartition("/")
        return head, tail

    def has_dirs(self) -> bool:
        return False

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        raise BeamIOError(f"{dir_or_prefix}: a web server lists no files: name each, or a list of paths")

    def _read_only(self, *paths: Any, **options: Any) -> NoReturn:
        raise BeamIOError(f"{paths[0]}: files at web addresses are read, not written")

    mkdirs = create = copy = rename = delete = _read_only


class HttpsFiles(HttpFiles):
    """The same over TLS."""

    @classmethod
    def scheme(cls) -> str:
        return "https"
