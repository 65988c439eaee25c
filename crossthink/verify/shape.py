"""The outer form of a mathematical answer: a list, a set, a tuple or interval, a union, a matrix, an inequality.

Its parts are compared one by one, so that most need no process, and every part is right for a reason of its own.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"\\[{}]|\\(?:[A-Za-z]+|.)|.", re.DOTALL)
_OPEN = {"(", "[", "{", "\\{", "\\lbrace", "\\langle"}
_CLOSE = {")", "]", "}", "\\}", "\\rbrace", "\\rangle"}
_GROUP_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_QUAD = r"\s*(?:\\q?quad(?![A-Za-z])\s*)*"
_OR = re.compile(rf",?{_QUAD}(?:\\(?:text|mbox|mathrm|textrm)\s*\{{\s*,?\s*(or|and)\s*\}}|\b(or|and)\b){_QUAD}",
                 re.IGNORECASE)
_MATRIX = re.compile(r"\\begin\{([pbB]?(?:small)?matrix|array)\}(?:\{[lcr|\s]*\})?(.*)\\end\{\1\}", re.DOTALL)
_RELATION = re.compile(r"\\(?:leqslant|leqq|leq|le|geqslant|geqq|geq|ge|lt|gt)(?![A-Za-z])|≤|≥|<=|>=|<|>")
_MEMBER = re.compile(r"\s*([A-Za-z]|\\[A-Za-z]+)\s*(?:\\in(?![A-Za-z])|∈)\s*")
_CONDITION = re.compile(r"\\\{\s*[A-Za-z]\s*(?:\\in(?![A-Za-z])\s*\\mathbb\s*\{?R\}?\s*)?(?:\\mid(?![A-Za-z])|\||:)"
                        r"\s*(?P<condition>.*)\\\}", re.DOTALL)
_REALS = re.compile(r"\\(?:mathbb|mathbf)\s*\{?\s*R\s*\}?|ℝ|\\R|(?:\\text\s*\{)?\s*all real numbers\s*\}?")
_SIGN_PAIR = re.compile(r"\\pm(?![A-Za-z])|±")
_VARIABLE = re.compile(r"\s*[A-Za-z]\s*")
MAX_PARTS = 12
"""Of a list, set, union or matrix; longer ones are compared as a whole."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The kind of a form, and its parts."""

    kind: str
    """"value", "list", "set", "union", "<", or brackets as "()", "(]", or "matrix 2x3"."""
    parts: tuple[str, ...]
    relations: tuple[str, ...] = ()
    """Of an inequality "<": "<" or "<=" between the parts, smaller ones first."""

    @property
    def ordered(self) -> bool:
        """Whether the places of the parts count."""
        return self.kind not in ("list", "set", "union")


def read_shape(text: str) -> Shape:
    """The form of an answer without delimiters (`latex.bare`). Linear in its length."""
    text = _ungrouped(text.strip())
    if len(parts := split(text)) > 1:
        return Shape("list", parts)
    if matrix := _MATRIX.fullmatch(text):
        rows = [_split(row, {"&"}) for row in _split(matrix[2], {"\\\\"}) if row.strip()]
        if "\\begin" not in matrix[2] and rows and len({len(row) for row in rows}) == 1:
            return Shape(f"matrix {len(rows)}x{len(rows[0])}", tuple(cell for row in rows for cell in row))
    if len(sets := _split(text, {"\\cup", "∪"})) > 1:
        return Shape("union", sets)
    if (brackets := enclosing(text)) and len(parts := split(_inside(text))) > 1:
        return Shape("set" if brackets == "{}" else brackets, parts)
    return _inequality(text) or Shape("value", (text,))


def _ungrouped(text: str) -> str:
    """Without brackets around a single element: "(5)" and the set of 5 alone are 5."""
    while enclosing(text) in ("()", "{}") and len(split(_inside(text))) == 1:
        text = _inside(text).strip()
    return text


def _inside(text: str) -> str:
    return text[2:-2] if text.startswith("\\") else text[1:-1]


def count_answers(text: str) -> int:
    """How many answers stand side by side: parts of a list or set, and one more for each sign pair."""
    text = text.strip()
    if enclosing(text) == "{}":
        text = _inside(text)
    return len(split(text)) + len(_SIGN_PAIR.findall(text))


def without_member(text: str, other: str) -> str:
    """The set behind "x \\in", unless the other answer names another variable or the like."""
    member, others = _MEMBER.match(text), _MEMBER.match(other)
    if member is None or (others is not None and others[1] != member[1]):
        return text
    return text[member.end():]


def as_interval(shape: Shape) -> Shape | None:
    """The interval that an inequality in one variable describes, as "x < 3" or "0 <= x < 1"."""
    if shape.kind != "<":
        return None
    places = [place for place, part in enumerate(shape.parts) if _VARIABLE.fullmatch(part)]
    if len(places) != 1 or len(shape.parts) > 3 or (len(shape.parts) == 3 and places != [1]):
        return None
    place = places[0]
    low = shape.parts[place - 1] if place else "-\\infty"
    high = shape.parts[place + 1] if place + 1 < len(shape.parts) else "\\infty"
    opening = "[" if place and shape.relations[place - 1] == "<=" else "("
    closing = "]" if place + 1 < len(shape.parts) and shape.relations[place] == "<=" else ")"
    return Shape(opening + closing, (low, high))


def as_set(text: str) -> str:
    """The set of reals that a text describes, as intervals: "x < 1 or x > 3", "\\{x : x > 2\\}" and "\\mathbb{R}"; any
    other text as it is."""
    if condition := _CONDITION.fullmatch(text):
        text = condition["condition"].strip()
    elif _REALS.fullmatch(text):
        return "(-\\infty,\\infty)"
    joints = {(word[0] or word[1]).lower() for word in _OR.findall(text)}
    parts = split(text) if joints == {"or"} else (text,)
    shapes = [_inequality(part) for part in parts]
    variables = [[part.strip() for part in shape.parts if _VARIABLE.fullmatch(part)] for shape in shapes if shape]
    if (len(parts) < 2 and not condition) or len(variables) < len(parts) or len({*map(tuple, variables)}) != 1:
        return text
    intervals = [as_interval(shape) for shape in shapes if shape]
    return "\\cup".join(f"{found.kind[0]}{found.parts[0]},{found.parts[1]}{found.kind[1]}"
                        for found in intervals if found) if all(intervals) else text


def split(text: str) -> tuple[str, ...]:
    """What stands between commas, semicolons, "or" and "and" outside brackets; empty parts are left out."""
    parts = _split(_GROUP_COMMA.sub("", _OR.sub(",", text)), {",", ";"})
    return tuple(part for part in parts if part)


def enclosing(text: str) -> str:
    """The brackets that enclose the whole text, as "()", "(]" or "{}" (a set); "" where none do. Bare braces that hold
    one value are grouping."""
    tokens = [token for token in _TOKEN.findall(text.strip()) if token.strip()]
    if len(tokens) < 2 or tokens[0] not in _OPEN or tokens[-1] not in _CLOSE:
        return ""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token in _OPEN) - (token in _CLOSE)
        if depth == 0 and place < len(tokens) - 1:
            return ""
    return tokens[0][-1] + tokens[-1][-1] if tokens[0] in ("(", "[", "{", "\\{") else ""


def _split(text: str, separators: set[str]) -> tuple[str, ...]:
    """The text cut at separators outside of brackets and environments, each part stripped."""
    parts, start, depth = [], 0, 0
    for token in _TOKEN.finditer(text):
        word = token.group()
        depth += (word in _OPEN) - (word in _CLOSE) + (word == "\\begin") - (word == "\\end")
        if depth <= 0 and word in separators:
            parts.append(text[start:token.start()].strip())
            start = token.end()
    return (*parts, text[start:].strip())


def _inequality(text: str) -> Shape | None:
    """A chain of one direction, turned so that smaller parts come first."""
    marks = _RELATION.findall(text)
    parts = tuple(part.strip() for part in _RELATION.split(text))
    if not marks or not all(parts):
        return None
    words = [mark.lstrip("\\") for mark in marks]
    down = {word.startswith(("g", ">", "≥")) for word in words}
    if len(down) > 1:
        return None
    relations = tuple("<" if word in ("<", ">", "lt", "gt") else "<=" for word in words)
    return Shape("<", parts[::-1], relations[::-1]) if down == {True} else Shape("<", parts, relations)
