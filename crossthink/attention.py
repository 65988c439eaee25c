"""Attention over a packed row: every completion on its prompt and itself, and nothing else is computed.

A mask over the whole row would cost the square of its length, however little of it is seen. Cut at its segments, a row
costs what its completions would cost alone, and the prompt is paid once.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.attention.bias import causal_lower_right
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

NAME = "crossthink_packed"
"""The `attn_implementation` under which transformers finds it; its `forward` then takes `groups`."""


def packed_attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, groups: Sequence[Sequence[int]],
                     scale: float | None = None) -> torch.Tensor:
    """Attention of a row of S tokens. query [1, H, S, D], key and value [1, K, S, D], H a multiple of K -> [1, H, S, D]

    `groups`: for each group of the row, in its order, the length of the prompt and then those of its completions.
    """
    repeat = query.shape[1] // key.shape[1]
    if repeat > 1:
        key, value = key.repeat_interleave(repeat, dim=1), value.repeat_interleave(repeat, dim=1)
    lengths = [length for group in groups for length in group]
    # split, not slices: the gradient of a slice is as long as the row
    segments = zip(*(torch.split(tensor, lengths, dim=2) for tensor in (query, key, value)), strict=True)
    seen = []
    for _, *completions in groups:
        q, prompt_key, prompt_value = next(segments)
        seen.append(scaled_dot_product_attention(q, prompt_key, prompt_value, is_causal=True, scale=scale))
        for _ in completions:
            q, k, v = next(segments)
            k, v = torch.cat([prompt_key, k], dim=2), torch.cat([prompt_value, v], dim=2)
            mask = causal_lower_right(q.shape[2], k.shape[2])
            seen.append(scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale))
    return torch.cat(seen, dim=2)


def _for_transformers(module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor,
                      attention_mask: torch.Tensor | None, *, scaling: float | None = None,
                      groups: Sequence[Sequence[int]], **_: Any) -> tuple[torch.Tensor, None]:
    """The form that transformers calls: [1, S, H, D], and no attention weights."""
    # Rotary embeddings leave fp32 under autocast, and torch's CPU kernel takes twice as long in bf16 as in fp32.
    dtype = torch.float32 if value.device.type == "cpu" else value.dtype
    with torch.autocast(value.device.type, enabled=False):
        seen = packed_attention(query.to(dtype), key.to(dtype), value.to(dtype), groups, scaling)
    return seen.transpose(1, 2).contiguous(), None


AttentionInterface.register(NAME, _for_transformers)
