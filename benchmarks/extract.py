"""Main text of real pages: token F1 against what people marked, and pages a second of one core, peers in the same run.

    .venv/bin/pip install -c requirements/cpu.txt -r requirements/bench_extract.txt
    .venv/bin/python benchmarks/extract.py

260 pages of WCXB in seven kinds, each as the same decoded HTML for every side. Tokens are the case-folded runs of
letters and digits (`\\w+`); precision and recall count them as multisets, F1 is their harmonic mean on a page, and what
is shown is the mean over pages: of all, of each kind, and of two halves by a hash of the page's id: on `fitted` the
rules were made and the weights fitted; of `held_out` no page was read, but its mean was seen some times, and decided
between strengths of the penalty and between ways to cut off. `with` and `without`: the share of the snippets that must
stand in the text that do, and of those that must not that do (white space apart). Seconds are those of the CPU, the
best of TURNS.
Title and date: the share of pages where they are what people noted, of those where people noted one.
Writes benchmarks/results/extract.json.
"""

import gzip
import hashlib
import json
import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any

from crossthink.dataflow.sources.warc import read_warc
from crossthink.dataflow.sources.wet import to_page
from crossthink.dataflow.stages.extract import content, decode
from crossthink.dataflow.stages.stage import Kept

from crossthink.files import write_json
from crossthink.provenance import provenance
from crossthink.schema import canonical_text

SHARED = Path(os.environ.get("CROSSTHINK_SHARED", "../shared")) / "data" / "web_wcxb"
TURNS = 3
Side = Callable[[str], str | None]


def pages() -> list[tuple[dict[str, Any], str]]:
    """What people marked, and the HTML."""
    with gzip.open(SHARED / "ground_truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        truth = [json.loads(line) for line in lines]
    with (SHARED / "wcxb_260.warc.gz").open("rb") as file:
        found = [result.records[0] for result in map(to_page, read_warc(file, "wcxb_260.warc.gz"))
                 if isinstance(result, Kept)]
    return [(row, decode(page.body, page.charset)) for row, page in zip(truth, found, strict=True)]


def ours(html: str) -> str:
    """The function that the data line calls, with licence marks, title and date."""
    return content(html).text


def peers() -> dict[str, Side]:
    """The others by name, as their documentation calls them for plain text."""
    import justext
    import trafilatura
    from lxml.html import fromstring
    from readability import Document
    from resiliparse.extract.html2text import extract_plain_text

    english = justext.get_stoplist("English")

    def readability(html: str) -> str:
        return str(fromstring(Document(html).summary()).text_content())

    def paragraphs(html: str) -> str:
        return "\n".join(p.text for p in justext.justext(html, english) if not p.is_boilerplate)

    return {
        "trafilatura": trafilatura.extract,
        "trafilatura, fast": lambda html: trafilatura.extract(html, fast=True),
        "trafilatura, favor_recall": lambda html: trafilatura.extract(html, favor_recall=True),
        "resiliparse, main_content": lambda html: extract_plain_text(html, main_content=True, alt_texts=False),
        "resiliparse, main_content, comments": lambda html: extract_plain_text(
            html, main_content=True, alt_texts=False, comments=True),
        "resiliparse, all text": lambda html: extract_plain_text(html, alt_texts=False),
        "readability-lxml": readability,
        "jusText": paragraphs,
    }


def tokens(text: str) -> Counter[str]:
    """The multiset that texts are compared by."""
    return Counter(re.findall(r"\w+", text.casefold()))


def overlap(found: str, truth: str) -> tuple[float, float, float]:
    """Precision, recall and F1; a page on which nothing was found has 0 of each."""
    got, wanted = tokens(found), tokens(truth)
    common = (got & wanted).total()
    if not common:
        return 0.0, 0.0, 0.0
    precision, recall = common / got.total(), common / wanted.total()
    return precision, recall, 2 * precision * recall / (precision + recall)


def half(page_id: str) -> str:
    """Which half of the pages this one is in."""
    return ("fitted", "held_out")[hashlib.blake2b(page_id.encode()).digest()[0] % 2]


def score(side: Side, rows: Sequence[tuple[dict[str, Any], str]]) -> dict[str, Any]:
    """Means over pages, shares over snippets, and how many pages stopped the side with an exception."""
    groups: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    snippets: dict[str, list[bool]] = {"with": [], "without": []}
    raised = 0
    for row, html in rows:
        try:
            text = side(html) or ""
        except Exception:
            text, raised = "", raised + 1
        for group in ("all", half(row["id"]), row["page_type"]):
            groups[group].append(overlap(text, row["text"]))
        plain = " ".join(text.split())
        for kind, found in snippets.items():
            found += [" ".join(snippet.split()) in plain for snippet in row[kind] or ()]
    mean = {group: [sum(column) / len(values) for column in zip(*values, strict=True)]
            for group, values in groups.items()}
    return {"precision": mean["all"][0], "recall": mean["all"][1], "f1": mean["all"][2],
            "f1_by": {group: values[2] for group, values in sorted(mean.items()) if group != "all"},
            **{kind: sum(found) / len(found) for kind, found in snippets.items()}, "raised": raised}


def seconds(side: Side, rows: Sequence[tuple[dict[str, Any], str]]) -> list[float]:
    """CPU seconds over all pages in each turn."""
    turns = []
    for _ in range(TURNS):
        started = process_time()
        for _, html in rows:
            try:
                side(html)
            except Exception:  # counted by score()
                continue
        turns.append(process_time() - started)
    return turns


def heads(rows: Sequence[tuple[dict[str, Any], str]]) -> dict[str, Any]:
    """Titles and dates, ours beside trafilatura's."""
    from trafilatura import extract_metadata

    def theirs(html: str) -> tuple[str, str]:
        found = extract_metadata(html)
        return (found.title or "", found.date or "") if found else ("", "")

    def own(html: str) -> tuple[str, str]:
        found = content(html)
        return found.title, found.published

    report: dict[str, Any] = {}
    for name, side in (("ours", own), ("trafilatura", theirs)):
        right: dict[str, list[bool]] = {"title": [], "date": []}
        invented = 0
        for row, html in rows:
            title, date = side(html)
            if row["title"]:
                right["title"].append(canonical_text(title) == canonical_text(row["title"]))
            if row["publish_date"]:
                right["date"].append(date == row["publish_date"][:10])
            else:
                invented += bool(date)
        report[name] = {kind: {"right": sum(found), "of": len(found)} for kind, found in right.items()}
        report[name]["date_where_people_noted_none"] = invented
    return report


def main() -> None:
    """Measure ours and the peers, print, and write the results."""
    rows = pages()
    sides = {"ours": ours, **peers()}
    result = {}
    for name, side in sides.items():
        turns = seconds(side, rows)
        result[name] = {**score(side, rows), "pages_per_second": len(rows) / min(turns),
                        "seconds": [round(turn, 3) for turn in turns]}
        print(f"{name:36} F1 {result[name]['f1']:.3f}  {result[name]['pages_per_second']:7.1f} pages/s", flush=True)
    speed = {name: result["ours"]["pages_per_second"] / found["pages_per_second"] for name, found in result.items()}
    packages = ("selectolax", "trafilatura", "resiliparse", "readability-lxml", "jusText")
    write_json(Path(__file__).parent / "results" / "extract.json", {
        "command": " ".join(["python", *sys.argv]), "pages": len(rows), **provenance(),
        "packages": {name: version(name) for name in packages}, "sides": result, "ours_times_as_fast": speed,
        "heads": heads(rows)})


if __name__ == "__main__":
    main()
