"""Which WARC and WET files a recipe's patterns name: globs, addresses, and lists of paths such as Common Crawl's.

A list (its name ends with .paths or .paths.gz) has a path a line. Common Crawl's begin at the root of its bucket, so a
relative path is looked up from the folder of which the list's own address shows the same first folder; where it shows
none, from the folder of the list.
"""

import gzip
import hashlib
import posixpath
import zlib
from collections.abc import Iterable

from apache_beam.io.filesystem import CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems
from crossthink.dataflow.sources import http_files  # noqa: F401  (teaches Beam http:// and https://)

from crossthink.config import ConfigError

LISTS = (".paths", ".paths.gz")


def is_list(pattern: str) -> bool:
    """Whether a pattern names a list of paths."""
    return pattern.endswith(LISTS)


def matches(pattern: str) -> list[FileMetadata]:
    """The files of a pattern, on whatever file system they are; a web server tells its files' sizes one by one."""
    found: list[FileMetadata] = FileSystems.match([pattern])[0].metadata_list
    return found


def state_of(entry: FileMetadata) -> str:
    """What tells a file from what stood in its place before."""
    return f"{entry.size_in_bytes} {entry.last_updated_in_seconds!r}"


def find_warc_files(patterns: Iterable[str], limit: int = 0) -> list[FileMetadata]:
    """All files, sorted by their paths, the first `limit` of them (0: all); those of a list without size and time.

    Raises ConfigError where two have one name.
    """
    found: dict[str, FileMetadata] = {}
    for pattern in patterns:
        entries = [FileMetadata(path, 0) for path in listed(pattern)] if is_list(pattern) else matches(pattern)
        found.update((entry.path, entry) for entry in entries)
    chosen = [found[path] for path in sorted(found)[:limit or None]]
    names: dict[str, str] = {}
    for path in (entry.path for entry in chosen):
        if (other := names.setdefault(posixpath.basename(path), path)) != path:
            raise ConfigError(f"{path} and {other} are both {posixpath.basename(path)}, and rows are named by it: "
                              "rename one")
    return chosen


def listed(path: str) -> list[str]:
    """The paths that a list names, in its order. Raises ConfigError where it cannot be read."""
    try:
        with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as stream:
            content = stream.read()
        text = (gzip.decompress(content) if path.endswith(".gz") else content).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot read the list of paths: {error}") from error
    return [_resolve(line.strip(), path) for line in text.splitlines() if line.strip()]


def names_digest(paths: Iterable[str]) -> str:
    """One hash (32 hex digits) over the base names of files, in their order."""
    return hashlib.blake2b("\n".join(map(posixpath.basename, paths)).encode(), digest_size=16).hexdigest()


def _resolve(line: str, path: str) -> str:
    if "://" in line or line.startswith("/"):
        return line
    folder, first = path.rpartition("/")[0], line.split("/")[0]
    root, found, _ = f"{folder}/".partition(f"/{first}/")
    return f"{root if found else folder}/{line}".removeprefix("/" if not folder else "")
