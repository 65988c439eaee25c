"""What a peer is: somebody else's function under our signature, imported only when it is asked for.

T counts tokens, D is the hidden size, V the vocabulary.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch

Tensor = torch.Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Log-probs, and entropy where the peer has it; differentiable in hidden and weight."""

    name: str
    version: str
    run: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor | None]]
    """(hidden [T, D] bf16, weight [V, D] bf16, token [T] int64) -> (logp [T], entropy [T] or None)."""
    entropy: bool
    note: str = ""
    """What to know before reading its numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossPeer:
    """A loss straight from hidden and weight; differentiable in both."""

    name: str
    version: str
    loss: Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]
    """(hidden [T, D], weight [V, D], token [T], old_logp [T], advantage [B]) -> scalar.

    B sequences of T / B tokens each; B = T gives every token its own advantage. The mean over the T tokens of
    max(-rho A, -clip(rho, 0.8, 1.2) A), which is `policy_loss` of kind "dapo" with every token active.
    """
    policy: bool
    """False: the loss is mean(-logp), whatever old_logp and advantage are: a policy loss' work less its row arithmetic,
    and the same gradient where old_logp is logp and every advantage is 1."""
    note: str = ""


def release(package: str) -> str:
    """The installed version of a distribution."""
    return version(package)


def folder(package: str) -> Path:
    """Where a top-level package lies, found without running it; ModuleNotFoundError where it is missing."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    return Path(spec.submodule_search_locations[0])


def contiguous_gradient(x: Tensor) -> Tensor:
    """x, whose gradient arrives contiguous: a sum's is expanded from one number, and some peers assert against that."""
    if x.requires_grad:
        x.register_hook(torch.Tensor.contiguous)
    return x
