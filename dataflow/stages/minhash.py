"""MinHash over word 5-grams and its bands: near duplicates share a band far more often than others do.

14 bands of 8 rows: two texts of Jaccard similarity s share a band with probability 1 - (1 - s^8)^14, which is 0.92 at
s = 0.8 and 0.05 at s = 0.5.
"""

import numpy as np
from crossthink.dataflow.stages.tokens import ngram_hashes, run_hash
from numpy.typing import NDArray

BANDS, ROWS, SHINGLE = 14, 8, 5
_SEED = 20250418
"""Of the hash functions: part of the result, so fixed."""


def shingles(words: list[str]) -> NDArray[np.uint64]:
    """The set of hashes of all 5-grams, sorted; a shorter text is one shingle, a text without words none."""
    if len(words) < SHINGLE:
        return np.array([run_hash(words)] if words else [], np.uint64)
    return np.unique(ngram_hashes(words, SHINGLE))


def band_keys(shingle_set: NDArray[np.uint64]) -> list[bytes]:
    """One key a band, 65 bytes: band number and the smallest values of its 8 hash functions; none for an empty set."""
    if not len(shingle_set):
        return []
    factors, offsets = _functions()
    # Multiply-shift hashing (Dietzfelbinger et al. 1997): the high bits of a * x + b with odd a.
    values = (factors[:, None] * shingle_set[None, :] + offsets[:, None]).min(axis=1)
    return [bytes([band]) + values[band * ROWS:(band + 1) * ROWS].tobytes() for band in range(BANDS)]


def jaccard(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> float:
    """Shared shingles over all shingles; 0 where both sets are empty."""
    shared = len(np.intersect1d(first, second, assume_unique=True))
    total = len(first) + len(second) - shared
    return shared / total if total else 0.0


def _functions() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    random = np.random.Generator(np.random.PCG64(_SEED))
    values = random.integers(0, 2**64, size=(2, BANDS * ROWS), dtype=np.uint64)
    return values[0] | np.uint64(1), values[1]
