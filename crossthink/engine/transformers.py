"""transformers in this process: slow, and bit for bit the same for the same weights and requests."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from crossthink.engine import Completion, Request, check_lengths
from crossthink.engine.weights import resolve_model, revision

_BATCH = 64
"""Requests that run together; those of one batch are padded to its longest prompt."""


class TransformersEngine:
    """A model in transformers, sampled by a loop of our own.

    Every request draws from its own generator, so a completion depends on its batch only through the rounding that
    padding and batch size bring. Log-probs are those of the distribution that the token was drawn from; greedy
    completions have the log-probs of temperature 1.
    """

    name = "transformers"

    def __init__(self, model: str, *, dtype: str = "float32", max_model_len: int = 1024) -> None:
        """Load the folder `model` on the GPU, or the CPU where there is none."""
        from transformers import AutoModelForCausalLM, AutoTokenizer

        folder = resolve_model(model)
        self.model, self.revision, self.max_model_len = folder.name, revision(folder), max_model_len
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), attn_implementation="sdpa")
        self._network = network.to(self._device).eval()
        self._stop = _stop_tokens(self._network, self.tokenizer)

    def stream(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        """Complete all requests, yielding (index, completion) as each one finishes.

        Raises ValueError before any work where a prompt does not fit or a JSON schema is asked for.
        """
        check_lengths(requests, self.max_model_len)
        if any(request.sampling.json_schema for request in requests):
            raise ValueError('the transformers engine cannot follow a JSON schema: choose model.engine = "vllm"')
        for start in range(0, len(requests), _BATCH):
            for index, completion in self._batch(requests[start:start + _BATCH]):
                yield start + index, completion

    def load_weights(self, named: Iterator[tuple[str, Any]]) -> None:
        """Copy new weights, (transformers parameter name, tensor), over the old ones."""
        own = dict(self._network.named_parameters(remove_duplicate=False))
        with torch.no_grad():
            for name, tensor in named:
                if name not in own:
                    raise ValueError(f"the model has no weight {name}")
                own[name].copy_(tensor)

    def close(self) -> None:
        """Give the memory back."""
        del self._network

    @torch.inference_mode()
    def _batch(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        draws = [_Draw(request, self.max_model_len) for request in requests]
        width = max(len(request.prompt_ids) for request in requests)
        tokens = torch.zeros(len(requests), width, dtype=torch.long)
        mask = torch.zeros_like(tokens)
        for row, request in enumerate(requests):
            tokens[row, width - len(request.prompt_ids):] = torch.tensor(request.prompt_ids)
            mask[row, width - len(request.prompt_ids):] = 1
        positions, cache = (mask.cumsum(-1) - 1).clamp(min=0), None
        while True:
            output = self._network(
                input_ids=tokens.to(self._device), attention_mask=mask.to(self._device),
                position_ids=positions.to(self._device), past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache = output.past_key_values
            sampled, logprobs = _sample(output.logits[:, -1].float().cpu(), draws)
            for row, draw in enumerate(draws):
                if draw.finish:
                    continue
                draw.add(int(sampled[row]), float(logprobs[row]), self._stop)
                if draw.finish:
                    yield row, draw.completion(self.tokenizer)
            if all(draw.finish for draw in draws):
                return
            tokens, positions = sampled[:, None], positions[:, -1:] + 1
            mask = torch.cat([mask, torch.ones_like(tokens)], dim=1)


class _Draw:
    """One request on its way."""

    def __init__(self, request: Request, max_model_len: int) -> None:
        self.sampling = request.sampling
        self.room = min(request.sampling.max_tokens, max_model_len - len(request.prompt_ids))
        self.generator = torch.Generator()
        if request.sampling.seed is None:
            self.generator.seed()
        else:
            self.generator.manual_seed(request.sampling.seed)
        self.ids: list[int] = []
        self.logprobs: list[float] = []
        self.finish = ""

    def add(self, token: int, logprob: float, stop: frozenset[int]) -> None:
        self.ids.append(token)
        self.logprobs.append(logprob)
        self.finish = "stop" if token in stop else "length" if len(self.ids) == self.room else ""

    def completion(self, tokenizer: Any) -> Completion:
        text = tokenizer.decode(self.ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Completion(token_ids=tuple(self.ids), text=text, logprobs=tuple(self.logprobs),
                          finish_reason=self.finish)


def _sample(logits: torch.Tensor, draws: Sequence[_Draw]) -> tuple[torch.Tensor, torch.Tensor]:
    """A token for each row of `logits` [B, V], and its log-prob: ([B], [B]). One uniform number a row and step."""
    temperature = torch.tensor([draw.sampling.temperature or 1.0 for draw in draws])
    logp = _nucleus((logits / temperature[:, None]).log_softmax(-1), [draw.sampling.top_p for draw in draws])
    uniform = torch.stack([torch.rand((), generator=draw.generator, dtype=torch.float64) for draw in draws])
    below = logp.double().exp().cumsum(-1)
    sampled = torch.searchsorted(below, uniform[:, None] * below[:, -1:], right=True)[:, 0]
    greedy = torch.tensor([draw.sampling.temperature == 0 for draw in draws])
    sampled = torch.where(greedy, logits.argmax(-1), sampled)
    return sampled, logp.gather(1, sampled[:, None])[:, 0]


def _nucleus(logp: torch.Tensor, top_p: Sequence[float]) -> torch.Tensor:
    """Log-probs within the smallest set of tokens whose probabilities reach top_p; -inf outside. [B, V] -> [B, V]"""
    rows = [row for row, share in enumerate(top_p) if share < 1]
    for row in rows:
        ordered, order = logp[row].sort(descending=True, stable=True)
        before = ordered.exp().cumsum(0) - ordered.exp()
        logp[row, order[before >= top_p[row]]] = -torch.inf
        logp[row] = logp[row].log_softmax(0)
    return logp


def _stop_tokens(network: Any, tokenizer: Any) -> frozenset[int]:
    """End-of-sequence tokens that the model's own configuration and its tokenizer name."""
    named = network.generation_config.eos_token_id
    listed = named if isinstance(named, list) else [named]
    return frozenset(token for token in [*listed, tokenizer.eos_token_id] if token is not None)
