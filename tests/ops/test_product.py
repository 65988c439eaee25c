"""Our product of bf16 matrices: against fp64, in every layout that the head asks for, the same bits in any batch."""

import numpy as np
import pytest
import torch

from crossthink import _core

pytestmark = pytest.mark.skipif(not _core.multiplies_bf16(), reason="this processor has no AVX512-BF16")
SHAPES = ((1, 1, 1), (6, 64, 2), (7, 65, 3), (5, 100, 1537), (770, 70, 33), (3, 1, 769), (2, 130, 0), (0, 4, 4))
"""m, n, k: tiles of 6 x 64, blocks of 768 rows and 768 deep, and one more or fewer."""


def product(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, *, add: bool = False, threads: int = 2) -> torch.Tensor:
    _core.multiply_bf16(a.view(torch.int16).numpy(), b.view(torch.int16).numpy(), c.numpy(), add, threads)
    return c


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).bfloat16()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("a_across", [False, True])
@pytest.mark.parametrize("b_across", [False, True])
def test_products_agree_with_fp64(shape: tuple[int, int, int], a_across: bool, b_across: bool) -> None:
    m, n, k = shape
    a = normal(k, m).T if a_across else normal(m, k)
    b = normal(k, n, seed=1) if b_across else normal(n, k, seed=1).T
    truth = a.double() @ b.double()
    # each of k additions of fp32 rounds by 2^-24 of the sum of the absolute values at most
    bound = (a.double().abs() @ b.double().abs()) * (k + 1) * 2.0**-24
    assert ((product(a, b, torch.full((m, n), 7.0)) - truth).abs() <= bound).all()
    assert ((product(a, b, torch.full((m, n), 7.0), add=True) - 7 - truth).abs() <= bound + 8e-6 + 2e-7 * bound).all()


def test_a_row_has_the_same_bits_alone_in_a_batch_and_for_any_number_of_threads() -> None:
    a, b = normal(900, 800), normal(200, 800, seed=1).T
    whole = product(a, b, torch.empty(900, 200))
    assert torch.equal(product(a, b, torch.empty(900, 200), threads=1), whole)
    assert torch.equal(product(a, b, torch.empty(900, 200), threads=7), whole)
    assert torch.equal(product(a[801:802], b, torch.empty(1, 200)), whole[801:802])
    assert torch.equal(product(a[5:700], b[:, 3:77], torch.empty(695, 74)), whole[5:700, 3:77])


def test_nothing_is_written_beside_the_result() -> None:
    room = torch.full((9, 200), 3.0)
    product(normal(7, 5), normal(100, 5, seed=1).T, room[1:8, 50:150])
    room[1:8, 50:150] = 3.0
    assert (room == 3.0).all()


def test_a_bad_argument_is_named() -> None:
    good, wide = np.zeros((4, 4), np.int16), np.zeros((4, 4), np.float32)
    with pytest.raises(ValueError, match="b must have as many rows as a has columns"):
        _core.multiply_bf16(good, good[:3], wide, False, 1)
    with pytest.raises(ValueError, match="a must be contiguous along one of its axes"):
        _core.multiply_bf16(np.zeros((8, 8), np.int16)[::2, ::2], good, wide, False, 1)
    with pytest.raises(ValueError, match="c must have shape"):
        _core.multiply_bf16(good, good, wide[:3], False, 1)
    with pytest.raises(TypeError):
        _core.multiply_bf16(good.astype(np.int32), good, wide, False, 1)
