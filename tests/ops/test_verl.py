"""policy_loss against verl's own loss functions (verl 0.9.1), value and gradient, where verl is installed."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")
core = pytest.importorskip("verl.trainer.ppo.core_algos")
workers = pytest.importorskip("verl.workers.config")

from crossthink import ops

ROWS, LENGTH = 6, 9
MODES = {"grpo": "seq-mean-token-mean", "dapo": "token-mean", "dr_grpo": "seq-mean-token-sum-norm"}


def padded() -> dict[str, torch.Tensor]:
    """A padded batch, [rows, length], with ratios on both sides of every bound and one row that is masked whole."""
    generator = torch.Generator().manual_seed(1)
    batch = {name: 0.6 * torch.randn(ROWS, LENGTH, generator=generator) for name in ("logp", "old", "ref", "sampler")}
    mask = torch.arange(LENGTH)[None] < torch.tensor([9, 4, 0, 7, 5, 8])[:, None]
    advantage = torch.randn(ROWS, generator=generator)
    batch["old"][0, 0], advantage[0] = batch["logp"][0, 0] - 2.0, -1.0  # rho e^2 under A < 0: the dual clip
    return {**batch, "mask": mask, "advantage": advantage[:, None].expand(ROWS, LENGTH)}


def verl_loss(batch: dict[str, torch.Tensor], name: str, mode: str, weights: torch.Tensor | None = None,
              kl: str = "") -> tuple[torch.Tensor, torch.Tensor]:
    """verl's loss and its gradient; `kl`: 0.3 times this estimate is added, averaged in the same way."""
    config = workers.FSDPActorConfig(strategy="fsdp", rollout_n=1, ppo_micro_batch_size_per_gpu=1, clip_ratio_low=0.2,
                                     clip_ratio_high=0.28)
    logp = batch["logp"].clone().requires_grad_()
    loss, _ = core.get_policy_loss_fn(name)(
        old_log_prob=batch["old"], log_prob=logp, advantages=batch["advantage"], response_mask=batch["mask"].float(),
        loss_agg_mode=mode, config=config, rollout_is_weights=weights)
    if kl:
        loss = loss + 0.3 * core.agg_loss(core.kl_penalty(logp, batch["ref"], kl), batch["mask"].float(), mode)
    loss.backward()
    return loss.detach(), logp.grad


def assert_same(batch: dict[str, torch.Tensor], expected: tuple[torch.Tensor, torch.Tensor], backend: str,
                **options: Any) -> None:
    logp, rows = batch["logp"].flatten().requires_grad_(), torch.arange(ROWS).repeat_interleave(LENGTH)
    loss, metrics = ops.policy_loss(logp, batch["old"].flatten(), batch["advantage"].flatten(), batch["mask"].flatten(),
                                    rows, clip_high=0.28, backend=backend, **options)
    loss.backward()
    assert metrics["clip_fraction"] > 0
    torch.testing.assert_close(loss.detach(), expected[0], rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(logp.grad.view(ROWS, LENGTH), expected[1], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("backend", ["cpp", "eager"])
@pytest.mark.parametrize("kind", MODES)
def test_ppo_with_the_dual_clip_that_verl_has_on(kind: str, backend: str) -> None:
    batch = padded()
    expected = verl_loss(batch, "vanilla", MODES[kind])
    assert_same(batch, expected, backend, kind=kind, dual_clip=3.0, max_completion_length=LENGTH)


@pytest.mark.parametrize("backend", ["cpp", "eager"])
@pytest.mark.parametrize("kl", ["k1", "k2", "k3"])
def test_kl_estimates(kl: str, backend: str) -> None:
    batch = padded()
    expected = verl_loss(batch, "vanilla", MODES["grpo"], kl=kl)
    assert_same(batch, expected, backend, dual_clip=3.0, kl=kl, kl_coef=0.3, ref_logp=batch["ref"].flatten())


@pytest.mark.parametrize("backend", ["cpp", "eager"])
@pytest.mark.parametrize("kind", ["grpo", "dapo"])
@pytest.mark.parametrize("surrogate", ["gspo", "cispo"])
def test_gspo_and_cispo(surrogate: str, kind: str, backend: str) -> None:
    batch = padded()
    assert_same(batch, verl_loss(batch, surrogate, MODES[kind]), backend, kind=kind, surrogate=surrogate)


@pytest.mark.parametrize("backend", ["cpp", "eager"])
def test_truncated_importance_sampling(backend: str) -> None:
    batch = padded()
    weights = (batch["old"] - batch["sampler"]).exp().clamp(max=2.0)
    expected = verl_loss(batch, "vanilla", MODES["dapo"], weights)
    assert_same(batch, expected, backend, kind="dapo", dual_clip=3.0, sampler_logp=batch["sampler"].flatten())
