"""crossthink data why ID [DIR]: what became of a record, and of everything that was made from it.

ID is a question's or passage's id, a page as FILE@OFFSET, a row as SOURCE/FILE:ROW, a URL, or the beginning of one.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from crossthink.dataflow.look.find import Sighting, find
from crossthink.dataflow.look.show import one_line, shown

from crossthink.command import command_parser, exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Print it. Returns 0, or 2 where nothing goes by that id."""
    parser = command_parser("crossthink data why", __doc__)
    parser.add_argument("id", metavar="ID")
    parser.add_argument("directory", nargs="?", default=".", metavar="DIR", help="folder of the run (default: .)")
    parser.add_argument("--json", action="store_true", help="for programs")
    args = parser.parse_intermixed_args(argv)  # DIR may stand behind an option
    return exit_code(lambda: _print(find(args.directory, args.id), args.json), debug=args.debug)


def _print(found: list[Sighting], as_json: bool) -> None:
    if as_json:
        print(json.dumps([to_tree(sighting) for sighting in found], indent=1, ensure_ascii=False))
        return
    print(summary(found))
    for sighting in found:
        print(f"\n{sighting.kind} {sighting.id}\n  {one_line(title(sighting.record))}")
        print(f"  {sighting.outcome:9} {sighting.place}")
        if sighting.evidence:
            print(f"  {'because':9} {shown(sighting.evidence, indent=12)}")


def to_tree(sighting: Sighting) -> dict[str, Any]:
    """A sighting for programs; of the record only what it comes from."""
    return {"kind": sighting.kind, "id": sighting.id, "comes_from": list(sighting.names[1:]),
            "outcome": sighting.outcome, "folder": sighting.folder, "stage": sighting.stage,
            "reason": sighting.reason, "evidence": sighting.evidence, "shard": sighting.shard, "row": sighting.row}


def summary(found: Sequence[Sighting]) -> str:
    """One line: how many of each kind were kept, and why the others went."""
    parts = []
    for (kind, outcome, reason), number in sorted(Counter(
            (one.kind, one.outcome, one.reason) for one in found).items(), key=lambda item: item[0][1] != "kept"):
        what = kind if number == 1 else f"{number} {kind}s"
        parts.append(f"{what} {outcome}" + (f" ({reason})" if reason else ""))
    return ", ".join(parts)


def title(record: dict[str, Any]) -> str:
    """What a person knows a record by."""
    for key in ("question", "text", "url", "evidence"):
        if isinstance(record.get(key), str) and record[key]:
            return str(record[key])
    return json.dumps(record.get("values", ""), ensure_ascii=False)
