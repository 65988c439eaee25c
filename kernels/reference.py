"""What every op computes, in plain torch: the specification that the fast backends are measured against.

Differentiable, in fp64 where the input is fp64 and in fp32 otherwise (16-bit input is widened before any arithmetic).
T counts tokens, D is the hidden size, V the vocabulary.
"""

import torch

Tensor = torch.Tensor

LOG_RATIO_LIMIT = 20.0
"""Log-ratios are cut to +-20 before exp, as in verl, so that a ratio never overflows; past it the gradient is 0."""
KL_LIMIT = 10.0
"""The KL estimate is cut at 10, as in verl; past it the gradient is 0."""


def _widened(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else x.float()


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
    logits = _widened(hidden) @ _widened(weight).T
    if bias is not None:
        logits = logits + _widened(bias)
    return token_logprob(logits, token, temperature)


def group_advantage(reward: Tensor, group: Tensor, kind: str = "grpo", eps: float = 1e-6) -> Tensor:
    """Advantage [N] of each reward [N] against its group [N] (int64 ids).

    "grpo": (r - mean) / (unbiased std + eps) (arXiv 2402.03300, section 4.1.2; verl's eps). "dr_grpo": r - mean
    (arXiv 2503.20783). A group of one, or whose rewards are all the same, gets zeros.
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
    return centred.where(spread, 0.0)


def policy_loss(logp: Tensor, old_logp: Tensor, advantage: Tensor, mask: Tensor, sequence: Tensor, *,
                kind: str = "grpo", clip_low: float = 0.2, clip_high: float = 0.2, ref_logp: Tensor | None = None,
                kl_coef: float = 0.0, sampler_logp: Tensor | None = None, sampler_cap: float = 2.0,
                sequences: int | None = None, tokens: int | None = None,
                max_completion_length: int | None = None) -> tuple[Tensor, dict[str, Tensor]]:
    """Clipped policy-gradient loss over packed tokens; all tensors [T], gradient with respect to `logp` alone.

    A token's term is w * -min(rho A, clip(rho, 1 - clip_low, 1 + clip_high) A) + kl_coef * k3, with
    rho = exp(logp - old_logp) (PPO, arXiv 1707.06347, equation 7; asymmetric: DAPO, arXiv 2503.14476, equation 10),
    k3 = exp(ref - logp) - (ref - logp) - 1 (arXiv 2402.03300, equation 4), and w = min(exp(old - sampler), sampler_cap)
    where the sampler's log-probs are given (truncated importance sampling, a constant). Masked tokens count nowhere.

    "grpo": mean over sequences of each one's token mean. "dapo": sum / tokens. "dr_grpo": sum / (sequences *
    max_completion_length) (arXiv 2503.20783). `sequences` (with an active token) and `tokens` (active) count the whole
    batch; None counts what is here. Metrics are means over the active tokens.
    """
    ids, place = torch.unique(sequence[mask], return_inverse=True)
    logp, old, a = _widened(logp)[mask], _widened(old_logp.detach())[mask], _widened(advantage.detach())[mask]
    log_ratio = logp - old
    ratio = _cut(log_ratio, LOG_RATIO_LIMIT).exp()
    free, bounded = -ratio * a, -ratio.clamp(1 - clip_low, 1 + clip_high) * a
    term = torch.where(bounded > free, bounded, free)
    if sampler_logp is not None:
        gap = old - _widened(sampler_logp.detach())[mask]
        term = term * _cut(gap, LOG_RATIO_LIMIT).exp().clamp(max=sampler_cap)
    kl = torch.zeros_like(logp)
    if ref_logp is not None:
        d = _cut(_widened(ref_logp.detach())[mask] - logp, LOG_RATIO_LIMIT)
        kl = _cut(d.expm1() - d, KL_LIMIT)
        term = term + kl_coef * kl
    tokens = max(len(logp) if tokens is None else tokens, 1)
    sequences = max(len(ids) if sequences is None else sequences, 1)
    if kind == "grpo":
        loss = (term / torch.bincount(place, minlength=len(ids)).to(term.dtype)[place]).sum() / sequences
    elif kind == "dapo":
        loss = term.sum() / tokens
    else:
        assert kind == "dr_grpo", kind
        assert max_completion_length is not None
        loss = term.sum() / (sequences * max_completion_length)
    measured = {"kl": kl, "clip_fraction": (bounded > free).to(kl.dtype), "ratio_mean": ratio, "approx_kl": -log_ratio}
    return loss, {name: value.detach().sum() / max(len(logp), 1) for name, value in measured.items()}
