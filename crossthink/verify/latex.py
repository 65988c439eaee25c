"""What the text of a mathematical answer says about its form, without parsing it.

`math.py` lets at most 1,000 characters through to these functions.
"""

import re

_DELIMITERS = re.compile(r"(?<!\\)\$|\\[()]|\\(?:left|right|displaystyle)(?![A-Za-z])|\\!\s*")
_THOUSANDS = re.compile(r"(?<=\d)(?:\\[,; ]|\{,\})(?=\d{3}(?!\d))")
_THIN_SPACES = re.compile(r"\\[,;: ]")
_FRACTION = re.compile(r"\\[dt]frac(?![A-Za-z])")
_SCRIPT = re.compile(r"([_^])\{(\w)\}")
_LOOSE_BLANK = re.compile(r"(?<!\d)\s+|\s+(?!\d)")
_GROUP_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_OR = re.compile(r"\\(?:text|mbox|mathrm)\s*\{\s*,?\s*(?:or|and)\s*\}|\b(?:or|and)\b", re.IGNORECASE)
_SIGN_PAIR = re.compile(r"\\pm(?![A-Za-z])|±")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_TEXT_GROUP = re.compile(r"\\(?:text(?:bf|it|rm)?|mbox|mathrm|mathbf)\s*\{([^{}]*)\}")
_WORDS = re.compile(r"[A-Za-z]{4,}(?:[ -][A-Za-z]+)*|[A-Za-z]+(?: [A-Za-z]{2,})+")
_KNOWN_WORDS = {"e", "i", "pi", "sqrt", "sin", "cos", "tan", "log", "ln", "exp", "frac"}
_OPEN, _CLOSE = "([{", ")]}"


def bare(text: str) -> str:
    """Without math delimiters, sizing, thin spaces and a full stop at the end."""
    text = _THIN_SPACES.sub(" ", _THOUSANDS.sub(",", _DELIMITERS.sub("", text))).strip()
    return text[:-1].rstrip() if text.endswith(".") else text


def key(text: str) -> str:
    """The text with spellings of one notation made the same: equal keys are the same answer."""
    return _LOOSE_BLANK.sub("", _SCRIPT.sub(r"\1\2", _FRACTION.sub(r"\\frac", text)))


def count_answers(text: str) -> int:
    """How many answers stand side by side: parts between commas, semicolons, "or" and "and" outside brackets, and one
    more for each sign pair. The braces of a set that encloses everything do not count as brackets."""
    text = _GROUP_COMMA.sub("", _OR.sub(";", text)).replace("\\{", "{").replace("\\}", "}").strip()
    if bracket_kind(text) == "{":
        text = text[1:-1]
    depth, parts, filled = 0, 0, False
    for character in text:
        depth += (character in _OPEN) - (character in _CLOSE)
        if character in ",;" and depth <= 0:
            parts, filled = parts + filled, False
        elif not character.isspace():
            filled = True
    return parts + filled + len(_SIGN_PAIR.findall(text))


def bracket_kind(text: str) -> str:
    """The brackets that enclose the whole text, as "(", "[", "(]", "[)" or "{" (a set); "" where none do."""
    text = text.replace("\\{", "{").replace("\\}", "}").strip()
    if len(text) < 2 or text[0] not in _OPEN or text[-1] not in _CLOSE:
        return ""
    depth = 0
    for place, character in enumerate(text):
        depth += (character in _OPEN) - (character in _CLOSE)
        if depth == 0 and place < len(text) - 1:
            return ""
    pair = text[0] + text[-1]
    return pair[0] if pair in ("()", "[]", "{}") else pair


def is_balanced(text: str) -> bool:
    """Whether braces close in order, escaped ones aside."""
    depth = 0
    for token in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token.group(), 0)
        if depth < 0:
            return False
    return depth == 0


def text_groups(text: str) -> list[str]:
    """Contents of `\\text{}` and its like."""
    return [group.strip() for group in _TEXT_GROUP.findall(text)]


def symbols(text: str) -> set[str]:
    """Bare words and letters: variables, or words of prose; known functions and constants are none."""
    return set(re.findall(r"[A-Za-z]+", _COMMAND.sub(" ", text))) - _KNOWN_WORDS


def as_words(text: str) -> str | None:
    """The words, where the whole text is words (`\\text{east}`, `ellipse`, `\\text{(C)}`); None where it is not."""
    if group := _TEXT_GROUP.fullmatch(text.strip()):
        return group[1].strip() if re.search(r"[A-Za-z]", group[1]) else None
    return text.strip() if _WORDS.fullmatch(text.strip()) else None
