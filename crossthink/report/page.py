"""The page: all sections in their order, in one file that needs no network."""

from importlib.resources import files
from pathlib import Path

from crossthink import __version__
from crossthink.files import whole
from crossthink.report.blend import blend
from crossthink.report.cost import cost
from crossthink.report.curves import curves
from crossthink.report.evaluation import evaluation
from crossthink.report.funnel import funnel
from crossthink.report.lineage import lineage
from crossthink.report.machine import machine
from crossthink.report.markup import Html, el, join
from crossthink.report.reading import reading
from crossthink.report.result import result
from crossthink.report.run_folder import Run, read_run

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""The page holds texts of a crawl and of a model: should one slip through the escaping, the browser runs nothing."""
_SECTIONS = (("result", "Result"), ("funnel", "Crawl to shards"), ("blend", "Blend"), ("curves", "Curves"),
             ("evaluation", "Evaluation"), ("lineage", "One question"), ("rollouts", "Rollouts"),
             ("machine", "What ran"), ("cost", "Time and tokens"))


def write_report(run: Path, output: Path) -> Path:
    """Write the report of a run folder to `output`, whole or not at all; returns it.

    Parts that the run has not reached are said in the page. Raises ValueError where the folder is no run.
    """
    page = page_of(read_run(run))
    with whole(output) as partial:
        partial.write_text(page, encoding="utf-8")
    return output


def page_of(run: Run) -> Html:
    """The page of a run."""
    style = Html(files("crossthink.report").joinpath("style.css").read_text(encoding="utf-8"))
    head = el("head", el("meta", charset="utf-8"),
              el("meta", name="viewport", content="width=device-width, initial-scale=1"),
              el("meta", name="color-scheme", content="light dark"),
              el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
              el("title", f"CrossThink: {run.name}"), el("style", style))
    links = el("ul", [el("li", el("a", name, href=f"#{anchor}")) for anchor, name in _SECTIONS])
    body = el("body",
              el("header", el("p", "CrossThink run report", class_="kind"), el("h1", run.name),
                 el("nav", links, aria_label="Sections")),
              el("main", result(run), funnel(run), blend(run), curves(run), evaluation(run), lineage(run), reading(run),
                 machine(run), cost(run)),
              el("footer", el("p", f"Written by crossthink {__version__} from the files of the run folder alone.")))
    return join(Html("<!DOCTYPE html>\n"), el("html", head, body, lang="en"), Html("\n"))
