"""The interval of a share: one for the data line's difficulty and the evaluation. Layer 2: standard library only."""

from math import sqrt

Z = 1.959963984540054
"""Normal quantile at 0.975."""


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's score interval of a share seen in n trials (Wilson 1927); n may be an effective size, no whole number.

    Never empty and never outside [0, 1]: 0 of 10 gives [0, 0.28]. Raises ValueError unless 0 <= share <= 1 and n > 0.
    """
    if not 0 <= share <= 1 or n <= 0:
        raise ValueError(f"a share of {share} in {n} trials has no interval")
    z2 = Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    # at the ends one bound is 0 or 1 exactly; rounding must not say otherwise
    return (0.0 if share == 0 else max(0.0, middle - half), 1.0 if share == 1 else min(1.0, middle + half))
