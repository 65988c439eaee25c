"""What a policy loss can be told: one record, which every form of the op takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isnan, nan
from typing import Any, Literal, TypedDict, get_args

Kind = Literal["grpo", "dapo", "bnpo", "dr_grpo"]
Surrogate = Literal["ppo", "gspo", "cispo"]
Kl = Literal["k1", "k2", "k3"]
Correction = Literal["truncate", "mask"]


class LossKeywords(TypedDict, total=False):
    """LossOptions as keywords of the public ops."""

    kind: Kind
    surrogate: Surrogate
    clip_low: float
    clip_high: float
    dual_clip: float | None
    kl: Kl
    kl_coef: float
    correction: Correction
    sampler_cap: float
    sampler_floor: float
    entropy_coef: float
    sequences: int | None
    tokens: int | None
    max_completion_length: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LossOptions:
    """A loss, its average and its corrections. Raises ValueError, naming the field, for values that make none."""

    kind: Kind = "grpo"
    """How the tokens' terms are averaged. "grpo": mean over sequences of each one's token mean (arXiv 2402.03300,
    equation 3; a call must hold a sequence whole). "dapo": sum / `tokens` (arXiv 2503.14476, equation 8). "bnpo": sum /
    the tokens of this call. "dr_grpo": sum / (`sequences` * `max_completion_length`) (arXiv 2503.20783)."""
    surrogate: Surrogate = "ppo"
    """A token's term, with rho = exp(logp - old_logp). "ppo": -min(rho A, clip(rho) A) (arXiv 1707.06347, equation 7).
    "gspo": the same with the exp of the sequence's mean log-ratio as rho (arXiv 2507.18071, equation 7), whose slope
    each token has for itself (equation 14: the same gradient where a sequence has one advantage). "cispo": -clip(rho) A
    logp, with the weight clip(rho) a constant (arXiv 2506.13585, equation 4)."""
    clip_low: float = 0.2
    clip_high: float = 0.2
    """rho is clipped to [1 - clip_low, 1 + clip_high] (two bounds: arXiv 2503.14476, equation 10)."""
    dual_clip: float | None = None
    """Where A < 0 the term is at most -dual_clip A (arXiv 1912.09729, equation 5); verl's default is 3."""
    kl: Kl = "k3"
    """The estimate of the KL to the reference, with d = ref_logp - logp: k1 = -d, k2 = d^2 / 2, k3 = e^d - d - 1."""
    kl_coef: float = 0.0
    correction: Correction = "truncate"
    """What the weight w = exp(old_logp - sampler_logp) does to a token's surrogate, where the sampler's log-probs are
    given. "truncate": times min(w, sampler_cap) (truncated importance sampling, verl's cap of 2). "mask": times w, or 0
    where w is outside [sampler_floor, sampler_cap] (IcePop)."""
    sampler_cap: float = 2.0
    sampler_floor: float = 0.5
    entropy_coef: float = 0.0
    """`linear_policy_loss` alone: the loss is less entropy_coef times the entropy, averaged as the terms are."""
    sequences: int | None = None
    """Sequences with an active token in the whole batch, on all ranks, so that the parts' losses add up to the batch's;
    None counts what is here."""
    tokens: int | None = None
    """Active tokens in the whole batch, likewise."""
    max_completion_length: int | None = None
    """In tokens; "dr_grpo" needs it."""

    def __post_init__(self) -> None:
        for name, kinds in (("kind", Kind), ("surrogate", Surrogate), ("kl", Kl), ("correction", Correction)):
            if getattr(self, name) not in get_args(kinds):
                raise ValueError(f"{name} must be one of {', '.join(get_args(kinds))}, got {getattr(self, name)!r}")
        for name, (expected, holds) in _RULES.items():
            x = getattr(self, name)
            if not (name in _OPTIONAL if x is None else holds(x)):
                raise ValueError(f"{name} must be {expected}, got {x}")
        if self.correction == "mask" and self.sampler_floor > self.sampler_cap:
            raise ValueError(f"sampler_floor = {self.sampler_floor:g} is above sampler_cap = {self.sampler_cap:g}: it "
                             "would mask every token")
        if self.kind == "dr_grpo" and not self.max_completion_length:
            raise ValueError("kind dr_grpo divides by max_completion_length: give it, in tokens")

    @property
    def whole_sequences(self) -> bool:
        """Whether a token's term needs the log-probs of its whole sequence."""
        return self.surrogate == "gspo"

    @property
    def counts_sequences(self) -> bool:
        """Whether the average needs to know which tokens make a sequence."""
        return self.kind == "grpo" or (self.kind == "dr_grpo" and self.sequences is None)

    def encode(self) -> tuple[str, list[float]]:
        """The record as what a torch custom op can carry: its words and its numbers, NaN for None."""
        numbers = [getattr(self, name) for name in _RULES]
        return " ".join(getattr(self, name) for name in _WORDS), [nan if x is None else float(x) for x in numbers]

    @staticmethod
    def decode(words: str, numbers: Sequence[float]) -> "LossOptions":
        """The record that `encode` was called on."""
        values: dict[str, Any] = dict(zip(_WORDS, words.split(), strict=True))
        for name, x in zip(_RULES, numbers, strict=True):
            values[name] = None if isnan(x) else int(x) if name in _COUNTS else x
        return LossOptions(**values)


_WORDS = ("kind", "surrogate", "kl", "correction")
_COUNTS = ("sequences", "tokens", "max_completion_length")
_OPTIONAL = ("dual_clip", *_COUNTS)

Rule = tuple[str, Callable[[Any], bool]]
_AT_LEAST_0: Rule = ("at least 0", lambda x: x >= 0)
_FINITE: Rule = ("finite", lambda x: abs(x) < inf)
_COUNT: Rule = ("a whole number, 0 or more", lambda x: x >= 0 and x % 1 == 0)
_RULES: dict[str, Rule] = {
    "clip_low": _AT_LEAST_0, "clip_high": _AT_LEAST_0, "dual_clip": ("above 1", lambda x: x > 1), "kl_coef": _FINITE,
    "sampler_cap": _AT_LEAST_0, "sampler_floor": _AT_LEAST_0, "entropy_coef": _FINITE, "sequences": _COUNT,
    "tokens": _COUNT, "max_completion_length": _COUNT}
"""What each number must be, and whether one is; a NaN is none of it."""
