"""Which of the question files a number pair or an invented name may appear in.

The share is fixed by a hash, so that no number of rows and no seed can put one pair or one name into two files.
"""

import hashlib

Row = dict[str, str | list[str]]
"""One line of a question file: question, options, answer, domain, family and, for the cold start, reasoning."""

_SHARES = ("training",) * 5 + ("evaluation",) * 3 + ("cold_start",) * 2
SPLITS = tuple(dict.fromkeys(_SHARES))


def split_of(key: str) -> str:
    """The split that owns `key`: half of all keys train, three tenths evaluate, two tenths start cold."""
    return _SHARES[share_of(key, len(_SHARES))]


def share_of(key: str, shares: int) -> int:
    """A number below `shares` that depends on the key alone."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") % shares


def shingles(text: str, size: int = 5) -> set[tuple[str, ...]]:
    """Word n-grams of a question, punctuation aside; one shorter n-gram where it has fewer words."""
    words = "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
    return {tuple(words[start:start + size]) for start in range(max(1, len(words) - size + 1))}


def too_alike(question: str, others: list[set[tuple[str, ...]]], limit: float) -> bool:
    """Whether the question's 5-grams have a Jaccard similarity of `limit` or more with those of another one."""
    own = shingles(question)
    return any(len(own & other) >= limit * len(own | other) for other in others)
