"""The rows of a table: JSONL, CSV and TSV with a head (also .gz and .xz), Parquet, and Arrow IPC (file or stream).

Layer 2: no torch, no Beam.
"""

import csv
import gzip
import io
import json
import lzma
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError, pa.ArrowException, csv.Error, UnicodeDecodeError)
"""What `rows_of` raises for a file that is damaged."""
csv.field_size_limit(2**31 - 1)  # else a field of 128 KiB costs the file all rows behind it
_OPEN: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open}
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_ARROW = (".arrow", ".feather", ".ipc", ".arrows")
_ARROW_FILE = b"ARROW1"


def rows_of(stream: Any, name: str) -> Iterator[dict[str, Any] | str]:
    """Each row of an open binary file as its values, or what is wrong with it. Raises UNREADABLE."""
    path = Path(name.lower())
    if path.suffix == ".parquet":
        yield from _parquet_rows(stream)
    elif path.suffix in _ARROW:
        yield from _arrow_rows(stream)
    else:
        lines = _OPEN.get(path.suffix, lambda plain: plain)(stream)
        kind = path.with_suffix("").suffix if path.suffix in _OPEN else path.suffix
        yield from _csv_rows(lines, _SEPARATORS[kind]) if kind in _SEPARATORS else _json_rows(lines)


def _json_rows(lines: Any) -> Iterator[dict[str, Any] | str]:
    for line in lines:
        if not line.strip():
            yield "the line is empty"
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield f"no JSON: {error}"
            continue
        yield values if isinstance(values, dict) else f"not a JSON object but {type(values).__name__}"


def _csv_rows(stream: Any, separator: str) -> Iterator[dict[str, Any] | str]:
    """Rows by the head's names; one with more fields than the head has a comma too many, and none of them is sure.

    A byte that is no UTF-8 is its row's fault; in the head it is the file's.
    """
    lines = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    rows = csv.DictReader(lines, delimiter=separator)
    head = rows.fieldnames or ()
    if fault := _bad_byte(head):
        raise csv.Error(f"{fault} in the head")
    for values in rows:
        more = values.pop(None, ())  # where DictReader puts what has no name
        if more:
            yield f"{len(head) + len(more)} fields, and the head has {len(head)}"
        else:
            yield _bad_byte(values.values()) or values


def _bad_byte(texts: Iterable[str | None]) -> str:
    """What is wrong with texts that were read with surrogateescape; "" where nothing is."""
    try:
        "".join(text or "" for text in texts).encode()
    except UnicodeEncodeError as error:
        return f"the byte 0x{ord(error.object[error.start]) - 0xdc00:02x} is no UTF-8"
    return ""


def _parquet_rows(stream: Any) -> Iterator[dict[str, Any] | str]:
    for batch in pq.ParquetFile(stream).iter_batches(batch_size=1024):
        yield from batch.to_pylist()


def _arrow_rows(stream: Any) -> Iterator[dict[str, Any] | str]:
    """Batch by batch; an Arrow file begins with its name, a stream does not."""
    is_file = stream.read(len(_ARROW_FILE)) == _ARROW_FILE
    stream.seek(0)
    if is_file:
        reader = pa.ipc.open_file(stream)
        batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
    else:
        batches = iter(pa.ipc.open_stream(stream))
    for batch in batches:
        batch.validate(full=True)  # damaged offsets would read beyond the buffers, and that ends the process
        yield from batch.to_pylist()
