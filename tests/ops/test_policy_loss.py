"""group_advantage and policy_loss: numbers worked by hand on every backend, and the backends against the fp64 truth."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from crossthink import ops

LN2, LN3 = math.log(2), math.log(3)
Place = Callable[[str], str]


def test_advantages_by_hand(backend: str, place: Place) -> None:
    # 1 0 0 1: mean 0.5, unbiased std sqrt(1/3) = 0.577350, so 0.5 / 0.577351 = 0.866024
    # 2: alone. 3 3: no spread. 1 2 6: mean 3, std sqrt((4 + 1 + 9) / 2) = 2.645751: -0.755929 -0.377964 1.133893
    reward = torch.tensor([1.0, 0, 0, 1, 2, 3, 3, 1, 2, 6], device=place(backend))
    group = torch.tensor([0, 0, 0, 0, 3, 4, 4, 9, 9, 9], device=place(backend))
    got = ops.group_advantage(reward, group, backend=backend)
    assert got.dtype == torch.float32
    assert got.tolist() == pytest.approx([0.866024, -0.866024, -0.866024, 0.866024, 0, 0, 0, -0.755929, -0.377964,
                                          1.133893], abs=2e-6)
    got = ops.group_advantage(reward, group, kind="dr_grpo", backend=backend)
    assert got.tolist() == pytest.approx([0.5, -0.5, -0.5, 0.5, 0, 0, 0, -2, -1, 3])
    # less the mean of the others: 1 - 1/3, 0 - 2/3; 1 - 4, 2 - 3.5, 6 - 1.5
    got = ops.group_advantage(reward, group, kind="rloo", backend=backend)
    assert got.tolist() == pytest.approx([2 / 3, -2 / 3, -2 / 3, 2 / 3, 0, 0, 0, -3, -1.5, 4.5])
    assert ops.group_advantage(reward[:0], group[:0], backend=backend).shape == (0,)


def test_reinforce_plus_plus_is_one_group_of_tokens(backend: str, place: Place) -> None:
    # rewards 1 and 0 of sequences of 3 and 1 tokens: mean 3/4, unbiased std sqrt((3 / 16 + 9 / 16) / 3) = 1/2
    reward = torch.tensor([1.0, 1, 1, 0], device=place(backend))
    got = ops.group_advantage(reward, torch.zeros_like(reward, dtype=torch.int64), backend=backend)
    assert got.tolist() == pytest.approx([0.5, 0.5, 0.5, -1.5], abs=4e-6)


def test_a_group_longer_than_any_tile(backend: str, place: Place) -> None:
    # 0 1 0 1 ... 300 times: mean 0.5, unbiased std sqrt(300 * 0.25 / 299) = 0.5008354, so +-0.9983305
    reward = torch.arange(300, device=place(backend)).remainder(2).float()
    got = ops.group_advantage(reward, torch.full_like(reward, 7, dtype=torch.int64), backend=backend)
    assert got.tolist() == pytest.approx([-0.998330, 0.998330] * 150, abs=2e-6)


def test_group_without_spread_is_exactly_zero_whatever_the_reward(backend: str, place: Place) -> None:
    # 0.1 three times: a mean that rounds must not leave 1e-9 / (0 + eps)
    got = ops.group_advantage(torch.full((3,), 0.1, device=place(backend)),
                              torch.zeros(3, dtype=torch.int64, device=place(backend)), backend=backend)
    assert got.tolist() == [0, 0, 0]


def example(device: str = "cpu") -> dict[str, torch.Tensor]:
    """Sequences 3 and 7, three active tokens with ratios 1.5, 0.9, 0.5 and a masked one that is not a number."""
    old = torch.tensor([-1.0, -2.0, -3.0, -1.0])
    logp = old + torch.tensor([1.5, 0.9, 0.5, 1.0]).log()
    logp[3] = torch.nan
    given = {"logp": logp, "old_logp": old, "advantage": torch.tensor([1.0, 1.0, -2.0, torch.inf]),
             "mask": torch.tensor([True, True, True, False]), "sequence": torch.tensor([3, 3, 7, 7])}
    given = {name: column.to(device) for name, column in given.items()}
    given["logp"].requires_grad_()
    return given


# clip at 0.8 and 1.2: terms -1.2 (clipped), -0.9, +1.6 (clipped: 0.8 * -2 = -1.6 is below 0.5 * -2); sum -0.5
# grpo: (mean(-1.2, -0.9) + 1.6) / 2 = 0.275, the free token weighs 1 / (2 * 2): gradient -0.9 / 4 = -0.225
# dapo: -0.5 / 3, gradient -0.9 / 3.  dr_grpo over 2 sequences of at most 4: -0.5 / 8, gradient -0.9 / 8
EXPECTED = {"grpo": (0.275, -0.225), "dapo": (-0.5 / 3, -0.3), "bnpo": (-0.5 / 3, -0.3), "dr_grpo": (-0.0625, -0.1125)}


@pytest.mark.parametrize("kind", EXPECTED)
def test_loss_and_gradient_by_hand(kind: str, backend: str, place: Place) -> None:
    given = example(place(backend))
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


def test_clip_bounds_are_two(backend: str, place: Place) -> None:
    # bounds 0.4 and 1.6: nothing is clipped; terms -1.5, -0.9, 1.0, dapo -1.4 / 3
    given = example(place(backend))
    loss, metrics = ops.policy_loss(**given, kind="dapo", clip_low=0.6, clip_high=0.6, backend=backend)
    assert (loss.item(), metrics["clip_fraction"].item()) == pytest.approx((-1.4 / 3, 0), abs=1e-6)
    # bounds 0.4 and 1.2: only the first
    loss, metrics = ops.policy_loss(**given, kind="dapo", clip_low=0.6, clip_high=0.2, backend=backend)
    assert (loss.item(), metrics["clip_fraction"].item()) == pytest.approx((-1.1 / 3, 1 / 3), abs=1e-6)


def column(*values: float, device: str) -> torch.Tensor:
    return torch.tensor(values, device=device)


def one_token(device: str, ratio: float, advantage: float) -> dict[str, torch.Tensor]:
    """A single active token of log-prob -2."""
    return {"logp": column(-2.0, device=device).requires_grad_(),
            "old_logp": column(-2.0 - math.log(ratio), device=device), "advantage": column(advantage, device=device),
            "mask": torch.tensor([True], device=device), "sequence": torch.tensor([0], device=device)}


@pytest.mark.parametrize(("options", "ratio", "advantage", "loss", "grad", "clipped"), [
    # dual clip at 3: rho = e^2 = 7.389 with A = -1 counts 3, without it 7.389; rho 2 is below the cap
    ({"dual_clip": 3.0}, math.exp(2), -1.0, 3.0, 0.0, 1), ({}, math.exp(2), -1.0, 7.389056, 7.389056, 0),
    ({"dual_clip": 3.0}, 2.0, -1.0, 2.0, 2.0, 0), ({"dual_clip": 3.0}, 0.5, 4.0, -2.0, -2.0, 0),
    # cispo: rho 1.5 is cut to 1.2, a constant: -1.2 * 2 * -2 = 4.8 and gradient -2.4; rho 0.9 stays: 3.6 and -1.8
    ({"surrogate": "cispo"}, 1.5, 2.0, 4.8, -2.4, 1), ({"surrogate": "cispo"}, 0.9, 2.0, 3.6, -1.8, 0),
    ({"surrogate": "cispo", "clip_low": 1.0}, 0.5, 2.0, 2.0, -1.0, 0),
])
def test_surrogates_by_hand(options: dict[str, Any], ratio: float, advantage: float, loss: float, grad: float,
                            clipped: float, backend: str, place: Place) -> None:
    given = one_token(place(backend), ratio, advantage)
    found, metrics = ops.policy_loss(**given, **options, backend=backend)
    found.backward()
    assert found.item() == pytest.approx(loss, rel=1e-6)
    assert given["logp"].grad.tolist() == pytest.approx([grad], rel=1e-6)
    assert metrics["clip_fraction"].item() == clipped


def test_gspo_by_hand(backend: str, place: Place) -> None:
    # sequence 2: log-ratios ln 2 and ln 0.5, mean 0, rho 1; a masked one of ln 9. Sequence 5: ln 3 alone, rho 3,
    # clipped to 1.2. A = 1 and 1: terms -1, -1, -1.2. grpo: (-1 - 1.2) / 2 = -1.1, gradient of the first two -1 / 4
    device = place(backend)
    logp = column(-1.0, -2.0, -1.0, -3.0, device=device).requires_grad_()
    old = logp.detach() - column(LN2, -LN2, math.log(9), LN3, device=device)
    loss, metrics = ops.policy_loss(
        logp, old, torch.ones_like(old), torch.tensor([True, True, False, True], device=device),
        torch.tensor([2, 2, 2, 5], device=device), surrogate="gspo", backend=backend)
    loss.backward()
    assert loss.item() == pytest.approx(-1.1, abs=1e-6)
    assert logp.grad.tolist() == pytest.approx([-0.25, -0.25, 0, 0], abs=1e-6)
    assert metrics["ratio_mean"].item() == pytest.approx(5 / 3, abs=1e-6)
    # -(ln 2 - ln 2 + ln 3) / 3
    assert metrics["approx_kl"].item() == pytest.approx(-LN3 / 3, abs=1e-6)


@pytest.mark.parametrize(("kl", "value", "grad"), [
    # ref - logp = ln 2: k1 = -ln 2 with slope 1; k2 = ln^2 2 / 2 with slope -ln 2; k3 = 2 - ln 2 - 1 with slope 1 - 2
    ("k1", -LN2, 1.0), ("k2", LN2**2 / 2, -LN2), ("k3", 1 - LN2, -1.0)])
def test_kl_estimates_by_hand(kl: str, value: float, grad: float, backend: str, place: Place) -> None:
    given = one_token(place(backend), 1.0, 0.0)
    loss, metrics = ops.policy_loss(**given, ref_logp=given["logp"].detach() + LN2, kl=kl, kl_coef=0.5,
                                    backend=backend)
    loss.backward()
    assert loss.item() == pytest.approx(value / 2, rel=1e-6)
    assert metrics["kl"].item() == pytest.approx(value, rel=1e-6)
    assert given["logp"].grad.tolist() == pytest.approx([grad / 2], rel=1e-6)


def test_kl_and_sampler_weight_by_hand(backend: str, place: Place) -> None:
    device = place(backend)
    logp = torch.zeros(2, device=device, requires_grad=True)
    one, sequence = torch.ones(2, device=device), torch.tensor([0, 1], device=device)
    given = {"sampler_logp": column(-LN3, -math.log(1.5), device=device), "backend": backend}
    loss, metrics = ops.policy_loss(logp, torch.zeros_like(one), one, one.bool(), sequence,
                                    ref_logp=column(LN2, 0.0, device=device), kl_coef=0.1, **given)
    loss.backward()
    # k3 = 2 - ln 2 - 1 = 0.306853 and 0; weights min(3, 2) = 2 and 1.5, on the surrogate alone:
    # loss = ((-2 + 0.0306853) + -1.5) / 2 = -1.734657; gradients (-2 + 0.1 * (1 - 2)) / 2 = -1.05 and -0.75
    assert loss.item() == pytest.approx(-1.734657, abs=1e-6)
    assert logp.grad.tolist() == pytest.approx([-1.05, -0.75], abs=1e-6)
    assert metrics["kl"].item() == pytest.approx(0.306853 / 2, abs=1e-6)
    # masked outside of [0.5, 2]: the weight of 3 is out, 1.5 stays
    loss, _ = ops.policy_loss(logp, torch.zeros_like(one), one, one.bool(), sequence, correction="mask", **given)
    assert loss.item() == pytest.approx(-0.75, abs=1e-6)
    # no old log-probs: they are logp itself, 0 here
    loss, metrics = ops.policy_loss(logp, None, one, one.bool(), sequence, **given)
    assert loss.item() == pytest.approx(-1.75, abs=1e-6)
    assert metrics["ratio_mean"].item() == 1


@pytest.mark.parametrize("kind", EXPECTED)
def test_nothing_active_is_a_loss_of_zero(kind: str, backend: str, place: Place) -> None:
    for n in (0, 3):
        logp = torch.full((n,), torch.nan, device=place(backend), requires_grad=True)
        loss, metrics = ops.policy_loss(
            logp, logp.detach(), logp.detach(), torch.zeros(n, dtype=torch.bool, device=logp.device),
            torch.arange(n, device=logp.device), kind=kind, max_completion_length=4, backend=backend)
        loss.backward()
        assert loss.item() == 0
        assert logp.grad.tolist() == [0] * n
        assert [value.item() for value in metrics.values()] == [0] * 4


def test_ratios_that_would_overflow_stay_finite(backend: str, place: Place) -> None:
    # log-ratio 500, A = -1: the unclipped e^20 counts and its gradient is 0; ref - logp = -500: the KL is cut at 10
    given = one_token(place(backend), 1.0, -1.0)
    far = column(-500.0, device=place(backend))
    loss, metrics = ops.policy_loss(**given | {"old_logp": far}, ref_logp=far, kl_coef=1.0, backend=backend)
    loss.backward()
    assert loss.item() == pytest.approx(math.exp(20) + 10, rel=1e-6)
    assert metrics["kl"].item() == 10
    assert given["logp"].grad.tolist() == [0]


def test_a_number_that_is_none_shows(backend: str, place: Place) -> None:
    given = example(place(backend))
    loss, _ = ops.policy_loss(**given | {"mask": torch.ones_like(given["mask"])}, backend=backend)
    loss.backward()
    assert loss.isnan()
    assert given["logp"].grad[3].isnan()


def test_the_loss_has_a_gradient_for_log_probs_alone(backend: str, place: Place) -> None:
    # rewards 1 and 3: advantages -1 and 1; rho 1, mean over one sequence of two tokens: slopes 1/2 and -1/2
    reward = torch.tensor([1.0, 3.0], device=place(backend), requires_grad=True)
    logp = torch.zeros(2, device=place(backend), requires_grad=True)
    ids = torch.zeros(2, dtype=torch.int64, device=place(backend))
    advantage = ops.group_advantage(reward, ids, kind="dr_grpo", backend=backend)
    loss, _ = ops.policy_loss(logp, reward * 0, advantage, ids == 0, ids, backend=backend)
    loss.backward()
    assert (logp.grad.tolist(), reward.grad) == ([0.5, -0.5], None)


@pytest.mark.parametrize("kind", ["dr_grpo", "rloo"])
@pytest.mark.parametrize("rewards", [(math.inf, 1.0), (1.0, math.inf)])
def test_an_infinite_reward_makes_an_infinite_mean(kind: str, rewards: tuple[float, float], backend: str,
                                                   place: Place) -> None:
    # inf - inf is no number, 1 - inf is -inf
    group = torch.zeros(2, dtype=torch.int64, device=place(backend))
    got = ops.group_advantage(torch.tensor(rewards, device=place(backend)), group, kind=kind, backend=backend).tolist()
    assert (got[rewards.index(1.0)], math.isnan(got[rewards.index(math.inf)])) == (-math.inf, True)


@pytest.mark.parametrize("backend", ["auto", "eager"])
@pytest.mark.parametrize("options", [{}, {"kind": "dr_grpo", "max_completion_length": 4},
                                     {"kind": "dapo", "surrogate": "gspo"}], ids=str)
def test_ids_that_fall_are_an_error_on_the_cpu(options: dict[str, Any], backend: str) -> None:
    x, ids = torch.zeros(4), torch.tensor([1, 1, 0, 1])
    with pytest.raises(ValueError, match=r"group must be ascending, but 0 follows 1 at index 2$"):
        ops.group_advantage(x, ids, backend=backend)
    with pytest.raises(ValueError, match=r"sequence must be ascending, but 0 follows 1 at index 2$"):
        ops.policy_loss(x, x, x, ids >= 0, ids, backend=backend, **options)
    with pytest.raises(ValueError, match=r"sequence must be ascending, but 0 follows 1 at index 2$"):
        ops.linear_policy_loss(torch.zeros(4, 2), torch.zeros(3, 2), ids, x, x, ids >= 0, ids, backend=backend,
                               **options)


def random_batch(n: int, seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    names = ("logp", "old_logp", "advantage", "ref_logp", "sampler_logp")
    columns = {name: torch.randn(n, generator=generator) * 0.4 for name in names}
    sequence = (torch.rand(n, generator=generator) < 0.2).cumsum(0) * 3
    return {**columns, "mask": torch.rand(n, generator=generator) < 0.8, "sequence": sequence}


OPTIONS: list[dict[str, Any]] = [
    {"kind": "grpo"}, {"kind": "dapo"}, {"kind": "bnpo"}, {"kind": "dr_grpo", "max_completion_length": 64},
    {"surrogate": "gspo"}, {"surrogate": "gspo", "kind": "dapo"}, {"surrogate": "cispo", "kind": "dapo"},
    {"dual_clip": 1.2, "kl": "k2"}, {"correction": "mask", "kl": "k1"}, {"clip_low": 0.1, "clip_high": 0.4},
]


@pytest.mark.parametrize("n", [1, 257, 1500])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(str(v) for v in o.values()))
def test_as_near_the_fp64_truth_as_eager(options: dict[str, Any], n: int, rows: str, place: Place) -> None:
    batch, results = random_batch(n, seed=n), {}
    for name, dtype in ((rows, torch.float32), ("eager", torch.float32), ("truth", torch.float64)):
        given = {k: v.to(place(name), dtype if v.is_floating_point() else v.dtype, copy=True) for k, v in batch.items()}
        logp = given["logp"].requires_grad_()
        loss, metrics = ops.policy_loss(**given, **options, kl_coef=0.2,
                                        backend="eager" if name == "truth" else name)
        loss.backward()
        results[name] = [x.cpu() for x in (loss.detach(), logp.grad, *metrics.values())]
    for found, eager, truth in zip(results[rows], results["eager"], results["truth"], strict=True):
        assert (found - truth).abs().max() <= (eager - truth).abs().max() + 2e-7


@pytest.mark.parametrize("kind", EXPECTED)
def test_parts_with_the_batchs_counts_add_up_to_the_whole(kind: str, backend: str, place: Place) -> None:
    batch = {name: x.to(place(backend)) for name, x in random_batch(200, seed=5).items()}
    options = {"kind": kind, "kl_coef": 0.2, "max_completion_length": 64, "backend": backend}
    whole, _ = ops.policy_loss(**batch, **options)
    active = batch["sequence"][batch["mask"]]
    cut = int((batch["sequence"] < batch["sequence"][100]).sum())  # between two sequences
    parts = [{name: x[part] for name, x in batch.items()} for part in (slice(cut), slice(cut, None))]
    losses = [ops.policy_loss(**part, **options, sequences=len(active.unique()), tokens=len(active))[0]
              for part in parts]
    assert cut not in (0, 200)
    if kind == "bnpo":  # each part by its own tokens
        counts = [int(part["mask"].sum()) for part in parts]
        total = sum(float(loss) * count for loss, count in zip(losses, counts, strict=True)) / sum(counts)
        assert total == pytest.approx(whole.item(), abs=1e-6)
    else:
        assert float(sum(losses)) == pytest.approx(whole.item(), abs=1e-6)


@pytest.mark.parametrize(("options", "said"), [
    ({"clip_low": -0.1}, "clip_low must be at least 0, got -0.1"),
    ({"clip_high": math.nan}, "clip_high must be at least 0, got nan"),
    ({"dual_clip": math.nan}, "dual_clip must be above 1, got nan"),  # NaN stands for None in the custom op
    ({"kl_coef": math.inf}, "kl_coef must be finite, got inf"),
    ({"sampler_cap": None}, "sampler_cap must be at least 0, got None"),
    ({"correction": "mask", "sampler_floor": 3.0}, "sampler_floor = 3 is above sampler_cap = 2"),
    ({"tokens": 2.5}, "tokens must be a whole number, 0 or more, got 2.5"),
    ({"kind": "dr_grpo", "max_completion_length": -4}, "max_completion_length must be a whole number, 0 or more"),
])
def test_numbers_that_make_no_loss_are_named(options: dict[str, Any], said: str, backend: str, place: Place) -> None:
    with pytest.raises(ValueError, match=f"^policy_loss: {re.escape(said)}"):
        ops.policy_loss(**one_token(place(backend), 1.0, -1.0), backend=backend, **options)


def test_a_divisor_that_turns_the_sign_is_named(backend: str) -> None:
    with pytest.raises(ValueError, match=r"^group_advantage: eps must be at least 0, got -1\.0"):
        ops.group_advantage(torch.zeros(2), torch.zeros(2, dtype=torch.int64), eps=-1.0, backend=backend)


def test_errors_name_the_argument() -> None:
    batch = random_batch(4, seed=0)
    with pytest.raises(ValueError, match="policy_loss: kind must be one of grpo, dapo, bnpo, dr_grpo, got 'ppo'"):
        ops.policy_loss(**batch, kind="ppo")
    with pytest.raises(ValueError, match="surrogate must be one of ppo, gspo, cispo, got 'ipo'"):
        ops.policy_loss(**batch, surrogate="ipo")
    with pytest.raises(ValueError, match="max_completion_length"):
        ops.policy_loss(**batch, kind="dr_grpo")
    with pytest.raises(ValueError, match=r"dual_clip must be above 1, got 0\.5"):
        ops.policy_loss(**batch, dual_clip=0.5)
    with pytest.raises(ValueError, match=r"kl_coef = 0\.1 needs ref_logp"):
        ops.policy_loss(**batch | {"ref_logp": None}, kl_coef=0.1)
    with pytest.raises(ValueError, match="entropy_coef is linear_policy_loss' option"):
        ops.policy_loss(**batch, entropy_coef=0.1)
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
