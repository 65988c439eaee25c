"""Section 9: time and tokens, by part and stage."""

from collections.abc import Iterable
from typing import Any

from crossthink.report.markup import Html, facts, figure, missing, paragraph, section, table
from crossthink.report.plots import COLOURS, bars, draw
from crossthink.report.run_folder import Data, Run, Training
from crossthink.report.wording import NONE, count, seconds, size

_USED = ("calls", "cached", "prompt", "generated")


def cost(run: Run) -> Html:
    """The section."""
    parts = [_wall(run), _data(run.data), _steps(run.training), _evaluations(run)]
    shown = [part for part in parts if part is not None]
    return section("cost", "Time and tokens", shown or missing("measurement", "every part writes its own when it ends"))


def _picture(rows: list[tuple[str, float]], title: str, caption: str) -> Html:
    def paint(axes: Any) -> None:
        bars(axes, [(name, (value,), seconds(value)) for name, value in rows], COLOURS[:1])
        axes.set_xlim(0, 1.35 * (max(value for _, value in rows) or 1))
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.grid(visible=False)

    label = f"{title}: " + ", ".join(f"{name} {seconds(value)}" for name, value in rows)
    return figure(draw(paint, label, width=4.2, height=0.27 * len(rows) + 0.2), title, caption, class_="wide")


def _wall(run: Run) -> list[Html] | None:
    spent = run.demo.get("seconds", {})
    if not spent:
        return None
    peak = run.demo.get("peak_rss_bytes")
    return [_picture(list(spent.items()), "Wall time of each part", "From the start of its command to its end."),
            facts([("all parts", seconds(sum(spent.values()))),
                   ("largest process", size(peak) if peak else None)])]


def _data(data: Data | None) -> Html | None:
    if data is None or not (data.run or data.tokens):
        return None
    spent, tokens = data.run.get("seconds", {}), data.run.get("tokens", {})
    ordered = [row["stage"] for row in data.funnel]
    names = [name for name in dict.fromkeys((*ordered, *spent, *tokens)) if name in spent or name in tokens]
    names.sort(key=lambda name: name == "total")
    body = []
    for name in names:
        used = tokens.get(name, {})
        body.append((name.replace("_", " "), seconds(spent.get(name)), *(count(used.get(key)) for key in _USED)))
    if tokens:
        body.append(("all stages", NONE, *(count(sum(used.get(key, 0) for used in tokens.values())) for key in _USED)))
    return table("Data line: seconds inside each stage (summed over workers; total is wall time), model calls, how "
                 "many of them were read from the store, tokens of prompts, tokens generated",
                 ("stage", "time", "calls", "stored", "prompt", "generated"), body)


def _steps(training: Training | None) -> list[Html] | None:
    if training is None:
        return None
    shown: list[Html] = []
    cold = training.cold_start
    if cold:
        losses = cold.get("loss") or []
        ends = f"{losses[0]:.3f} \u2192 {losses[-1]:.3f}" if losses else None
        shown.append(facts([
            ("cold start", seconds(cold.get("seconds"))), ("batches", count(len(losses))), ("loss", ends),
            ("base model", cold.get("base")), ("revision", str(cold.get("base_revision", ""))[:16])]))
    rows = training.metrics
    if rows:
        means = _means(row.get("seconds", {}) for row in rows)
        total = means.pop("total", None)
        tokens = sum(row.get("completion_tokens", 0) for row in rows)
        sampling = means.get("rollout", 0.0) * len(rows)
        shown.append(_picture(list(means.items()), "Seconds of a training step",
                              f"Mean of {count(len(rows))} steps; a whole step takes {seconds(total)}."))
        shown.append(paragraph(f"{count(tokens)} completion tokens sampled in training"
                               + (f", {tokens / sampling:,.0f} a second while sampling." if sampling else ".")))
    return shown or None


def _means(rows: Iterable[dict[str, float]]) -> dict[str, float]:
    """Mean of each key; a key that a row lacks counts as 0 there."""
    every = list(rows)
    names = dict.fromkeys(name for row in every for name in row)
    return {name: sum(row.get(name, 0.0) for row in every) / len(every) for name in names}


def _evaluations(run: Run) -> Html | None:
    body = []
    for name, part in (("before", run.before), ("after", run.after)):
        if part is not None:
            spent, tokens = part.summary.get("seconds"), part.summary.get("tokens")
            body.append((name, seconds(spent), count(tokens),
                         f"{tokens / spent:,.0f}" if isinstance(tokens, int) and spent else NONE))
    return table("Evaluation", ("evaluation", "time", "tokens", "tokens a second"), body) if body else None
