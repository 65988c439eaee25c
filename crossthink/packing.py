"""Packed rows: many completions behind their shared prompt in one row of tokens.

A prompt stands in a row once, however many of its completions follow; each completion sees the prompt and itself, and
its positions go on where the prompt ended. So a row costs what its different tokens cost, and gives each completion the
hidden states it would have alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from crossthink import _core


@dataclass(frozen=True, slots=True)
class Group:
    """A prompt and completions of it, by their indices in the batch."""

    prompt: tuple[int, ...]
    completions: tuple[tuple[int, ...], ...]
    indices: tuple[int, ...]
    """Index of each completion in the whole batch, ascending."""


@dataclass(frozen=True, slots=True)
class PackedRow:
    """One row of S tokens that holds T completion tokens of one or more groups."""

    tokens: torch.Tensor  # [S] int64
    positions: torch.Tensor  # [S] int64
    segment: torch.Tensor  # [S] int64, number of the prompt or completion that the token belongs to
    parent: torch.Tensor  # [S] int64, segment of its prompt; for prompts their own
    source: torch.Tensor  # [T] int64, place in the row whose hidden state predicts the token
    target: torch.Tensor  # [T] int64, the completion tokens
    sequence: torch.Tensor  # [T] int64, index of the completion in the batch, ascending

    def attention(self) -> torch.Tensor:
        """Who sees whom: [1, 1, S, S] bool. A token sees its own segment and its prompt, never what comes later."""
        own = self.segment[:, None] == self.segment[None, :]
        prompt = self.parent[:, None] == self.segment[None, :]
        return ((own | prompt).tril())[None, None]


def pack(groups: Sequence[Group], budget: int) -> list[PackedRow]:
    """Rows of at most `budget` tokens (more only where one prompt and one completion alone need more).

    Groups that do not fit a row are split; then first-fit decreasing (in the C++ core). The rows come in the order of
    their first completion.
    """
    pieces = [piece for group in groups for piece in _split(group, budget)]
    lengths = [_length(piece) for piece in pieces]
    bins: list[list[int]] = _core.pack(lengths, max([budget, *lengths]))
    rows = [sorted((pieces[i] for i in members), key=lambda piece: piece.indices[0]) for members in bins]
    return [_row(row) for row in sorted(rows, key=lambda row: row[0].indices[0])]


def _length(group: Group) -> int:
    return len(group.prompt) + sum(map(len, group.completions))


def _split(group: Group, budget: int) -> list[Group]:
    """The group in parts that fit the budget, each with the prompt again; completions without tokens fall out."""
    parts: list[tuple[list[tuple[int, ...]], list[int]]] = []
    room = -1
    for completion, index in zip(group.completions, group.indices, strict=True):
        if not completion:
            continue
        if len(completion) > room:
            parts.append(([], []))
            room = budget - len(group.prompt)
        parts[-1][0].append(completion)
        parts[-1][1].append(index)
        room -= len(completion)
    return [Group(group.prompt, tuple(completions), tuple(indices)) for completions, indices in parts]


def _row(groups: Sequence[Group]) -> PackedRow:
    tokens: list[int] = []
    positions: list[int] = []
    segment: list[int] = []
    parent: list[int] = []
    source: list[int] = []
    target: list[int] = []
    sequence: list[int] = []
    number = 0
    for group in groups:
        prompt_segment, prompt_end, length = number, len(tokens) + len(group.prompt) - 1, len(group.prompt)
        tokens += group.prompt
        positions += range(length)
        segment += [prompt_segment] * length
        parent += [prompt_segment] * length
        number += 1
        for completion, index in zip(group.completions, group.indices, strict=True):
            start = len(tokens)
            source += [prompt_end, *range(start, start + len(completion) - 1)]
            target += completion
            sequence += [index] * len(completion)
            tokens += completion
            positions += range(length, length + len(completion))
            segment += [number] * len(completion)
            parent += [prompt_segment] * len(completion)
            number += 1
    return PackedRow(*map(torch.tensor, (tokens, positions, segment, parent, source, target, sequence)))
