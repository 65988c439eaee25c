"""MinHash of the C++ core: the definition in exact integers, every instruction set, and the theory's curve."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
import text_reference as reference
from hypothesis import given
from hypothesis import strategies as st

from crossthink import _core


@pytest.fixture(params=_core.available_isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set in turn."""
    before = _core.isa()
    _core.use_isa(request.param)
    yield request.param
    _core.use_isa(before)


TEXTS = ["", "one", "one two three four", "one two three four five", "ONE two, three four five six!",
         " ".join(f"word{i % 97}" for i in range(700)), "größer " * 9]


def test_signatures_as_the_definition_has_them(isa: str) -> None:
    found = _core.minhash(TEXTS)
    assert (found.shape, found.dtype) == ((7, 112), np.uint32)
    assert found.tolist() == [reference.signature(text) for text in TEXTS], isa
    assert set(found[0].tolist()) == {2**32 - 1}
    assert _core.band_keys(found).tolist() == [reference.band_keys(reference.signature(text)) for text in TEXTS]


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=30).map(" ".join), max_size=4))
def test_any_texts_as_the_definition_has_them(texts: list[str]) -> None:
    assert _core.minhash(texts).tolist() == [reference.signature(text) for text in texts]


def test_signatures_of_another_shape_are_refused() -> None:
    for wrong in (np.zeros(112, np.uint32), np.zeros((2, 111), np.uint32)):
        with pytest.raises(ValueError, match=r"signatures must have shape \[texts, 112\]"):
            _core.band_keys(wrong)
    with pytest.raises(TypeError):
        _core.band_keys(np.zeros((2, 112), np.int64))
    assert _core.band_keys(np.zeros((0, 112), np.uint32)).shape == (0, 14)


def pairs(similarity: float, count: int, random: np.random.Generator) -> tuple[list[str], list[str]]:
    """Texts of 204 words that share a beginning: of 200 + 200 runs of five words, `shared` are the same."""
    shared = round(400 * similarity / (1 + similarity))
    first, second = [], []
    for _ in range(count):
        words = [f"w{number}" for number in random.integers(0, 2**40, 2 * 204)]
        first.append(" ".join(words[:204]))
        second.append(" ".join(words[:shared + 4] + words[204:404 - shared]))
    return first, second


def test_bands_follow_the_theory() -> None:
    # P(share a band) = 1 - (1 - s^8)^14: s = 0.5: 0.0534, 0.7: 0.5646, 0.8: 0.9236, 0.9: 0.9996
    random = np.random.Generator(np.random.PCG64(1))
    for similarity, expected in ((0.5, 0.0534), (0.7, 0.5646), (0.8, 0.9236), (0.9, 0.9996)):
        first, second = pairs(similarity, 2000, random)
        jaccard = len(set(reference.shingles(first[0], 5)) & set(reference.shingles(second[0], 5)))
        assert jaccard / (400 - jaccard) == pytest.approx(similarity, abs=0.005)
        keys = [_core.band_keys(_core.minhash(pa.array(texts))) for texts in (first, second)]
        found = (keys[0] == keys[1]).any(axis=1).mean()
        exact = 1 - (1 - (jaccard / (400 - jaccard))**8)**14
        assert abs(exact - expected) < 0.02
        assert abs(found - exact) < 4 * (exact * (1 - exact) / 2000)**0.5 + 0.002, (similarity, found)


def test_a_function_finds_the_similarity_and_no_two_find_it_together() -> None:
    # each of 112 functions agrees with probability 0.5, and the number that agrees has a binomial's spread
    first, second = pairs(0.5, 2000, np.random.Generator(np.random.PCG64(2)))
    agrees = _core.minhash(first) == _core.minhash(second)
    assert abs(agrees.mean() - 0.5) < 0.005
    assert np.abs(agrees.mean(axis=0) - 0.5).max() < 5 * (0.25 / 2000)**0.5
    assert agrees.sum(axis=1).var() == pytest.approx(112 * 0.25, rel=0.15)
