"""One face for all generation: vLLM in process, transformers, or an OpenAI-compatible endpoint.

Data jobs, evaluation and rollouts all call `Engine.stream`; the heavy imports stay inside the engine that needs them,
so this module imports neither torch nor vLLM.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """How to draw one completion."""

    max_tokens: int
    temperature: float = 1.0
    """0 is greedy."""
    top_p: float = 1.0
    seed: int | None = None
    json_schema: str | None = None
    """JSON Schema (as text) that the completion must follow; the transformers engine refuses it."""

    def as_dict(self) -> dict[str, Any]:
        """The parameters as plain values, for hashing and for the record."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One prompt to complete once."""

    prompt_ids: tuple[int, ...]
    sampling: Sampling


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """What an engine wrote for one request."""

    token_ids: tuple[int, ...]
    """With the end-of-sequence token where the model ended by itself."""
    text: str
    logprobs: tuple[float, ...]
    """Log-prob of each token under the sampling temperature. Same length as token_ids."""
    finish_reason: str
    """"stop" or "length"."""


class Engine(Protocol):
    """A language model that completes prompts."""

    name: str
    """"vllm", "transformers" or "endpoint": said in logs and metadata."""
    model: str
    """Name for the record: the folder's base name or the endpoint's model."""
    revision: str
    """Digest of the weights' files, or what the endpoint reports."""
    tokenizer: Any
    """A transformers tokenizer."""

    def stream(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        """Complete all requests, yielding (index, completion) as each one finishes, in no fixed order."""
        ...

    def load_weights(self, named: Iterator[tuple[str, Any]]) -> None:
        """Take new weights, (transformers parameter name, tensor), and forget every cached prefix."""
        ...


def generate(engine: Engine, requests: Sequence[Request]) -> list[Completion]:
    """All completions, in the order of the requests."""
    done: list[Completion | None] = [None] * len(requests)
    for index, completion in engine.stream(requests):
        done[index] = completion
    missing = [index for index, completion in enumerate(done) if completion is None]
    assert not missing, f"engine {engine.name} returned no completion for requests {missing[:5]}"
    return [completion for completion in done if completion is not None]


def check_lengths(requests: Sequence[Request], max_model_len: int) -> None:
    """Raise ValueError for the first request that leaves no room for a token; engines end the others at the limit."""
    for index, request in enumerate(requests):
        if not 0 < len(request.prompt_ids) < max_model_len:
            raise ValueError(f"request {index}: a prompt of {len(request.prompt_ids)} tokens does not fit a model "
                             f"length of {max_model_len}: shorten it or raise model.max_model_len")
        if request.sampling.max_tokens < 1:
            raise ValueError(f"request {index}: max_tokens = {request.sampling.max_tokens} must be above zero")


def chat_ids(tokenizer: Any, user: str, *, system: str = "", prefix: str = "") -> tuple[int, ...]:
    """Token ids of a prompt: the tokenizer's chat template, or plain text where it has none.

    `prefix` begins the assistant's turn.
    """
    if tokenizer.chat_template:
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": user})
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    else:
        text = f"{system}\n\n{user}\n\n".lstrip()
    return tuple(tokenizer(text + prefix, add_special_tokens=False)["input_ids"])


def open_engine(name: str, model: str, *, dtype: str = "float32", max_model_len: int = 1024, cache_gib: float = 1.0,
                seed: int = 0) -> Engine:
    """Start the engine `name` on `model` (a folder, or a URL for "endpoint").

    Raises ValueError where the name is unknown, ImportError where its package is not installed.
    """
    if name == "vllm":
        from crossthink.engine.vllm import VllmEngine

        return VllmEngine(model, dtype=dtype, max_model_len=max_model_len, cache_gib=cache_gib, seed=seed)
    if name == "transformers":
        from crossthink.engine.transformers import TransformersEngine

        return TransformersEngine(model, dtype=dtype, max_model_len=max_model_len)
    if name == "endpoint":
        from crossthink.engine.endpoint import EndpointEngine

        return EndpointEngine(model)
    raise ValueError(f"unknown engine {name!r}: vllm, transformers or endpoint")


