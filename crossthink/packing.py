"""Packed rows: many completions behind their shared prompt in one row of tokens.

A prompt stands in a row once, however many of its completions follow; each completion sees the prompt and itself, and
its positions go on where the prompt ended (crossthink/attention.py). So a row costs what its different tokens cost, and
gives each completion the hidden states it would have alone.
"""

from collections.abc import Iterable, Sequence
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
    source: torch.Tensor  # [T] int64, place in the row whose hidden state predicts the token
    target: torch.Tensor  # [T] int64, the completion tokens
    sequence: torch.Tensor  # [T] int64, index of the completion in the batch, ascending
    groups: tuple[tuple[int, ...], ...]
    """Of each group the length of the prompt and those of its completions, in the row's order."""


def pack(groups: Sequence[Group], budget: int) -> list[PackedRow]:
    """Rows of at most `budget` tokens; one completion that needs more with its prompt has a row of its own.

    Groups that do not fit a row are split; then first-fit decreasing (in the C++ core). The rows come in the order of
    their first completion. Raises ValueError for a budget that is no whole number, a prompt of no tokens, and indices
    that do not ascend, within a group or from one to the next.
    """
    if not hasattr(budget, "__index__"):
        raise ValueError(f"budget must be a whole number of tokens, got {budget!r}")
    _check(groups)
    pieces = [(number, piece) for number, group in enumerate(groups) for piece in _split(group, budget)]
    lengths = [_length(piece) for _, piece in pieces]
    fitting = [i for i, length in enumerate(lengths) if length <= budget]
    bins = [[i] for i, length in enumerate(lengths) if length > budget]
    bins += [[fitting[i] for i in members] for members in _core.pack([lengths[i] for i in fitting], budget)]
    rows = [sorted(_merged(pieces[i] for i in sorted(members)), key=_first) for members in bins]
    return [_row(row) for row in sorted(rows, key=lambda row: _first(row[0]))]


def _check(groups: Sequence[Group]) -> None:
    for group in groups:
        if not group.prompt:
            raise ValueError(f"the prompt of completions {group.indices} has no token that could predict their first")
    last = None
    for group in sorted((group for group in groups if group.indices), key=_first):
        for index in group.indices:
            if last is not None and index <= last:
                raise ValueError(f"indices of completions must ascend, within a group and from one group to the next: "
                                 f"{index} of {group.indices} comes after {last}")
            last = index


def _first(group: Group) -> int:
    return group.indices[0]


def _merged(pieces: Iterable[tuple[int, Group]]) -> list[Group]:
    """The pieces of one row, those of the same group (by its number) as one."""
    whole: dict[int, Group] = {}
    for number, piece in pieces:
        before = whole.get(number, Group(piece.prompt, (), ()))
        whole[number] = Group(piece.prompt, before.completions + piece.completions, before.indices + piece.indices)
    return list(whole.values())


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
    source: list[int] = []
    target: list[int] = []
    sequence: list[int] = []
    for group in groups:
        length, prompt_end = len(group.prompt), len(tokens) + len(group.prompt) - 1
        tokens += group.prompt
        positions += range(length)
        for completion, index in zip(group.completions, group.indices, strict=True):
            start = len(tokens)
            source += [prompt_end, *range(start, start + len(completion) - 1)]
            target += completion
            sequence += [index] * len(completion)
            tokens += completion
            positions += range(length, length + len(completion))
    lengths = tuple((len(group.prompt), *map(len, group.completions)) for group in groups)
    return PackedRow(torch.tensor(tokens), torch.tensor(positions), torch.tensor(source), torch.tensor(target),
                     torch.tensor(sequence), lengths)
