"""What every op computes, in plain torch: the specification that the fast backends are measured against.

Differentiable, in fp64 where the input is fp64 and in fp32 otherwise (16-bit input is widened before any arithmetic).
T counts tokens, D is the hidden size, V the vocabulary.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from crossthink.kernels.loss_options import LossOptions

Tensor = torch.Tensor

LOG_RATIO_LIMIT = 20.0
"""Log-ratios are cut to +-20 before exp, as in verl, so that a ratio never overflows; past it the gradient is 0."""
KL_LIMIT = 10.0
"""The KL estimate is cut at 10, as in verl; past it the gradient is 0."""


def _widened(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else x.float()


def _without_autocast(device: str) -> AbstractContextManager[Any]:
    """Autocast would round factors and logits to 16 bits; some devices ("meta") have none."""
    return torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nullcontext()


def _cut(x: Tensor, limit: float) -> Tensor:
    """x within +-limit, gradient 0 past it. A NaN keeps its gradient, which torch.clamp would make 0."""
    return x.where(~(x.abs() > limit), x.detach().sign() * limit)


def token_logprob(logits: Tensor, token: Tensor, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
    """Log-prob of each token and entropy of each row of softmax(logits / temperature), in nats: ([T], [T]).

    logits [T, V], token [T] int64. A logit of -inf has probability 0 and adds nothing to the entropy.
    """
    z = _widened(logits)
    shifted = (z - z.max(-1, keepdim=True).values.detach()) / temperature
    log_p = shifted - shifted.logsumexp(-1, keepdim=True)
    logp = log_p.gather(1, token[:, None])[:, 0]
    return logp, -(log_p.exp() * log_p.masked_fill(log_p == -torch.inf, 0.0)).sum(-1)


def linear_logprob(hidden: Tensor, weight: Tensor, token: Tensor, bias: Tensor | None = None,
                   temperature: float = 1.0) -> tuple[Tensor, Tensor]:
    """token_logprob of the logits hidden [T, D] @ weight [V, D].T + bias [V]."""
    with _without_autocast(hidden.device.type):
        logits = _widened(hidden) @ _widened(weight).T
    if bias is not None:
        logits = logits + _widened(bias)
    return token_logprob(logits, token, temperature)


def group_advantage(reward: Tensor, group: Tensor, kind: str = "grpo", eps: float = 1e-6) -> Tensor:
    """Advantage [N] of each reward [N] against its group [N] (int64 ids).

    "grpo": (r - mean) / (unbiased std + eps) (arXiv 2402.03300, section 4.1.2; verl's eps). "dr_grpo": r - mean
    (arXiv 2503.20783). "rloo": r - the mean of the others (arXiv 2402.14740). A group of one, or whose rewards are all
    the same, gets zeros.
    """
    r = _widened(reward)
    ids, member = torch.unique(group, return_inverse=True)
    n = torch.bincount(member, minlength=len(ids)).to(r.dtype)
    mean = torch.zeros_like(n).index_add(0, member, r) / n
    centred = r - mean[member]
    low, high = (torch.zeros_like(n).scatter_reduce(0, member, r.detach(), how, include_self=False)
                 for how in ("amin", "amax"))
    spread = (low != high)[member]
    if kind == "grpo":
        variance = torch.zeros_like(n).index_add(0, member, centred**2) / (n - 1).clamp(min=1)
        variance = variance.where(low != high, 1.0)  # the square root's gradient at 0 is infinite
        centred = centred / (variance.sqrt() + eps)[member]
    if kind == "rloo":
        centred = centred * (n / (n - 1).clamp(min=1))[member]
    return centred.where(spread, 0.0)


def token_weights(mask: Tensor, sequence: Tensor, options: LossOptions) -> Tensor:
    """What each token's term counts in the loss, [T] fp64: 0 where masked (LossOptions.kind)."""
    active = mask.double()
    tokens = max(int(active.sum()) if options.tokens is None else options.tokens, 1)
    if options.kind in ("dapo", "bnpo"):
        return active / (max(int(active.sum()), 1) if options.kind == "bnpo" else tokens)
    ids, place = torch.unique(sequence, return_inverse=True)
    count = torch.bincount(place, weights=active, minlength=len(ids))
    sequences = max(int((count > 0).sum()) if options.sequences is None else options.sequences, 1)
    if options.kind == "grpo":
        return active / (sequences * count.clamp(min=1)[place])
    assert options.max_completion_length is not None
    return active / (sequences * options.max_completion_length)


def _sequence_mean(x: Tensor, sequence: Tensor) -> Tensor:
    """The mean of x [T] over each sequence, at each of its tokens."""
    ids, place = torch.unique(sequence, return_inverse=True)
    total = torch.zeros(len(ids), dtype=x.dtype, device=x.device).index_add(0, place, x)
    return (total / torch.bincount(place, minlength=len(ids)))[place]


def _surrogate(logp: Tensor, log_ratio: Tensor, advantage: Tensor,
               options: LossOptions) -> tuple[Tensor, Tensor, Tensor]:
    """A token's term, whether it was clipped, and its ratio."""
    ratio = _cut(log_ratio, LOG_RATIO_LIMIT).exp()
    bounded_ratio = ratio.clamp(1 - options.clip_low, 1 + options.clip_high)
    if options.surrogate == "cispo":
        return -bounded_ratio.detach() * advantage * logp, bounded_ratio != ratio, ratio
    free, bounded = -ratio * advantage, -bounded_ratio * advantage
    clipped = bounded > free
    term = torch.where(clipped, bounded, free)
    if options.dual_clip is not None:
        capped = (advantage < 0) & (term > -options.dual_clip * advantage)
        clipped, term = clipped | capped, torch.where(capped, -options.dual_clip * advantage, term)
    return term, clipped, ratio


def _kl(d: Tensor, kind: str) -> Tensor:
    """The estimate of the KL from d = ref - logp."""
    if kind == "k1":
        return -d
    if kind == "k2":
        return d**2 / 2
    d = _cut(d, LOG_RATIO_LIMIT)
    return _cut(d.expm1() - d, KL_LIMIT)


def policy_loss(logp: Tensor, old_logp: Tensor | None, advantage: Tensor, mask: Tensor, sequence: Tensor,
                options: LossOptions, ref_logp: Tensor | None = None,
                sampler_logp: Tensor | None = None) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss that `options` describes over packed tokens; all tensors [T], gradient with respect to `logp` alone.

    old_logp: None where the policy is the one that sampled (its own log-probs, as constants). Masked tokens count
    nowhere. Metrics are means over the active tokens.
    """
    weight = token_weights(mask, sequence, options)[mask]
    logp, a, sequence = _widened(logp)[mask], _widened(advantage.detach())[mask], sequence[mask]
    old = logp.detach() if old_logp is None else _widened(old_logp.detach())[mask]
    log_ratio = logp - old
    used = log_ratio
    if options.surrogate == "gspo":  # the sequence's value, with the token's own slope (GSPO-token, equation 14)
        used = _sequence_mean(log_ratio.detach(), sequence) + logp - logp.detach()
    term, clipped, ratio = _surrogate(logp, used, a, options)
    if sampler_logp is not None:
        w = _cut(old - _widened(sampler_logp.detach())[mask], LOG_RATIO_LIMIT).exp()
        kept = (w >= options.sampler_floor) & (w <= options.sampler_cap)
        term = term * (w.clamp(max=options.sampler_cap) if options.correction == "truncate" else w * kept)
    kl = torch.zeros_like(logp)
    if ref_logp is not None:
        kl = _kl(_widened(ref_logp.detach())[mask] - logp, options.kl)
        term = term + options.kl_coef * kl
    loss = (term * weight.to(term.dtype)).sum()
    measured = {"kl": kl, "clip_fraction": clipped.to(kl.dtype), "ratio_mean": ratio, "approx_kl": -log_ratio}
    return loss, {name: value.detach().sum() / max(len(logp), 1) for name, value in measured.items()}


def linear_policy_loss(hidden: Tensor, weight: Tensor, token: Tensor, old_logp: Tensor | None, advantage: Tensor,
                       mask: Tensor, sequence: Tensor, options: LossOptions, ref_logp: Tensor | None = None,
                       sampler_logp: Tensor | None = None, bias: Tensor | None = None,
                       temperature: float = 1.0) -> tuple[Tensor, dict[str, Tensor]]:
    """policy_loss of linear_logprob's log-probs, less entropy_coef times the entropy; masked rows are not looked at.

    Further metrics: entropy, the mean over the active tokens; logp and entropies, [T], 0 where masked.
    """
    logp, entropy = (torch.zeros(len(token), dtype=x.dtype, device=x.device).masked_scatter(mask, x)
                     for x in linear_logprob(hidden[mask], weight, token[mask], bias, temperature))
    loss, metrics = policy_loss(logp, old_logp, advantage, mask, sequence, options, ref_logp, sampler_logp)
    if options.entropy_coef:
        share = token_weights(mask, sequence, options).to(entropy.dtype)
        loss = loss - options.entropy_coef * (entropy * share).sum()
    per_token = {"logp": logp.detach(), "entropies": entropy.detach()}
    return loss, {**metrics, "entropy": per_token["entropies"].sum() / max(int(mask.sum()), 1), **per_token}
