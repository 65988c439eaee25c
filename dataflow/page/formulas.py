"""Formulas as text: TeX between dollar signs where the page carries it, else MathML and indices written in a line."""

import re
from typing import Any

_TEX = re.compile(r"^math/(?:tex|latex)", re.IGNORECASE)
_FORMULA_IMAGE = re.compile(r"math|latex|\btex\b|equation|formula", re.IGNORECASE)
_STYLE = re.compile(r"^\{\\(?:displaystyle|textstyle)\s*(.*)\}$", re.DOTALL)
_OWN_MARKS = (("$$", "$$", True), ("$", "$", False), (r"\(", r"\)", False), (r"\[", r"\]", True))
"""What may stand around TeX already, and whether that puts it on a line of its own."""
_COMMENT = re.compile(r"(?<!\\)%\s*(?:<!\[CDATA\[|\]\]>)|(?<!\\)%[^\n]*\n")
"""To the end of its line; also what hides TeX from XML."""
_GREEK = "[Α-Ωα-ωϑϕϵ]"
_TERM = rf"(?:\d{{1,4}}(?:\.\d{{1,4}})?|\d{{0,2}}(?:[a-zA-Z]|[a-z]?{_GREEK}[a-z]?))"
_INDEX = re.compile(rf"^[-+−]?{_TERM}$")
_COMPOUND = re.compile(rf"^[-+−]?{_TERM}(?: ?[-+−/^_] ?{_TERM})+$")
_VARIABLE = rf"\d{{1,3}}[a-rt-z]|\d*{_GREEK}[A-Za-z]?"
"""With a number before it ("2x", but the 90s and 3D are words), Greek, or behind a Greek letter: "πr"."""
_BASE = re.compile(rf"(?:\d|\)|(?<![^\W_])(?:[A-Za-z]|{_VARIABLE}|\d*(?:sin|cos|tan)))$")
_LOW_BASE = re.compile(rf"(?<![^\W_])(?:[a-z]|{_VARIABLE}|\d+|log)$")
_WORD_BASE = re.compile(r"(?:(?:[\d(/]|\bper)\s?(?:[kcdmnµμ]?m|ft|yd|mi)|=\s?(?:[\d./½]+\s?)?[a-z]{2})$")
"""A unit behind what a unit follows, or a product behind its sign: 2 or 3 at any other word is a note's mark."""
_SMALL_POWER = re.compile(r"^[-−]?[23]$")
RENDERED = frozenset(("katex-html", "MathJax", "MathJax_Preview", "MathJax_Display", "MathJax_SVG",
                      "MathJax_SVG_Display", "MathJax_CHTML"))
"""Classes of what a script drew from the formula that stands beside it."""
MAX_DEPTH = 50
"""Of MathML that is read; what is nested deeper is left out."""


def tex(source: str, *, display: bool) -> str:
    """TeX as text: "$x^2$", "$$x^2$$" for one on a line of its own; "" where there is none."""
    source = " ".join(_COMMENT.sub("", source).split())
    for left, right, own_line in _OWN_MARKS:
        inner = source.removeprefix(left).removesuffix(right)
        if len(source) == len(left) + len(inner) + len(right) and left not in inner and right not in inner:
            source, display = inner.strip(), display or own_line
    if styled := _STYLE.match(source):
        source = styled[1].strip()
    mark = "$$" if display else "$"
    return f"{mark}{source}{mark}" if source else ""


def math_element(node: Any) -> str:
    """A <math>: its TeX annotation, its `alttext`, or its tokens in a line."""
    attributes = node.attributes
    display = attributes.get("display") == "block"
    for note in node.css("annotation"):
        if "tex" in (note.attributes.get("encoding") or "").lower():
            return tex(note.text(), display=display)
    if alternative := attributes.get("alttext"):
        return tex(alternative, display=display)
    return _apart(_line(node))


def _apart(line: str) -> str:
    """The line with a blank where a fraction or an index meets what it would be read with: "2 1/3", "x^2 y"."""
    line = _MEETS_LEFT.sub(" ", _MEETS_RIGHT.sub(" ", line))
    return " ".join(line.replace(_LEFT, "").replace(_RIGHT, "").split())


def math_script(node: Any) -> str:
    """MathJax's source, <script type="math/tex">; "" for every other script."""
    kind = node.attributes.get("type") or ""
    return tex(node.text(), display="mode=display" in kind) if _TEX.match(kind) else ""


def formula_image(node: Any) -> str:
    """The alternative text of a picture of a formula; "" for every other picture, and where MathML stands beside it."""
    attributes = node.attributes
    alternative, style = attributes.get("alt") or "", attributes.get("class") or ""
    if not alternative or ("mwe-math-fallback" in style and _holds_math(node.prev)):
        return ""
    if _FORMULA_IMAGE.search(style) or _FORMULA_IMAGE.search((attributes.get("src") or "")[:200]):
        return tex(alternative, display=False)
    return ""


def _holds_math(before: Any) -> bool:
    """Whether the element before a picture, as Wikipedia has it, is a span with its MathML."""
    return before is not None and before.tag == "span" and before.css_first("math") is not None


def index(tag: str, text: str, before: str, line: str) -> str:
    """A <sup> or <sub> after the text `before`, the end of `line`: "10^6", "x_1", but "1st" and "H2O"."""
    text = " ".join(text.split())
    mark, base = ("^", _BASE) if tag == "sup" else ("_", _LOW_BASE)
    if not base.search(before) and not (tag == "sup" and _SMALL_POWER.match(text) and _WORD_BASE.search(line)):
        return text
    if _COMPOUND.match(text):
        return f"{mark}({text.replace(' ', '')})"
    return f"{mark}{text}" if _INDEX.match(text) else text


def index_text(node: Any) -> str:
    """What stands in a <sup> or <sub>, one inside of it marked as well: "n^2"."""
    child, text = node.first_child, ""
    while child is not None:
        inner = child.text()
        text += index(child.tag, inner, text, text) if child.tag in ("sup", "sub") else inner
        child = child.next
    return text


def numerator(text: str, before: str) -> str:
    """The upper part of "1<sup>1</sup>/<sub>2</sub>" after the text `before`: a fraction behind a number, no power."""
    return f" {text.strip()}" if before[-1:].isdigit() else text.strip()


_BLANKS = re.compile(r"\s+")
_NO_LINE = re.compile(r"0(?:\.0*)?(?:[a-z%]+)?$")
_UNSEEN = str.maketrans("\u2061\u2062\u2063\u2064", "  ,+")
"""Function application, times, comma and plus that MathML has and does not show."""
_LEFT, _RIGHT = "\x02", "\x03"
"""Where a fraction or a base with its indices begins and ends, until the line is whole."""
_EDGES = f" {_LEFT}{_RIGHT}"
_MEETS_LEFT = re.compile(rf"(?<=\w){_LEFT}+(?=\d)")
_MEETS_RIGHT = re.compile(rf"(?<![)\s]){_RIGHT}+(?={_LEFT}*\w)")
_BETWEEN = {"mfrac": "/", "msup": "^", "msub": "_", "munder": "_", "mover": "^"}
_STRUCTURES = frozenset((*_BETWEEN, "mfenced", "msubsup", "munderover", "msqrt", "mroot"))


def _line(node: Any, depth: int = 0) -> str:
    """MathML's tokens in one line: "(a+b)/2", "x^2", "sqrt(x)"."""
    if depth > MAX_DEPTH or node.tag in ("annotation", "annotation-xml"):
        return ""
    if node.tag == "mspace":
        return " "
    if node.tag == "mtext":
        return _BLANKS.sub(" ", node.text()).translate(_UNSEEN)
    if node.tag in ("mi", "mn", "mo", "ms"):
        return " ".join(node.text().split()).translate(_UNSEEN)
    parts = [part for child in node.iter() if (part := _line(child, depth + 1))]
    if node.tag not in _STRUCTURES:
        return ("; " if node.tag == "mtable" else ", " if node.tag == "mtr" else "").join(parts)
    parts = [part for part in (part.strip(_EDGES) for part in parts) if part]
    return _structure(node, parts) or "".join(parts)


def _structure(node: Any, parts: list[str]) -> str:
    """An element whose parts stand beside, above or below each other; "" where it has not as many as it needs."""
    if node.tag == "mfrac" and len(parts) == 2 and _NO_LINE.match(node.attributes.get("linethickness") or ""):
        return f"binom({parts[0]}, {parts[1]})"
    if node.tag == "mfenced":
        return f"{node.attributes.get('open', '(')}{', '.join(parts)}{node.attributes.get('close', ')')}"
    if node.tag in _BETWEEN and len(parts) == 2:
        left = "" if node.tag in ("mover", "munder") else _LEFT  # "0.16" with a line over the 6 is one number
        return f"{left}{_BETWEEN[node.tag].join(_bracketed(part) for part in parts)}{_RIGHT}"
    if node.tag in ("msubsup", "munderover") and len(parts) == 3:
        return f"{_LEFT}{_bracketed(parts[0])}_{_bracketed(parts[1])}^{_bracketed(parts[2])}{_RIGHT}"
    if node.tag == "msqrt":
        return f"sqrt({''.join(parts)})"
    if node.tag == "mroot" and len(parts) == 2:
        return f"root({parts[0]}, {parts[1]})"
    return ""


def _bracketed(part: str) -> str:
    return part if len(part) == 1 or part.isalnum() else f"({part})"
