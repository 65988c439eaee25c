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
_TERM = r"(?:\d{1,4}|\d{0,2}[a-zA-Z])"
_INDEX = re.compile(rf"^[-+−]?{_TERM}$")
_COMPOUND = re.compile(rf"^[-+−]?{_TERM}(?: ?[-+−/] ?{_TERM})+$")
_BASE = re.compile(r"(?:\d|\)|(?<![^\W_])[A-Za-z])$")
_VARIABLE = re.compile(r"(?<![^\W_])[a-z]$")
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
    return _line(node)


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


def index(tag: str, text: str, before: str) -> str:
    """A <sup> or <sub> after the text `before`: "10^6", "x_1", but "1st" and "H2O"."""
    text = " ".join(text.split())
    mark, base = ("^", _BASE) if tag == "sup" else ("_", _VARIABLE)
    if not base.search(before):
        return text
    if _COMPOUND.match(text):
        return f"{mark}({text.replace(' ', '')})"
    return f"{mark}{text}" if _INDEX.match(text) else text


def numerator(text: str, before: str) -> str:
    """The upper part of "1<sup>1</sup>/<sub>2</sub>" after the text `before`: a fraction behind a number, no power."""
    return f" {text.strip()}" if before[-1:].isdigit() else text.strip()


_NO_LINE = re.compile(r"0(?:\.0*)?(?:[a-z%]+)?$")
_UNSEEN = str.maketrans("\u2061\u2062\u2063\u2064", "  ,+")
"""Function application, times, comma and plus that MathML has and does not show."""
_BETWEEN = {"mfrac": "/", "msup": "^", "msub": "_", "munder": "_", "mover": "^"}


def _line(node: Any, depth: int = 0) -> str:
    """MathML's tokens in one line: "(a+b)/2", "x^2", "sqrt(x)"."""
    if depth > MAX_DEPTH or node.tag in ("annotation", "annotation-xml"):
        return ""
    if node.tag in ("mi", "mn", "mo", "mtext", "ms"):
        return " ".join(node.text().split()).translate(_UNSEEN)
    parts = [part for child in node.iter() if (part := _line(child, depth + 1))]
    if node.tag == "mfrac" and len(parts) == 2 and _NO_LINE.match(node.attributes.get("linethickness") or ""):
        return f"binom({parts[0]}, {parts[1]})"
    if node.tag == "mfenced":
        return f"{node.attributes.get('open', '(')}{', '.join(parts)}{node.attributes.get('close', ')')}"
    if node.tag in _BETWEEN and len(parts) == 2:
        return _BETWEEN[node.tag].join(_bracketed(part) for part in parts)
    if node.tag in ("msubsup", "munderover") and len(parts) == 3:
        return f"{_bracketed(parts[0])}_{_bracketed(parts[1])}^{_bracketed(parts[2])}"
    if node.tag == "msqrt":
        return f"sqrt({''.join(parts)})"
    if node.tag == "mroot" and len(parts) == 2:
        return f"root({parts[0]}, {parts[1]})"
    return ("; " if node.tag == "mtable" else ", " if node.tag == "mtr" else "").join(parts)


def _bracketed(part: str) -> str:
    return part if len(part) == 1 or part.isalnum() else f"({part})"
