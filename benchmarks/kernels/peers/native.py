"""torch itself: the whole [T, V] in eager and under torch.compile, and its own chunked linear cross-entropy."""

import torch
import torch.nn.functional as F

from .record import LossPeer, Peer, Tensor

WHOLE = "the [T, V] logits in bf16 and several fp32 copies of them at once"
CLIP = 0.2


def naive(hidden: Tensor, weight: Tensor, token: Tensor) -> tuple[Tensor, Tensor]:
    """bf16 logits, fp32 log-softmax: what a trainer without a fused kernel runs."""
    return log_softmax_outputs((hidden @ weight.T).float(), token)


def log_softmax_outputs(logits: Tensor, token: Tensor) -> tuple[Tensor, Tensor]:
    """logp and entropy of logits [T, V], in their dtype."""
    log_p = F.log_softmax(logits, -1)
    return log_p.gather(1, token[:, None])[:, 0], -(log_p.exp() * log_p).sum(-1)


def clipped(logp: Tensor, old_logp: Tensor, advantage: Tensor) -> Tensor:
    """Mean clipped policy loss of logp [T]; advantage [B], one for each of B sequences of T / B tokens."""
    a = advantage.repeat_interleave(len(logp) // len(advantage))
    ratio = (logp - old_logp).exp()
    return torch.maximum(-ratio * a, -ratio.clamp(1 - CLIP, 1 + CLIP) * a).mean()


def naive_loss(hidden: Tensor, weight: Tensor, token: Tensor, old_logp: Tensor, advantage: Tensor) -> Tensor:
    """`clipped` over log-probs as `naive` has them, without the entropy."""
    log_p = F.log_softmax((hidden @ weight.T).float(), -1)
    return clipped(log_p.gather(1, token[:, None])[:, 0], old_logp, advantage)


def eager() -> Peer:
    """`naive`."""
    return Peer(name="torch-eager", version=torch.__version__, run=naive, entropy=True, note=WHOLE)


def compiled() -> Peer:
    """`naive` under torch.compile."""
    return Peer(name="torch-compile", version=torch.__version__, run=torch.compile(naive, dynamic=False), entropy=True,
                note=f"{WHOLE}; the first call of each shape compiles")


def chunked() -> Peer:
    """torch's linear_cross_entropy, chunked over tokens; without options it is the eager path."""
    from torch.nn import LinearCrossEntropyOptions

    def run(hidden: Tensor, weight: Tensor, token: Tensor) -> tuple[Tensor, None]:
        loss = F.linear_cross_entropy(hidden, weight, token, reduction="none", options=LinearCrossEntropyOptions())
        return -loss, None

    return Peer(name="torch-chunked", version=torch.__version__, run=run, entropy=False,
                note="recomputes the logits in backward, where reduction is none")


def eager_loss() -> LossPeer:
    """`naive_loss`."""
    return LossPeer(name="torch-eager", version=torch.__version__, loss=naive_loss, policy=True, note=WHOLE)


def compiled_loss() -> LossPeer:
    """`naive_loss` under torch.compile."""
    return LossPeer(name="torch-compile", version=torch.__version__, loss=torch.compile(naive_loss, dynamic=False),
                    policy=True, note=f"{WHOLE}; the first call of each shape compiles")
