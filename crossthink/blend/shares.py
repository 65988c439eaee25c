"""What a blend declares and what it draws, by source, domain, format and difficulty."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from crossthink.blend.blend import Blend
from crossthink.blend.parts import Rows, bands_of

KINDS = {"source": "source", "domain": "domain", "format": "template", "difficulty": "difficulty"}
"""What shares are counted by, and the column that says it."""
_BLOCK = 65536


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """One value of one kind: what the recipe makes of its rows."""

    name: str
    rows: int
    declared: float
    """Share of the prompts that the weights give its rows."""
    drawn: int

    def realised(self, prompts: int) -> float:
        """Share of the prompts that were drawn."""
        return self.drawn / max(prompts, 1)

    @property
    def epochs(self) -> float:
        """How often each of its rows was drawn, on average."""
        return self.drawn / max(self.rows, 1)


def shares(blend: Blend, drawn: Sequence[int]) -> dict[str, list[Share]]:
    """The shares of the rows `drawn` from a blend, for each kind, the largest declared share first."""
    rows, declared = Counter[tuple[str, str]](), defaultdict[tuple[str, str], float](float)
    for part, size in blend.rows().items():
        for block in blend.members(part, _BLOCK):
            for key, number in _count(blend, block):
                rows[key] += number
                declared[key] += number * blend.weights.get(part, 0.0) / size
    found = Counter[tuple[str, str]]()
    for start in range(0, len(drawn), _BLOCK):
        for key, number in _count(blend, np.asarray(drawn[start:start + _BLOCK])):
            found[key] += number
    return {kind: sorted((Share(name=name, rows=rows[kind, name], declared=declared[kind, name],
                                drawn=found[kind, name]) for of, name in rows if of == kind),
                         key=lambda share: (-share.declared, share.name)) for kind in KINDS}


def _count(blend: Blend, rows: Rows) -> Iterable[tuple[tuple[str, str], int]]:
    table = blend.columns(rows, list(KINDS.values()))
    for kind, column in KINDS.items():
        values = pa.array(bands_of(table.column(column))) if kind == "difficulty" else table.column(column)
        for pair in values.value_counts().to_pylist():
            yield (kind, pair["values"]), pair["counts"]
