"""A server of completions that speaks as `vllm serve` does and writes by rule, so that faults can be timed.

Its answers change from call to call, as a real model's do with its batch: only a store makes two runs alike.
"""

import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

GARBAGE = ("", "I am sorry.", "{", "[]", '{"question": "What?"}', "null", '{"answer": 5}')


def write_tokenizer(folder: Path) -> Path:
    """A tokenizer whose tokens are the bytes of the text."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    (folder / "config.json").write_text("{}")
    return folder


class ModelServer:
    """Use as a context manager. `answered` counts finished calls by (prompt, seed); `hold_after` blocks later ones."""

    def __init__(self, tokenizer: Path, *, hold_after: int | None = None, fail_after: int | None = None) -> None:
        self.answered: Counter[tuple[str, int]] = Counter()
        self.held = 0
        self._folder, self._hold_after, self._fail_after = tokenizer, hold_after, fail_after
        self._tokenizer = PreTrainedTokenizerFast.from_pretrained(tokenizer)
        self._lock, self._release = threading.Lock(), threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(200, {"data": [{"id": "rules", "created": 1, "max_model_len": 4096,
                                           "root": str(server._folder)}]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._send(*server._complete(body))

            def _send(self, status: int, answer: dict[str, Any]) -> None:
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> "ModelServer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def release(self) -> None:
        """Hold no call any longer."""
        self._hold_after = None
        self._release.set()

    def _complete(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            number = self.answered.total()
            if self._fail_after is not None and number >= self._fail_after:
                return 400, {"error": "the card fell off"}
            held = self._hold_after is not None and number >= self._hold_after
            if not held:
                return 200, self._answer(body, number)
            self.held += 1
        self._release.wait()
        return 400, {"error": "too late"}

    def _answer(self, body: dict[str, Any], number: int) -> dict[str, Any]:
        prompt = self._tokenizer.decode(body["prompt"])
        self.answered[prompt, body["seed"]] += 1
        text = _text(prompt, body["structured_outputs"]["json"]["properties"], number)
        ids = self._tokenizer(text)["input_ids"]
        return {"choices": [{"token_ids": ids, "finish_reason": "stop",
                             "logprobs": {"token_logprobs": [-0.5 - number / 1000] * len(ids)}}]}


def _text(prompt: str, fields: dict[str, Any], number: int) -> str:
    """What the call's prompt asks for, in words that depend on the call's number; garbage for each fifth call."""
    if number % 5 == 4:
        return GARBAGE[number // 5 % len(GARBAGE)]
    if "reasoning" in fields:
        wanted = r"In the year (\d+)" if "In which year did" in prompt else r"harbour of (\w+)"
        return json.dumps({"reasoning": f"call {number}", "answer": (re.findall(wanted, prompt) or ["7"])[-1]})
    answer = prompt.rpartition("Answer: ")[2].partition("\n")[0]
    strong = "strong " * (number % 2)
    if answer.isdigit():
        question, wrong = f"In which year did a {strong}storm break the outer wall?", ["1500", "1501", "1502"]
    else:
        question, wrong = f"Which {strong}town has walls that reach far into the bay?", ["Oslo", "Rome", "Bern"]
    options = {"options": [*wrong[:2], answer, wrong[2]]} if "options" in fields else {}
    return json.dumps({"question": question, **options, "answer": answer})
