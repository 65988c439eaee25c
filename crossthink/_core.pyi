"""Types of the C++ core (csrc/bindings.cpp). Arrays are C-contiguous and written in place."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

def pack(lengths: Sequence[int], budget: int) -> list[list[int]]: ...
def isa() -> str: ...
def available_isas() -> list[str]: ...
def use_isa(name: str) -> None: ...
def token_logprob_forward(logits: Floats, token: Ints, temperature: float, logp: Floats, entropy: Floats,
                          stats: Floats, threads: int) -> None: ...
def token_logprob_backward(logits: Floats, token: Ints, grad_logp: Floats, grad_entropy: Floats, entropy: Floats,
                           stats: Floats, temperature: float, threads: int) -> None: ...
def group_advantage(reward: Floats, group: Ints, divide_by_std: bool, eps: float, out: Floats) -> None: ...
def policy_loss(logp: Floats, old_logp: Floats, advantage: Floats, mask: Bools, sequence: Ints,
                ref_logp: Floats | None, sampler_logp: Floats | None, kind: str, sequences: float, tokens: float,
                max_completion_length: float, clip_low: float, clip_high: float, kl_coef: float, sampler_cap: float,
                loss: Floats, grad: Floats, metrics: Floats) -> None: ...

with_cuda: bool
"""Whether the build has the CUDA kernels; without them the functions below are missing."""

# Addresses of device memory and the handle of a stream.
def cuda_token_logprob_forward(logits: int, type: str, token: int, logp: int, entropy: int, stats: int, rows: int,
                               vocab: int, row_stride: int, temperature: float, stream: int) -> None: ...
def cuda_token_logprob_backward(logits: int, type: str, token: int, grad_logp: int, grad_entropy: int, entropy: int,
                                stats: int, grad_logits: int, rows: int, vocab: int, row_stride: int,
                                temperature: float, stream: int) -> None: ...
