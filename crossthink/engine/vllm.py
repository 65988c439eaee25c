"""vLLM in this process: continuous batching on a GPU or a CPU, and new weights without a restart."""

import os
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from crossthink.engine import Completion, Request, Sampling, check_lengths
from crossthink.engine.weights import resolve_model, revision

_ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # the engine core in this process: weights pass by reference
    "VLLM_LOGGING_LEVEL": "ERROR",  # its warnings name the layers of every weight reload
    "VLLM_NO_USAGE_STATS": "1",
}


class VllmEngine:
    """A model in vLLM.

    Log-probs are those of the distribution that the token was drawn from: after temperature, top-p and a JSON schema's
    mask (vLLM's own default is before them). Greedy completions have the log-probs of temperature 1.
    """

    name = "vllm"

    def __init__(self, model: str, *, dtype: str = "float32", max_model_len: int = 1024, cache_gib: float = 1.0,
                 seed: int = 0) -> None:
        """Load the folder `model`. `cache_gib` sizes the KV cache on a CPU; a GPU has vLLM's share of its memory."""
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        folder = resolve_model(model)
        self.model, self.revision, self.max_model_len = folder.name, revision(folder), max_model_len
        set_num_threads = torch.set_num_threads
        try:
            from vllm import LLM
            from vllm.platforms import current_platform
        except ImportError as error:
            raise ImportError(f"the vllm engine needs a package ({error}): pip install vllm, or choose "
                              "model.engine = \"transformers\"") from error
        self._cpu = current_platform.is_cpu()
        # Whole prompts only: a chunked one and a seed of its own stop vLLM 0.32 on the CPU ("CPU Generator does not
        # use offset"), as it draws a token for every chunk and then wants to take the draw back. Blocks of 32 tokens,
        # the smallest there are: only whole blocks are shared, and a group's prompt rarely fills one of vLLM's own 128.
        place: dict[str, Any] = {
            "kv_cache_memory_bytes": int(cache_gib * 2**30), "enforce_eager": True, "block_size": 32,
            "enable_chunked_prefill": False, "max_num_batched_tokens": max(max_model_len, 4096)}
        json = {"backend": "xgrammar", "disable_any_whitespace": True}  # small models lose themselves in white space
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            self._llm = LLM(str(folder), dtype=dtype, max_model_len=max_model_len, seed=seed, disable_log_stats=True,
                            use_tqdm_on_load=False, logprobs_mode="processed_logprobs",
                            structured_outputs_config=json, **(place if self._cpu else {}))
        torch.set_num_threads = set_num_threads  # vLLM replaces it by one that does nothing, for the whole process
        self._tied = bool(self._llm.llm_engine.model_config.hf_config.tie_word_embeddings)
        self.tokenizer = self._llm.get_tokenizer()
        self._streams = 0

    def stream(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        """Complete all requests, yielding (index, completion) as each one finishes.

        Raises ValueError before any work where a prompt does not fit. Closing the iterator drops what is unfinished.
        """
        check_lengths(requests, self.max_model_len)
        engine = self._llm.llm_engine
        self._streams += 1
        pending: dict[str, int] = {}
        try:
            for index, request in enumerate(requests):
                key = f"{self._streams}-{index}"
                pending[key] = index
                engine.add_request(key, {"prompt_token_ids": list(request.prompt_ids)}, _params(request.sampling))
            while pending:
                for output in engine.step():
                    if output.finished:
                        yield pending.pop(output.request_id), self._completion(output.outputs[0])
        finally:
            if pending:
                engine.abort_request(list(pending))

    def load_weights(self, named: Iterator[tuple[str, Any]]) -> None:
        """Take new weights, (transformers parameter name, tensor), all of them, and forget every cached prefix."""
        weights = ((name, tensor.detach()) for name, tensor in named
                   if not (self._tied and name == "lm_head.weight"))
        self._llm.collective_rpc("reload_weights", kwargs={"weights_iterator": weights})
        if self._cpu and self._tied:
            self._llm.apply_model(_repack_head)
        self._llm.reset_prefix_cache()

    def close(self) -> None:
        """Give the memory back, so that this process can start another engine."""
        from vllm.distributed import cleanup_dist_env_and_memory

        self._llm.llm_engine.engine_core.shutdown()
        del self._llm
        cleanup_dist_env_and_memory()

    def _completion(self, output: Any) -> Completion:
        ids = tuple(output.token_ids)
        logprobs = tuple(step[token].logprob for step, token in zip(output.logprobs, ids, strict=True))
        text = self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Completion(token_ids=ids, text=text, logprobs=logprobs, finish_reason=output.finish_reason)


def _params(sampling: Sampling) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    schema = StructuredOutputsParams(json=sampling.json_schema) if sampling.json_schema else None
    return SamplingParams(max_tokens=sampling.max_tokens, temperature=sampling.temperature, top_p=sampling.top_p,
                          seed=sampling.seed, logprobs=0, detokenize=False, structured_outputs=schema,
                          output_kind=RequestOutputKind.FINAL_ONLY)


def _repack_head(model: Any) -> None:
    """Pack the tied LM head anew.

    On the CPU vLLM multiplies by a packed copy of each weight. A reload repacks the layers it loads; a tied head is
    not loaded by itself, and kept the old copy: log-probs off by 0.3 nats and no error (vLLM 0.32).
    """
    from vllm.model_executor.layers.utils import dispatch_cpu_unquantized_gemm

    dispatch_cpu_unquantized_gemm(model.lm_head, remove_weight=False)
