"""The terms of a passage: names, years, numbers and days in its whole sentences."""

import re
from dataclasses import dataclass

from crossthink.dataflow.rules.prose import is_whole
from crossthink.dataflow.stages.passages import sentences

MAX_NAME_WORDS = 5
_NUMBER = r"\d+(?:[.,]\d+)*\b(?![.,]?\d|[\]\w/-])"
_WORD = r"(?:(?:[A-Z]\.)+(?= [A-Z])|[A-Z][\w'’&-]*+)"
_NAME = re.compile(rf"(?<![\w#@/._-]){_WORD}"
                   rf"(?: (?:(?:of|of the|for|de|du|del|da|la|le|von|van|der|&) )?{_WORD}| \d+(?:\.\d+)*\b)*"
                   r"(?![/@_#]|\. ?\S)")
"""Capitalised words in a run: a part of a longer name is no name. "Mt. Fuji" is left out: its first word ends it."""
_KINDS = {
    "weekday": re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b"),
    "month": re.compile(r"\b(?:January|February|April|June|July|August|September|October|November|December)\b"),
    "year": re.compile(r"(?<![\d.,$€£#\[/-])(?:1[0-9]{3}|20[0-9]{2})(?![.,]?\d|[\]/-])\b"),
    "name": _NAME,
    "percentage": re.compile(rf"(?<![\w.,/#\[-]){_NUMBER}(?= ?%| per ?cent)"),
    "amount": re.compile(rf"(?<=[$€£]){_NUMBER}"),
    "number": re.compile(rf"(?<![\w.,/#\[$€£-])(?<!per )(?!(?:19|20)\d\d\.){_NUMBER}"),
}
"""In this order: what one kind has taken is no term of a later one."""
_OPENS = re.compile(r"(?:^|[\"'“‘(:;–—•*-])\s*$")
_ADJECTIVE = re.compile(r"-[a-z]|--")
"""In the last word: "AI-driven" names nothing."""
_POSSESSIVE = re.compile(r"['’]s?$")
FUNCTION_WORDS = frozenset(re.findall(r"\S+", """
    a about after all also although an and another any are as at be because before both but by can could did do does
    each either every few finally first for from had has have he her here his how however i if in
    instead is it its like many may might more most much must my neither next no nor not now of on once one only
    or other our over second she should since so some such than that the their then there these they
    this those though through thus to under unless until was we were what when where whether which while who why will
    with within without would yes yet you your"""))
"""They make no name where they begin a sentence, and say nothing of a text's domain."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or a few, that can be blanked."""

    kind: str
    text: str
    start: int
    """Place in the passage's text."""
    sentence: int


def terms(text: str) -> list[Term]:
    """The terms of a passage's whole sentences, in their order.

    A capital at the start of a sentence or a quotation makes no name, unless the word has one elsewhere, too; neither
    does one that the passage writes small as well.
    """
    small = set(re.findall(r"(?<![\w'’-])[a-z][\w'’-]*", text))
    found: list[Term] = []
    openings: set[int] = set()
    for number, (start, end) in enumerate(sentences(text)):
        if not is_whole(text[start:end]):
            continue
        taken: list[tuple[int, int]] = []
        for kind, pattern in _KINDS.items():
            for match in pattern.finditer(text, start, end):
                if any(match.start() < stop and begin < match.end() for begin, stop in taken):
                    continue
                taken.append(match.span())
                if kind != "name":
                    found.append(Term(kind, match[0], match.start(), number))
                elif name := _name(match, text[start:match.start()], small):
                    place = text.index(name, match.start())
                    found.append(Term(kind, name, place, number))
                    if place == match.start() and _OPENS.search(text[start:place]):
                        openings.add(place)
    inside = {term.text for term in found if term.start not in openings}
    return sorted((term for term in found if term.start not in openings or term.text in inside),
                  key=lambda term: term.start)


def _name(match: re.Match[str], before: str, small: set[str]) -> str:
    """The name in a run of capitalised words, without the word that opens its sentence; "" where it holds none."""
    words = _POSSESSIVE.sub("", match[0]).split()
    if _OPENS.search(before) and _folded(words[0]) in FUNCTION_WORDS:
        words = words[1:]
    own = [_folded(word) for word in words if word[0].isupper() and any(letter.islower() for letter in word)]
    if len(words) > MAX_NAME_WORDS or all(word in small or word in FUNCTION_WORDS for word in own):
        return ""
    return "" if _ADJECTIVE.search(words[-1]) else " ".join(words)


def _folded(word: str) -> str:
    """Small, and without what an apostrophe adds: "We’re" is "we"."""
    return re.split("['’]", word.casefold())[0]
