"""A text as the quality rules see it: words, lines, paragraphs, each found once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

_TOKEN = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")
_FORMULA = re.compile(r"\$\$?(?=\S)[^$\n]{1,500}(?<=\S)\$\$?(?!\d)|\\\(.{1,500}?\\\)|\\\[.{1,500}?\\\]", re.DOTALL)
Broken = tuple[str, str]
"""A rule's name and what was measured."""


@dataclass(frozen=True)
class Text:
    """A document's text and its language (ISO 639-1)."""

    text: str
    language: str = "en"

    @cached_property
    def words(self) -> list[str]:
        """Runs without white space."""
        return self.text.split()

    @cached_property
    def tokens(self) -> list[str]:
        """Words and punctuation marks apart, as tokenisers of natural language have them, case-folded."""
        return _folded(_TOKEN.findall(self.text))

    @cached_property
    def prose_tokens(self) -> list[str]:
        """The same of the text without its formulas."""
        return self.tokens if self.prose is self.text else _folded(_TOKEN.findall(self.prose))

    @cached_property
    def prose_words(self) -> list[str]:
        """Runs without white space, outside of formulas."""
        return self.words if self.prose is self.text else self.prose.split()

    @cached_property
    def lines(self) -> list[str]:
        """Lines that are not empty, without blanks at their ends."""
        return list(filter(None, map(str.strip, self.text.split("\n"))))

    @cached_property
    def prose_lines(self) -> list[str]:
        """Lines that are neither a row of a table nor an item of a list."""
        return [line for line in self.lines if " | " not in line and not line.startswith("- ")]

    @cached_property
    def paragraphs(self) -> list[str]:
        """Texts between empty lines."""
        return list(filter(None, map(str.strip, self.text.split("\n\n"))))

    @cached_property
    def prose(self) -> str:
        """The text without its formulas: TeX between dollar signs, or in backslash brackets."""
        return _FORMULA.sub(" ", self.text)


def _folded(tokens: list[str]) -> list[str]:
    """Each token case-folded by itself (what a token is may change with its case), with one call for all."""
    return "\n".join(tokens).casefold().split("\n") if tokens else []


def share(part: float, whole: float) -> float:
    """A ratio; 0 of nothing."""
    return part / whole if whole else 0.0


def beyond(name: str, value: float, low: float, high: float) -> Broken | None:
    """The rule's name and value where `low <= value <= high` does not hold."""
    return None if low <= value <= high else (name, f"{value:.3f} is not in [{low}, {high}]")


def first(found: Sequence[Broken | None]) -> Broken | None:
    """The first broken rule."""
    return next((broken for broken in found if broken), None)
