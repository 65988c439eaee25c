"""A content-addressed store of model calls: what was answered once is a fact, and is never asked again.

Every process appends to a segment of its own; reading merges all segments. A line reaches the kernel in one write
before the call counts as done, so a killed process loses nothing that had finished.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crossthink.engine import Completion, Request


def call_key(model: str, revision: str, request: Request) -> str:
    """32 hex digits that name a call: model, revision of its weights, prompt tokens, sampling parameters and seed."""
    prompt = hashlib.blake2b(",".join(map(str, request.prompt_ids)).encode(), digest_size=16).hexdigest()
    call = [model, revision, prompt, request.sampling.as_dict()]
    return hashlib.blake2b(json.dumps(call, sort_keys=True).encode(), digest_size=16).hexdigest()


class Segments:
    """Append-only JSONL files of one folder, one a process, merged on reading.

    A last line without its end was cut off by a kill: it is left out, counted in `torn`, and read again in case its
    writer is still at work. A line that is no JSON object is counted in `damaged`.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.torn = 0
        self.damaged = 0
        self._read: dict[str, int] = {}
        self._file: int | None = None

    def append(self, row: dict[str, Any]) -> None:
        """Write one row to this process's segment, in one system call."""
        if self._file is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"{uuid.uuid4().hex}.jsonl"
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"
        try:
            if os.write(self._file, line) != len(line):
                raise OSError(f"{self.folder}: a row was written in part: is the disk full?")
        except OSError:
            os.close(self._file)
            self._file = None  # the next row must not be glued to this one's rest
            raise

    def flush(self) -> None:
        """Ask the disk to keep what was appended (a kill does not need it, a power cut does)."""
        if self._file is not None:
            os.fsync(self._file)

    def new_rows(self) -> Iterator[dict[str, Any]]:
        """The rows that were appended by any process since the last call."""
        self.torn = 0
        for path in sorted(self.folder.glob("*.jsonl")):
            with path.open("rb") as stream:
                stream.seek(self._read.get(path.name, 0))
                for line in stream:
                    if not line.endswith(b"\n"):
                        self.torn += 1
                        break
                    self._read[path.name] = self._read.get(path.name, 0) + len(line)
                    row = _parse(line)
                    if row is None:
                        self.damaged += 1
                    else:
                        yield row


class CallStore:
    """Finished calls of a folder, by key. Two answers to one call (a retried bundle): the smaller digest stands."""

    def __init__(self, folder: str | Path) -> None:
        self.segments = Segments(folder)
        self._calls: dict[str, tuple[str, Completion]] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read what other processes have stored since."""
        for row in self.segments.new_rows():
            self._take(row)

    def get(self, key: str) -> Completion | None:
        """The stored completion of a call, or None."""
        found = self._calls.get(key)
        return found[1] if found else None

    def put(self, key: str, stage: str, completion: Completion) -> Completion:
        """Store a finished call; returns the completion as every later reader will see it."""
        row = {"key": key, "stage": stage, "text": completion.text, "ids": list(completion.token_ids),
               "logprobs": [round(value, 6) for value in completion.logprobs], "finish": completion.finish_reason}
        self.segments.append(row)
        self._take(row)
        return self._calls[key][1]

    def __len__(self) -> int:
        """Number of different calls."""
        return len(self._calls)

    def _take(self, row: dict[str, Any]) -> None:
        try:
            completion = Completion(token_ids=tuple(row["ids"]), text=row["text"], logprobs=tuple(row["logprobs"]),
                                    finish_reason=row["finish"])
            key = str(row["key"])
        except (KeyError, TypeError):
            self.segments.damaged += 1
            return
        answer = json.dumps([row["ids"], row["text"], row["logprobs"], row["finish"]])
        digest = hashlib.blake2b(answer.encode(), digest_size=16).hexdigest()
        if key not in self._calls or digest < self._calls[key][0]:
            self._calls[key] = (digest, completion)


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line.decode("utf-8", "surrogatepass"))
    except ValueError:
        return None
    return row if isinstance(row, dict) else None
