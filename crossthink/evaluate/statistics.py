"""Intervals and tests of an evaluation, as functions of plain numbers. Standard library only.

All intervals are two-sided at 95%. The unit is the question: several answers to one question are one cluster.
"""

from collections.abc import Sequence
from math import comb, sqrt

from crossthink.intervals import Z, wilson


def effective_size(shares: Sequence[float], samples: int) -> float:
    """How many independent answers say as much as `samples` answers to each question. Shape of shares: [questions].

    `shares` are the questions' shares of right answers. The size is p(1 - p) / v, where v = sum (share - p)^2 / Q^2 is
    the variance of their mean p clustered by question (Korn & Graubard 1998; Miller 2024, arXiv 2411.00640). It lies
    between Q (the answers to a question are all alike) and Q * samples (they are like answers to other questions).
    Where all answers are right, or none, nothing tells how alike they are: Q, the cautious end.
    """
    if not shares:
        raise ValueError("no questions: no interval")
    n = len(shares)
    p = sum(shares) / n
    spread = sum((share - p) ** 2 for share in shares)
    if samples == 1 or p in (0.0, 1.0):
        return float(n)
    most = float(n * samples)
    return most if spread == 0 else min(most, max(float(n), p * (1 - p) * n * n / spread))


def share_interval(shares: Sequence[float], samples: int) -> tuple[float, float]:
    """Interval of the mean of the questions' shares of right answers, each over `samples` answers.

    Wilson's at the effective size: for one answer a question exactly Wilson's own, for several clustered by question.
    """
    return wilson(sum(shares) / len(shares) if shares else 0.0, effective_size(shares, samples))


def pass_at(right: Sequence[int], samples: int, k: int) -> float:
    """Mean over questions of the chance that one of k answers is right, `right` of `samples` answers being so.

    The unbiased estimate 1 - C(n - c, k) / C(n, k) (Chen et al. 2021, arXiv 2107.03374, equation 1). 1 <= k <= samples.
    """
    if not right or not 1 <= k <= samples:
        raise ValueError(f"pass@{k} of {len(right)} questions with {samples} answers each: no such number")
    return sum(1 - comb(samples - c, k) / comb(samples, k) for c in right) / len(right)


def mean_interval(parts: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """Unweighted mean of several sets' accuracies, and its interval: (mean, low, high).

    `parts` holds each set's questions' shares of right answers. The sets are fixed and their questions drawn: the
    variance is the sum of the sets' own, clustered by question, over the square of their number (Miller 2024, arXiv
    2411.00640, section 3.1). A set of one question, or with all its shares alike, counts with Wilson's half width.
    """
    means = [sum(shares) / len(shares) for shares in parts]
    errors = []
    for shares, mean in zip(parts, means, strict=True):
        low, high = wilson(mean, len(shares))
        spread = sum((share - mean) ** 2 for share in shares)
        plain = sqrt(spread / (len(shares) - 1) / len(shares)) if len(shares) > 1 else 0.0
        errors.append(plain or (high - low) / (2 * Z))
    mean = sum(means) / len(means)
    half = Z * sqrt(sum(error * error for error in errors)) / len(means)
    return mean, max(0.0, mean - half), min(1.0, mean + half)


def paired_interval(before: Sequence[float], after: Sequence[float]) -> tuple[float, float, float]:
    """Mean difference (after - before) over the same questions in the same order, and its interval: (d, low, high).

    Agresti & Min 2005, "Wald+2": the normal interval of the paired differences with two questions more, one that did
    not change and one that changed by +1 and by -1 in halves. So no interval is empty, as the plain one is where
    nothing changed; for one answer a question it is theirs to the letter, and for several it takes the differences of
    the shares instead. The difference itself is the plain mean.
    """
    if len(before) != len(after) or not before:
        raise ValueError(f"{len(before)} and {len(after)} questions cannot be paired")
    differences = [b - a for a, b in zip(before, after, strict=True)]
    n = len(differences) + 2
    total, squares = sum(differences), sum(d * d for d in differences) + 1
    half = Z * sqrt(squares - total * total / n) / n
    return total / len(differences), max(-1.0, total / n - half), min(1.0, total / n + half)


def exact_p(gained: int, lost: int) -> float:
    """Two-sided p of the exact sign test: `gained` questions went up, `lost` went down, those that stayed don't count.

    For one answer a question this is McNemar's exact test: 2 P(X <= min) with X ~ Binomial(gained + lost, 1/2), at
    most 1.
    """
    n = gained + lost
    tail = sum(comb(n, k) for k in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / 2**n)
