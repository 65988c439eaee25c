"""An evaluation and a comparison as aligned text for a terminal."""

from collections.abc import Sequence
from typing import Any


def evaluation_table(summary: dict[str, Any]) -> str:
    """One line a cell and benchmark: questions, accuracy with its interval, format, truncation and tokens; then, for
    several answers a question, pass@k, and for several benchmarks their averages."""
    head = ["cell", "n", "accuracy", "95% interval", "answer", "format", "cut off", "tokens", "per correct"]
    sources = summary["sources"] if len(summary["sources"]) > 1 else {}
    rows = [[name, f"{c['n']}" + (f" x {c['samples']}" if c["samples"] > 1 else ""), f"{c['accuracy']:.3f}",
             f"[{c['low']:.3f}, {c['high']:.3f}]", f"{c['answer_accuracy']:.3f}", f"{c['formatted']:.3f}",
             f"{c['truncated']:.3f}", f"{c['tokens_mean']:.0f}", _number(c["tokens_per_correct"])]
            for name, c in {**summary["cells"], **sources}.items()]
    tables = [aligned([head, *rows])]
    if len(chances := summary["cells"]["all"]["pass_at"]) > 1:
        tables.append("pass@k of all: " + ", ".join(f"{k}: {chance:.3f}" for k, chance in chances.items()))
    if sources:
        tables.append(aligned([["average over", "sets", "accuracy", "95% interval"], *(
            [name, str(a["sets"]), f"{a['accuracy']:.3f}", f"[{a['low']:.3f}, {a['high']:.3f}]"]
            for name, a in summary["averages"].items())]))
    return "\n\n".join(tables)


def comparison_table(comparison: dict[str, Any]) -> str:
    """One line a cell: both accuracies, the paired difference with its interval, the exact p and what flipped."""
    head = ["cell", "n", "before", "after", "difference", "95% interval", "p", "gained", "lost"]
    rows = [[name, str(c["n"]), f"{c['before']:.3f}", f"{c['after']:.3f}", f"{c['difference']:+.3f}",
             f"[{c['low']:+.3f}, {c['high']:+.3f}]", f"{c['p']:.2g}", str(c["gained"]), str(c["lost"])]
            for name, c in comparison["cells"].items()]
    return aligned([head, *rows])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows as lines of columns, the first column to the left and the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0])] + [text.rjust(w) for text, w in zip(others, widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"
