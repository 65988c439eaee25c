"""Section 4: the curves of the training, one small picture a measure."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from crossthink.report.blend import key
from crossthink.report.markup import Html, el, figure, join, missing, paragraph, section
from crossthink.report.plots import COLOURS, LINE, PAPER, curve, draw, legend_above, log_axis, share_axis, whole_axis
from crossthink.report.run_folder import Run, Tree
from crossthink.report.wording import percent, plain

GROUPS = ("gpr", "math")


class Panel(NamedTuple):
    """One picture: its title, what it says, and the lines by their key in the metrics."""

    title: str
    caption: str
    lines: tuple[tuple[str, str], ...]
    kind: str = "plain"
    """"share" (0 to 1, in percent), "log" (where all values are above 0) or "plain"."""


PANELS = (
    Panel("Reward", "Mean of all rollouts; 1 where the answer is right and well-formed.", (("reward", "reward"),),
          "share"),
    Panel("Accuracy and format", "Share with the right answer, share in the asked format.",
          (("accuracy", "accuracy"), ("formatted", "well-formed")), "share"),
    Panel("Length", "Tokens of a completion, mean.", (("length", "tokens"),)),
    Panel("Cut off", "Share of completions that ended at the length limit.", (("truncated", "cut off"),), "share"),
    Panel("Entropy", "Of the policy's next-token distribution, nats per token.", (("entropy", "entropy"),)),
    Panel("KL to the reference", "Estimate in nats per token.", (("kl", "KL"),)),
    Panel("Clip fraction", "Share of tokens whose probability ratio was clipped.", (("clip_fraction", "clipped"),),
          "share"),
    Panel("Groups without spread", "Share of groups whose rewards are all the same: they teach nothing.",
          (("zero_spread_groups", "no spread"),), "share"),
    Panel("Sampler gap", "|log-prob of the trainer \u2212 log-prob of the sampler| over the tokens, nats.",
          (("sampler_gap_mean", "mean"), ("sampler_gap_max", "largest")), "log"),
    Panel("Probe gap", "Its mean on fixed prompts right after new weights went to the sampler; the run stops where it "
          "is too large.", (("probe_gap", "probe"),), "log"),
    Panel("Gradient norm", "Before clipping.", (("grad_norm", "norm"),)),
    Panel("Learning rate", "Of the optimizer's step.", (("lr", "rate"),)),
)


def curves(run: Run) -> Html:
    """The section."""
    title = "Curves of the training"
    rows = run.training.metrics if run.training else []
    if not rows:
        return section("curves", title, missing("step", "the trainer writes its metrics after every step"))
    window = 5 if len(rows) >= 10 else 1
    mean = f"Faint: each step; strong: the mean of {window} steps. " if window > 1 else ""
    said = paragraph(f"Steps {rows[0]['step']} to {rows[-1]['step']}. {mean}A step's rewards are of the prompts drawn "
                     "in it, so they also move with the questions; the evaluation below does not.")
    panels = [drawn for panel in PANELS if (drawn := _panel(panel, rows, window)) is not None]
    return section("curves", title, said, el("div", panels, class_="panels"), _by_cell(rows, window),
                   el("div", _letters(rows), _reasons(rows), class_="pair"))


def _series(rows: Sequence[Tree], name: str) -> tuple[list[float], list[float]]:
    found = [(row["step"], row[name]) for row in rows if isinstance(row.get(name), int | float)]
    return [step for step, _ in found], [value for _, value in found]


def _panel(panel: Panel, rows: Sequence[Tree], window: int) -> Html | None:
    series = [(name, *_series(rows, metric)) for metric, name in panel.lines]
    series = [entry for entry in series if entry[2]]
    if not series:
        return None

    def paint(axes: Any) -> None:
        for number, (name, steps, values) in enumerate(series):
            curve(axes, steps, values, number, name, 1 if panel.kind == "log" else window)
        whole_axis(axes.xaxis)
        axes.set_xlabel("step")
        values = [value for *_, line in series for value in line]
        if panel.kind == "share":
            share_axis(axes.yaxis, max(values))
        if panel.kind == "log":
            log_axis(axes.yaxis, min(values), max(values))
        if len(series) > 1:
            legend_above(axes, len(series))

    said = ", ".join(f"{name} {plain(values[0])} at step {steps[0]}, {plain(values[-1])} at step {steps[-1]}"
                     for name, steps, values in series)
    return figure(draw(paint, f"{panel.title} over the steps: {said}"), panel.title, panel.caption)


def _by_cell(rows: Sequence[Tree], window: int) -> Html | None:
    """Reward by group x format, then by domain x format: one picture a group or domain, one line a format."""
    cells = sorted({name for row in rows for name in row.get("by", {})})
    parts = sorted({name.rsplit("/", 1)[0] for name in cells}, key=lambda part: (part not in GROUPS, part))
    formats = sorted({name.rsplit("/", 1)[1] for name in cells})
    pictures = [_part(part, formats, rows, window) for part in parts]
    if not pictures:
        return None
    said = paragraph("Groups first (gpr is general-purpose reasoning), then domains. ", key(formats))
    return join(el("h3", "Reward by group and domain, and by format"), said, el("div", pictures, class_="panels small"))


def _part(part: str, formats: Sequence[str], rows: Sequence[Tree], window: int) -> Html:
    series = []
    for number, name in enumerate(formats):
        cells = [(row["step"], row.get("by", {}).get(f"{part}/{name}")) for row in rows]
        if found := [(step, cell["reward"]) for step, cell in cells if cell]:
            series.append((number, name, [step for step, _ in found], [value for _, value in found]))

    def paint(axes: Any) -> None:
        for number, name, steps, values in series:
            curve(axes, steps, values, number, name, window)
        whole_axis(axes.xaxis)
        axes.set_xlim(rows[0]["step"] - 0.5, rows[-1]["step"] + 0.5)
        axes.set_yticks([0, 0.5, 1])
        share_axis(axes.yaxis, 1.0)

    said = "; ".join(f"{name} {percent(values[0])} at step {steps[0]}, {percent(values[-1])} at step {steps[-1]}"
                     for _, name, steps, values in series)
    return figure(draw(paint, f"Reward of {part}: {said}", width=2.2, height=1.45), part or "no domain")


def _stack(rows: Sequence[Tree], metric: str, most: int, label: str) -> Html | None:
    """Shares of what was counted under `metric`, stacked over the steps; the rarest together as "other"."""
    totals: dict[str, int] = {}
    for row in rows:
        for name, number in row.get(metric, {}).items():
            totals[name] = totals.get(name, 0) + number
    if not totals:
        return None
    names = sorted(sorted(totals, key=lambda name: -totals[name])[:most])
    shown = [*names, "other"] if len(totals) > most else names
    shares = []
    for row in rows:
        found, whole = row.get(metric, {}), sum(row.get(metric, {}).values()) or 1
        parts = [found.get(name, 0) / whole for name in names]
        shares.append([*parts, max(0.0, 1 - sum(parts))] if len(shown) > len(names) else parts)

    def paint(axes: Any) -> None:
        floor = [0.0] * len(rows)
        steps = [row["step"] for row in rows]
        for place, name in enumerate(shown):
            heights = [row[place] for row in shares]
            axes.bar(steps, heights, bottom=floor, width=0.92, label=name.replace("_", " "), edgecolor=PAPER,
                     linewidth=0.4, color=(*COLOURS, LINE)[place])
            floor = [low + height for low, height in zip(floor, heights, strict=True)]
        whole_axis(axes.xaxis)
        share_axis(axes.yaxis, 1.0)
        axes.set_ylim(0, 1)
        axes.set_xlabel("step")
        axes.grid(visible=False)
        legend_above(axes, 3 if max(map(len, shown)) > 3 else 7)

    ends = [", ".join(f"{name} {percent(share)}" for name, share in zip(shown, shares[end], strict=True))
            for end in (0, -1)]
    return draw(paint, f"{label}: first step {ends[0]}; last step {ends[1]}", width=4.2, height=2.6)


def _letters(rows: Sequence[Tree]) -> Html | None:
    picture = _stack(rows, "labels", 6, "Share of each letter among the answers to multiple choice")
    if picture is None:
        return None
    return figure(picture, "Letters answered to multiple choice",
                  "A policy that collapses answers one letter; balanced questions keep the shares level.",
                  class_="wide")


def _reasons(rows: Sequence[Tree]) -> Html | None:
    picture = _stack(rows, "reasons", 5, "Share of each verdict among the rollouts")
    if picture is None:
        return None
    return figure(picture, "Verdicts of the rollouts", "Why each rollout was judged as it was.", class_="wide")
