"""Where a part stands: each epoch shows every row once, in an order of its own; rows that came later come last."""

from typing import Any

import numpy as np

from crossthink.blend.order import permuted
from crossthink.schema import derive_seed

BLOCK = 4096
"""Places of the order that are computed at a time."""


class Epoch:
    """The stream of a part's members, numbers from 0 in the order of the rows."""

    def __init__(self, name: str, rows: int, seed: int) -> None:
        self._name, self._rows, self._seed = name, rows, seed
        self.number = 0
        self.repeats = 0
        """Members drawn so far that had been drawn before."""
        self._place = 0
        self._ends = [rows]
        """Rows at the beginning of the epoch, then each time that rows were added to it."""
        self._ahead: list[int] = []

    @property
    def ended(self) -> bool:
        """Whether every member has been drawn in this epoch."""
        return self._place == self._ends[-1]

    def next(self) -> int:
        """The next member; behind the last one a new epoch begins."""
        if self.ended:
            self.number, self._place, self._ends = self.number + 1, 0, [self._rows]
        if not self._ahead:
            self._ahead = self._block()[::-1]
        self.repeats += self.number > 0 and self._place < self._ends[0]
        self._place += 1
        return self._ahead.pop()

    def _block(self) -> list[int]:
        """Members from the present place on, as far as a block or the rows that came together go."""
        begin = max((end for end in self._ends if end <= self._place), default=0)
        end = next(end for end in self._ends if end > self._place)
        places = np.arange(self._place, min(self._place + BLOCK, end)) - begin
        seed = derive_seed(self._seed, "blend", f"{self._name}\x1f{begin}", self.number)
        return [begin + member for member in permuted(places, end - begin, seed).tolist()]

    def state_dict(self) -> dict[str, Any]:
        """Where the stream stands."""
        return {"number": self.number, "place": self._place, "ends": list(self._ends), "repeats": self.repeats}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state`; rows that were added since come behind those of its epoch."""
        self.number, self._place, self.repeats = state["number"], state["place"], state["repeats"]
        self._ends = list(state["ends"])
        if self._rows > self._ends[-1]:
            self._ends.append(self._rows)
        self._ahead = []
