"""First-fit decreasing of the C++ core, by hand and against its definition."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink import _core


def test_bins_by_hand() -> None:
    # longest first, equal ones by index: 7 (3), 5 (1), 3 (0), 3 (5), 2 (2), 1 (4) into bins of 8:
    # 7 | 5 | 3 beside 5 | 3 in a new one | 2 beside it | 1 beside 7
    assert _core.pack([3, 5, 2, 7, 1, 3], 8) == [[3, 4], [1, 0], [5, 2]]
    assert _core.pack([], 8) == []
    assert _core.pack([0, 0], 0) == [[0, 1]]


@pytest.mark.parametrize("length", [9, -1])
def test_a_length_that_fits_no_bin_is_named(length: int) -> None:
    with pytest.raises(ValueError, match=rf"length {length} at index 1 is not in \[0, budget = 8\]"):
        _core.pack([1, length], 8)


def first_fit_decreasing(lengths: list[int], budget: int) -> list[list[int]]:
    bins: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        for members in bins:
            if sum(lengths[j] for j in members) + lengths[i] <= budget:
                members.append(i)
                break
        else:
            bins.append([i])
    return bins


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(40, 90))
def test_any_lengths_as_the_definition_has_it(lengths: list[int], budget: int) -> None:
    assert _core.pack(lengths, budget) == first_fit_decreasing(lengths, budget)


def test_lengths_past_32_bits() -> None:
    assert _core.pack([2**40, 2**40 - 1, 1], 2**41) == [[0, 1, 2]]


def test_a_million_lengths_take_no_square_time() -> None:
    # every one needs a bin of its own: a scan over open bins would take 5e11 steps
    assert len(_core.pack([6] * 1_000_000, 10)) == 1_000_000


def test_the_core_imports_without_torch() -> None:
    code = "import sys; from crossthink import _core; _core.pack([1], 2); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
