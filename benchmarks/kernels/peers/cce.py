"""cut-cross-entropy: log-probs alone, no logits in memory."""

from collections.abc import Callable

from .record import Peer, Tensor, release


def _cut(name: str, filter_eps: str | None, note: str) -> Callable[[], Peer]:
    def load() -> Peer:
        from cut_cross_entropy import linear_cross_entropy

        def run(hidden: Tensor, weight: Tensor, token: Tensor) -> tuple[Tensor, None]:
            return -linear_cross_entropy(hidden, weight, token, reduction="none", filter_eps=filter_eps), None

        return Peer(name=name, version=release("cut-cross-entropy"), run=run, entropy=False, note=note)

    return load


SHARED = "backward in 16-bit only, d hidden and d weight summed in bf16 behind locks (not deterministic)"
cut = _cut("cce", "high", f"{SHARED}; skips tiles of gradients below eps / 32: flat logits flatter it")
cut_exact = _cut("cce-exact", None, f"{SHARED}; no tile skipped")
