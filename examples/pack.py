"""Render the pages to HTML and write them as a small crawl, crawl.warc.gz.

    python examples/pack.py [OUT]

Beside the pages of the eight domains the crawl holds what every real one does: two near duplicates, a page in another
language, spam, a page with broken HTML in another charset than it declares, a page without text, and a quiz page that
repeats a question of evaluation.jsonl word for word. The same sources give the same bytes.
"""

import argparse
import hashlib
import json
from html import escape
from pathlib import Path

from html_page import HOSTS, Article, body_html, facts_html, render
from page_source import PAGES, Page, read_pages
from warc_file import info_record, response_record

HERE = Path(__file__).resolve().parent
FILE = "crawl.warc.gz"
HTML = "text/html; charset=utf-8"
Resource = tuple[str, str, bytes]
"""URL, content type, payload."""

# Pages that another site copied with a word changed here and there.
NEAR_DUPLICATES = {
    "guilds-of-tarrenport": (("only had to look up", "merely had to look up"),
                             ("lost their customers", "lost their buyers")),
    "worlds-found-by-telescope": (("built his own mirrors", "made his own mirrors"),
                                  ("found Neptune within an hour", "saw Neptune within an hour")),
}


def crawl_resources(pages: list[Page], evaluation: Path) -> list[Resource]:
    """Everything that the crawl holds, in the order of a hash of the URLs, as a crawler's frontier would mix it."""
    resources = [_page(pages, index, site=index % len(HOSTS)) for index in range(len(pages))]
    for index, page in enumerate(pages):
        if page.slug in NEAR_DUPLICATES:
            resources.append(_near_duplicate(pages, index))
    resources += [_german(), _spam(), _broken(), _quiz(evaluation), _without_text()]
    return sorted(resources, key=lambda resource: hashlib.sha256(resource[0].encode()).digest())


def quiz_question(evaluation: Path) -> dict[str, object]:
    """The first multiple-choice question of the evaluation set: the one that the quiz page repeats."""
    rows = map(json.loads, evaluation.read_text(encoding="utf-8").splitlines())
    return next(row for row in rows if row["options"])


def _page(pages: list[Page], index: int, site: int, edits: tuple[tuple[str, str], ...] = ()) -> Resource:
    page = pages[index]
    # Facts change their form from domain to domain and from page to page, independently of the site.
    facts = facts_html(page.table, (index + index // len(HOSTS) + 3) % 4)
    body = body_html(page.paragraphs, facts, after=1 + index % 2)
    for old, new in edits:
        assert body.count(old) == 1, f"{page.slug}: {old!r} must stand in the page once"
        body = body.replace(old, new)
    related = tuple(pages[(index + step) % len(pages)].title for step in (7, 13, 20))
    article = Article(title=page.title, body=body, section=page.domain, related=related)
    return f"https://{HOSTS[site]}/{page.domain}/{page.slug}.html", HTML, render(article, site).encode()


def _near_duplicate(pages: list[Page], index: int) -> Resource:
    return _page(pages, index, (index + 1) % len(HOSTS), NEAR_DUPLICATES[pages[index].slug])


def _special(name: str) -> tuple[str, tuple[str, ...]]:
    title, *paragraphs = (PAGES / "special" / f"{name}.txt").read_text(encoding="utf-8").strip().split("\n\n")
    return title, tuple(paragraphs)


def _german() -> Resource:
    title, paragraphs = _special("german")
    text = f"""<!DOCTYPE html>
<html lang="de"><head><meta charset="utf-8"><title>{title}</title></head>
<body><nav><a href="/">Startseite</a> <a href="/fahrplan">Fahrplan</a> <a href="/kontakt">Kontakt</a></nav>
<main><h1>{title}</h1>
{body_html(paragraphs, "")}
</main><footer>Impressum | Datenschutz</footer></body></html>
"""
    return "https://leuchtturm.example/skarholm.html", HTML, text.encode()


def _spam() -> Resource:
    title, paragraphs = _special("spam")
    links = " ".join(f'<a href="/buy{number}">cheap lamps {number}</a>' for number in range(1, 31))
    text = f"<html><head><title>{title}</title></head><body>{body_html(paragraphs, '')}<p>{links}</p></body></html>"
    return "https://best-cheap-lamps.example/", HTML, text.encode()


def _broken() -> Resource:
    """Windows-1252 bytes that are declared as UTF-8, tags that never close, and an end in the middle of a tag."""
    title, paragraphs = _special("broken")
    text = f"""<html><head><meta charset="utf-8"><title>{title}</title>
<body><div class=post <h1>{title}</h2>
<p>{"<p><b>".join(paragraphs)}</i>
<table><tr><td>soup<td>tea<tr></div>
<p>written by <a href="/authors?name="""
    return "https://crossing-cafe.example/notebooks", HTML, text.encode("cp1252")


def _quiz(evaluation: Path) -> Resource:
    title, paragraphs = _special("quiz")
    row = quiz_question(evaluation)
    options = row["options"]
    assert isinstance(options, list)
    items = "\n".join(f"<li>{escape(option)}</li>" for option in options)
    asked = f'<p><strong>{escape(str(row["question"]), quote=False)}</strong></p>\n<ol type="A">\n{items}\n</ol>'
    place = paragraphs.index("{question}")
    body = body_html(paragraphs[:place] + paragraphs[place + 1:], asked, after=place)
    article = Article(title=title, body=body, section="quiz", related=("The soup of the week", "How to find us"))
    return f"https://{HOSTS[2]}/pubs/copper-kettle-quiz.html", HTML, render(article, 2).encode()


def _without_text() -> Resource:
    text = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title></title><script src="/app.js"></script></head>
<body><div id="root"></div><img src="/a.jpg" alt=""><img src="/b.jpg" alt="">
<script>start("#root");</script></body></html>
"""
    return "https://gallery.example/", HTML, text.encode()


def crawl_bytes(evaluation: Path) -> bytes:
    """The whole crawl.warc.gz."""
    info = {"software": "crossthink examples/pack.py", "format": "WARC File Format 1.0",
            "description": "Sample pages written for CrossThink; every host is invented"}
    records = [info_record(FILE, info)]
    records += [response_record(*resource) for resource in crawl_resources(read_pages(), evaluation)]
    return b"".join(records)


def main() -> None:
    """Parse the command line, write the crawl, say what was written."""
    parser = argparse.ArgumentParser(description="Write the example's crawl.")
    parser.add_argument("out", nargs="?", type=Path, default=HERE, help="folder (default: examples/)")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    content = crawl_bytes(HERE / "evaluation.jsonl")
    (args.out / FILE).write_bytes(content)
    print(f"{args.out / FILE}: {len(content)} bytes")


if __name__ == "__main__":
    main()
