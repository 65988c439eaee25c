"""Dead letters as JSON lines whose bytes depend on the letters alone, however many there are.

Each worker leaves sorted runs of what it met, and passes their names on; the runs are merged when the job is done.
"""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue
from crossthink.dataflow.sinks.manifest import temporary, writing
from crossthink.dataflow.sinks.sort import merge_runs, write_run

from crossthink.arrow import to_row

RUN = 4 << 20
"""Characters of a run."""


class WriteRuns(beam.DoFn):
    """Rejects or failures to the names of runs in a folder. The runs of a bundle that failed have no names, so are not
    read."""

    def __init__(self, folder: str, size: int = RUN) -> None:
        self._folder, self._size = folder, size

    def start_bundle(self) -> None:
        self._held: list[tuple[str, str, str, str]] = []
        self._characters = 0

    def process(self, letter: Any) -> Iterator[str]:
        line = json.dumps(to_row(letter), ensure_ascii=False)
        self._held.append((letter.stage, letter.record_id, letter.reason, line))
        self._characters += len(line)
        if self._characters >= self._size:
            yield self._write()

    def finish_bundle(self) -> Iterator[Any]:
        if self._held:
            yield WindowedValue(self._write(), GlobalWindow().max_timestamp(), (GlobalWindow(),))

    def _write(self) -> str:
        path = write_run(sorted(self._held), self._folder)
        self._held, self._characters = [], 0
        return path.name


def write_letters(folder: str, runs: Sequence[str]) -> str:
    """Merge runs into lines in the order of stage, id and reason; returns the name of the file.

    Raises JobError where the disk is full.
    """
    path = temporary(folder)
    lines = merge_runs([Path(folder) / run for run in runs], None, folder)
    with writing(path), path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(f"{line}\n" for _, _, _, line in lines)
        file.flush()
        os.fsync(file.fileno())
    return path.name
