"""Turns stay within Tijdeman's bound, and the order of a part is a permutation that looks like a random one."""

from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink.blend.order import permuted
from crossthink.blend.turns import Turns


def test_turns_of_five_two_and_one() -> None:
    """Worked by hand: eight turns of shares 5/8, 2/8 and 1/8 give five, two and one, and then begin again.

    ahead = 1 / (2 * 3 - 2) = 1/4. Turn 1: a is behind 5/8, b 2/8, c 1/8; a and b may be served, with the deadlines
    (3/4 - 5/8) / (5/8) = 0.2 and (3/4 - 2/8) / (2/8) = 2: a. Turn 2: a 2/8, b 4/8, c 2/8; deadlines 0.8, 1, 4: a.
    Turn 3: a -1/8, b 6/8, c 3/8; deadlines b 0, c 3: b. Turn 4: a 4/8, b 0, c 4/8; deadlines 0.4, c 2: a.
    """
    turns = Turns({"a": 5, "b": 2, "c": 1})
    drawn = [turns.next() for _ in range(16)]
    assert drawn[:4] == ["a", "a", "b", "a"]
    assert Counter(drawn[:8]) == {"a": 5, "b": 2, "c": 1}
    assert drawn[8:] == drawn[:8]


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=12))
def test_no_part_is_ever_a_whole_turn_from_its_share(weights: list[float]) -> None:
    """The theorem's bound is 1 - 1/(2k - 2) for k parts; what is furthest behind alone would break it."""
    names = [f"part {number}" for number in range(len(weights))]
    turns, had = Turns(dict(zip(names, weights, strict=True))), Counter[str]()
    bound = 1 - 1 / (2 * len(weights) - 2) if len(weights) > 1 else 0.0
    for turn in range(1, 301):
        had[turns.next()] += 1
        for name, weight in zip(names, weights, strict=True):
            assert abs(weight / sum(weights) * turn - had[name]) <= bound + 1e-6


def test_a_part_without_a_share_never_has_a_turn() -> None:
    turns = Turns({"a": 1.0, "b": 0.0})
    assert [turns.next() for _ in range(3)] == ["a"] * 3


@pytest.mark.parametrize("n", [1, 2, 3, 64, 65, 4097])
def test_the_order_is_a_permutation(n: int) -> None:
    places = np.arange(n)
    orders = [permuted(places, n, seed) for seed in range(4)]
    for order in orders:
        assert sorted(order.tolist()) == list(range(n))
    if n > 3:
        assert len({order.tobytes() for order in orders}) == 4


def test_places_asked_one_by_one_give_the_same_order() -> None:
    whole = permuted(np.arange(1000), 1000, 5)
    assert [int(permuted(np.array([place]), 1000, 5)[0]) for place in (0, 17, 999)] == whole[[0, 17, 999]].tolist()


def test_all_orders_of_three_are_as_frequent() -> None:
    """1200 seeds, six orders: chi square with 5 degrees of freedom is above 20.5 once in a thousand times."""
    found = Counter(tuple(permuted(np.arange(3), 3, seed).tolist()) for seed in range(1200))
    assert len(found) == 6
    assert sum((number - 200) ** 2 / 200 for number in found.values()) < 20.5


def test_neighbours_in_the_table_are_no_neighbours_in_the_order() -> None:
    """Mean distance of two random numbers below n is n / 3; of rows that follow each other in a random order too."""
    order = permuted(np.arange(10_000), 10_000, Random(0).randrange(2**31))
    assert np.abs(np.diff(order)).mean() == pytest.approx(10_000 / 3, rel=0.03)
