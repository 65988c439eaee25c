"""A page read again from its WARC file, as the data line read it, and the passage that was cut from it."""

from pathlib import Path
from typing import Any

from crossthink.dataflow.records import Document
from crossthink.dataflow.sources.warc import record_at
from crossthink.dataflow.sources.wet import to_page
from crossthink.dataflow.stages import privacy
from crossthink.dataflow.stages.extract import extract
from crossthink.dataflow.stages.passages import passage_of
from crossthink.dataflow.stages.stage import Kept


def reread(warc: str, page: dict[str, Any], passage: dict[str, Any]) -> dict[str, Any]:
    """The text of a passage as the WARC file has it, and whether it is the one whose id the question carries.

    Raises ValueError where the file or the page in it cannot be read.
    """
    path = Path(warc) / page["warc_file"] if Path(warc).is_dir() else Path(warc)
    if path.name != page["warc_file"]:
        raise ValueError(f"{path}: the page is in {page['warc_file']}: name that file, or the folder that holds it")
    found = passage_of(document_at(path, page["id"]), (passage["start"], passage["end"]))
    return {"text": found.text, "same": found.id == passage["id"]}


def document_at(path: Path, page_id: str) -> Document:
    """The text of a page. Raises ValueError."""
    offset, _, inner = page_id.rpartition("@")[2].partition("+")
    try:
        with path.open("rb") as stream:
            result = to_page(record_at(stream, path.name, int(offset), int(inner or 0)))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror or error})") from error
    if isinstance(result, Kept):
        result = extract(result.records[0], "ignore")
    if isinstance(result, Kept):
        result = privacy.mask(result.records[0])
    if isinstance(result, Kept):
        document: Document = result.records[0]
        return document
    raise ValueError(f"{path}: {page_id} is no page now ({result.reason} {result.evidence}): the file is another one")
