"""Multiple choice ("choice/4"): which option a box names, by label, by text, or by both.

An answer is read as a whole first: a label (`B`, `(b)`, `B.`, `option B`), an option's text, or label and text (`B.
Paris`, `Paris (B)`). A number (`2`, `(ii)`) is a label too, unless an option speaks of numbers. What is none of these
is cut at commas and at "and" / "or": parts that name the same option are one answer, parts that name different options
are two. Text must equal an option's text in plain form; case counts only where it tells options apart, and a leading
article only where it does. Blanks about signs and spellings of LaTeX count only where nothing is named without them.
"""

import re
from collections.abc import Iterator

from crossthink.schema import LABELS, Question, Reason
from crossthink.verify.numbers import read_number
from crossthink.verify.plain import notation, plain
from crossthink.verify.text import normalise

_PREFIX = re.compile(r"(?:(?:the\s+)?(?:correct\s+|final\s+|best\s+)?(?:option|choice|answer)\b\s*(?:is\b|:)?\s*)+"
                     r"(?=\S)", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:the|an|a)\s+")
_LABEL = re.compile(r"[(\[]?\s*([A-Za-z])\s*[)\]]?\s*[.:)]?")
_LABELLED = re.compile(r"[(\[]?\s*(?:([A-Za-z])(?:\s*[)\]]\s*[.:,-]?|\s*[.:,]|\s+-)|([A-Z])(?=\s))\s*(\S.*)", re.DOTALL)
_NUMERAL = re.compile(r"[(\[]?\s*([1-9]\d?|[ivx]+)\s*[)\]]?\s*[.:)]?", re.IGNORECASE)
_NUMBERED = re.compile(r"[(\[]?\s*([1-9]\d?|[ivx]+)(?:\s*[)\]]\s*[.:,-]?|\s*[.:,]|\s+-)\s*(\S.*)",
                       re.DOTALL | re.IGNORECASE)
_SPEAKS_OF_NUMBERS = re.compile(r"\d|\b[ivx]+\b")
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi", "xvii",
          "xviii", "xix", "xx", "xxi", "xxii", "xxiii", "xxiv", "xxv", "xxvi")
_IN_PARENTHESES = re.compile(r"\(([^()]*)\)")
_LABEL_BEHIND = re.compile(r"(\S.*?)\s+\(([A-Z])\)\.?", re.DOTALL)
_QUOTED = re.compile(r"(['\"])([^'\"]+)\1")
_SEPARATOR = re.compile(r"\s*(?:[,;/&+|]|\band\b|\bor\b)\s*", re.IGNORECASE)
_SLACK = 200


def check_choice(question: Question, answer: str) -> Reason:
    """CORRECT, or why the answer does not name the gold option and it alone."""
    gold = LABELS.find(question.answer_label) if question.answer_label else -1
    if not 0 <= gold < len(question.options) or question.options[gold] != question.answer:
        return Reason.BAD_GOLD
    if len(answer) > 4 * max(map(len, question.options)) + _SLACK:
        return Reason.TOO_LONG
    named = named_option(question.options, answer)
    if isinstance(named, Reason):
        return named
    return Reason.CORRECT if named == gold else Reason.WRONG


def named_option(options: tuple[str, ...], answer: str) -> int | Reason:
    """Index of the one option that the answer names, or why there is none."""
    text = plain(answer)
    if not text.strip(" .,:;"):
        return Reason.EMPTY_ANSWER
    shown = [plain(option) for option in options]
    named = _whole(shown, text)
    if named is None:
        named = _by_value(options, answer)
    if named is None:
        named = _parts(shown, text)
    return _by_notation(options, answer) if named is Reason.NOT_AN_OPTION else named


def _whole(shown: list[str], text: str) -> int | Reason | None:
    """The option that the text as a whole names; None where it does not read as one answer."""
    label = _label(text, len(shown))
    if label is not None:
        return label
    by_text = _by_text(shown, text)
    if by_text is not None:
        return by_text
    if prefix := _PREFIX.match(text):
        return _whole(shown, text[prefix.end():])
    if quoted := _QUOTED.fullmatch(text):
        return _whole(shown, quoted[2])
    if (label := _numeral(text, shown)) is not None:
        return label
    return _label_and_text(shown, text)


def _label_and_text(shown: list[str], text: str) -> int | Reason | None:
    """The option that a label and a text name together."""
    for label, said in _readings(shown, text):
        by_text = None if label is None else _by_text(shown, said, prefer=label)
        if by_text is not None:
            return by_text if by_text == label or isinstance(by_text, Reason) else Reason.LABEL_TEXT_CONFLICT
    return None


def _readings(shown: list[str], text: str) -> Iterator[tuple[int | None, str]]:
    """What the text is as a label and a text, in either order. Two labels with a comma or a parenthesis are two
    answers, though the second may be the text of an option."""
    if labelled := _LABELLED.fullmatch(text):
        label, said = _label(labelled[1] or labelled[2], len(shown)), labelled[3]
        if "," not in text[:labelled.start(3)] or not _is_other_label(said, label, shown):
            yield label, said
        if (inner := _IN_PARENTHESES.fullmatch(said)) and not _is_other_label(inner[1], label, shown):
            yield label, inner[1]
    elif (numbered := _NUMBERED.fullmatch(text)) and not _speak_of_numbers(shown):
        yield _place(numbered[1], len(shown)), numbered[2]
    if behind := _LABEL_BEHIND.fullmatch(text):
        label, said = _label(behind[2], len(shown)), behind[1]
        if not _is_other_label(said, label, shown):
            yield label, said


def _is_other_label(said: str, label: int | None, shown: list[str]) -> bool:
    return _label(said, len(shown)) not in (None, label)


def _numeral(text: str, shown: list[str]) -> int | None:
    """The option that a number counts, unless an option speaks of numbers: then it would be a wrong text."""
    match = _NUMERAL.fullmatch(text)
    return _place(match[1], len(shown)) if match and not _speak_of_numbers(shown) else None


def _speak_of_numbers(shown: list[str]) -> bool:
    return any(_SPEAKS_OF_NUMBERS.search(normalise(option)) for option in shown)


def _place(numeral: str, count: int) -> int | None:
    """Place of the option that a number counts, from 1 in digits or in roman numerals."""
    numeral = numeral.casefold()
    number = int(numeral) if numeral.isdecimal() else _ROMAN.index(numeral) + 1 if numeral in _ROMAN else 0
    return number - 1 if 1 <= number <= count else None


def _label(text: str, count: int) -> int | None:
    match = _LABEL.fullmatch(text)
    place = LABELS.find(match[1].upper()) if match else -1
    return place if 0 <= place < count else None


def _by_text(shown: list[str], text: str, prefer: int = -1) -> int | Reason | None:
    """The option with this text; `prefer` settles between options with one text. The exact text goes before any case,
    and that before any article."""
    for fold in (str, str.casefold, _without_article):
        if fold is _without_article and text.startswith("A "):
            break  # more likely a label
        wanted = _bare(fold(text))
        found = [place for place, option in enumerate(shown) if _bare(fold(option)) == wanted]
        if prefer in found:
            return prefer
        if found:
            return found[0] if len(found) == 1 else Reason.TWO_ANSWERS
    return None


def _by_value(options: tuple[str, ...], answer: str) -> int | None:
    """The one option that is the same number in another spelling ("1/2" for "0.5", "4.0" for "4")."""
    number = read_number(answer)
    if number is None:
        return None
    found = [place for place, option in enumerate(options) if read_number(option) == number]
    return found[0] if len(found) == 1 else None


def _by_notation(options: tuple[str, ...], answer: str) -> int | Reason:
    """What the answer names in one spelling of each notation, where that keeps all options apart."""
    shown, text = [notation(option) for option in options], notation(answer)
    if len(set(shown)) < len(shown):
        return Reason.NOT_AN_OPTION
    named = _whole(shown, text)
    return _parts(shown, text) if named is None else named


def _without_article(text: str) -> str:
    text = text.casefold()
    article = _ARTICLE.match(text)
    return text[article.end():] if article else text


def _bare(text: str) -> str:
    return text.strip(" '\"").rstrip(" .")


def _parts(shown: list[str], text: str) -> int | Reason:
    """What the parts of a list name: the same option, two, or something that is no option."""
    parts = [part for part in _SEPARATOR.split(text) if part]
    named = [_whole(shown, part) for part in parts]
    if len(parts) < 2 or any(name is None for name in named):
        return Reason.TWO_ANSWERS if len({n for n in named if isinstance(n, int)}) > 1 else Reason.NOT_AN_OPTION
    if bad := next((name for name in named if isinstance(name, Reason)), None):
        return bad
    if len(set(named)) == 1 and isinstance(named[0], int):
        return named[0]
    labels = [_label(part, len(shown)) is not None or _numeral(part, shown) is not None for part in parts]
    return Reason.LABEL_TEXT_CONFLICT if any(labels) and not all(labels) else Reason.TWO_ANSWERS
