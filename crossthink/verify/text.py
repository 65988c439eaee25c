"""Short free text ("text/3"): at most 10 words, exact match after a stated normalisation.

Normalised: Unicode (NFKC, quotes, dashes), case, LaTeX and Markdown dress, punctuation (but not `.` between digits, nor
signs that carry meaning such as `%`, `+`, `#`), "&" for "and", the subscripts of a formula, "the" anywhere,
"a" and "an" at the start, number words up to 99.
"""

import re

from crossthink.schema import Question, Reason
from crossthink.verify.plain import FONT, plain

MAX_WORDS = 10
"""Paper: gold answers of open-ended questions have at most 10 words."""

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SYMBOLS = re.compile(FONT + r"\s*\{((?:[A-Z][a-z]?|\()(?:[A-Z][a-z]?|[()]|_?\d|_\{\d+\})*)\}")
"""Of a formula, set upright: `\\text{H}_2\\text{O}`."""
_LOWERED = re.compile(r"_\s*\{\s*(\d+)\s*\}(?!\d)")  # not of `x_{1}2`, which is no x_{12}
_SUBSCRIPT = re.compile(r"(?<=[A-Za-z])_ ?(\d+)")  # of "H_2O"; plain() has made a blank of any other brace
_TIE = re.compile(r"(?<=[^\W\d]{2})~(?=\w)|(?<=[\w.])~(?=[^\W\d]{2})")  # beside a word: "3~5" is a range
_PUNCTUATION = re.compile(r"(?<!\d)\.|\.(?!\d)|[,;:!?\"()\[\]_]|(?<=\w)-(?=\w)")
_UNITS = {word: value for value, word in enumerate((
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"))}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_MAX_CHARACTERS = 1000


def check_text(question: Question, answer: str) -> Reason:
    """CORRECT where the answer is the gold after normalisation, else why not."""
    wanted = _shown(question.answer)
    gold = _normalised(wanted)
    if not gold or len(wanted.split()) > MAX_WORDS:
        return Reason.BAD_GOLD
    if len(answer) > _MAX_CHARACTERS:
        return Reason.TOO_LONG
    shown = _shown(answer)
    if len(shown.split()) > MAX_WORDS:
        return Reason.TOO_LONG
    given = _normalised(shown)
    if not given:
        return Reason.EMPTY_ANSWER
    return Reason.CORRECT if given == gold else Reason.WRONG


def count_words(text: str) -> int:
    """Words of a text in plain form, as white space divides them."""
    return len(_shown(text).split())


def normalise(text: str) -> str:
    """The text as the comparison sees it."""
    return _normalised(_shown(text))


def _normalised(shown: str) -> str:
    """The same of a text in plain form."""
    text = _SUBSCRIPT.sub(r"\1", shown.casefold()).replace("&", " and ")
    text = _THOUSANDS.sub("", text).replace("'", "")
    words = _PUNCTUATION.sub(" ", text).split()
    if len(words) > 1 and words[0] in ("a", "an"):
        words = words[1:]
    return " ".join(_numbers([word for word in words if word != "the"]))


def _shown(text: str) -> str:
    """The plain form, with what it leaves of a formula's braces and of ties between words."""
    if "_" in text:
        text = _LOWERED.sub(r"_\1", _SYMBOLS.sub(r"\1", text))
    return plain(_TIE.sub(" ", text) if "~" in text else text)


def _numbers(words: list[str]) -> list[str]:
    """Number words as digits: "twenty one" is "21", "two three" stays two numbers."""
    result: list[str] = []
    place = 0
    while place < len(words):
        word = words[place]
        following = words[place + 1] if place + 1 < len(words) else ""
        if word in _TENS and 1 <= _UNITS.get(following, 0) <= 9:
            result.append(str(_TENS[word] + _UNITS[following]))
            place += 1
        elif word in _TENS or word in _UNITS:
            result.append(str(_TENS.get(word, _UNITS.get(word, 0))))
        else:
            result.append(word)
        place += 1
    return result
