"""Section 3: the blend that the recipe declares, and what was drawn."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from crossthink.report.markup import Html, el, figure, join, missing, paragraph, section, table
from crossthink.report.plots import COLOURS, bars, draw, percent_labels
from crossthink.report.run_folder import Run, Tree
from crossthink.report.wording import NONE, count, percent, plain

Counts = Counter[str]
_FORMATS = {"mcq": "multiple choice", "open": "open-ended"}


def blend(run: Run) -> Html:
    """The section."""
    title = "The blend, declared and drawn"
    rows = _shipped(run)
    if run.training is None:
        start = missing("training", "run the trainer (python -m crossthink.train)")
        return section("blend", title, start, _cells(rows, Counter()) if rows else None)
    drawn = _drawn(run)
    if not drawn:
        return section("blend", title, missing("step", "the trainer writes what it drew with every step"),
                       _cells(rows, Counter()) if rows else None)
    setting = run.training.recipe.get("blend", {})
    by = setting.get("by", "group")
    shares = f"in proportion to {count(len(rows))} rows" if by == "size" else plain(setting.get("weights", {}))
    low, high = setting.get("pass_rate", (0, 1))
    said = paragraph(f"Declared by {by}: {shares}; pass rate from {plain(low)} to {plain(high)}. "
                     f"Drawn: {count(len(drawn))} prompts in {count(len(run.training.rollouts.files))} steps. "
                     "\u201cTimes through\u201d is prompts drawn over rows that the shards hold.")
    tables = el("div", _declared(setting, by, rows, drawn), _sources(run, rows))
    return section("blend", title, said, el("div", tables, _picture(drawn), class_="pair"),
                   _cells(rows, Counter(_cell(row) for row in drawn)))


def _shipped(run: Run) -> list[Tree]:
    """Group, source, domain and template of every shipped question."""
    if run.data is None or run.data.questions is None:
        return []
    names = ("group", "source", "domain", "template")
    columns = [run.data.questions.column(name) for name in names]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _drawn(run: Run) -> list[Tree]:
    """The same of every prompt drawn: a prompt's group of rollouts begins with sample 0."""
    places = run.training.rollouts.places if run.training else []
    return [{"group": p.group, "source": p.source, "domain": p.domain, "template": p.template}
            for p in places if p.sample == 0]


def _cell(row: Tree) -> str:
    return f"{row['domain'] or NONE}/{row['template']}"


def _declared(setting: Tree, by: str, rows: Sequence[Tree], drawn: Sequence[Tree]) -> Html:
    key = "source" if by == "size" else by
    weights = setting.get("weights", {})
    if by == "size":
        held = _count(rows, key)
        weights = {name: number / len(rows) for name, number in held.items()}
    return _shares(f"Declared and drawn, by {key}", key, _count(rows, key), _count(drawn, key), weights)


def _sources(run: Run, rows: Sequence[Tree]) -> Html:
    """By source, from the metrics of the steps."""
    drawn: Counts = Counter()
    for step in run.training.metrics if run.training else ():
        drawn.update(step.get("drawn", {}))
    return _shares("Drawn by source", "source", _count(rows, "source"), drawn, {})


def _cells(rows: Sequence[Tree], drawn: Counts) -> Html:
    return _shares("Drawn by domain and format" if drawn else "Rows by domain and format", "domain/format",
                   Counter(map(_cell, rows)), drawn, {})


def _count(rows: Sequence[Tree], key: str) -> Counts:
    return Counter(row[key] for row in rows)


def _shares(caption: str, part: str, rows: Counts, drawn: Counts, declared: Tree) -> Html:
    """A table of parts: rows, prompts drawn and their shares; columns without numbers are left out."""
    total = drawn.total()
    columns: list[tuple[str, Callable[[str], Any]]] = []
    if declared:
        columns.append(("declared", lambda name: percent(declared.get(name, 0.0))))
    if total:
        columns += [("drawn", lambda name: percent(drawn[name] / total)), ("prompts", lambda name: count(drawn[name]))]
    if rows:
        columns.append(("rows", lambda name: count(rows[name])))
    if rows and total:
        columns.append(("times through", lambda name: f"{drawn[name] / rows[name]:.2f}" if rows[name] else NONE))
    names = sorted({*rows, *drawn, *declared})
    return table(caption, (part, *(name for name, _ in columns)),
                 [(name, *(value(name) for _, value in columns)) for name in names])


def _picture(drawn: Sequence[Tree]) -> Html:
    """Prompts drawn by domain, in two shades for the formats."""
    formats = sorted({row["template"] for row in drawn})
    counted = Counter((row["domain"], row["template"]) for row in drawn)
    domains = sorted({row["domain"] for row in drawn}, key=lambda d: -sum(counted[d, f] for f in formats))

    def paint(axes: Any) -> None:
        shown = [(domain or NONE, [counted[domain, name] / len(drawn) for name in formats],
                  percent(sum(counted[domain, name] for name in formats) / len(drawn))) for domain in domains]
        bars(axes, shown, COLOURS[:len(formats)])
        axes.set_xlim(0, 1.22 * max(sum(lengths) for _, lengths, _ in shown))
        percent_labels(axes.xaxis, 0)

    label = "Share of the prompts drawn, by domain: " + ", ".join(
        f"{domain} {percent(sum(counted[domain, f] for f in formats) / len(drawn))}" for domain in domains)
    return figure(draw(paint, label, width=4.2, height=0.27 * len(domains) + 0.4), "Prompts drawn, by domain",
                  join(key(formats)), class_="wide")


def key(formats: Sequence[str]) -> list[Html]:
    """The colours of the formats in words."""
    return [el("span", el("i", class_=f"swatch c{number}", aria_hidden="true"), _FORMATS.get(name, name), class_="key")
            for number, name in enumerate(formats, 1)]
