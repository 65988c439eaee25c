"""The ops' public face: arguments are checked and a backend is chosen here; every op has the same meaning on each.

`kernels/reference.py` is the specification. Backends: "cpp" (the C++ core, CPU tensors), "triton" (CUDA tensors; CPU
ones under TRITON_INTERPRET=1), "cuda" (CUDA C++, where the build has it), "eager" (the specification itself, any device
and dtype), "auto". What has run stands in `backends_in_use()` and, once for each op and backend, in the log.
"""

import torch

from crossthink.kernels import reference  # type: ignore[import-untyped, unused-ignore]  # unseen where editable
from crossthink.ops import cpp_logprob, cpp_policy
from crossthink.ops.backends import backends_in_use, choose

__all__ = ["backends_in_use", "group_advantage", "linear_logprob", "policy_loss", "token_logprob"]

Tensor = torch.Tensor


def linear_logprob(hidden: Tensor, weight: Tensor, token: Tensor, *, bias: Tensor | None = None,
                   temperature: float = 1.0, backend: str = "auto") -> tuple[Tensor, Tensor]:
    """Log-prob of each token and entropy under softmax((hidden @ weight.T + bias) / temperature), in nats, fp32.

    hidden [T, D], weight [V, D], token [T] int64, bias [V] -> ([T], [T]). Backend cpp holds the logits of a chunk of
    tokens alone, forward and backward, and makes no gradient that nobody asks for; eager holds [T, V]. Raises
    ValueError for shapes that do not fit, tokens outside [0, V) (cpp) and backends that cannot run.
    """
    _require(hidden.dim() == 2 and weight.dim() == 2 and hidden.shape[1] == weight.shape[1], "linear_logprob",
             "hidden [T, D] and weight [V, D]", hidden, weight)
    _require(bias is None or bias.shape == weight.shape[:1], "linear_logprob", "bias [V]", weight, bias)
    _check_tokens("linear_logprob", token, hidden.shape[0], temperature)
    if choose("linear_logprob", backend, hidden) == "cpp":
        for x in (weight,) if bias is None else (weight, bias):
            choose("linear_logprob", "cpp", x)
        return cpp_logprob.linear_logprob(hidden, weight, token, bias, temperature)
    return reference.linear_logprob(hidden, weight, token, bias, temperature)


def token_logprob(logits: Tensor, token: Tensor, *, temperature: float = 1.0,
                  backend: str = "auto") -> tuple[Tensor, Tensor]:
    """Log-prob of each token and entropy under softmax(logits / temperature), in nats, fp32.

    logits [T, V], token [T] int64 -> ([T], [T]). A logit of -inf has probability 0. Raises ValueError for shapes that
    do not fit, tokens outside [0, V) (cpp) and backends that cannot run.
    """
    _require(logits.dim() == 2, "token_logprob", "logits [T, V]", logits)
    _check_tokens("token_logprob", token, logits.shape[0], temperature)
    chosen = choose("token_logprob", backend, logits)
    if chosen == "cpp":
        return cpp_logprob.token_logprob(logits, token, temperature)
    if chosen == "triton":
        from crossthink.kernels import token_logprob as kernel  # triton is not on every machine

        return kernel.token_logprob(logits, token, temperature)
    if chosen == "cuda":
        from crossthink.ops import cuda_logprob

        return cuda_logprob.token_logprob(logits, token, temperature)
    return reference.token_logprob(logits, token, temperature)


def group_advantage(reward: Tensor, group: Tensor, *, kind: str = "grpo", eps: float = 1e-6,
                    backend: str = "auto") -> Tensor:
    """Advantage of each reward against its group: [N] fp32.

    reward [N] fp32, group [N] int64 ids, ascending. "grpo": (r - mean) / (unbiased std + eps) (arXiv 2402.03300,
    section 4.1.2); "dr_grpo": r - mean (arXiv 2503.20783). A group of one, or without spread, gets zeros. Raises
    ValueError for other kinds, shapes that do not fit and ids that fall (cpp).
    """
    if kind not in ("grpo", "dr_grpo"):
        raise ValueError(f"group_advantage: kind must be grpo or dr_grpo, got {kind!r}")
    _require(reward.dim() == 1 and group.shape == reward.shape, "group_advantage", "reward [N] and group [N]", reward,
             group)
    if choose("group_advantage", backend, reward, (torch.float32,)) == "cpp":
        return cpp_policy.group_advantage(reward, group, kind, eps)
    return reference.group_advantage(reward, group, kind, eps)


def policy_loss(logp: Tensor, old_logp: Tensor, advantage: Tensor, mask: Tensor, sequence: Tensor, *,
                kind: str = "grpo", clip_low: float = 0.2, clip_high: float = 0.2, ref_logp: Tensor | None = None,
                kl_coef: float = 0.0, sampler_logp: Tensor | None = None, sampler_cap: float = 2.0,
                sequences: int | None = None, tokens: int | None = None, max_completion_length: int | None = None,
                backend: str = "auto") -> tuple[Tensor, dict[str, Tensor]]:
    """Clipped policy-gradient loss over packed tokens, with a gradient for `logp` alone: (loss [], metrics).

    All tensors [T]: log-probs in nats (fp32), mask bool (True counts), sequence int64 ids, ascending, gaps allowed.

    kind: "grpo", the mean over sequences of each one's token mean (arXiv 2402.03300, equation 3; a call must hold a
    sequence whole); "dapo", the sum over tokens / `tokens` (arXiv 2503.14476, equation 8); "dr_grpo", the sum /
    (`sequences` * `max_completion_length`) (arXiv 2503.20783). `sequences` and `tokens` count what is active in the
    whole batch, on all ranks, so that the parts' losses add up to the batch's; None counts what is here.

    clip_low, clip_high: the ratio is clipped to [1 - clip_low, 1 + clip_high]. ref_logp: adds kl_coef * k3 (equation 4
    of GRPO). sampler_logp: weights a token's surrogate, not its KL, with min(exp(old_logp - sampler_logp),
    sampler_cap), a constant (truncated importance sampling, verl's cap of 2). Log-ratios are cut to +-20 before exp
    and the KL estimate at 10, with gradient 0 past it, as verl does. With nothing active the loss is 0.

    metrics, means over the active tokens: kl (0 without a reference), clip_fraction, ratio_mean, approx_kl (old_logp -
    logp). Raises ValueError for shapes, kinds and combinations that do not fit.
    """
    if kind not in ("grpo", "dapo", "dr_grpo"):
        raise ValueError(f"policy_loss: kind must be grpo, dapo or dr_grpo, got {kind!r}")
    if kind == "dr_grpo" and not max_completion_length:
        raise ValueError("policy_loss: kind dr_grpo divides by max_completion_length: give it, in tokens")
    if kl_coef and ref_logp is None:
        raise ValueError(f"policy_loss: kl_coef = {kl_coef:g} needs ref_logp, the reference's log-probs")
    if mask.dtype != torch.bool:
        raise ValueError(f"policy_loss: mask must be bool, got {mask.dtype}")
    columns = [x for x in (old_logp, advantage, ref_logp, sampler_logp) if x is not None]
    _require(logp.dim() == 1 and all(x.shape == logp.shape for x in (*columns, mask, sequence)), "policy_loss",
             "tensors [T]", logp, *columns, mask, sequence)
    chosen = choose("policy_loss", backend, logp, (torch.float32,))
    if chosen == "cpp":
        for x in columns:
            choose("policy_loss", "cpp", x, (torch.float32,))
    run = cpp_policy.policy_loss if chosen == "cpp" else reference.policy_loss
    return run(logp, old_logp, advantage, mask, sequence, kind=kind, clip_low=clip_low, clip_high=clip_high,
               ref_logp=ref_logp, kl_coef=kl_coef, sampler_logp=sampler_logp, sampler_cap=sampler_cap,
               sequences=sequences, tokens=tokens, max_completion_length=max_completion_length)


def _check_tokens(op: str, token: Tensor, rows: int, temperature: float) -> None:
    if token.dtype != torch.int64 or token.shape != (rows,):
        raise ValueError(f"{op}: token must be int64 [{rows}], got {token.dtype} {list(token.shape)}")
    if not temperature > 0:
        raise ValueError(f"{op}: temperature must be above 0, got {temperature}")


def _require(holds: bool, op: str, expected: str, *got: Tensor | None) -> None:
    if not holds:
        raise ValueError(f"{op}: expected {expected}, got {[list(x.shape) for x in got if x is not None]}")
