"""MinHash over word 5-grams and its bands: near duplicates share a band far more often than others do.

14 bands of 8 rows: two texts of Jaccard similarity s share a band with probability 1 - (1 - s^8)^14, which is 0.92 at
s = 0.8 and 0.05 at s = 0.5.
"""

import numpy as np
from numpy.typing import NDArray

from crossthink import _core

SHINGLE = 5
"""Words of a shingle, as `_core.minhash` has them."""
_NO_WORDS = np.uint32(2**32 - 1)


def shingles(text: str, size: int = SHINGLE) -> NDArray[np.uint64]:
    """The set of hashes of all runs of `size` words, ascending; a shorter text is one run, one without words none."""
    return _core.shingles([text], size)[0]


def band_keys(text: str) -> list[bytes]:
    """One key of 8 bytes a band; none for a text without words. Texts that share a key are candidates."""
    signature = _core.minhash([text])
    if (signature == _NO_WORDS).all():
        return []
    return [key.to_bytes(8, "big") for key in _core.band_keys(signature)[0].tolist()]


def jaccard(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> float:
    """Shared shingles over all shingles of two ascending sets; 0 where both are empty."""
    shared = _core.shared(first, second)
    total = len(first) + len(second) - shared
    return shared / total if total else 0.0
