"""Which rank trains on which prompts: equal work for all, whatever the lengths that their rollouts came out at.

A step is as slow as its slowest rank. A prompt's completions stay together, since a pack computes their prompt once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crossthink import _core
from crossthink.packing import Group


@dataclass(frozen=True, slots=True)
class Work:
    """Multiply-adds of a forward pass (Chinchilla, arXiv 2203.15556, appendix F); the backward takes twice as many."""

    token: int
    """A token through the layers: one for each weight of theirs."""
    head: int
    """A completion token through the head."""
    pair: int
    """A token that attends to one: its score and its value in every layer."""

    @classmethod
    def of(cls, model: Any) -> "Work":
        """That of a transformers causal model."""
        config, decoder = model.config, model.get_decoder()
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        weights = sum(parameter.numel() for parameter in decoder.parameters())
        return cls(token=weights - model.get_input_embeddings().weight.numel(),
                   head=model.get_output_embeddings().weight.numel(),
                   pair=2 * config.num_hidden_layers * config.num_attention_heads * width)

    def cost(self, group: Group) -> int:
        """Of a prompt and its completions, packed in one row."""
        prompt, lengths = len(group.prompt), [len(completion) for completion in group.completions]
        pairs = prompt * (prompt + 1) // 2 + sum(n * prompt + n * (n + 1) // 2 for n in lengths)
        return (prompt + sum(lengths)) * self.token + sum(lengths) * self.head + pairs * self.pair


def balanced(groups: Sequence[Group], work: Work, ranks: int) -> list[list[Group]]:
    """The groups of each rank, in their order; there may be fewer than ranks. The same on every rank."""
    return [[groups[place] for place in part] for part in _core.balance([work.cost(group) for group in groups], ranks)]
