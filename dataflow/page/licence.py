"""The licence that a page is under, by the marks of Creative Commons, as an SPDX identifier.

A page may name licences that are not its own: of a picture, or of what it writes about. So marks count in this order,
and the first kind that names one licence, and one only, decides:

1. `<link rel=license>` in the head, a meta tag, `license` of a page, article or work in JSON-LD, or RDFa's `resource`;
2. a link that is marked as the licence (rel, property or itemprop: "license", "cc:license", "dct:license"), outside
   figures;
3. a link to a licence in the page's footer or sidebar.

A link in the text without such a mark marks nothing, nor does one beside a picture.
"""

import re
from collections.abc import Iterator
from typing import Any

from crossthink.dataflow.page.marks import MARKS, element_marks

from crossthink.licences import UNKNOWN, spdx_of_row

_URL = re.compile(r"creativecommons\.org/(licenses|publicdomain)/([a-z+-]+)/(\d\.\d)(?:/([a-z]{2,3}|scotland))?"
                  r"(?![a-z])", re.IGNORECASE)
_PARTS = ("by", "nc", "nd", "sa")
_NAMES = ("dc.rights", "dcterms.license", "dcterms.rights", "dc.rights.license", "license", "copyright", "rights")
_OF_A_PART = re.compile(r"Image|Photo|Video|Audio|Media|Software|Dataset|Person|Organization")
_PLACES = MARKS["footer"] | MARKS["end_note"] | MARKS["aside"]
_HOST = '*="creativecommons.org/" i]'
_MAX_LEVELS = 64
_MAX_LINKS = 200


def licence_in(text: str) -> str:
    """The SPDX identifier of the first Creative Commons URL in a text; UNKNOWN for none.

    A port that SPDX does not list is "LicenseRef-" and its name.
    """
    found = _URL.search(text)
    if not found:
        return UNKNOWN
    family, name, version, country = found[1].lower(), found[2].lower(), found[3], (found[4] or "").upper()
    if family == "publicdomain":
        return {"zero": f"CC0-{version}", "mark": f"CC-PDM-{version}"}.get(name, UNKNOWN)
    parts = name.split("-")
    if not set(parts) <= set(_PARTS):
        return UNKNOWN
    ordered = "-".join(part.upper() for part in _PARTS if part in parts)
    # Ports of the first versions were to countries; a language of the deed is no part of the licence.
    port = f"-{country}" if country and version < "4.0" else ""
    return spdx_of_row(f"CC-{ordered}-{version}{port}")


def licence_of(tree: Any, meta: dict[str, str], data: list[dict[str, Any]]) -> str:
    """The licence of a parsed page; UNKNOWN where no mark counts, or the marks of a kind disagree."""
    for marks in (_stated(tree, meta, data), _linked(tree)):
        for kind in marks:
            found = {licence for text in kind if (licence := licence_in(text)) != UNKNOWN}
            if found:
                return found.pop() if len(found) == 1 else UNKNOWN
    return UNKNOWN


def _stated(tree: Any, meta: dict[str, str], data: list[dict[str, Any]]) -> Iterator[list[str]]:
    """What the page says of itself as a whole."""
    texts = [node.attributes.get("href") or "" for node in tree.css(f"link[href{_HOST}") if _is_mark(node)]
    texts += [node.attributes.get("resource") or "" for node in tree.css(f"[resource{_HOST}")
              if _is_mark(node) and not node.attributes.get("about")]  # else of what that names: a picture
    texts += [meta[name] for name in _NAMES if name in meta]
    for item in data:
        said = item.get("license") or item.get("schema:license")
        if said and not _OF_A_PART.search(str(item.get("@type"))):
            texts.append(str(said)[:300])
    yield texts


def _linked(tree: Any) -> Iterator[list[str]]:
    """Links marked as the licence, then links in the places where a page speaks of itself."""
    marked, placed = [], []
    for node in tree.css(f"a[href{_HOST}")[:_MAX_LINKS]:
        around, in_figure = _around(node)
        address = node.attributes.get("href") or ""
        if in_figure:
            continue
        if _is_mark(node):
            marked.append(address)
        elif around & _PLACES:
            placed.append(address)
    yield marked
    yield placed


def _is_mark(node: Any) -> bool:
    """Whether an element says that its address is the licence, in HTML's, RDFa's or schema.org's words."""
    words = " ".join(node.attributes.get(name) or "" for name in ("rel", "property", "itemprop")).lower().split()
    return any(word.rpartition(":")[2] == "license" for word in words)


def _around(node: Any) -> tuple[int, bool]:
    """Marks of the elements around a link, and whether one is a figure."""
    above: list[Any] = []
    node = node.parent
    while node is not None and len(above) < _MAX_LEVELS:
        above.append(node)
        node = node.parent
    marks = 0
    for element in reversed(above):
        if element.tag not in ("body", "html"):
            marks |= element_marks(element.tag or "", element.attributes, marks)
    return marks, any(element.tag in ("figure", "figcaption") for element in above)
