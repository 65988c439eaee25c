"""Section 5: the held-out questions before and after, and what flipped."""

from collections.abc import Sequence
from typing import Any

from crossthink.report.curves import GROUPS
from crossthink.report.markup import Html, el, facts, figure, fold, join, missing, paragraph, section, table, verbatim
from crossthink.report.plots import draw, intervals
from crossthink.report.run_folder import Evaluation, Run, Tree
from crossthink.report.wording import MINUS, NONE, count, cut, interval, percent, points

SHOWN = 3
"""Flipped answers shown of each kind."""
WORDS = {"gained": "turned right", "lost": "turned wrong"}


def evaluation(run: Run) -> Html:
    """The section."""
    title = "Held-out questions, before and after"
    present = [(name, part) for name, part in (("before", run.before), ("after", run.after)) if part is not None]
    if not present:
        return section("evaluation", title, missing("evaluation", "run python -m crossthink.evaluate"))
    said = paragraph("Before is the model after the cold start, after is the final model. A response counts as right "
                     "where its answer is right and it keeps the format. All intervals are 95%; differences are paired "
                     "by question, so they speak of the choice of questions, not of the training's seed. Tokens per "
                     "correct answer: all tokens written, over the right answers.")
    absent = [missing(f"evaluation {name}", "run python -m crossthink.evaluate with that model")
              for name, part in (("before", run.before), ("after", run.after)) if part is None]
    cells = run.comparison.get("cells", {})
    return section("evaluation", title, said, absent, _sampling(present), _picture(cells), _differences(cells),
                   [_accuracy(name, part) for name, part in present], _flipped(run.comparison))


def _sampling(present: Sequence[tuple[str, Evaluation]]) -> Html:
    summary = present[0][1].summary
    questions = summary.get("questions", {})
    sampling = ", ".join(f"{key} {value}" for key, value in summary.get("sampling", {}).items())
    return facts([("questions", count(questions.get("n"))), ("their sha256", str(questions.get("sha256", ""))[:16]),
                  ("sampling", sampling)])


def ordered(cells: Tree) -> list[str]:
    """Names of cells: all, then groups x format, then domains x format."""
    return sorted(cells, key=lambda name: (name != "all", name.split("/")[0] not in GROUPS, name))


def _picture(cells: Tree) -> Html | None:
    if not cells:
        return missing("paired comparison", "run python -m crossthink.evaluate compare")
    rows = [(f"{name} (n {cells[name]['n']})", 100 * cells[name]["difference"], 100 * cells[name]["low"],
             100 * cells[name]["high"]) for name in ordered(cells)]

    def paint(axes: Any) -> None:
        intervals(axes, rows)
        axes.set_xlabel(f"points of accuracy, after {MINUS} before")

    label = "Paired difference of accuracy in points with 95% interval: " + "; ".join(
        f"{name} {middle:+.1f} [{low:+.1f}, {high:+.1f}]" for name, middle, low, high in rows)
    return figure(draw(paint, label, width=4.2, height=0.25 * len(rows) + 0.55), "What training changed",
                  "Dot: paired difference; line: 95% interval. A filled dot means that the interval excludes zero.",
                  class_="wide")


def _differences(cells: Tree) -> Html | None:
    body = []
    for name in ordered(cells):
        cell = cells[name]
        body.append((name, count(cell["n"]), percent(cell["before"]), percent(cell["after"]),
                     points(cell["difference"]), interval(cell["low"], cell["high"], signed=True), _p(cell.get("p")),
                     count(cell.get("gained")), count(cell.get("lost"))))
    return table("Paired differences in percentage points, by group/format and domain/format; p: exact sign test",
                 ("part", "n", "before", "after", "difference", "95% interval", "p", "gained", "lost"),
                 body) if body else None


def _p(value: float | None) -> str:
    if value is None:
        return NONE
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _accuracy(name: str, part: Evaluation) -> Html:
    body = []
    for cell_name in ordered(part.cells):
        cell = part.cells[cell_name]
        letters = ", ".join(f"{letter} {number}" for letter, number in cell.get("labels", {}).items())
        body.append((cell_name, count(cell["n"]), percent(cell["accuracy"]), interval(cell["low"], cell["high"]),
                     percent(cell.get("formatted")), percent(cell.get("truncated")), _tokens(cell.get("tokens_mean")),
                     _tokens(cell.get("tokens_per_correct")), el("span", letters or NONE, class_="steady")))
    head = ("part", "n", "right", "95% interval", "well-formed", "cut off", "tokens", "tokens per correct",
            "letters answered")
    return table(f"Results {name} training, in percent", head, body, words=(8,))


def _tokens(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f}"


def _flipped(comparison: Tree) -> Html | None:
    """Questions whose answer turned right or wrong, to read: a few of each."""
    cell, flipped = comparison.get("cells", {}).get("all"), comparison.get("flipped", [])
    if cell is None:
        return None
    said = paragraph(f"{count(cell['gained'])} questions turned right, {count(cell['lost'])} turned wrong.")
    shown = [row for change in WORDS for row in [row for row in flipped if row["change"] == change][:SHOWN]]
    return join(el("h3", "What flipped"), said, [_flip(row) for row in shown])


def _flip(row: Tree) -> Html:
    options = [el("li", option) for option in row["options"]]
    gold = f"{row['answer_label']}. {row['gold']}" if row["answer_label"] else row["gold"]
    return fold(join(el("b", WORDS[row["change"]]), ": ", cut(row["question"], 90)), paragraph(row["question"]),
                el("ol", options, type="A") if options else None, facts([("gold", gold)]),
                [_response(name, row[name]) for name in ("before", "after")])


def _response(name: str, side: Tree) -> Html:
    reason = side["reason"].replace("_", " ")
    return join(paragraph(f"{name}: answered {side['answer'] or 'nothing'}, {reason}"), verbatim(side["text"]))
