"""Groups and sequences as runs of ids: sizes around a vector's, ends of arrays, ids that fall, numbers of threads."""

from collections.abc import Callable

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from crossthink.kernels import reference

from crossthink import _core, ops

INF = float("inf")


def groups_of(sizes: list[int]) -> torch.Tensor:
    return torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))


@pytest.mark.parametrize("kind", ["grpo", "dr_grpo", "rloo"])
def test_groups_of_every_size_are_as_in_fp64(kind: str, isa: str) -> None:
    # sizes 1 to 40 and back to 1, so that the array ends in groups shorter than a vector, at every place of one
    group = groups_of([*range(1, 41), *range(40, 0, -1)])
    torch.manual_seed(0)
    reward = 1000 + torch.randn(len(group))
    got = ops.group_advantage(reward, group, kind=kind, backend="cpp")
    truth = reference.group_advantage(reward.double(), group, kind)
    torch.testing.assert_close(got.double(), truth, rtol=1e-6, atol=1e-7)
    for start in (1, 2, 5):  # the same groups, elsewhere in memory and in other company: the same bits
        assert torch.equal(ops.group_advantage(reward[start * (start + 1) // 2:], group[start * (start + 1) // 2:],
                                               kind=kind), got[start * (start + 1) // 2:])


def test_flat_groups_are_zero_whatever_they_hold(isa: str) -> None:
    for size in (1, 2, 7, 8, 9, 33):
        for value in (0.1, -3e38, INF, 0.0):
            got = ops.group_advantage(torch.full((size,), value), torch.zeros(size, dtype=torch.int64), backend="cpp")
            assert got.tolist() == [0] * size
    # a NaN reaches its group alone
    got = ops.group_advantage(torch.tensor([1.0, torch.nan, 0.0, 1.0]), torch.tensor([0, 0, 1, 1]), backend="cpp")
    assert got.isnan().tolist() == [True, True, False, False]


@pytest.mark.parametrize("size", [1, 3, 8, 500, 40_000])
def test_sequences_across_chunks_and_threads(size: int, isa: str) -> None:
    # 100,003 tokens: seven chunks, several threads' shares; the last sequence is cut short. numpy counts by its own way
    rng = np.random.default_rng(0)
    sequence, mask = np.arange(100_003) // size * 3 - 7, rng.random(100_003) < 0.7
    active = np.bincount(np.arange(100_003) // size, weights=mask)
    for threads in (1, 2, 5):
        found = _core.Sequences(sequence, mask, threads)
        assert found.active == (active > 0).sum()
        counts = np.empty(100_003, np.float32)
        found.counts(counts)
        assert (counts == active[np.arange(100_003) // size]).all()


@pytest.mark.parametrize("place", [1, 17, 16_384, 50_000, 99_999])
def test_an_id_that_falls_is_found_wherever_it_is(place: int, isa: str) -> None:
    ids, zeros = np.arange(100_000) // 5 * 5, np.zeros(100_000, np.float32)
    ids[place:] -= 50
    for threads in (1, 2, 5):
        message = f"must be ascending, but {ids[place]} follows {ids[place - 1]} at index {place}$"
        with pytest.raises(ValueError, match=f"sequence {message}"):
            _core.Sequences(ids, np.ones(100_000, bool), threads)
        with pytest.raises(ValueError, match=f"group {message}"):
            _core.group_advantage(zeros, ids, True, 1e-6, zeros.copy(), threads)


def test_the_first_of_two_falls_is_named() -> None:
    ids = np.arange(100_000)
    ids[30_000], ids[80_000] = 5, 6
    with pytest.raises(ValueError, match="but 5 follows 29999 at index 30000"):
        _core.group_advantage(np.zeros(100_000, np.float32), ids, True, 1e-6, np.empty(100_000, np.float32), 5)


def test_a_gradient_that_upstream_leaves_alone_is_not_copied() -> None:
    torch.manual_seed(0)
    logp = torch.randn(50, requires_grad=True)
    given = (torch.randn(50), torch.randn(50), torch.rand(50) < 0.5, torch.arange(50) // 9)
    [plain] = torch.autograd.grad(ops.policy_loss(logp, *given)[0], logp)
    [scaled] = torch.autograd.grad(3 * ops.policy_loss(logp, *given)[0], logp)
    torch.testing.assert_close(scaled, 3 * plain)
    # the second call under retain_graph adds to the gradient that the loss keeps: a third is an error, no wrong sum
    loss = ops.policy_loss(logp, *given)[0]
    loss.backward(retain_graph=True)
    loss.backward(retain_graph=True)
    torch.testing.assert_close(logp.grad, 2 * plain)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward(retain_graph=True)


def test_runs_have_the_same_bits_wherever_they_lie(fast: str, place: Callable[[str], str]) -> None:
    # sizes around a warp's and a tile's, many runs a warp and several warps a run
    sizes = [5, 40, 8, 8, 8, 300, 1, 31, 32, 33, 64, 127, 129, 2, 600, *[3] * 40, 17]
    torch.manual_seed(0)
    group = groups_of(sizes).to(place(fast))
    reward, old = (torch.randn(len(group), device=place(fast)) for _ in range(2))
    mask = torch.rand(len(group), device=place(fast)) < 0.7

    def results(begin: int) -> list[torch.Tensor]:
        logp = reward[begin:].clone().requires_grad_()
        loss, _ = ops.policy_loss(logp, old[begin:], old[begin:], mask[begin:], group[begin:], surrogate="gspo",
                                  kind="grpo", sequences=10, backend=fast)
        loss.backward()
        return [ops.group_advantage(reward[begin:], group[begin:], backend=fast), logp.grad]

    whole = results(0)
    for skipped in (1, 3, 6, 15):
        begin = sum(sizes[:skipped])
        assert all(torch.equal(part, all_of_it[begin:])
                   for part, all_of_it in zip(results(begin), whole, strict=True))


@pytest.mark.parametrize("size", [2, 200])
@pytest.mark.parametrize("kind", ["grpo", "dr_grpo", "rloo"])
def test_a_group_whose_id_falls_is_nan_on_the_device(size: int, kind: str, on_device: str,
                                                     place: Callable[[str], str]) -> None:
    group = torch.tensor([5, 7, 7, 6, 8, 2]).repeat_interleave(size).to(place(on_device))
    reward = torch.arange(6 * size, dtype=torch.float32)
    reward[5 * size:] = INF  # a group that falls is no group without spread either
    got = ops.group_advantage(reward.to(group.device), group, kind=kind, backend=on_device).view(6, size)
    assert got.isnan().all(1).tolist() == [False, False, False, True, False, True]
    assert not got[[0, 1, 2, 4]].isnan().any()


@pytest.mark.parametrize("kind", ["grpo", "dr_grpo", "rloo"])
def test_a_group_whose_id_comes_again_is_not_of_it(kind: str, on_device: str, place: Callable[[str], str]) -> None:
    # within what a program reads at once; the first group is longer than a warp
    sizes = torch.tensor([40, 10, 6, 5])
    group = torch.tensor([5, 3, 5, 9]).repeat_interleave(sizes).to(place(on_device))
    reward = torch.arange(61.0)
    got = ops.group_advantage(reward.to(group.device), group, kind=kind, backend=on_device).cpu().split(sizes.tolist())
    for number, (own, rewards) in enumerate(zip(got, reward.split(sizes.tolist()), strict=True)):
        alone = ops.group_advantage(rewards, torch.zeros(len(rewards), dtype=torch.int64), kind=kind, backend="eager")
        torch.testing.assert_close(own, alone * float("nan") if number == 1 else alone, equal_nan=True)


@pytest.mark.parametrize("size", [2, 200])
@pytest.mark.parametrize("surrogate", ["ppo", "gspo"])
def test_a_loss_of_sequences_whose_ids_fall_is_nan_on_the_device(size: int, surrogate: str, on_device: str,
                                                                 place: Callable[[str], str]) -> None:
    ids = torch.tensor([3, 4, 1]).repeat_interleave(size).to(place(on_device))
    logp = torch.full((3 * size,), -1.0, device=ids.device)
    mask = torch.ones_like(ids, dtype=torch.bool)
    found = {}
    for name, sequence in (("ascending", ids.sort().values), ("falling", ids)):
        loss, _ = ops.policy_loss(logp, logp - 0.1, logp, mask, sequence, surrogate=surrogate, backend=on_device)
        found[name] = loss.item()
    assert found["ascending"] == pytest.approx(1.1051709, rel=1e-5)  # -(-1) e^0.1, within the bounds of 1.2
    assert found["falling"] != found["falling"]
