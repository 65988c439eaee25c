"""Words as duplicates and contamination are measured: one definition for both, with 64-bit hashes of runs of words."""

import hashlib
import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from crossthink.schema import canonical_text

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|\w+|[+\-*/=<>^%×÷·±√≤≥≠∞]")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def tokens(text: str) -> list[str]:
    """Words, numbers and operators of the canonical text: "66 - 20" is not "66 + 20", but quotes and LaTeX's $ go."""
    return _TOKEN.findall(canonical_text(text).replace("−", "-").replace("–", "-"))


def ngram_hashes(words: list[str], size: int) -> NDArray[np.uint64]:
    """Hashes of all runs of `size` words, in order; [max(0, len(words) - size + 1)]."""
    count = len(words) - size + 1
    if count <= 0:
        return np.empty(0, np.uint64)
    hashed = np.fromiter((word_hash(word) for word in words), np.uint64, len(words))
    result = np.zeros(count, np.uint64)
    for place in range(size):
        result = _mix(result * _FACTOR + hashed[place:place + count])
    return result


def run_hash(words: list[str]) -> int:
    """Hash of the whole run, the same as `ngram_hashes` gives for a run of this length."""
    return int(ngram_hashes(words, len(words))[0])


@lru_cache(maxsize=1 << 17)
def word_hash(word: str) -> int:
    """64-bit hash of one word, the same in every process."""
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread every bit over all others (an odd product and a shift are both one to one)."""
    values = (values ^ (values >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return values ^ (values >> np.uint64(29))
