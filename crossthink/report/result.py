"""Section 1: what came out, in one sentence that says how sure one can be of it, and a few numbers."""

from typing import Any

from crossthink.report.markup import Html, el, facts, section
from crossthink.report.run_folder import Run, Tree
from crossthink.report.wording import count, interval, percent, points, seconds, spoken


def result(run: Run) -> Html:
    """The section."""
    warnings = [el("p", words, class_="warning") for words in _warnings(run)]
    return section("result", "The result", el("p", headline(run), class_="headline"), formats_sentence(run), warnings,
                   facts(_key_numbers(run), class_="keys"))


def headline(run: Run) -> str:
    """The result in one sentence, or what there is of it."""
    cell = run.comparison.get("cells", {}).get("all")
    if cell:
        return verdict(cell)
    if run.before and run.after and run.before.cells.get("all") and run.after.cells.get("all"):
        return (f"Held-out accuracy is {percent(run.before.cells['all']['accuracy'])} before and "
                f"{percent(run.after.cells['all']['accuracy'])} after training; the paired comparison has not been "
                "made yet, so nothing is said about chance.")
    if run.before and run.before.cells.get("all"):
        return (f"No evaluation of the trained model yet; before training it answers "
                f"{percent(run.before.cells['all']['accuracy'])} of the held-out questions right.")
    return "No evaluation yet: this page shows what the run has done so far."


def verdict(cell: Tree) -> str:
    """A paired comparison as a sentence: before, after, difference, interval, and whether it excludes zero."""
    before, after, low, high = cell["before"], cell["after"], cell["low"], cell["high"]
    difference = cell["difference"]
    shown = f"{points(difference)} points, 95% interval {interval(low, high, signed=True)}"
    start = (f"On {count(cell['n'])} held-out questions accuracy went from {percent(before)} to {percent(after)}: "
             f"{shown}")
    if low > 0:
        return f"{start}. The interval excludes zero: the model got better."
    if high < 0:
        return f"{start}. The interval excludes zero: the model got worse."
    return f"{start}. The interval includes zero: this run does not show that the model got better or worse."


def formats_sentence(run: Run) -> Html | None:
    """The same by format, in short."""
    cells = run.comparison.get("cells", {})
    parts = [f"{name} {points(cell['difference'])} {interval(cell['low'], cell['high'], signed=True)}"
             for name, cell in cells.items() if name.split("/")[0] in ("gpr", "math")]
    if not parts:
        return None
    return el("p", f"By group and format, in points: {spoken(parts)}. All intervals are 95%, paired by question.")


def _warnings(run: Run) -> list[str]:
    words = []
    if run.training:
        recipe, done = run.training.recipe, len(run.training.metrics)
        if recipe.get("algorithm", {}).get("control") == "permute":
            words.append("This run is a control: its rewards were dealt anew within each group, so that they point at "
                         "nothing.")
        wanted = recipe.get("train", {}).get("steps")
        if not run.training.finished:
            words.append(f"Training is not finished: {count(done)} of {count(wanted)} steps.")
    if run.data and run.data.manifest is None:
        words.append("The data line is not finished: it has shipped no manifest.")
    return [*words, *run.notes]


def _key_numbers(run: Run) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    if run.data and run.data.questions is not None:
        born = sum(lineage["synthesizer"] not in ("", "import") for lineage in run.data.questions.column("lineage"))
        pairs += [("questions shipped", count(len(run.data.questions))), ("of them born of pages", count(born))]
    if run.training and run.training.metrics:
        rollouts = len(run.training.rollouts.places)
        pairs += [("training steps", count(len(run.training.metrics))),
                  ("rollouts", count(rollouts) if rollouts else None)]
    before, after = (part.cells.get("all") if part else None for part in (run.before, run.after))
    if before and after:
        pairs += [("well-formed answers", _change(percent(before["formatted"]), percent(after["formatted"]))),
                  ("tokens per correct answer", _change(_tokens(before), _tokens(after)))]
    total = sum(run.demo.get("seconds", {}).values())
    return [*pairs, ("wall time of all parts", seconds(total) if total else None)]


def _tokens(cell: Tree) -> str:
    value = cell.get("tokens_per_correct")
    return "no correct answer" if value is None else f"{value:.1f}"


def _change(before: str, after: str) -> str:
    return f"{before} \u2192 {after}"

