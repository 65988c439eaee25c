"""One optimizer step on graded rollouts: packed rows, the policy loss, gradients summed over ranks."""

from collections.abc import Sequence
from time import perf_counter

import torch

from crossthink.balance import Work, balanced
from crossthink.config import Recipe
from crossthink.distributed import Ranks
from crossthink.packing import Group, PackedRow, pack
from crossthink.policy import Policy
from crossthink.schema import Rollout

MEANS = ("entropy", "kl", "clip_fraction", "sampler_gap_mean")
"""What is summed over the tokens of an update."""


class Sums:
    """Token-weighted sums of what a step measured, and the seconds of its parts."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        self.gap_max = 0.0

    def add(self, name: str, value: torch.Tensor | float) -> None:
        """Add to a sum."""
        self.values[name] = self.values.get(name, 0.0) + float(value)

    def spent(self, name: str, since: float) -> float:
        """Book the time since `since` under `name`; returns now."""
        now = perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - since
        return now


def merged(parts: Sequence[Sums]) -> dict[str, float]:
    """The sums of all ranks as a step's metrics: loss and trained tokens as they are, the others per trained token."""
    totals = {name: sum(part.values.get(name, 0.0) for part in parts) for name in ("loss", "tokens", *MEANS)}
    means = {name: totals[name] / max(totals["tokens"], 1) for name in MEANS}
    return {"loss": totals["loss"], "trained_tokens": totals["tokens"], **means,
            "sampler_gap_max": max(part.gap_max for part in parts)}


def grouped(rollouts: Sequence[Rollout]) -> list[Group]:
    """Rollouts of the same prompt, side by side, as groups for packing; indices are places in `rollouts`."""
    groups: list[tuple[tuple[int, ...], list[tuple[int, ...]], list[int]]] = []
    for index, rollout in enumerate(rollouts):
        if not groups or groups[-1][0] != rollout.prompt_ids or rollout.sample == 0:
            groups.append((rollout.prompt_ids, [], []))
        groups[-1][1].append(rollout.completion_ids)
        groups[-1][2].append(index)
    return [Group(prompt, tuple(completions), tuple(indices)) for prompt, completions, indices in groups]


def with_spread(rollouts: Sequence[Rollout], group_size: int) -> list[Rollout]:
    """The rollouts of those groups that have an advantage at all."""
    groups = [rollouts[start:start + group_size] for start in range(0, len(rollouts), group_size)]
    return [rollout for group in groups if any(r.advantage for r in group) for rollout in group]


def accumulate(policy: Policy, reference: Policy | None, rollouts: Sequence[Rollout], recipe: Recipe, *,
               old: Sequence[torch.Tensor] | None, sequences: int, tokens: int, sums: Sums) -> None:
    """Add the gradients of the policy loss over `rollouts` to the policy's parameters.

    `sequences` and `tokens` count the whole batch on all ranks, so that the loss depends neither on how it is cut into
    rows nor on the number of ranks. `old` holds the old log-probs of each packed row; None where the policy has not
    moved since it sampled (then they are its own, detached).
    """
    advantages = torch.tensor([rollout.advantage for rollout in rollouts], device=policy.device)
    for number, row in enumerate(pack(grouped(rollouts), recipe.train.pack_tokens)):
        now = perf_counter()
        ref_logp = None
        if reference is not None:
            with torch.no_grad():
                ref_logp, _ = reference.logprobs(row, recipe.rollout.temperature)
            now = sums.spent("reference", now)
        loss, metrics = _loss(policy, row, recipe, None if old is None else old[number], ref_logp, advantages,
                              sequences, tokens)
        now = sums.spent("forward", now)
        torch.autograd.backward(loss)
        sums.spent("backward", now)
        sums.add("loss", loss.detach())
        sums.add("tokens", len(row.target))
        for name in ("entropy", "kl", "clip_fraction"):
            sums.add(name, float(metrics[name]) * len(row.target))
        gap = (metrics["logp"].cpu() - _sampler_logprobs(row, rollouts)).abs()
        sums.add("sampler_gap_mean", gap.sum())
        sums.gap_max = max(sums.gap_max, float(gap.max()))


def _loss(policy: Policy, row: PackedRow, recipe: Recipe, old_logp: torch.Tensor | None, ref_logp: torch.Tensor | None,
          advantages: torch.Tensor, sequences: int, tokens: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    algorithm = recipe.algorithm
    return policy.loss(row, advantages[row.sequence.to(policy.device)], old_logp, ref_logp=ref_logp,
                       temperature=recipe.rollout.temperature, kind=algorithm.loss, clip_low=algorithm.clip_low,
                       clip_high=algorithm.clip_high, kl_coef=algorithm.kl_coef, sequences=sequences, tokens=tokens,
                       max_completion_length=recipe.rollout.max_tokens)


def _sampler_logprobs(row: PackedRow, rollouts: Sequence[Rollout]) -> torch.Tensor:
    """The sampler's log-probs of a row's tokens, [T] fp32 on the CPU."""
    order = torch.unique_consecutive(row.sequence).tolist()
    return torch.tensor([value for index in order for value in rollouts[index].sampler_logprobs])


def update(policy: Policy, reference: Policy | None, optimizer: torch.optim.Optimizer, rollouts: Sequence[Rollout],
           recipe: Recipe, ranks: Ranks) -> tuple[Sums, float]:
    """All optimizer steps on the rollouts of all ranks, of which this one takes its share of the work; returns its sums
    and the norm of the last gradient.

    With one mini-batch (the paper's setting) the policy is on-policy and its own log-probs are the old ones; with more,
    the old ones are computed once before the first step.
    """
    sums = Sums()
    minibatches = recipe.algorithm.minibatches
    per_batch = len(rollouts) // minibatches
    parts = [rollouts[i * per_batch:(i + 1) * per_batch] for i in range(minibatches)]
    used = parts if recipe.algorithm.zero_spread == "keep" else [
        with_spread(part, recipe.rollout.group_size) for part in parts]
    mine = [_share(part, Work.of(policy.model), ranks) for part in used]
    old = [_old_logprobs(policy, part, recipe) for part in mine] if minibatches > 1 else None
    norm = torch.tensor(0.0)
    for number, part in enumerate(parts):
        optimizer.zero_grad(set_to_none=True)
        accumulate(policy, reference, mine[number], recipe, old=old[number] if old else None,
                   sequences=sum(bool(r.completion_ids) for r in part),
                   tokens=sum(len(r.completion_ids) for r in part), sums=sums)
        now = perf_counter()
        ranks.sum_gradients(policy.parameters)
        norm = torch.nn.utils.clip_grad_norm_(policy.parameters, recipe.optimizer.max_grad_norm)
        optimizer.step()
        sums.spent("optimizer", now)
    return sums, float(norm)


def _share(rollouts: Sequence[Rollout], work: Work, ranks: Ranks) -> list[Rollout]:
    groups = balanced(grouped(rollouts), work, ranks.world)[ranks.rank]
    return [rollouts[index] for group in groups for index in group.indices]


@torch.no_grad()
def _old_logprobs(policy: Policy, rollouts: Sequence[Rollout], recipe: Recipe) -> list[torch.Tensor]:
    rows = pack(grouped(rollouts), recipe.train.pack_tokens)
    return [policy.logprobs(row, recipe.rollout.temperature)[0] for row in rows]
