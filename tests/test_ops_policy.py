"""group_advantage and policy_loss: numbers worked by hand on every backend, and the backends against each other."""

import math

import pytest

torch = pytest.importorskip("torch")

from crossthink import ops

BACKENDS = ("cpp", "eager")
LN2, LN3 = math.log(2), math.log(3)


@pytest.mark.parametrize("backend", BACKENDS)
def test_advantages_by_hand(backend: str) -> None:
    # 1 0 0 1: mean 0.5, unbiased std sqrt(1/3) = 0.577350, so 0.5 / 0.577351 = 0.866024
    # 2: alone. 3 3: no spread. 1 2 6: mean 3, std sqrt((4 + 1 + 9) / 2) = 2.645751: -0.755929 -0.377964 1.133893
    reward = torch.tensor([1.0, 0, 0, 1, 2, 3, 3, 1, 2, 6])
    group = torch.tensor([0, 0, 0, 0, 3, 4, 4, 9, 9, 9])
    got = ops.group_advantage(reward, group, backend=backend)
    assert got.dtype == torch.float32
    assert got.tolist() == pytest.approx([0.866024, -0.866024, -0.866024, 0.866024, 0, 0, 0, -0.755929, -0.377964,
                                          1.133893], abs=2e-6)
    got = ops.group_advantage(reward, group, kind="dr_grpo", backend=backend)
    assert got.tolist() == pytest.approx([0.5, -0.5, -0.5, 0.5, 0, 0, 0, -2, -1, 3])
    assert ops.group_advantage(reward[:0], group[:0], backend=backend).shape == (0,)


def test_group_without_spread_is_exactly_zero_whatever_the_reward() -> None:
    # 0.1 three times: a mean that rounds must not leave 1e-9 / (0 + eps)
    for backend in BACKENDS:
        got = ops.group_advantage(torch.full((3,), 0.1), torch.zeros(3, dtype=torch.int64), backend=backend)
        assert got.tolist() == [0, 0, 0]


def example() -> dict[str, torch.Tensor]:
    """Sequences 3 and 7, three active tokens with ratios 1.5, 0.9, 0.5 and a masked one that is not a number."""
    old = torch.tensor([-1.0, -2.0, -3.0, -1.0])
    logp = old + torch.tensor([1.5, 0.9, 0.5, 1.0]).log()
    logp[3] = torch.nan
    return {"logp": logp.requires_grad_(), "old_logp": old, "advantage": torch.tensor([1.0, 1.0, -2.0, torch.inf]),
            "mask": torch.tensor([True, True, True, False]), "sequence": torch.tensor([3, 3, 7, 7])}


# clip at 0.8 and 1.2: terms -1.2 (clipped), -0.9, +1.6 (clipped: 0.8 * -2 = -1.6 is below 0.5 * -2); sum -0.5
# grpo: (mean(-1.2, -0.9) + 1.6) / 2 = 0.275, the free token weighs 1 / (2 * 2): gradient -0.9 / 4 = -0.225
# dapo: -0.5 / 3, gradient -0.9 / 3.  dr_grpo over 2 sequences of at most 4: -0.5 / 8, gradient -0.9 / 8
EXPECTED = {"grpo": (0.275, -0.225), "dapo": (-0.5 / 3, -0.3), "dr_grpo": (-0.0625, -0.1125)}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", EXPECTED)
def test_loss_and_gradient_by_hand(kind: str, backend: str) -> None:
    given = example()
    loss, metrics = ops.policy_loss(**given, kind=kind, max_completion_length=4, backend=backend)
    (3 * loss).backward()
    assert loss.item() == pytest.approx(EXPECTED[kind][0], abs=1e-6)
    assert given["logp"].grad.tolist() == pytest.approx([0, 3 * EXPECTED[kind][1], 0, 0], abs=1e-6)
    assert metrics["clip_fraction"].item() == pytest.approx(2 / 3)
    assert metrics["ratio_mean"].item() == pytest.approx(2.9 / 3)
    assert metrics["kl"].item() == 0
    # old - logp: -(ln 1.5 + ln 0.9 + ln 0.5) / 3 = 0.131014
    assert metrics["approx_kl"].item() == pytest.approx(0.131014, abs=1e-6)
    assert not any(value.requires_grad for value in metrics.values())


@pytest.mark.parametrize("backend", BACKENDS)
def test_clip_bounds_are_two(backend: str) -> None:
    # bounds 0.4 and 1.6: nothing is clipped; terms -1.5, -0.9, 1.0, dapo -1.4 / 3
    loss, metrics = ops.policy_loss(**example(), kind="dapo", clip_low=0.6, clip_high=0.6, backend=backend)
    assert (loss.item(), metrics["clip_fraction"].item()) == pytest.approx((-1.4 / 3, 0), abs=1e-6)
    # bounds 0.4 and 1.2: only the first
    loss, metrics = ops.policy_loss(**example(), kind="dapo", clip_low=0.6, clip_high=0.2, backend=backend)
    assert (loss.item(), metrics["clip_fraction"].item()) == pytest.approx((-1.1 / 3, 1 / 3), abs=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_kl_and_sampler_weight_by_hand(backend: str) -> None:
    logp = torch.zeros(2, requires_grad=True)
    one = torch.ones(2)
    loss, metrics = ops.policy_loss(
        logp, torch.zeros(2), one, one.bool(), torch.tensor([0, 1]), ref_logp=torch.tensor([LN2, 0.0]), kl_coef=0.1,
        sampler_logp=torch.tensor([-LN3, -math.log(1.5)]), backend=backend)
    loss.backward()
    # k3 = 2 - ln 2 - 1 = 0.306853 and 0; weights min(3, 2) = 2 and 1.5, on the surrogate alone:
    # loss = ((-2 + 0.0306853) + -1.5) / 2 = -1.734657; gradients (-2 + 0.1 * (1 - 2)) / 2 = -1.05 and -0.75
    assert loss.item() == pytest.approx(-1.734657, abs=1e-6)
    assert logp.grad.tolist() == pytest.approx([-1.05, -0.75], abs=1e-6)
    assert metrics["kl"].item() == pytest.approx(0.306853 / 2, abs=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", EXPECTED)
def test_nothing_active_is_a_loss_of_zero(kind: str, backend: str) -> None:
    for n in (0, 3):
        logp = torch.full((n,), torch.nan, requires_grad=True)
        loss, metrics = ops.policy_loss(logp, logp.detach(), logp.detach(), torch.zeros(n, dtype=torch.bool),
                                        torch.arange(n), kind=kind, max_completion_length=4, backend=backend)
        loss.backward()
        assert loss.item() == 0
        assert logp.grad.tolist() == [0] * n
        assert [value.item() for value in metrics.values()] == [0] * 4


@pytest.mark.parametrize("backend", BACKENDS)
def test_ratios_that_would_overflow_stay_finite(backend: str) -> None:
    # log-ratio 500, A = -1: the unclipped e^20 counts and its gradient is 0; ref - logp = -500: the KL is cut at 10
    logp = torch.tensor([0.0], requires_grad=True)
    loss, metrics = ops.policy_loss(logp, torch.tensor([-500.0]), torch.tensor([-1.0]), torch.tensor([True]),
                                    torch.tensor([0]), ref_logp=torch.tensor([-500.0]), kl_coef=1.0, backend=backend)
    loss.backward()
    assert loss.item() == pytest.approx(math.exp(20) + 10, rel=1e-6)
    assert metrics["kl"].item() == 10
    assert logp.grad.tolist() == [0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_number_that_is_none_shows(backend: str) -> None:
    given = example() | {"mask": torch.ones(4, dtype=torch.bool)}
    loss, _ = ops.policy_loss(**given, backend=backend)
    loss.backward()
    assert loss.isnan()
    assert given["logp"].grad[3].isnan()


def random_batch(n: int, seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    names = ("logp", "old_logp", "advantage", "ref_logp", "sampler_logp")
    columns = {name: torch.randn(n, generator=generator) * 0.4 for name in names}
    sequence = (torch.rand(n, generator=generator) < 0.2).cumsum(0) * 3
    return {**columns, "mask": torch.rand(n, generator=generator) < 0.8, "sequence": sequence}


@pytest.mark.parametrize("n", [1, 257])
@pytest.mark.parametrize("kind", EXPECTED)
def test_cpp_is_as_near_the_fp64_truth_as_eager(kind: str, n: int) -> None:
    batch, results = random_batch(n, seed=n), {}
    for backend, dtype in (("cpp", torch.float32), ("eager", torch.float32), ("truth", torch.float64)):
        given = {k: v.to(dtype, copy=True) if v.is_floating_point() else v for k, v in batch.items()}
        logp = given["logp"].requires_grad_()
        loss, metrics = ops.policy_loss(**given, kind=kind, kl_coef=0.2, max_completion_length=64,
                                        backend="eager" if backend == "truth" else backend)
        loss.backward()
        results[backend] = [loss.detach(), logp.grad, *metrics.values()]
    for cpp, eager, truth in zip(results["cpp"], results["eager"], results["truth"], strict=True):
        assert (cpp - truth).abs().max() <= (eager - truth).abs().max() + 1e-7


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", EXPECTED)
def test_parts_with_the_batchs_counts_add_up_to_the_whole(kind: str, backend: str) -> None:
    batch = random_batch(200, seed=5)
    options = {"kind": kind, "kl_coef": 0.2, "max_completion_length": 64, "backend": backend}
    whole, _ = ops.policy_loss(**batch, **options)
    active = batch["sequence"][batch["mask"]]
    cut = int((batch["sequence"] < batch["sequence"][100]).sum())  # between two sequences
    parts = [{name: column[part] for name, column in batch.items()} for part in (slice(cut), slice(cut, None))]
    losses = [ops.policy_loss(**part, **options, sequences=len(active.unique()), tokens=len(active))[0]
              for part in parts]
    assert cut not in (0, 200)
    assert float(sum(losses)) == pytest.approx(whole.item(), abs=1e-6)


def test_errors_name_the_argument() -> None:
    batch = random_batch(4, seed=0)
    with pytest.raises(ValueError, match="kind must be grpo, dapo or dr_grpo, got 'ppo'"):
        ops.policy_loss(**batch, kind="ppo")
    with pytest.raises(ValueError, match="max_completion_length"):
        ops.policy_loss(**batch, kind="dr_grpo")
    with pytest.raises(ValueError, match=r"kl_coef = 0\.1 needs ref_logp"):
        ops.policy_loss(**batch | {"ref_logp": None}, kl_coef=0.1)
    with pytest.raises(ValueError, match="mask must be bool"):
        ops.policy_loss(**batch | {"mask": torch.ones(4)})
    with pytest.raises(ValueError, match=r"\[\[4\], \[3\]"):
        ops.policy_loss(**batch | {"old_logp": torch.zeros(3)})
    with pytest.raises(ValueError, match="sequence must be ascending, but 1 follows 2 at index 2"):
        ops.policy_loss(**batch | {"sequence": torch.tensor([0, 2, 1, 1])})
    with pytest.raises(ValueError, match="group must be ascending"):
        ops.group_advantage(torch.zeros(3), torch.tensor([0, 1, 0]))
    with pytest.raises(ValueError, match=r"float32, got torch\.float64"):
        ops.group_advantage(torch.zeros(3, dtype=torch.float64), torch.tensor([0, 1, 2]))
