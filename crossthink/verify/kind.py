"""What a gold is: which verifier judges an open answer, and whether it is an answer at all or a sentence about one."""

import re

from crossthink.verify.latex import as_words, bare, spelled_out, symbols
from crossthink.verify.numbers import read_number
from crossthink.verify.quantity import read_quantity
from crossthink.verify.shape import split
from crossthink.verify.units import split_unit

_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{[a-z*]+\}(?:\{[lcr|\s]*\})?")
_PROSE = re.compile(r"(?![A-Z]+$)[A-Za-z]{4,}|(?i:is|the|are|was|has|had|not|yes|no|for|can|did|his|her)")
"""Words that are no product of variables, nor the name of a triangle."""


def open_type(answer: str, group: str) -> str:
    """The answer type of an open question: "math" in mathematics and for an exact number, "quantity" for a rounded one
    or one with a unit of science, else "text"."""
    if group == "math":
        return "math"
    quantity = read_quantity(answer)
    if quantity is not None and (quantity.unit is not None or quantity.slack):
        return "quantity"
    return "math" if quantity is not None or read_number(answer) is not None else "text"


def prose(gold: str) -> list[str]:
    """The words of a mathematical gold that stand beside its values and are no unit behind one, as in "Ali is 26": a
    right answer in other words would not be found equal to it. Words alone, "no solution", are an answer."""
    text = spelled_out(bare(gold))
    if as_words(text) is not None:
        return []
    values = [split_unit(part)[0] for part in split(_ENVIRONMENT.sub(" ", text))]
    return sorted(word for value in values for word in symbols(value) if _PROSE.fullmatch(word))
