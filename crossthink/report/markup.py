"""HTML in Python: elements are functions, and every text is escaped unless it is HTML already."""

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any

_VOID = frozenset({"meta", "br", "hr", "link", "img"})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Characters that no HTML page may hold; model output and crawled pages do."""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def escape(value: object) -> Html:
    """A value as text of a page: HTML stays, all else is escaped."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(_CONTROL.sub("\ufffd", str(value)), quote=True))


def join(*children: Any) -> Html:
    """Children one after another; None is nothing, a list or generator is its items."""
    parts: list[str] = []
    for child in children:
        if isinstance(child, str) or not isinstance(child, Iterable):
            parts.append("" if child is None else escape(child))
        else:
            parts.append(join(*child))
    return Html("".join(parts))


def el(name: str, /, *children: Any, **attributes: Any) -> Html:
    """An element. `class_` is class, `aria_label` is aria-label; an attribute that is None or False is left out."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(value)}"')
        for key, value in attributes.items() if value is not None and value is not False)
    return Html(f"<{name}{written}>" if name in _VOID else f"<{name}{written}>{join(*children)}</{name}>")


def section(anchor: str, title: str, *children: Any) -> Html:
    """A section of the page with its heading."""
    return el("section", el("h2", title, id=f"{anchor}-title"), *children, id=anchor,
              aria_labelledby=f"{anchor}-title")


def paragraph(*children: Any) -> Html:
    """A paragraph."""
    return el("p", *children)


def missing(part: str, remedy: str) -> Html:
    """Says that a part of the run is not there yet, and what makes it."""
    return el("p", f"No {part} yet: {remedy}.", class_="missing")


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Any]], *, words: Sequence[int] = ()) -> Html:
    """A table with a caption. The first cell of a row is its header; columns not in `words` are numbers.

    It stands in a frame of its own that scrolls sideways where the screen is narrower.
    """
    def cell(column: int, value: Any) -> Html:
        if column == 0:
            return el("th", value, scope="row")
        return el("td", value, class_=None if column in words else "number")

    body = [el("tr", [cell(column, value) for column, value in enumerate(row)]) for row in rows]
    top = el("tr", [el("th", name, scope="col", class_=None if column == 0 or column in words else "number")
                    for column, name in enumerate(head)])
    whole = el("table", el("caption", el("span", caption)), el("thead", top), el("tbody", body))
    return el("div", whole, class_="frame", role="region", tabindex="0", aria_label=caption)


def facts(pairs: Iterable[tuple[str, Any]], class_: str = "facts") -> Html:
    """Names and values; a value that is None or "" is left out."""
    return el("dl", [el("div", el("dt", name), el("dd", value)) for name, value in pairs
                     if value is not None and value != ""], class_=class_)


def fold(summary: Any, *children: Any, open_: bool = False) -> Html:
    """Content behind a line that opens it."""
    return el("details", el("summary", summary), *children, open=open_)


def verbatim(text: object) -> Html:
    """Text of others, as it is: white space kept, its direction kept to itself."""
    return el("pre", text, dir="auto")


def figure(picture: Html, title: str, caption: Any = None, *, class_: str | None = None) -> Html:
    """A picture below its title."""
    return el("figure", el("figcaption", el("strong", title), el("span", caption) if caption else None), picture,
              class_=class_)
