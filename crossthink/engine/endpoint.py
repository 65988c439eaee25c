"""An OpenAI-compatible server of completions, such as `vllm serve`: token ids in, token ids and log-probs out."""

import json
import os
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from http.client import HTTPException
from typing import Any

from crossthink.engine import Completion, Request, check_lengths
from crossthink.engine.weights import resolve_model

_TRIES = 6
_FIRST_WAIT = 0.5
"""Seconds before the second try; doubled after every further one."""
_TIMEOUT = 600.0
"""Seconds that one completion may take."""
_CONCURRENT = 64


class EndpointError(RuntimeError):
    """The server did not complete a request; the message says what it answered."""


class EndpointEngine:
    """A model behind HTTP.

    Log-probs are what the server reports: start `vllm serve` with `--logprobs-mode processed_logprobs` to have those of
    the sampling temperature. A key for the server is read from $CROSSTHINK_ENDPOINT_KEY.
    """

    name = "endpoint"

    def __init__(self, model: str) -> None:
        """`model` is the server's base URL, as "http://host:8000/v1", and after a "#" the folder of the tokenizer
        (default: the path that the server itself loaded). Raises EndpointError where the server does not answer.
        """
        from transformers import AutoTokenizer

        self._url, _, folder = model.partition("#")
        self._url = self._url.rstrip("/")
        served = self._call("models", None)["data"][0]
        self.model = str(served["id"])
        self.revision = f"{self.model}@{served.get('created', '')}" if "revision" not in served else served["revision"]
        self.max_model_len = int(served.get("max_model_len") or 2**31)
        self.tokenizer = AutoTokenizer.from_pretrained(resolve_model(folder or served.get("root") or self.model))

    def stream(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        """Complete all requests, yielding (index, completion) as each one finishes.

        Busy and broken answers (429, 5xx, no connection) are tried again with growing waits; then EndpointError, after
        what was on its way has been yielded.
        """
        check_lengths(requests, self.max_model_len)
        pool, failed = ThreadPoolExecutor(max_workers=_CONCURRENT), threading.Event()

        def complete(request: Request) -> Completion | None:
            return None if failed.is_set() else self._complete(request)

        try:
            futures = {pool.submit(complete, request): index for index, request in enumerate(requests)}
            first: BaseException | None = None
            for future in as_completed(futures):  # a cancelled future would never be among them: None stands for it
                error = future.exception()
                if error is not None:
                    failed.set()
                    first = first or error
                elif (completion := future.result()) is not None:
                    yield futures[future], completion
            if first is not None:
                raise first
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def load_weights(self, named: Iterator[tuple[str, Any]]) -> None:
        """Refuse: weights cannot be sent to a server."""
        raise ValueError('an endpoint takes no new weights: choose model.engine = "vllm" to train')

    def close(self) -> None:
        """Nothing is held."""

    def _complete(self, request: Request) -> Completion:
        sampling = request.sampling
        body: dict[str, Any] = {
            "model": self.model, "prompt": list(request.prompt_ids), "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature, "top_p": sampling.top_p, "logprobs": 0, "return_token_ids": True}
        if sampling.seed is not None:
            body["seed"] = sampling.seed
        if sampling.json_schema:
            body["structured_outputs"] = {"json": json.loads(sampling.json_schema)}
        answer = self._call("completions", body)
        try:
            choice = answer["choices"][0]
            ids = tuple(int(token) for token in choice["token_ids"])
            logprobs = tuple(float(logprob) for logprob in choice["logprobs"]["token_logprobs"])
            finish = str(choice["finish_reason"])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise EndpointError(f"{self._url}: a completion without {error}: the server must know return_token_ids "
                                "(vLLM 0.10.2 and later)") from error
        if len(ids) != len(logprobs):
            raise EndpointError(f"{self._url}: {len(ids)} tokens but {len(logprobs)} log-probs in one completion")
        text = self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Completion(token_ids=ids, text=text, logprobs=logprobs, finish_reason=finish)

    def _call(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        """One request with its retries; `body` None is a GET."""
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get("CROSSTHINK_ENDPOINT_KEY"):
            headers["Authorization"] = f"Bearer {key}"
        data = None if body is None else json.dumps(body).encode()
        said = ""
        for attempt in range(_TRIES):
            if attempt:  # the jitter keeps 64 threads from coming back at once
                time.sleep(_FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(1.0, 1.5))
            try:
                call = urllib.request.Request(f"{self._url}/{path}", data=data, headers=headers)
                with urllib.request.urlopen(call, timeout=_TIMEOUT) as response:
                    return json.load(response)
            except urllib.error.HTTPError as error:
                said = f"HTTP {error.code}: {error.read(400).decode('utf-8', 'replace').strip()}"
                if error.code != 429 and error.code < 500:
                    raise EndpointError(f"{self._url}/{path}: {said}") from error
            except (OSError, HTTPException, ValueError) as error:  # no connection, cut off, or no JSON
                said = str(error) or type(error).__name__
        raise EndpointError(f"{self._url}/{path}: gave up after {_TRIES} tries: {said}")
