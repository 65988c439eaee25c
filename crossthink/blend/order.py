"""A seeded order of n rows that holds none of them: place i of the order is computed, not looked up.

A balanced Feistel network over the next even power of two (Luby and Rackoff, 1988) is a permutation whatever its round
function; numbers that fall outside [0, n) are sent through again until they fall inside (cycle walking: Black and
Rogaway, CT-RSA 2002), which keeps it one.
"""

import numpy as np
from numpy.typing import NDArray

ROUNDS = 8
_LEAST_BITS = 3
"""Of a half: over fewer numbers a network makes few of the possible orders."""


def permuted(places: NDArray[np.int64], n: int, seed: int) -> NDArray[np.int64]:
    """The rows at these places of the order of [0, n) that the seed gives. Places [k] in [0, n), rows [k]."""
    half = max(_LEAST_BITS, ((n - 1).bit_length() + 1) // 2)
    rows = _network(places.astype(np.uint64), half, seed)
    while (outside := rows >= n).any():
        rows[outside] = _network(rows[outside], half, seed)
    return rows.astype(np.int64)


def _network(numbers: NDArray[np.uint64], half: int, seed: int) -> NDArray[np.uint64]:
    bits, mask = np.uint64(half), np.uint64((1 << half) - 1)
    left, right = numbers >> bits, numbers & mask
    for number in range(ROUNDS):
        left, right = right, left ^ (_mixed(right, seed, number) & mask)
    return (left << bits) | right


def _mixed(numbers: NDArray[np.uint64], seed: int, number: int) -> NDArray[np.uint64]:
    """SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014), another one for each seed and round."""
    start = (seed * 0x9E3779B97F4A7C15 + (number + 1) * 0xD1B54A32D192ED03) % 2**64
    z = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(start)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
