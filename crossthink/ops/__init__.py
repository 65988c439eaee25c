"""The ops' public face: arguments are checked and a backend is chosen here; every op has the same meaning on each.

`kernels/reference.py` is the specification. Backends: "cpp" (the C++ core, CPU tensors), "triton" (CUDA tensors; CPU
ones under TRITON_INTERPRET=1), "cuda" (CUDA C++, where the build has it), "eager" (the specification itself, any device
and dtype), "auto". What has run stands in `backends_in_use()` and, once for each op and backend, in the log.
"""

from typing import Unpack

import torch

from crossthink.kernels import reference  # type: ignore[import-untyped, unused-ignore]  # unseen where editable
from crossthink.kernels.loss_options import LossKeywords, LossOptions  # type: ignore[import-untyped, unused-ignore]
from crossthink.ops import advantage as advantage_op
from crossthink.ops import linear, linear_policy, policy
from crossthink.ops import logits as logits_op
from crossthink.ops.backends import backends_in_use, choose

__all__ = ["backends_in_use", "group_advantage", "linear_logprob", "linear_policy_loss", "policy_loss", "token_logprob"]

Tensor = torch.Tensor


def linear_logprob(hidden: Tensor, weight: Tensor, token: Tensor, *, bias: Tensor | None = None,
                   temperature: float = 1.0, backend: str = "auto") -> tuple[Tensor, Tensor]:
    """Log-prob of each token and entropy under softmax((hidden @ weight.T + bias) / temperature), in nats, fp32.

    hidden [T, D], weight [V, D], token [T] int64, bias [V] -> ([T], [T]). All backends but eager hold the logits of a
    chunk of tokens alone, forward and backward, and make no gradient that nobody asks for; eager holds [T, V]. Raises
    ValueError for shapes that do not fit, tokens outside [0, V) (on the CPU) and backends that cannot run.
    """
    _check_head("linear_logprob", hidden, weight, token, bias, temperature)
    head = {"hidden": hidden, "weight": weight, "bias": bias, "token": token}
    chosen = choose("linear_logprob", backend, head, len(weight))
    _check_inside("linear_logprob", chosen, token, len(weight))
    if chosen == "eager":
        return reference.linear_logprob(hidden, weight, token, bias, temperature)
    return linear.linear_logprob(hidden, weight, token, bias, temperature, chosen)


def token_logprob(logits: Tensor, token: Tensor, *, temperature: float = 1.0,
                  backend: str = "auto") -> tuple[Tensor, Tensor]:
    """Log-prob of each token and entropy under softmax(logits / temperature), in nats, fp32.

    logits [T, V], token [T] int64 -> ([T], [T]). A logit of -inf has probability 0. Raises ValueError for shapes that
    do not fit, tokens outside [0, V) (on the CPU) and backends that cannot run.
    """
    _require(logits.dim() == 2, "token_logprob", "logits [T, V]", logits)
    _check_tokens("token_logprob", token, logits.shape[0], temperature)
    chosen = choose("token_logprob", backend, {"logits": logits, "token": token}, logits.shape[1])
    _check_inside("token_logprob", chosen, token, logits.shape[1])
    if chosen == "eager":
        return reference.token_logprob(logits, token, temperature)
    return logits_op.token_logprob(logits, token, temperature, chosen)


def group_advantage(reward: Tensor, group: Tensor, *, kind: str = "grpo", eps: float = 1e-6,
                    backend: str = "auto") -> Tensor:
    """Advantage of each reward against its group: [N] fp32.

    reward [N] fp32, group [N] int64 ids, ascending. "grpo": (r - mean) / (unbiased std + eps) (arXiv 2402.03300,
    section 4.1.2); "dr_grpo": r - mean (arXiv 2503.20783); "rloo": r - the mean of the others (arXiv 2402.14740). A
    group of one, or without spread, gets zeros; under eager alone `reward` may have a gradient. Raises ValueError for
    other kinds, shapes that do not fit and ids that fall (on the CPU; on a device the group gets NaN).

    REINFORCE++ (arXiv 2501.03262) is "grpo" over the active tokens of a batch as one group, each with its sequence's
    reward.
    """
    if kind not in ("grpo", "dr_grpo", "rloo"):
        raise ValueError(f"group_advantage: kind must be grpo, dr_grpo or rloo, got {kind!r}")
    if not eps >= 0:
        raise ValueError(f"group_advantage: eps must be at least 0, got {eps}")
    _require(reward.dim() == 1 and group.shape == reward.shape, "group_advantage", "reward [N] and group [N]", reward,
             group)
    chosen = choose("group_advantage", backend, {"reward": reward, "group": group})
    _check_rising("group_advantage", chosen, "group", group)
    if chosen == "eager":
        return reference.group_advantage(reward, group, kind, eps)
    return advantage_op.group_advantage(reward.detach(), group, kind, eps, chosen)


def policy_loss(logp: Tensor, old_logp: Tensor | None, advantage: Tensor, mask: Tensor, sequence: Tensor, *,
                ref_logp: Tensor | None = None, sampler_logp: Tensor | None = None, backend: str = "auto",
                **options: Unpack[LossKeywords]) -> tuple[Tensor, dict[str, Tensor]]:
    """Policy-gradient loss over packed tokens, with a gradient for `logp` alone: (loss [], metrics).

    All tensors [T]: log-probs in nats (fp32), mask bool (True counts), sequence int64 ids, ascending, gaps allowed.
    old_logp: None where the policy has not moved since it sampled (then it is logp itself, a constant). ref_logp: adds
    kl_coef times the KL's estimate. sampler_logp: corrects for a sampler whose log-probs differ, on a token's
    surrogate, not its KL. Every option is told in LossOptions (kernels/loss_options.py): kind="grpo", surrogate="ppo",
    clip_low=0.2, clip_high=0.2, dual_clip=None, kl="k3", kl_coef=0.0, correction="truncate", sampler_cap=2.0,
    sampler_floor=0.5, sequences=None, tokens=None, max_completion_length=None.

    Log-ratios are cut to +-20 before exp and k3 at 10, with gradient 0 past it, as verl does. With nothing active the
    loss is 0. metrics, means over the active tokens: kl (0 without a reference), clip_fraction, ratio_mean, approx_kl
    (old_logp - logp). Raises ValueError for shapes, kinds and combinations that do not fit, and, where the loss looks
    at sequences, for ids that fall (on the CPU; on a device it is NaN).
    """
    told = _told("policy_loss", options, ref_logp)
    if told.entropy_coef:
        raise ValueError("policy_loss: it sees no entropies: entropy_coef is linear_policy_loss' option")
    columns = {"logp": logp, "old_logp": old_logp, "advantage": advantage, "mask": mask, "sequence": sequence,
               "ref_logp": ref_logp, "sampler_logp": sampler_logp}
    _check_columns("policy_loss", columns)
    chosen = choose("policy_loss", backend, columns)
    if told.counts_sequences or told.whole_sequences:
        _check_rising("policy_loss", chosen, "sequence", sequence)
    advantage = advantage.detach()
    old_logp, ref_logp, sampler_logp = (policy.detached(x) for x in (old_logp, ref_logp, sampler_logp))
    if chosen == "eager":
        return reference.policy_loss(logp, old_logp, advantage, mask, sequence, told, ref_logp, sampler_logp)
    return policy.policy_loss(logp, old_logp, advantage, mask, sequence, ref_logp, sampler_logp, told, chosen)


def linear_policy_loss(hidden: Tensor, weight: Tensor, token: Tensor, old_logp: Tensor | None, advantage: Tensor,
                       mask: Tensor, sequence: Tensor, *, bias: Tensor | None = None, temperature: float = 1.0,
                       ref_logp: Tensor | None = None, sampler_logp: Tensor | None = None, backend: str = "auto",
                       **options: Unpack[LossKeywords]) -> tuple[Tensor, dict[str, Tensor]]:
    """policy_loss of linear_logprob's log-probs, with gradients for hidden, weight and bias: (loss [], metrics).

    Arguments as in those two; entropy_coef=0.0 takes that much of the entropy, averaged as the terms are, off the loss.
    Masked rows are left out before anything is computed. All backends but eager hold the logits of a chunk of tokens
    alone and make loss and gradients in one pass over them (two with surrogate "gspo", which looks at whole sequences).

    Further metrics: entropy, the mean over the active tokens; logp and entropies [T], 0 where masked.
    """
    told = _told("linear_policy_loss", options, ref_logp)
    _check_head("linear_policy_loss", hidden, weight, token, bias, temperature)
    columns = {"advantage": advantage, "old_logp": old_logp, "mask": mask, "sequence": sequence, "ref_logp": ref_logp,
               "sampler_logp": sampler_logp}
    _check_columns("linear_policy_loss", {"token": token, **columns})
    head = {"hidden": hidden, "weight": weight, "bias": bias, "token": token}
    chosen = choose("linear_policy_loss", backend, {**head, **columns}, len(weight))
    _check_inside("linear_policy_loss", chosen, token, len(weight), mask)
    if told.counts_sequences or told.whole_sequences:
        _check_rising("linear_policy_loss", chosen, "sequence", sequence)
    advantage = advantage.detach()
    old_logp, ref_logp, sampler_logp = (policy.detached(x) for x in (old_logp, ref_logp, sampler_logp))
    if chosen == "eager":
        return reference.linear_policy_loss(hidden, weight, token, old_logp, advantage, mask, sequence, told, ref_logp,
                                            sampler_logp, bias, temperature)
    return linear_policy.linear_policy_loss(hidden, weight, token, old_logp, advantage, mask, sequence, told, ref_logp,
                                            sampler_logp, bias, temperature, chosen)


def _told(op: str, options: LossKeywords, ref_logp: Tensor | None) -> LossOptions:
    try:
        told = LossOptions(**options)
    except ValueError as error:
        raise ValueError(f"{op}: {error}") from None
    if told.kl_coef and ref_logp is None:
        raise ValueError(f"{op}: kl_coef = {told.kl_coef:g} needs ref_logp, the reference's log-probs")
    return told


def _check_columns(op: str, columns: dict[str, Tensor | None]) -> None:
    there = [x for x in columns.values() if x is not None]
    _require(all(x.dim() == 1 and x.shape == there[0].shape for x in there), op, f"tensors [T]: {', '.join(columns)}",
             *there)


def _check_head(op: str, hidden: Tensor, weight: Tensor, token: Tensor, bias: Tensor | None,
                temperature: float) -> None:
    for name, x in (("hidden", hidden), ("weight", weight), ("bias", bias)):
        if hasattr(x, "full_tensor"):
            raise ValueError(f"{op}: {name} is a DTensor, of which a rank holds a part: give {name}.full_tensor()")
    _require(hidden.dim() == 2 and weight.dim() == 2 and hidden.shape[1] == weight.shape[1], op,
             "hidden [T, D] and weight [V, D]", hidden, weight)
    if (hidden.dtype == torch.float64) != (weight.dtype == torch.float64):
        raise ValueError(f"{op}: weight is {weight.dtype}, hidden {hidden.dtype}: float64 goes with float64 alone")
    _require(bias is None or bias.shape == weight.shape[:1], op, "bias [V]", weight, bias)
    _check_tokens(op, token, hidden.shape[0], temperature)


def _check_tokens(op: str, token: Tensor, rows: int, temperature: float) -> None:
    if token.dtype != torch.int64 or token.shape != (rows,):
        raise ValueError(f"{op}: token must be int64 [{rows}], got {token.dtype} {list(token.shape)}")
    if not temperature > 0:
        raise ValueError(f"{op}: temperature must be above 0, got {temperature}")
    if not 1e-38 <= temperature <= 1e38:
        raise ValueError(f"{op}: temperature must be in fp32's range, as its inverse, got {temperature}")


def _check_inside(op: str, backend: str, token: Tensor, vocabulary: int, mask: Tensor | None = None) -> None:
    """Where to look does not wait for a device. In a compiled graph the core looks, at a chunk of tokens at a time."""
    if backend not in ("cpp", "eager") or not _is_there(token):
        return
    outside = (token < 0) | (token >= vocabulary)
    if mask is not None:
        outside &= mask
    if outside.any():
        place = int(outside.nonzero()[0])
        raise ValueError(f"{op}: token {int(token[place])} at index {place} is not in [0, {vocabulary})")


def _check_rising(op: str, backend: str, name: str, ids: Tensor) -> None:
    """The core looks by itself; the specification takes equal ids for one run wherever they stand."""
    if backend != "eager" or not _is_there(ids):
        return
    falls = ids[1:] < ids[:-1]
    if falls.any():
        place = int(falls.nonzero()[0]) + 1
        before, own = ids[place - 1:place + 1].tolist()
        raise ValueError(f"{op}: {name} must be ascending, but {own} follows {before} at index {place}")


def _is_there(x: Tensor) -> bool:
    """Whether values can be looked at: on the CPU, and not in a graph that is being traced."""
    return x.device.type == "cpu" and not torch.compiler.is_compiling() and type(x) is Tensor


def _require(holds: bool, op: str, expected: str, *got: Tensor | None) -> None:
    if not holds:
        raise ValueError(f"{op}: expected {expected}, got {[list(x.shape) for x in got if x is not None]}")
