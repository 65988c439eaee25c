"""The policy: a transformers causal model whose head is read through crossthink.ops."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Unpack

import torch
from transformers import AutoModelForCausalLM

from crossthink import attention, ops
from crossthink.kernels.loss_options import LossKeywords  # type: ignore[import-untyped, unused-ignore]
from crossthink.packing import PackedRow


class Policy:
    """Master weights in fp32; log-probs of packed rows without a [T, V] tensor."""

    def __init__(self, folder: str | Path, *, device: torch.device, dtype: torch.dtype = torch.float32,
                 backend: str = "auto") -> None:
        """`dtype` is that of the matrix products."""
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32,
                                                          attn_implementation=attention.NAME)
        head = type(self.model.get_output_embeddings())
        if head is not torch.nn.Linear:
            raise ValueError(f"{folder}: the head is a {head.__name__}, of which only the matrix would be read: an "
                             "adapter around it, say, would be left out; merge it into the model")
        self.model.to(device).train()
        self.device = device
        self.backend = backend
        self.dtype = dtype

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        """Every weight that is trained, in the model's own order (tied ones once)."""
        return [p for p in self.model.parameters() if p.requires_grad]

    def freeze(self) -> "Policy":
        """Make it a reference: no gradients, evaluation mode."""
        self.model.requires_grad_(False).eval()
        return self

    def logprobs(self, row: PackedRow, temperature: float = 1.0, *,
                 full_precision: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-prob and entropy (nats, fp32) of each completion token of a row: ([T], [T])."""
        with nullcontext() if full_precision else self._autocast():
            hidden = self._hidden(row)
        head = self.model.get_output_embeddings()
        return ops.linear_logprob(hidden, head.weight.to(hidden.dtype), row.target.to(self.device), bias=head.bias,
                                  temperature=temperature, backend=self.backend)

    def loss(self, row: PackedRow, advantage: torch.Tensor, old_logp: torch.Tensor | None = None, *,
             temperature: float = 1.0, ref_logp: torch.Tensor | None = None,
             **options: Unpack[LossKeywords]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """ops.linear_policy_loss over the completion tokens of a row; `advantage`, and log-probs where given: [T]."""
        with self._autocast():
            hidden = self._hidden(row)
        head = self.model.get_output_embeddings()
        return ops.linear_policy_loss(
            hidden, head.weight.to(hidden.dtype), row.target.to(self.device), old_logp, advantage,
            torch.ones_like(advantage, dtype=torch.bool), row.sequence.to(self.device), bias=head.bias,
            temperature=temperature, ref_logp=ref_logp, backend=self.backend, **options)

    def _hidden(self, row: PackedRow) -> torch.Tensor:
        """The states that predict a row's completion tokens, [T, D], in the dtype of the matrix products."""
        hidden = self.model.get_decoder()(
            input_ids=row.tokens[None].to(self.device),
            position_ids=row.positions[None].to(self.device),
            groups=row.groups,
            use_cache=False,
        ).last_hidden_state[0]
        picked = hidden.index_select(0, row.source.to(self.device))
        return picked.to(self.dtype) if torch.is_autocast_enabled(self.device.type) else picked.float()

    def named_weights(self) -> list[tuple[str, torch.Tensor]]:
        """Every parameter under its transformers name, tied ones once, detached."""
        return [(name, parameter.detach()) for name, parameter in self.model.named_parameters()]

    def save(self, folder: Path, tokenizer: Any) -> None:
        """Write a transformers model folder that every engine can load."""
        self.model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)
