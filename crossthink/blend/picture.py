"""The shares of a blend as a picture: a pair of bars each, declared and realised."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from crossthink.blend.shares import Share
from crossthink.files import whole


def draw(found: Mapping[str, Sequence[Share]], prompts: int, path: Path) -> None:
    """Draw the shares of each kind side by side into `path`; its ending says the format."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    height = 0.8 + 0.3 * max(len(rows) for rows in found.values())
    figure, panels = pyplot.subplots(1, len(found), figsize=(3.1 * len(found), height), layout="constrained")
    for axes, (kind, rows) in zip(panels, found.items(), strict=True):
        places = range(len(rows))
        axes.barh([place - 0.2 for place in places], [row.declared for row in rows], 0.36, color="#999999")
        axes.barh([place + 0.2 for place in places], [row.realised(prompts) for row in rows], 0.36, color="#0072B2")
        axes.set_yticks(list(places), [row.name or "-" for row in rows])
        axes.invert_yaxis()
        axes.set_title(kind)
        axes.xaxis.set_major_formatter("{x:.0%}")
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(handles=list(panels[0].containers), labels=["declared", "realised"], loc="outside lower center",
                  ncols=2, frameon=False)
    with whole(path) as partial:
        figure.savefig(partial, format=path.suffix.lstrip(".") or "png", metadata={})
    pyplot.close(figure)
