"""Drawing with matplotlib into the page: inline SVG, text as text, colours that follow the page's light and dark.

A plot is drawn in stand-in colours; in the SVG each becomes a CSS variable of the page (style.css).
"""

import hashlib
import io
import re
from collections.abc import Callable, Sequence
from math import ceil, floor, log10
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from crossthink.report.markup import Html, escape

INK, SOFT, LINE, PAPER = "#0a0b00", "#0a0b01", "#0a0b02", "#0a0b03"
COLOURS = ("#0a0b10", "#0a0b11", "#0a0b12", "#0a0b13", "#0a0b14", "#0a0b15")
KEPT, REJECTED, FAILED = "#0a0b20", "#0a0b21", "#0a0b22"
_VARIABLES = {INK: "ink", SOFT: "soft", LINE: "line", PAPER: "paper", KEPT: "kept", REJECTED: "rejected",
              FAILED: "failed", **{colour: f"c{number}" for number, colour in enumerate(COLOURS, 1)}}
STROKES = ("-", "--", ":", "-.", (0, (1, 1)), (0, (5, 1)))
"""One for each colour, so that lines can be told apart without colour."""
_STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "crossthink", "font.family": "DejaVu Sans", "font.size": 9,
    "text.color": INK, "axes.labelcolor": SOFT, "axes.edgecolor": LINE, "xtick.color": SOFT, "ytick.color": SOFT,
    "xtick.labelsize": 9, "ytick.labelsize": 9, "axes.labelsize": 9, "legend.fontsize": 9, "legend.frameon": False,
    "figure.facecolor": "none", "axes.facecolor": "none", "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "axes.axisbelow": True, "grid.color": LINE, "grid.linewidth": 0.5, "axes.linewidth": 0.8,
    "lines.linewidth": 1.8, "axes.unicode_minus": True, "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03}
Painter = Callable[[Any], None]


def draw(painter: Painter, label: str, *, width: float = 4.0, height: float = 2.3) -> Html:
    """The picture that `painter` draws on its axes, as inline SVG. `label` says it in words and is unique in a page."""
    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        painter(figure.subplots())
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return _inline(buffer.getvalue(), label)


def _inline(svg: str, label: str) -> Html:
    """An SVG file as part of an HTML page: no prologue, no metadata, its own names, the page's colours and fonts."""
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    box = re.search(r'viewBox="([^"]*)"', svg)
    assert box, "matplotlib writes a viewBox"
    svg = re.sub(r"<svg[^>]*>", f'<svg viewBox="{box[1]}" role="img" aria-label="{escape(label)}">', svg, count=1)
    svg = svg.replace("xlink:href", "href")
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    prefix = "f" + hashlib.blake2b(label.encode("utf-8", "replace"), digest_size=4).hexdigest()
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda found: f' id="{prefix}{found[1]}"' if found[1] in used else "", svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return Html(re.sub(r"\s*\n\s*", " ", svg).strip())


def share_axis(axis: Any, largest: float) -> None:
    """A y axis of shares in percent, from 0 to 1 or, where all are small, to a little above the largest."""
    top = 1.0 if largest > 0.25 else max(1.2 * largest, 0.01)
    digits = 0 if top > 0.05 else 1
    axis.axes.set_ylim(-0.03 * top, 1.03 * top)
    percent_labels(axis, digits)


def percent_labels(axis: Any, digits: int) -> None:
    """Label an axis of shares in percent."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.{digits}f}%"))


def log_axis(axis: Any, smallest: float, largest: float) -> None:
    """A logarithmic y axis from a power of ten to another, labelled at them, where the values span more than one."""
    if smallest > 0 and largest > 10 * smallest:
        axis.axes.set_yscale("log")
        axis.axes.set_ylim(10.0 ** floor(log10(smallest)), 10.0 ** ceil(log10(largest)))
        axis.set_minor_formatter(NullFormatter())


def whole_axis(axis: Any) -> None:
    """Few labels, whole numbers only: steps."""
    axis.set_major_locator(MaxNLocator(nbins=5, integer=True))


def smooth(values: Sequence[float], window: int) -> list[float]:
    """Mean of each value and those before it, `window` in all."""
    return [sum(values[max(0, end - window):end]) / min(end, window) for end in range(1, len(values) + 1)]


def curve(axes: Any, steps: Sequence[float], values: Sequence[float], number: int, name: str, window: int) -> None:
    """One line over the steps: the values faint, their running mean strong."""
    colour, stroke = COLOURS[number % len(COLOURS)], STROKES[number % len(STROKES)]
    if window > 1:
        axes.plot(steps, values, color=colour, linewidth=0.8, alpha=0.45)
        values = smooth(values, window)
    axes.plot(steps, values, color=colour, linestyle=stroke, label=name, marker="o" if len(steps) == 1 else None)


def legend_above(axes: Any, columns: int) -> None:
    """Names of the lines in a row above the picture, out of the way of the lines."""
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns, handlelength=1.9, columnspacing=1.2,
                borderaxespad=0.1, handletextpad=0.5)


def intervals(axes: Any, rows: Sequence[tuple[str, float, float, float]]) -> None:
    """Dots with their intervals around zero, one a row, the first on top: (name, middle, low, high)."""
    axes.axvline(0, color=SOFT, linewidth=1.0)
    for place, (_, middle, low, high) in enumerate(rows):
        clear = low > 0 or high < 0
        axes.plot([low, high], [place, place], color=COLOURS[0], linewidth=2.0, solid_capstyle="butt")
        axes.plot([middle], [place], marker="o", markersize=6.5, markeredgewidth=1.6, color=COLOURS[0],
                  markerfacecolor=COLOURS[0] if clear else PAPER)
    axes.set_yticks(range(len(rows)), [name for name, *_ in rows])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)


def bars(axes: Any, rows: Sequence[tuple[str, Sequence[float], str]], colours: Sequence[str]) -> None:
    """Stacked bars lying down, one a row, the first on top: (name, lengths, words behind the bar)."""
    longest = max((sum(lengths) for _, lengths, _ in rows), default=0.0) or 1.0
    for place, (_, lengths, words) in enumerate(rows):
        left = 0.0
        for length, colour in zip(lengths, colours, strict=True):
            if length:
                axes.barh(place, length, left=left, color=colour, height=0.66)
            left += length
        axes.text(left + longest * 0.015, place, words, va="center", color=INK)
    axes.set_yticks(range(len(rows)), [name for name, *_ in rows])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
