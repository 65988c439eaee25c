"""Weights from the trainer into the sampler, and the probe that proves they arrived.

A sampler that keeps a stale copy of one tensor still writes fluent text; only log-probs show it. So after every sync a
few tokens are sampled and their log-probs compared with the trainer's own; past the tolerance the run stops. The mean
decides: other weights show in every token, the rounding of a 16-bit sampler as half a nat in a single unlikely one.
"""

from collections.abc import Sequence

import torch

from crossthink.engine import Engine, Request, Sampling, generate
from crossthink.packing import Group, pack
from crossthink.policy import Policy
from crossthink.schema import derive_seed

PROBE_TOKENS = 16
"""A prompt."""
TOLERANCE = {"float32": 0.005, "bfloat16": 0.05}
"""Mean |log-prob difference| in nats that rounding explains: 1e-5 and 0.01 were seen, by the sampler's dtype."""


class SyncError(RuntimeError):
    """Trainer and sampler disagree on the log-probs of the same tokens."""


def sync_weights(policy: Policy, engine: Engine, prompts: Sequence[tuple[int, ...]], *, seed: int, step: int,
                 tolerance: float) -> float:
    """Load the policy's weights into the engine and probe it on `prompts`.

    Returns the mean |difference of log-prob| in nats; raises SyncError where it exceeds `tolerance`.
    """
    engine.load_weights(iter(policy.named_weights()))
    requests = [Request(prompt_ids=prompt, sampling=Sampling(
        max_tokens=PROBE_TOKENS, seed=derive_seed(seed, "probe", str(number), step)))
        for number, prompt in enumerate(prompts)]
    completions = generate(engine, requests)
    gaps = []
    for number, (request, completion) in enumerate(zip(requests, completions, strict=True)):
        [row] = pack([Group(request.prompt_ids, (completion.token_ids,), (number,))], budget=1)
        with torch.no_grad():
            logp, _ = policy.logprobs(row, full_precision=True)  # the weights are on trial, not the rounding
        gaps.append((logp.cpu() - torch.tensor(completion.logprobs)).abs())
    gap = float(torch.cat(gaps).mean())
    if not gap <= tolerance:
        raise SyncError(f"step {step}: after the weight sync trainer and sampler ({engine.name}) differ by {gap:.4g} "
                        f"nats in the mean over the same tokens, tolerance {tolerance:.4g}: the sampler holds other "
                        "weights. Raise train.probe_tolerance only where its precision explains the difference.")
    return gap
