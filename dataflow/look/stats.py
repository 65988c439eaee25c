"""crossthink data stats [DIR]: the funnel of a run by stage, reason and domain, and what it took."""

import json
from collections.abc import Sequence
from typing import Any

from crossthink.dataflow.look.folders import Folder, folders_of
from crossthink.dataflow.look.show import table

from crossthink.command import command_parser, exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Print it. Returns 0, or 2 where there is no run."""
    parser = command_parser("crossthink data stats", __doc__)
    parser.add_argument("directory", nargs="?", default=".", metavar="DIR", help="folder of the run (default: .)")
    parser.add_argument("--json", action="store_true", help="for programs")
    args = parser.parse_args(argv)
    return exit_code(lambda: _print(folders_of(args.directory), args.json), debug=args.debug)


def _print(folders: Sequence[Folder], as_json: bool) -> None:
    if as_json:
        print(json.dumps({folder.name: to_tree(folder) for folder in folders}, indent=1, ensure_ascii=False))
        return
    print("\n\n".join(text(folder) for folder in folders))


def to_tree(folder: Folder) -> dict[str, Any]:
    """All of it, for programs."""
    run = folder.run
    return {"rows": folder.manifest.rows, "funnel": folder.funnel,
            **{key: run.get(key, {}) for key in ("seconds", "tokens", "capped", "counters")}}


def text(folder: Folder) -> str:
    """The tables of one folder."""
    run, funnel, manifest = folder.run, folder.funnel, folder.manifest
    size = sum(shard.bytes for shard in manifest.files)
    parts = [f"{folder.path}: {manifest.rows:,} rows in {len(manifest.files)} shard(s), {size / 1e6:,.1f} MB",
             by_reason(funnel, run.get("seconds", {}))]
    if domains := by_domain(funnel):
        parts.append(domains)
    tokens = run.get("tokens", {})
    if tokens:
        parts.append(table(("tokens", *next(iter(tokens.values()))),
                           [(stage, *(f"{number:,}" for number in used.values())) for stage, used in tokens.items()]))
    parts += [f"capped: {name} {number:,}" for name, number in run.get("capped", {}).items()]
    if "seconds" in run:
        parts.append(f"{run['seconds'].get('total', 0):,.1f} s in all, {run.get('runner', '')}")
    return "\n\n".join(parts)


def by_reason(funnel: Sequence[dict[str, Any]], seconds: dict[str, float]) -> str:
    """A line a stage, and below it one for each reason with its share of what came in."""
    rows: list[tuple[str, ...]] = []
    for row in funnel:
        spent = f"{seconds[row['stage']]:,.1f}" if row["stage"] in seconds else ""
        rows.append((row["stage"], f"{row['in']:,}", f"{row['kept']:,}", f"{row['out']:,}", "", spent))
        for outcome in ("rejected", "failed"):
            for reason, number in sorted(row[outcome].items(), key=lambda item: -item[1]):
                rows.append((f"  {outcome} {reason}", "", f"-{number:,}", "", f"{number / row['in']:.2%}", ""))
    return table(("stage", "in", "kept", "out", "share", "seconds"), rows)


def by_domain(funnel: Sequence[dict[str, Any]]) -> str:
    """What each stage gave by domain; "" where no stage knows any."""
    domains = sorted({domain for row in funnel for domain in row.get("by_domain", {})})
    rows = [(row["stage"], *(f"{row['by_domain'].get(domain, 0):,}" for domain in domains))
            for row in funnel if row.get("by_domain")]
    return table(("out by domain", *domains), rows) if rows else ""
