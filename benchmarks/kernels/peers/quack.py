"""QuACK: CuTe-DSL linear cross-entropy for Hopper. Its mean or sum alone, so no log-probs."""

from .record import LossPeer, Tensor, release


def cross_entropy_mean() -> LossPeer:
    """Chunks of 4096 tokens; on capability 9.0 its scaled-exp pipeline, where V is a multiple of 128."""
    from quack.linear_cross_entropy import chunked_linear_cross_entropy

    def loss(hidden: Tensor, weight: Tensor, token: Tensor, old_logp: Tensor, advantage: Tensor) -> Tensor:
        value: Tensor = chunked_linear_cross_entropy(hidden, weight, token, chunk_size=4096, reduction="mean")
        return value

    return LossPeer(name="quack", version=f"{release('quack-kernels')}, cutlass-dsl {release('nvidia-cutlass-dsl')}",
                    loss=loss, policy=False,
                    note="gradients are computed in forward, d weight summed in fp32; exponentials stored in bf16")
