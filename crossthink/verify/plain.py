"""Plain form of short answers: what Unicode, Markdown and LaTeX dress differently becomes the same text."""

import re
import unicodedata

_FONTS = re.compile(r"\\(?:text(?:bf|it|rm|tt|sf|sc|up|normal)?|math(?:bf|rm|it|sf|tt|bb|cal|normal)|mbox|emph|bm|"
                    r"underline|boldsymbol|operatorname|bf|rm|it|left|right|displaystyle)(?![A-Za-z])\*?")
FONT = _FONTS.pattern
"""What dresses words in LaTeX."""
_FONT_GROUP = re.compile(FONT + r"\s*\{([^{}]*)\}")
_SPACES = re.compile(r"\\[ ,;:!]|~|\\quad\b|\\qquad\b")
_DELIMITERS = re.compile(r"\\[()\[\]]|(?<!\\)\$|\*\*|`")
_DRESS = re.compile(r"[\\$*`]")
"""Without one of these a text has no delimiter, emphasis or escape: most have none, and looking costs less."""
_EMPHASIS = re.compile(r"(?<![^\s\"'(])(\*{1,3})([^\W\d](?:[^*]*[^\s*])?)\1(?![\w*])")
_ESCAPED = re.compile(r"\\([%$&#_])")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "“": '"', "”": '"',
                         "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-"})
_FRACTION = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_ARGUMENT = re.compile(r"(\\(?:sqrt|frac))(?:\s*(\d)|\s+([A-Za-z]))")
_SECOND_ARGUMENT = re.compile(r"(\\frac\s*\{[^{}]*\})\s*(\w)")
_SCRIPT = re.compile(r"([_^])\s*\{\s*(\w)\s*\}(?!\s*\d)")
_SIGN = r"[^\w\s.,:;!?'\"&]"
_LOOSE_BLANK = re.compile(
    rf"(?<={_SIGN}) | (?=(?![-+±]){_SIGN}|[-+±] )"  # "1 -2" may be two numbers
    r"|(?<=,) (?!\d)|(?<=,) (?!\d{3}(?!\d))(?=[^()\[\]]*[)\]])")  # "1, 5" is not "1,5", nor "(1, 234)" "(1,234)"
_BLANK_BEHIND_COMMAND = re.compile(r"(\\[A-Za-z]+) (?=\d)")


def plain(text: str) -> str:
    """Text without font commands, math delimiters, braces and invisible characters; one blank between words.

    Braces become blanks, so that `\\frac{1}{23}` and `\\frac{12}{3}` stay apart. Superscripts keep a caret ("10²" is
    "10^2", not "102"). Case stays. Linear in the length.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", "".join(map(_compatible, text))).translate(_QUOTES)
        text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    if "\\" in text:
        text = _SPACES.sub(" ", _FONTS.sub(" ", text))
    if _DRESS.search(text):
        text = _ESCAPED.sub(r"\1", _DELIMITERS.sub(" ", _EMPHASIS.sub(r"\2", text)))
    return " ".join(text.replace("{", " ").replace("}", " ").split())


def notation(text: str) -> str:
    """Plain form of mathematics: braces of fonts alone go, `\\dfrac{x}2` is `\\frac{x}{2}`, `x^{2}` is `x^2`, and signs
    have no blanks about them. Braces stay, as other brackets, so that `x^{2+y}` and `x^2+y` stay apart.
    """
    text = _FRACTION.sub(r"\\frac", _FONT_GROUP.sub(r" \1 ", text))
    text = _SECOND_ARGUMENT.sub(r"\1{\2}", _ARGUMENT.sub(r"\1{\2\3}", text))
    text = plain(_SCRIPT.sub(r"\1\2", text).replace("{", "⦃").replace("}", "⦄"))
    return _BLANK_BEHIND_COMMAND.sub(r"\1", _LOOSE_BLANK.sub("", text))


def _compatible(character: str) -> str:
    kind = unicodedata.decomposition(character).partition(" ")[0]
    if kind == "<super>":
        return "^" + character
    if kind == "<sub>":
        return "_" + character
    if kind == "<fraction>":
        return " " + unicodedata.normalize("NFKC", character).replace("\u2044", "/")
    return character
