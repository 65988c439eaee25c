"""Liger-Kernel: Triton linear cross-entropy, CuTe-DSL scaled cross-entropy for Hopper, chunked GRPO loss."""

from collections.abc import Callable

import torch

from .record import LossPeer, Peer, Tensor, release

DISTRIBUTION = "liger-kernel"


def _cross_entropy(name: str, accum_dtype: torch.dtype | None, note: str) -> Callable[[], Peer]:
    def load() -> Peer:
        from liger_kernel.ops.fused_linear_cross_entropy import LigerFusedLinearCrossEntropyFunction as Function

        def run(hidden: Tensor, weight: Tensor, token: Tensor) -> tuple[Tensor, None]:
            # bias, class weights, ignored id, z-loss, smoothing, reduction, softcap, z-loss wanted, dtype of d weight
            loss = Function.apply(hidden, weight, token, None, None, -100, 0.0, 0.0, "none", None, False, accum_dtype)
            return -loss[0], None

        return Peer(name=name, version=release(DISTRIBUTION), run=run, entropy=False, note=note)

    return load


cross_entropy = _cross_entropy(
    "liger-flce", None, "as shipped: d weight summed over the chunks in bf16; backward computes the logits again")
cross_entropy_fp32 = _cross_entropy(
    "liger-flce-fp32", torch.float32, "d weight summed over the chunks in fp32; backward computes the logits again")


def cute() -> Peer:
    """The CuTe-DSL kernel for compute capability 9.0."""
    from liger_kernel.ops.cutedsl.ops.fused_scaled_cross_entropy_sm90 import (
        LigerFusedScaledCrossEntropySM90Function as Function,
    )

    def run(hidden: Tensor, weight: Tensor, token: Tensor) -> tuple[Tensor, Tensor]:
        nll, entropy = Function.apply(hidden, weight, token, 1.0, -100, 1, True)
        return -nll, entropy

    return Peer(name="liger-cute", version=f"{release(DISTRIBUTION)}, cutlass-dsl {release('nvidia-cutlass-dsl')}",
                run=run, entropy=True,
                note="bf16 and capability 9.0 only; logits staged in fp16, entropy in bf16, d weight reduced in bf16; "
                     "a host synchronisation a call unless LIGER_SCALED_CE_SM90_VALIDATE_TARGETS=0")


def grpo() -> LossPeer:
    """The chunked GRPO loss, a sequence a chunk as it ships."""
    from liger_kernel.chunked_loss import LigerFusedLinearGRPOLoss

    # "dapo" is the normaliser by tokens, and the clipping that of our loss; no KL and so no reference model
    module = LigerFusedLinearGRPOLoss(beta=0.0, use_ref_model=False, epsilon_low=0.2, epsilon_high=0.2,
                                      loss_type="dapo")

    def loss(hidden: Tensor, weight: Tensor, token: Tensor, old_logp: Tensor, advantage: Tensor) -> Tensor:
        rows = len(advantage)
        # one token a sequence would be one chunk a token
        module.chunk_size = rows if rows == len(token) else 1
        value: Tensor
        value, _ = module(hidden.view(rows, -1, hidden.shape[-1]), weight, token.view(rows, -1),
                          torch.ones(rows, len(token) // rows, device=token.device), advantage,
                          old_per_token_logps=old_logp.view(rows, -1))
        return value

    return LossPeer(name="liger-grpo", version=release(DISTRIBUTION), loss=loss, policy=True,
                    note="gradients are computed in forward, by fp32 GEMMs: without TF32 unless "
                         "torch.set_float32_matmul_precision('high') is set; d weight summed in bf16")


def cross_entropy_mean() -> LossPeer:
    """The Triton kernel's own path: mean loss, gradients in forward."""
    from liger_kernel.ops.fused_linear_cross_entropy import LigerFusedLinearCrossEntropyFunction as Function

    def loss(hidden: Tensor, weight: Tensor, token: Tensor, old_logp: Tensor, advantage: Tensor) -> Tensor:
        value: Tensor
        value, *_ = Function.apply(hidden, weight, token, None, None, -100, 0.0, 0.0, "mean", None, False,
                                   torch.float32)
        return value

    return LossPeer(name="liger-flce-fp32", version=release(DISTRIBUTION), loss=loss, policy=False,
                    note="gradients are computed in forward; d weight summed in fp32; one host synchronisation a call")
