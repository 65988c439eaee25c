"""crossthink data trace ID [--warc PATH] [DIR]: a question back to the bytes of the crawl that it came from.

ID is the question's, or of a passage, page, row or URL from which one question came. With --warc, a WARC file or a
folder of them, the page is read again, and the passage compared with the one that the question was made from.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crossthink.dataflow.look.find import Sighting, find, page_of, row_of
from crossthink.dataflow.look.folders import Folder, folders_of
from crossthink.dataflow.look.show import shown

from crossthink.command import command_parser, exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Print it. Returns 0, or 2 where no question goes by that id."""
    parser = command_parser("crossthink data trace", __doc__)
    parser.add_argument("id", metavar="ID")
    parser.add_argument("directory", nargs="?", default=".", metavar="DIR", help="folder of the run (default: .)")
    parser.add_argument("--warc", metavar="PATH", help="the crawl's file, or a folder with it: read the page again")
    parser.add_argument("--json", action="store_true", help="for programs")
    args = parser.parse_intermixed_args(argv)  # DIR may stand behind an option
    return exit_code(lambda: _print(trace(args.directory, args.id, args.warc), args.json), debug=args.debug)


def trace(directory: str | Path, wanted: str, warc: str | None = None) -> dict[str, Any]:
    """All that is known of where a question comes from and where it went.

    Raises ValueError where there is no such question or there are several, and where the page cannot be read again.
    """
    folders = folders_of(directory)
    question = _question(find(directory, wanted), wanted, folders)
    record, lineage = question.record, question.record["lineage"]
    tree: dict[str, Any] = {
        "question": {key: record[key] for key in ("id", "question", "options", "answer", "answer_label", "answer_type",
                                                  "verifier", "template", "domain", "group", "source", "licence")},
        "made": {key: lineage[key] for key in ("synthesizer", "model", "revision", "prompt_hash", "seed", "parent_id")},
        "votes": record["votes"], "difficulty": record["difficulty"]}
    if lineage["input_file"]:
        tree["row"] = {"id": row_of(record), "file": lineage["input_file"], "row": lineage["input_row"]}
    if lineage["passage_id"]:
        tree["passage"] = {"id": lineage["passage_id"], "start": lineage["span_start"], "end": lineage["span_end"]}
        tree["page"] = {"id": page_of(lineage), "url": lineage["url"], "warc_file": lineage["warc_file"],
                        "warc_offset": lineage["warc_offset"]}
        if warc:
            logging.getLogger().setLevel(logging.ERROR)  # before Beam is imported, which warns of its clouds
            from crossthink.dataflow.look.page import reread  # reads pages as the data line does, so it needs Beam

            tree["passage"] |= reread(warc, tree["page"], tree["passage"])
    tree["stages"] = list(stages_passed(folders, question))
    tree["ended"] = ended(directory, question)
    return tree


def _question(found: list[Sighting], wanted: str, folders: Sequence[Folder]) -> Sighting:
    """Where the question ended: in the last folder that knows it, kept where a copy of it was dropped there, too."""
    questions = [sighting for sighting in found if sighting.kind == "question"]
    ids = sorted({sighting.id for sighting in questions})
    if not questions:
        raise ValueError(f"{wanted}: no question came of it; `crossthink data why` says what became of it")
    if len(ids) > 1:
        raise ValueError(f"{wanted}: {len(ids)} questions came of it, ask for one: {', '.join(ids)}")
    order = [folder.name for folder in folders]
    return max(questions, key=lambda one: (order.index(one.folder), one.outcome == "kept"))


def ended(directory: str | Path, question: Sighting) -> dict[str, Any]:
    """Shard and row with the shard's sha256, or stage and reason."""
    if not question.shard:
        return {"outcome": question.outcome, "stage": question.stage, "reason": question.reason,
                "evidence": question.evidence}
    folder = next(folder for folder in folders_of(directory) if folder.name == question.folder)
    shard = next(shard for shard in folder.manifest.files if shard.file == question.shard)
    return {"outcome": "kept", "shard": str(folder.path / shard.file), "row": question.row, "sha256": shard.sha256}


def stages_passed(folders: Sequence[Folder], question: Sighting) -> Iterator[str]:
    """The stages on a question's way, from the crawl or the row of a file to where it ended."""
    imported = question.record["lineage"]["synthesizer"] == "import"
    for folder in folders:
        if folder.name in (("passages", "written") if imported else ("imported",)):
            continue
        last = question.stage if folder.name == question.folder and question.stage else "shards"
        yield from reversed(list(_back(folder.funnel, last, question.record["lineage"]["synthesizer"])))
        if folder.name == question.folder:
            return


def _back(funnel: list[dict[str, Any]], stage: str, synthesizer: str) -> Iterator[str]:
    fed_by = {row["stage"]: row.get("fed_by", ()) for row in funnel}
    while stage in fed_by:
        yield stage
        before = fed_by[stage]
        others = [name for name in before if name not in ("import", "cloze")]
        stage = synthesizer if synthesizer in before else (others or before or [""])[0]


def _print(tree: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(tree, indent=1, ensure_ascii=False))
        return
    for part, values in tree.items():
        if part == "stages":
            print(f"{part:11} {shown(' -> '.join(values), 12)}")
        elif values is not None:
            known = {key: value for key, value in values.items() if value not in ("", None, []) and value != -1}
            for number, (key, value) in enumerate(known.items()):
                text = " | ".join(value) if isinstance(value, list) else str(value)
                print(f"{'' if number else part:11} {key:13} {shown(text, 26)}")
