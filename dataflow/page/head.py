"""What a page says about itself: title and date, from its JSON-LD, its meta tags and its first heading."""

import json
import re
from datetime import date
from typing import Any

from crossthink.dataflow.page.opt_out import ADDRESSED

MAX_JSON = 200_000
"""Characters of a JSON-LD script that is read."""
_MAX_ITEMS = 200
_MAX_TITLE = 300
_PUBLISHED = ("article:published_time", "og:article:published_time", "datepublished", "date", "dc.date",
              "dc.date.issued", "dcterms.date", "dcterms.created", "dcterms.issued", "pubdate", "publishdate",
              "publish-date", "publish_date", "parsely-pub-date", "sailthru.date", "citation_publication_date",
              "citation_date", "article.published", "article:published", "published_time", "rnews:datepublished")
"""Names of meta tags, in lower case."""
_ISO = re.compile(r"\b((?:19|20)\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_LONG = re.compile(r"\b(?:(\d{1,2})(?:st|nd|rd|th)?\s+)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+"
                   r"(?:(\d{1,2})(?:st|nd|rd|th)?,?\s+)?((?:19|20)\d\d)\b", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SITE = re.compile(r"\s+(?:[|·•»~–—]|-|::|:)\s+")
_CREATIVE = re.compile(r"Article|Posting|Page|News|Report|Recipe|Product|Course|Book|Question|Blog", re.IGNORECASE)


def linked_data(tree: Any) -> list[dict[str, Any]]:
    """The objects of the page's JSON-LD, those inside @graph too; what is no JSON is passed over."""
    found: list[dict[str, Any]] = []
    for script in tree.css('script[type^="application/ld+json" i]'):
        text = script.text()
        if len(text) > MAX_JSON:
            continue
        try:
            waiting = [json.loads(text, strict=False)]
        except (ValueError, RecursionError):
            continue
        while waiting and len(found) < _MAX_ITEMS:
            item = waiting.pop(0)
            if isinstance(item, list):
                waiting += item
            elif isinstance(item, dict):
                found.append(item)
                waiting += [item[name] for name in ("@graph", "mainEntity") if isinstance(item.get(name), list | dict)]
    return found


def meta_tags(tree: Any) -> dict[str, str]:
    """Contents of the meta tags by name, property or itemprop in lower case; the first one of a name counts.

    Of those that speak to robots each counts: plugins add a second one beside the theme's.
    """
    found: dict[str, str] = {}
    directives: dict[str, list[str]] = {}
    for node in tree.css("meta[content]"):
        attributes = node.attributes
        name = attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or ""
        name = name.strip().lower()
        content = attributes.get("content") or ""
        found.setdefault(name, content)
        if name in ADDRESSED:
            directives.setdefault(name, []).append(content)
    return found | {name: ", ".join(contents) for name, contents in directives.items()}


def title_of(tree: Any, meta: dict[str, str]) -> str:
    """The page's own heading: its only <h1>, else og:title or <title> without the name of the site."""
    headings = [text for node in tree.css("h1") if (text := _line(node.text(separator=" ")))]
    named = _line(tree.css_first("title").text() if tree.css_first("title") is not None else "")
    shared = _line(meta.get("og:title", ""))
    for heading in headings:
        if len(headings) == 1 or heading in named or heading in shared:
            return heading[:_MAX_TITLE]
    return (_without_site(shared, meta) or _without_site(named, meta))[:_MAX_TITLE]


def published_on(tree: Any, meta: dict[str, str], data: list[dict[str, Any]], url: str) -> str:
    """The day of publication, ISO 8601; "" where the page names none."""
    stated = [str(item.get("datePublished") or "") for item in data if _CREATIVE.search(str(item.get("@type")))]
    stated += [meta[name] for name in _PUBLISHED if name in meta]
    stated += [_stamp(node) for node in tree.css("[itemprop=datePublished], time[pubdate], article time")[:2]]
    stated += [url]
    stated += [_stamp(node) for node in tree.css("time, [class*=publish], [class*=date]")[:3]]
    return next((day for text in stated if (day := day_in(text))), "")


def day_in(text: str) -> str:
    """The first day that a text names, as "2024-03-01", "2024/3/1", "March 1, 2024" or "1 March 2024"; "" for none."""
    text = text[:_MAX_TITLE]
    if found := _ISO.search(text):
        return _iso(*map(int, found.groups()))
    if (found := _LONG.search(text)) and (found[1] or found[3]):
        return _iso(int(found[4]), _MONTHS.index(found[2].lower()) + 1, int(found[3] or found[1]))
    return ""


def _iso(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def _stamp(node: Any) -> str:
    return node.attributes.get("datetime") or node.attributes.get("content") or node.text()[:100]


def _line(text: str) -> str:
    return " ".join(text.split())


def _without_site(text: str, meta: dict[str, str]) -> str:
    """The title without the site's name behind it: the name that the page gives, else the shorter end."""
    parts = _SITE.split(text)
    if len(parts) < 2:
        return text
    site = meta.get("og:site_name", "").casefold()
    if (site and parts[-1].casefold() == site) or len(parts[-1].split()) <= 4 < len(text.split()):
        return text[:text.rindex(parts[-1])].rstrip(" |·•»~–—-:")
    return text
