"""Whose turn it is: after any number of turns, each part has had its share to within one turn.

R. Tijdeman, The chairman assignment problem, Discrete Mathematics 32 (1980), 323-330: of the parts that can be served
now without running ahead, the one whose deadline comes first. No part is ever more than 1 - 1/(2k - 2) turns away from
its share, k being the number of parts, and no rule does better. To serve whoever is furthest behind is simpler, and
may leave one of many parts more than a turn behind.
"""

from collections.abc import Mapping

_SLACK = 1e-9
"""Rounding of share * turns, which is below 2**-52 * turns."""


class Turns:
    """A cycle of turns in given shares."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        """Shares above zero, of any sum; ties go by name."""
        total = sum(shares.values())
        self.shares = {name: share / total for name, share in sorted(shares.items()) if share > 0}
        self.had = dict.fromkeys(self.shares, 0)
        self._turn = 0

    def next(self) -> str:
        """The part whose turn it is."""
        self._turn += 1
        ahead = 1 / (2 * len(self.shares) - 2) if len(self.shares) > 1 else 0.0
        best, soonest = "", float("inf")
        for name, share in self.shares.items():
            behind = share * self._turn - self.had[name]
            if behind >= ahead - _SLACK and (deadline := (1 - ahead - behind) / share) < soonest - _SLACK:
                best, soonest = name, deadline
        self.had[best] += 1
        return best

    def resume(self, had: Mapping[str, int]) -> None:
        """Go on where each part had had so many turns."""
        self.had = {name: had[name] for name in self.shares}
        self._turn = sum(self.had.values())
