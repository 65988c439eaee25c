"""Questions that point at what is not in them: a figure, a table, a numbered example, the problem before.

A set of questions is cut from books and exams whose pictures and pages stay behind. A pointer counts only in the
forms that show something to the reader ("the figure above", "a chest x-ray is shown."), for a graph, a map or a table
is as often a thing that the question is about. What the text does carry is there: a drawing in Asymptote, a table in
LaTeX or in lines of cells, lines that follow the pointer.
"""

import re

_PICTURE = (r"(?:figures?|diagrams?|graphs?|charts?|maps?|pictures?|illustrations?|images?|photographs?|photos?"
            r"|photomicrographs?|drawings?|histograms?|box ?plots?|scatter ?plots?|number lines?)")
_SCAN = (r"(?:photo(?:micro)?graphs?|radiographs?|x-rays?|scans?|MRI|CT|ECGs?|EKGs?|electrocardiograms?|angiograms?"
         r"|cardiotocographs?|smears?|tracings?|specimens?|biopsy|ultrasound|images?|graphs?|diagrams?|curves?|pedigrees?)")
_SHOWN = r"(?:shown|given|provided|depicted|pictured|displayed|presented|seen|illustrated|drawn)"
_WHERE = r"(?:above|below|here|(?:at|to|on) the (?:right|left)|at right|at left)"
_NUMBER = r"(?:\d+(?:\.\d+)?|[A-M]\b)"
_POINTS = r"(?:[Ii]n|[Ss]ee|[Uu]se|[Uu]sing|[Ff]rom|[Oo]f|[Tt]o|[Ff]or)"
_DRAWN = re.compile(r"\[asy\]|\\begin\{(?:tikzpicture|picture|asy)\}|\\includegraphics|!\[")
_TABLE = re.compile(r"\\begin\{(?:tabularx?|array|[a-z]?matrix|align)\}|^[^\n|]*+\|[^\n]*+\n[^\n|]*+\|",
                    re.MULTILINE)
"""Two lines of cells, each read up to its first bar: from each bar on, a long one would take its square in time."""
_LINES = re.compile(r"[^\n]*\n+[^\n]+\n+[^\n]+")
"""Two lines or more behind a pointer: a table that is written out."""
_FIGURE = re.compile("|".join((
    rf"(?<!of the )\b(?:following|accompanying|attached|adjacent) {_PICTURE}\b",
    r"\b(?:above|preceding|previous) (?:figure|diagram|graph|chart|map|illustration|photograph|drawing)\b",
    rf"\b{_PICTURE}(?: {_SHOWN})?,? {_WHERE}(?=[\s.,;:?)]|$)",
    rf"\b{_SHOWN} (?:in|by|on) the (?:\w+ ){{0,2}}{_PICTURE}\b",
    r"\b[Ii]n the (?:figure|diagram|picture|illustration|drawing)(?=[.,;:?])",
    r"\b(?:see|refer to|according to|based on|use|using) the (?:figure|diagram|picture|illustration|photograph)\b(?!-)",
    rf"\b{_SCAN}\b[^.?!\n]{{0,80}} (?:is|are) shown(?: {_WHERE})?[.,](?=\s|$)",
    r"\b(?:is|are|as) shown(?: here)?\.(?=\s|$)",
    rf", as shown(?: {_WHERE})?(?=[,.;])",
    rf"\b[Ff]igure {_NUMBER}")))
_TABLED = re.compile("|".join((
    r"(?<!of the )\b(?:following|accompanying|above|preceding|previous) tables?\b",
    rf"\btables?(?: {_SHOWN})?,? {_WHERE}(?=[\s.,;:?)]|$)",
    r"\bin the table(?=[.,;:?])",
    rf"\b{_POINTS} Table {_NUMBER}")))
_PART = re.compile("|".join((
    rf"\b{_POINTS} (?:the )?(?:Example|Exercise|Problem|Appendix) {_NUMBER}",
    rf"^Example {_NUMBER}",
    r"\b(?:the|two|three) (?:previous|preceding|last|above) (?:two |three )?"
    r"(?:exercise|problem|question|example|chapter|section)s?\b")))


_FIGURE_WORDS = ("shown", "igure", "diagram", "graph", "chart", "map", "picture", "illustration", "image", "photo",
                 "drawing", "histogram", "plot", "number line")
_PART_WORDS = ("previous", "preceding", "last", "above", "Example", "Exercise", "Problem", "Appendix")
"""A match holds one of them; to look for words is ten times as fast as to look for a pattern."""


def absent(text: str) -> tuple[str, str] | None:
    """The reason (`absent_figure`, `absent_table`, `absent_part`) and the words that point at it; None for none."""
    is_shown = _DRAWN.search(text) or _TABLE.search(text)
    if not is_shown and (found := _search(_FIGURE, text, _FIGURE_WORDS)):
        return "absent_figure", found[0]
    if not is_shown and (found := _search(_TABLED, text, ("table", "Table"))) and not _LINES.match(text, found.end()):
        return "absent_table", found[0]
    found = _search(_PART, text, _PART_WORDS)
    return ("absent_part", found[0]) if found else None


def _search(pattern: re.Pattern[str], text: str, words: tuple[str, ...]) -> re.Match[str] | None:
    return pattern.search(text) if any(word in text for word in words) else None
