"""Section 2: from crawl to shards. Every stage, what it took in and gave out, and why the rest was lost."""

import json
from typing import Any

from crossthink.report.markup import Html, el, facts, figure, fold, join, missing, paragraph, section, table, verbatim
from crossthink.report.plots import FAILED, KEPT, REJECTED, bars, draw
from crossthink.report.run_folder import Data, Letters, Run, Tree
from crossthink.report.wording import count, cut

SHOWN = 400
"""Characters of a lost record's text."""


def funnel(run: Run) -> Html:
    """The section."""
    title = "From crawl to shards"
    if run.data is None:
        return section("funnel", title, missing("data", "run the data line (python -m crossthink.dataflow run)"))
    if not run.data.funnel:
        return section("funnel", title, missing("funnel", "the data line writes it when it ends"))
    explained = paragraph("In each stage, records in = kept + rejected + failed; the data line stops where that does "
                          "not add up. A kept record may become several (a page becomes passages, a passage "
                          "questions), so a stage's output can be larger than what it kept. The pages' stages and the "
                          "imported rows are two branches that meet at the first stage after both.")
    return section("funnel", title, explained, _picture(run.data.funnel), _table(run.data.funnel),
                   _examples("Rejected: a rule turned the record away", run.data.rejected, run.data.funnel, "rejected"),
                   _examples("Failed: the record could not be processed", run.data.failed, run.data.funnel, "failed"),
                   _shards(run.data))


def _lost(row: Tree, kind: str) -> int:
    return sum(row[kind].values())


def _name(stage: str) -> str:
    return stage.replace("_", " ")


def _picture(rows: list[Tree]) -> Html:
    def paint(axes: Any) -> None:
        shown = []
        for row in rows:
            total = max(row["in"], 1)
            lengths = (row["kept"] / total, _lost(row, "rejected") / total, _lost(row, "failed") / total)
            shown.append((_name(row["stage"]), lengths, f"{count(row['in'])} \u2192 {count(row['out'])}"))
        bars(axes, shown, (KEPT, REJECTED, FAILED))
        axes.set_xlim(0, 1.45)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.grid(visible=False)

    label = "Share of its input that each stage kept, rejected and failed: " + "; ".join(
        f"{_name(row['stage'])} {row['kept']} of {row['in']} kept" for row in rows)
    key = el("span", [el("span", el("i", class_=f"swatch {name}", aria_hidden="true"), name, class_="key")
                      for name in ("kept", "rejected", "failed")], " as shares of what came in; beside each bar the "
             "number of records in \u2192 out.")
    return figure(draw(paint, label, width=4.2, height=0.27 * len(rows) + 0.2), "What each stage kept and lost", key,
                  class_="wide")


def _table(rows: list[Tree]) -> Html:
    def reasons(row: Tree, kind: str) -> Html:
        found = [el("li", f"{_name(reason)} {count(number)}") for reason, number in row[kind].items()]
        return join(count(_lost(row, kind)), el("ul", found, class_="reasons") if found else None)

    body = [(_name(row["stage"]), count(row["in"]), count(row["kept"]), reasons(row, "rejected"),
             reasons(row, "failed"), count(row["out"])) for row in rows]
    return table("Every stage in the order of the work, with the reasons for what it lost",
                 ("stage", "in", "kept", "rejected", "failed", "out"), body)


def _examples(title: str, letters: Letters, rows: list[Tree], kind: str) -> Html | None:
    """One or two lost records of each stage and reason, folded."""
    folds = []
    for row in rows:
        for reason, number in row[kind].items():
            shown = letters.get((row["stage"], reason), [])
            if shown:
                folds.append(fold(f"{_name(row['stage'])}: {_name(reason)} ({count(number)})",
                                  [_letter(letter) for letter in shown]))
    return join(el("h3", title), el("div", folds, class_="folds")) if folds else None


def _letter(letter: Tree) -> Html:
    return el("article", facts([("record", letter.get("record_id")), ("evidence", letter.get("evidence"))]),
              verbatim(_shown(str(letter.get("record", "")))), class_="letter")


def _shown(record: str) -> str:
    """What a reader needs of a lost record: a question with its gold, a page's address and first words."""
    try:
        tree = json.loads(record)
    except ValueError:
        return cut(record, SHOWN)
    if not isinstance(tree, dict):
        return cut(record, SHOWN)
    if "question" in tree:
        options = "".join(f"\n- {option}" for option in tree.get("options") or ())
        return f"{cut(str(tree['question']), SHOWN)}{options}\ngold: {tree.get('answer', '')}"
    text = tree.get("text") or tree.get("body") or tree.get("block") or tree.get("values") or ""
    shown = (tree.get("url"), tree.get("title"), cut(str(text), SHOWN))
    return "\n".join(part for part in shown if part) or cut(record, SHOWN)


def _shards(data: Data) -> Html:
    if data.manifest is None:
        return missing("shards", "the data line writes them and their manifest last")
    body = [(shard.file, count(shard.rows), count(shard.bytes), el("code", shard.sha256[:16], title=shard.sha256))
            for shard in data.manifest.files]
    return table(f"What was shipped: {count(data.manifest.rows)} questions, data digest {data.manifest.digest[:16]}",
                 ("shard", "rows", "bytes", "sha256"), body, words=(3,))
