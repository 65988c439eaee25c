"""Plain form of short answers: what Unicode, Markdown and LaTeX dress differently becomes the same text."""

import re
import unicodedata

_FONTS = re.compile(r"\\(?:text(?:bf|it|rm|tt|sf|sc|normal)?|math(?:bf|rm|it|sf|tt|bb|cal|normal)|mbox|emph|bm|"
                    r"boldsymbol|operatorname|bf|rm|it|left|right|displaystyle)(?![A-Za-z])\*?")
_SPACES = re.compile(r"\\[ ,;:!]|~|\\quad\b|\\qquad\b")
_DELIMITERS = re.compile(r"\\[()\[\]]|(?<!\\)\$|\*\*|`")
_ESCAPED = re.compile(r"\\([%$&#_])")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "“": '"', "”": '"',
                         "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-"})


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
    text = _ESCAPED.sub(r"\1", _DELIMITERS.sub(" ", text))
    return " ".join(text.replace("{", " ").replace("}", " ").split())


def _compatible(character: str) -> str:
    kind = unicodedata.decomposition(character).partition(" ")[0]
    if kind == "<super>":
        return "^" + character
    if kind == "<sub>":
        return "_" + character
    if kind == "<fraction>":
        return " " + unicodedata.normalize("NFKC", character).replace("\u2044", "/")
    return character
