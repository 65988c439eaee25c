"""Largest differencing of the C++ core, by hand and against its definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink import _core


def test_two_parts_by_hand() -> None:
    # the textbook's 8 7 6 5 4: 8-7 = 1, 6-5 = 1, 4-1 = 3, 3-1 = 2: sums 16 and 14 (the longest first to the shortest
    # part would give 17 and 13). 8 against 7, 6 against 5; 4 with the smaller of the first; then the smaller with the
    # larger of the second: 8 6 | 7 5 4
    assert _core.balance([8, 7, 6, 5, 4], 2) == [[0, 2], [1, 3, 4]]


def test_fewer_items_than_parts() -> None:
    assert _core.balance([], 3) == [[], [], []]
    assert _core.balance([5], 3) == [[0], [], []]
    assert _core.balance([0, 0], 1) == [[0, 1]]


def test_a_bad_argument_is_named() -> None:
    with pytest.raises(ValueError, match="cost -2 at index 1 is negative"):
        _core.balance([1, -2], 2)
    with pytest.raises(ValueError, match="parts must be at least 1, got 0"):
        _core.balance([1], 0)


def differencing(costs: list[int], parts: int) -> list[int]:
    """Sums of the parts by the definition, the largest first."""
    spreads = [([cost] + [0] * (parts - 1), place) for place, cost in enumerate(costs)]
    while len(spreads) > 1:
        spreads.sort(key=lambda spread: (spread[0][-1] - spread[0][0], spread[1]))
        (a, first), (b, second) = spreads[:2]
        merged = sorted((x + y for x, y in zip(a, reversed(b), strict=True)), reverse=True)
        spreads[:2] = [(merged, min(first, second))]
    return spreads[0][0]


@given(st.lists(st.integers(0, 60), min_size=1, max_size=40), st.integers(1, 9))
def test_any_costs_as_the_definition_has_it(costs: list[int], parts: int) -> None:
    found = _core.balance(costs, parts)
    assert sorted(i for part in found for i in part) == list(range(len(costs)))
    assert sorted((sum(costs[i] for i in part) for part in found), reverse=True) == differencing(costs, parts)


def test_costs_past_32_bits() -> None:
    assert _core.balance([2**60, 2**59, 2**59], 2) == [[0], [1, 2]]
    # 0 | 2 and 1 | 3 without difference, then 0 beside 3: sums of 2^63 - 1, which is all that 64 bits hold
    assert _core.balance([2**62, 2**62 - 1, 2**62, 2**62 - 1], 2) == [[0, 3], [1, 2]]
    with pytest.raises(ValueError, match=r"costs of one part add up to more than 2\^63 - 1"):
        _core.balance([2**62, 2**62 - 1, 1], 1)
