"""Records of one kind (rollouts, responses) as one Arrow file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from crossthink.arrow import arrow_schema, check_version, from_row, to_row
from crossthink.files import whole

Record = TypeVar("Record")


def write_records(path: Path, kind: type[Record], records: Sequence[Record]) -> None:
    """Write records as one Arrow file, whole or not at all."""
    schema = arrow_schema(kind)
    with (whole(path) as partial, pa.OSFile(str(partial), "wb") as sink,
          pa.ipc.new_file(sink, schema) as writer):
        writer.write_table(pa.Table.from_pylist([to_row(record) for record in records], schema=schema))


def read_records(path: Path, kind: type[Record]) -> list[Record]:
    """The records of such a file. Raises ValueError where it is none of that kind."""
    try:
        table = pa.ipc.open_file(str(path)).read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise ValueError(f"{path}: not a readable Arrow file ({error})") from error
    check_version(table.schema, kind, str(path))
    return [from_row(kind, row) for row in table.to_pylist()]
