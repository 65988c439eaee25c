"""Words as duplicates and contamination are measured: one definition for all, in the C++ core (csrc/text/words.h)."""

from crossthink import _core


def tokens(text: str) -> list[str]:
    """Words, numbers and operators of the canonical text: "66 - 20" is not "66 + 20", but quotes and LaTeX's $ go."""
    return _core.words(text)
