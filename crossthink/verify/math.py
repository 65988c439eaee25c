"""Mathematics ("math/1"): equivalence with the gold.

The same text is the same answer. Plain numbers are compared exactly, here. What is left goes to math-verify in the pool,
after the forms on which math-verify reads something else than what stands there were turned away.
"""

import re

from crossthink.schema import Question, Reason
from crossthink.verify.counters import count
from crossthink.verify.numbers import Number, read_number
from crossthink.verify.pool import compare

MAX_CHARACTERS = 1000
_PERCENT = re.compile(r"%|per\s?cent", re.IGNORECASE)
_DRESS = re.compile(r"(?<!\\)\$|\\[()]|\\(?:left|right)(?![A-Za-z])|\\[!,;: ]")
_OPEN, _CLOSE = "([{", ")]}"
_WORD_SEPARATOR = re.compile(r"(?:\\(?:text|mbox|mathrm)\s*\{\s*(?:,\s*)?(?:or|and)\s*\}|\b(?:or|and)\b)", re.IGNORECASE)
_MISREAD = re.compile(
    r"\\boxed|\d\s+\d|\d\s*\\q?quad|\d\s*:\s*\d|[0-9A-Fa-f]\s*_\s*\{?\s*\d|[^\s\\]\n")
"""Read by math-verify as: two numbers side by side a sum, a ratio or a clock time a quotient, a base nothing at all."""


def check_math(question: Question, answer: str) -> Reason:
    """CORRECT where the answer is equivalent to the gold, else why not."""
    gold = _bare(question.answer)
    if not gold or len(gold) > MAX_CHARACTERS:
        return Reason.BAD_GOLD
    if len(answer) > MAX_CHARACTERS:
        return Reason.TOO_LONG
    given = _bare(answer)
    if not given:
        return Reason.EMPTY_ANSWER
    if "".join(given.split()) == "".join(gold.split()) and not _MISREAD.search(given + gold) or given == gold:
        return Reason.CORRECT
    gold_number, number = read_number(gold), read_number(given)
    if gold_number and number:
        count("math_fast")
        return Reason.CORRECT if _equal(gold_number, number, question.question) else Reason.WRONG
    wanted, found = _answers(gold), _answers(given)
    if found > wanted:
        return Reason.TWO_ANSWERS
    if found < wanted:
        return Reason.WRONG
    if _MISREAD.search(given) or _MISREAD.search(gold) or not _balanced(given):
        return Reason.PARSE_FAILURE
    count("math_pool")
    return compare(gold, given)


def _bare(text: str) -> str:
    """Without math delimiters, sizing, thin spaces and a full stop at the end."""
    text = _DRESS.sub("", text).strip()
    return text[:-1].rstrip() if text.endswith(".") else text


def _equal(gold: Number, given: Number, question: str) -> bool:
    """Exact equality. Where just one carries a percent sign and the question asks in per cent, "50" is "50%" as well."""
    if gold.value == given.value:
        return True
    if gold.percent == given.percent or not _PERCENT.search(question):
        return False
    return gold.value * (100 if gold.percent else 1) == given.value * (100 if given.percent else 1)


def _answers(text: str) -> int:
    """How many answers stand side by side: parts at depth 0 between commas, semicolons, "or" and "and"."""
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", _WORD_SEPARATOR.sub(";", text))
    depth, parts, filled = 0, 0, False
    for character in text.replace("\\{", "{").replace("\\}", "}"):
        depth += (character in _OPEN) - (character in _CLOSE)
        if character in ",;" and depth <= 0:
            parts, filled = parts + filled, False
        elif not character.isspace():
            filled = True
    return parts + filled


def _balanced(text: str) -> bool:
    """Whether braces close in order, escaped ones aside."""
    depth = 0
    for token in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token.group(), 0)
        if depth < 0:
            return False
    return depth == 0
