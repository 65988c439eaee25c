"""Following an id through a run: what became of the record, of what it was made from, and of what was made from it.

A record is known by its own id, by the passage, page, URL and row of a question file that it comes from.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossthink.dataflow.look.folders import LETTERS, folders_of
from crossthink.dataflow.records import page_id, row_id

MIN_PREFIX = 4
"""Characters of an id that may stand for the whole."""
_MANY = 1000
"""Ids of one beginning: no more are collected."""
_PLACE = re.compile(r"(?:.*/)?([^/]+?)[@:][0-9+]*$")
KINDS = ("page", "row", "passage", "draft", "question")
"""In the order of the work."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """One place where a record of the run is written down."""

    kind: str
    id: str
    names: tuple[str, ...]
    """The ids by which it can be asked for, its own first."""
    outcome: str
    """"kept", "rejected" or "failed"."""
    folder: str
    stage: str
    """That dropped it; "" where it was kept."""
    reason: str
    evidence: str
    shard: str
    row: int
    """Of the shard, from 0; -1 where it was dropped."""
    record: dict[str, Any]

    @property
    def place(self) -> str:
        """Shard and row, or stage and reason."""
        return f"{self.folder}/{self.shard}, row {self.row}" if self.shard else f"{self.stage}: {self.reason}"


def find(directory: str | Path, wanted: str) -> list[Sighting]:
    """Every sighting of what an id, a URL, or the beginning of one stands for, in the order of the work.

    Raises ValueError where nothing, or more than one thing, goes by that name.
    """
    if len(wanted) < MIN_PREFIX:
        raise ValueError(f"{wanted!r} is too short: give at least {MIN_PREFIX} characters of an id")
    found: list[Sighting] = []
    meant: set[str] = set()
    for sighting in _sightings(directory, needle_of(wanted)):
        names = [name for name in sighting.names if name.startswith(wanted)]
        if names:
            found.append(sighting)
            meant.update(names)
        if len(meant) > _MANY and wanted not in meant:
            break
    if not found:
        raise ValueError(f"{wanted}: no row and no dead letter of {directory} is or comes from a record of that name. "
                         "Ask by the id of a question or passage, by FILE@OFFSET, SOURCE/FILE:ROW, or a URL")
    if wanted not in meant and len(meant) > 1:
        shown = ", ".join(sorted(meant)[:8]) + (", ..." if len(meant) > 8 else "")
        raise ValueError(f"{wanted}: {len(meant)} ids begin so: {shown}")
    name = wanted if wanted in meant else meant.pop()
    return sorted((sighting for sighting in found if name in sighting.names),
                  key=lambda one: (KINDS.index(one.kind), one.outcome != "kept", one.id))


def needle_of(wanted: str) -> str:
    """A text that stands, as it is, in every record of that name: of FILE@OFFSET and SOURCE/FILE:ROW the file alone."""
    if "://" in wanted:
        return wanted
    place = _PLACE.fullmatch(wanted)
    return place[1] if place else wanted.rpartition("/")[2] or wanted


def kind_of(record: dict[str, Any], record_id: str) -> str:
    """What a record is."""
    if "lineage" in record:
        return "question"
    if "passage" in record:
        return "draft"
    if "span_start" in record:
        return "passage"
    return "row" if "values" in record or "@" not in record_id else "page"


def names_of(record: dict[str, Any], record_id: str) -> tuple[str, ...]:
    """The ids by which a record is known: its own, and those of passage, page, URL and row that it comes from."""
    names = [record_id]
    origin = record.get("lineage") or record
    if passage := record.get("passage"):
        names.append(passage["id"])
        origin = passage
    names.append(origin.get("passage_id", ""))
    names.append(page_of(origin))
    names.append(origin.get("url", ""))
    if origin.get("input_file"):
        names.append(row_of(record))
    return tuple(dict.fromkeys(name for name in names if name))


def page_of(origin: dict[str, Any]) -> str:
    """Id of the page of a passage or of a question's lineage; "" where there is none."""
    if page := origin.get("page_id"):
        return str(page)
    return page_id(origin["warc_file"], origin["warc_offset"]) if origin.get("warc_file") else ""


def row_of(question: dict[str, Any]) -> str:
    """Id of the row of a question file that a question was made from; "" where it was made otherwise."""
    lineage = question["lineage"]
    if not lineage["input_file"]:
        return ""
    return row_id(question["source"], lineage["input_file"], lineage["input_row"])


def _sightings(directory: str | Path, needle: str) -> Iterator[Sighting]:
    for folder in folders_of(directory):
        for row in folder.rows(needle):
            record_id = row.record["id"]
            yield Sighting(kind=kind_of(row.record, record_id), id=record_id, names=names_of(row.record, record_id),
                           outcome="kept", folder=folder.name, stage="", reason="", evidence="", shard=row.shard,
                           row=row.row, record=row.record)
        for outcome in LETTERS:
            for letter in folder.letters(outcome, needle):
                record, record_id = json.loads(letter["record"]), letter["record_id"]
                yield Sighting(kind=kind_of(record, record_id), id=record_id, names=names_of(record, record_id),
                               outcome=outcome, folder=folder.name, stage=letter["stage"], reason=letter["reason"],
                               evidence=letter["evidence"], shard="", row=-1, record=record)
