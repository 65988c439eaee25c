"""The text files under pages/: one a page, with a title, a small table of facts, and paragraphs.

    title: The deep lakes of Varrow
    facts: largest
    label: Depth in metres
    ask: Which lake is deepest?

    Orun | 412
    Tessel | 87

    First paragraph. Paragraphs and the table are set apart by blank lines.

Kinds of facts: `largest` (numbers) and `earliest` (years) with an `ask`, `lookup` (words) with a `noun` for what the
rows are, `member` (a kind and its members) with neither.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DOMAINS = ("stem", "history", "law", "economics", "geography", "philosophy", "health", "arts")
PAGES = Path(__file__).resolve().parent / "pages"


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Facts of one kind about things of one kind."""

    domain: str
    family: str
    """largest, earliest, lookup or member."""
    facts: tuple[tuple[str, str], ...]
    """(thing, value) in the page's order; for `member` (kind, members apart by ", ")."""
    label: str = ""
    """What the value is: "Depth in metres"."""
    ask: str = ""
    """The question that the table answers (`largest`, `earliest`)."""
    noun: str = ""
    """What one row is about (`lookup`): "town"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page before it is dressed in HTML."""

    slug: str
    title: str
    domain: str
    table: Table
    paragraphs: tuple[str, ...]


def read_page(path: Path) -> Page:
    """Parse one page file; its folder names the domain. Raises ValueError naming the file and what it lacks."""
    blocks = [block.splitlines() for block in path.read_text(encoding="utf-8").strip().split("\n\n")]
    head = dict(line.split(": ", 1) for line in blocks[0])
    for key in ("title", "facts"):
        if key not in head:
            raise ValueError(f"{path}: no line '{key}: ...' in the first block")
    if len(blocks) < 2 or any(" | " not in line for line in blocks[1]):
        raise ValueError(f"{path}: the second block must hold the facts, one 'thing | value' a line")
    rows = [line.split(" | ", 1) for line in blocks[1]]
    table = Table(domain=path.parent.name, family=head["facts"], facts=tuple((name, value) for name, value in rows),
                  label=head.get("label", ""), ask=head.get("ask", ""), noun=head.get("noun", ""))
    return Page(slug=path.stem, title=head["title"], domain=path.parent.name, table=table,
                paragraphs=tuple(" ".join(lines) for lines in blocks[2:]))


def read_pages(folder: Path = PAGES) -> list[Page]:
    """All pages of the eight domains, in the order of domains and file names."""
    return [read_page(path) for domain in DOMAINS for path in sorted((folder / domain).glob("*.txt"))]


def tables_of(pages: Iterable[Page], family: str) -> list[Table]:
    """The tables of one family, in the order of the pages."""
    return [page.table for page in pages if page.table.family == family]
