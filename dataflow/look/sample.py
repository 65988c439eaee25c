"""crossthink data sample --reason R [--stage S] [-n 5] [DIR]: dropped records to read.

Which ones follows from a hash of stage and id: the same in every run, and from all over the corpus.
"""

import hashlib
import heapq
import json
from collections.abc import Iterator, Sequence
from typing import Any

from crossthink.dataflow.look.folders import LETTERS, Folder, folders_of
from crossthink.dataflow.look.show import shown
from crossthink.dataflow.look.why import title

from crossthink.command import above_zero, command_parser, exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Print them. Returns 0, or 2 where there is none."""
    parser = command_parser("crossthink data sample", __doc__)
    parser.add_argument("directory", nargs="?", default=".", metavar="DIR", help="folder of the run (default: .)")
    parser.add_argument("--reason", default="", metavar="R", help="as `crossthink data stats` has it (default: any)")
    parser.add_argument("--stage", default="", metavar="S", help="(default: any)")
    parser.add_argument("-n", type=above_zero, default=5, metavar="N", help="how many (default: 5)")
    parser.add_argument("--json", action="store_true", help="a dead letter a line, as it is")
    args = parser.parse_args(argv)
    return exit_code(lambda: _print(sample(folders_of(args.directory), args.reason, args.stage, args.n), args.json),
                     debug=args.debug)


def sample(folders: Sequence[Folder], reason: str, stage: str, size: int) -> list[dict[str, Any]]:
    """`size` dead letters of a reason and a stage ("" is any). Raises ValueError where there is none."""
    found = heapq.nsmallest(size, _letters(folders, reason, stage), key=lambda letter: hashlib.blake2b(
        f"{letter['stage']}\x1f{letter['record_id']}\x1f{letter['reason']}".encode("utf-8", "surrogatepass")).digest())
    if not found:
        there = sorted({f"{why} ({row['stage']})" for folder in folders for row in folder.funnel
                        for why in (*row["rejected"], *row["failed"])})
        asked = " ".join(word for word in (f"reason {reason}" if reason else "", f"stage {stage}" if stage else "")
                         if word)
        raise ValueError(f"nothing was dropped{' with ' if asked else ''}{asked}. "
                         f"There is: {', '.join(there) or 'nothing at all'}")
    return found


def _letters(folders: Sequence[Folder], reason: str, stage: str) -> Iterator[dict[str, Any]]:
    for folder in folders:
        for kind in LETTERS:
            for letter in folder.letters(kind, reason or stage):
                if reason in ("", letter["reason"]) and stage in ("", letter["stage"]):
                    yield {"outcome": kind, "folder": folder.name, **letter}


def _print(letters: Sequence[dict[str, Any]], as_json: bool) -> None:
    for letter in letters:
        if as_json:
            print(json.dumps(letter, ensure_ascii=False))
            continue
        record = json.loads(letter["record"])
        print(f"{letter['stage']}: {letter['reason']}  {letter['record_id']}")
        print(f"  {'text':9} {shown(title(record), 12)}")
        for name in ("options", "answer", "url"):
            if record.get(name) and title(record) != record[name]:
                value = record[name]
                print(f"  {name:9} {shown(' | '.join(value) if isinstance(value, list) else str(value), 12)}")
        if letter["evidence"]:
            print(f"  {'because':9} {shown(letter['evidence'], 12)}")
        print()
