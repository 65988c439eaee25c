"""policy_loss against TRL's own GRPOTrainer._compute_loss (trl 1.16.0), where trl is installed."""

from unittest.mock import MagicMock

import pytest

torch = pytest.importorskip("torch")
trainer_module = pytest.importorskip("trl.trainer.grpo_trainer")

from crossthink import ops

ROWS, LENGTH = 6, 9


def padded() -> dict[str, torch.Tensor]:
    """A padded batch as TRL has it: [rows, length], ratios inside and outside the bounds."""
    generator = torch.Generator().manual_seed(0)
    columns = {name: 0.4 * torch.randn(ROWS, LENGTH, generator=generator) for name in ("logp", "old", "ref", "sampler")}
    mask = torch.arange(LENGTH)[None] < torch.tensor([9, 4, 1, 7, 5, 8])[:, None]
    return {**columns, "mask": mask, "advantage": torch.randn(ROWS, generator=generator)}


def trl_loss(batch: dict[str, torch.Tensor], kind: str, kl_coef: float, *, level: str = "token",
             epsilon_high: float = 0.28, correct: bool = True) -> tuple[torch.Tensor, torch.Tensor]:
    """TRL's loss and its gradient, with one accumulation step on one process and no bias correction of the KL."""
    logp = batch["logp"].clone().requires_grad_()
    trainer = MagicMock(
        loss_type=kind, beta=kl_coef, epsilon_low=0.2, epsilon_high=epsilon_high, importance_sampling_level=level,
        top_entropy_quantile=1.0, off_policy_mask_threshold=None, aux_loss_enabled=False, use_vllm=True,
        vllm_importance_sampling_correction=correct, current_gradient_accumulation_steps=1,
        max_completion_length=LENGTH, _entropy_bonus_enabled=False)
    trainer.args = MagicMock(delta=None, use_bias_correction_kl=False, steps_per_generation=1)
    trainer.accelerator.num_processes = 1
    trainer.accelerator.gather = lambda x: x
    trainer._get_per_token_logps_and_entropies.return_value = (logp, torch.zeros_like(logp), None)
    ids = torch.zeros(ROWS, LENGTH, dtype=torch.int64)
    loss = trainer_module.GRPOTrainer._compute_loss(trainer, MagicMock(training=True), {
        "prompt_ids": ids[:, :1], "prompt_mask": ids[:, :1], "completion_ids": ids,
        "completion_mask": batch["mask"].float(), "advantages": batch["advantage"], "old_per_token_logps": batch["old"],
        "ref_per_token_logps": batch["ref"], "num_items_in_batch": batch["mask"].sum(),
        "importance_sampling_ratio": (batch["old"] - batch["sampler"]).exp().clamp(max=2.0)})
    loss.backward()
    return loss.detach(), logp.grad


@pytest.mark.parametrize("backend", ["cpp", "eager"])
@pytest.mark.parametrize("kl_coef", [0.0, 0.3])
@pytest.mark.parametrize("kind", ["grpo", "dapo", "bnpo", "dr_grpo"])
def test_loss_and_gradient_are_trls(kind: str, kl_coef: float, backend: str) -> None:
    batch = padded()
    expected, expected_grad = trl_loss(batch, kind, kl_coef)
    logp = batch["logp"].flatten().requires_grad_()
    rows = torch.arange(ROWS).repeat_interleave(LENGTH)
    loss, metrics = ops.policy_loss(
        logp, batch["old"].flatten(), batch["advantage"][rows], batch["mask"].flatten(), rows, kind=kind,
        clip_high=0.28, ref_logp=batch["ref"].flatten(), kl_coef=kl_coef, sampler_logp=batch["sampler"].flatten(),
        max_completion_length=LENGTH, backend=backend)
    loss.backward()
    assert metrics["clip_fraction"] > 0
    torch.testing.assert_close(loss.detach(), expected, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(logp.grad.view(ROWS, LENGTH), expected_grad, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("backend", ["cpp", "eager"])
def test_gspo_is_trls_sequence_level(backend: str) -> None:
    # without the sampler's weights: TRL lets a token's weight scale its whole sequence's slope, here it scales its own
    batch = padded()
    expected, expected_grad = trl_loss(batch, "grpo", 0.3, level="sequence", correct=False)
    logp, rows = batch["logp"].flatten().requires_grad_(), torch.arange(ROWS).repeat_interleave(LENGTH)
    loss, _ = ops.policy_loss(
        logp, batch["old"].flatten(), batch["advantage"][rows], batch["mask"].flatten(), rows, surrogate="gspo",
        clip_high=0.28, ref_logp=batch["ref"].flatten(), kl_coef=0.3, backend=backend)
    loss.backward()
    torch.testing.assert_close(loss.detach(), expected, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(logp.grad.view(ROWS, LENGTH), expected_grad, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("backend", ["cpp", "eager"])
def test_cispo_is_trls_whose_epsilon_is_the_cap(backend: str) -> None:
    batch = padded()
    expected, expected_grad = trl_loss(batch, "cispo", 0.0, epsilon_high=1.28)
    logp, rows = batch["logp"].flatten().requires_grad_(), torch.arange(ROWS).repeat_interleave(LENGTH)
    loss, metrics = ops.policy_loss(
        logp, batch["old"].flatten(), batch["advantage"][rows], batch["mask"].flatten(), rows, kind="dapo",
        surrogate="cispo", clip_low=1.0, clip_high=0.28, sampler_logp=batch["sampler"].flatten(), backend=backend)
    loss.backward()
    assert metrics["clip_fraction"] > 0
    torch.testing.assert_close(loss.detach(), expected, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(logp.grad.view(ROWS, LENGTH), expected_grad, rtol=1e-5, atol=1e-8)
