"""Verdicts worked out by hand, beside ours and those of peers: who agrees how often.

    .venv/bin/pip install -c requirements/cpu.txt -r requirements/bench.txt
    .venv/bin/pip install --no-deps verl==0.9.1 pylatexenc==2.10
    .venv/bin/python benchmarks/verify_peers.py

The pairs of tests/verify/pairs.jsonl, each a whole response. Peers get the gold as they want it: in a box for
math-verify and TRL, bare for verl, and for multiple choice its letter, which is what their data sets hold. They judge
the answer and leave the format to other rewards, so the agreement on responses in the format stands beside that on all.
A judge that does not end is killed after a minute. Writes benchmarks/results/verify_peers.json, with the pairs on which
each differs.
"""

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

from verify import question

from crossthink.files import write_json
from crossthink.provenance import provenance
from crossthink.schema import Question
from crossthink.verify import grade
from crossthink.verify.format import read_response

LIMIT_SECONDS, START_SECONDS = 60.0, 120.0
"""For one verdict, and for the first of a process, with all that it imports."""
HERE = Path(__file__).parent
PAIRS = HERE.parent / "tests" / "verify" / "pairs.jsonl"
Pair = dict[str, Any]


def question_of(pair: Pair) -> Question:
    """The question that a pair's response answers."""
    return question(pair["gold"], pair["type"], tuple(pair["options"]), pair.get("question", "What?"))


def gold_of(pair: Pair) -> str:
    """The gold as a peer's data set holds it."""
    return question_of(pair).answer_label or pair["gold"]


def ours(pair: Pair) -> bool:
    """The reward of `grade`."""
    return grade(question_of(pair), pair["response"]).reward == 1.0


def math_verify(pair: Pair) -> bool:
    """math-verify with its defaults."""
    from math_verify import parse, verify

    return verify(parse(f"\\boxed{{{gold_of(pair)}}}"), parse(pair["response"]))


def trl(pair: Pair) -> bool:
    """TRL's accuracy_reward; a gold that it cannot read earns nothing."""
    from trl.rewards import accuracy_reward

    return accuracy_reward([[{"content": pair["response"]}]], [f"\\boxed{{{gold_of(pair)}}}"]) == [1.0]


def verl(name: str, **settings: Any) -> Callable[[Pair], bool]:
    """One of verl's reward functions."""

    def judge(pair: Pair) -> bool:
        found = _verl_module(name).compute_score(pair["response"], gold_of(pair), **settings)
        if isinstance(found, dict):
            return bool(found["acc"])
        return bool(found[0] if isinstance(found, tuple) else found)

    return judge


def verl_math_verify(pair: Pair) -> bool:
    """verl's wrapper of math-verify, without its pool, whose processes would import all of verl."""
    return _verl_module("math_verify")._verify_in_subprocess(f"\\boxed{{{gold_of(pair)}}}", pair["response"]) == 1.0


def _verl_module(name: str) -> ModuleType:
    """A module of verl's rewards without what the package itself imports (Ray, tensordict), which they do not need."""
    if "verl" not in sys.modules:
        spec = importlib.util.find_spec("verl")
        assert spec is not None
        root = Path(str(spec.origin)).parents[1]
        for package in ("verl", "verl.utils", "verl.utils.reward_score"):
            sys.modules[package] = ModuleType(package)
            sys.modules[package].__path__ = [str(root / package.replace(".", "/"))]
    return importlib.import_module(f"verl.utils.reward_score.{name}")


JUDGES = {"crossthink": ours, "math-verify": math_verify, "trl accuracy_reward": trl,
          "verl math_reward": verl("math_reward"), "verl math_verify": verl_math_verify,
          "verl math_dapo": verl("math_dapo", strict_box_verify=True), "verl prime_math": verl("prime_math")}


def agreement(pairs: list[Pair], verdicts: list[bool]) -> dict[str, Any]:
    """Share of verdicts as by hand, and how many were wrongly given and wrongly refused."""
    given = sum(said and not pair["right"] for said, pair in zip(verdicts, pairs, strict=True))
    refused = sum(pair["right"] and not said for said, pair in zip(verdicts, pairs, strict=True))
    return {"pairs": len(pairs), "agreement": round(1 - (given + refused) / len(pairs), 4), "wrongly_given": given,
            "wrongly_refused": refused}


def serve(name: str, pairs: list[Pair], answers: Connection) -> None:
    """Send the verdicts of a judge; one that raises gives no reward."""
    for pair in pairs:
        try:
            answers.send(JUDGES[name](pair))
        except Exception:
            answers.send(False)


def verdicts_of(name: str, pairs: list[Pair]) -> tuple[list[bool], list[int]]:
    """Verdicts of a judge in a process of its own, and the numbers of the pairs on which it was killed at the limit."""
    found: list[bool] = []
    hung: list[int] = []
    while len(found) < len(pairs):
        here, there = Pipe(duplex=False)
        process = Process(target=serve, args=(name, pairs[len(found):], there))
        process.start()
        there.close()
        limit = START_SECONDS
        while len(found) < len(pairs):
            if not here.poll(limit):
                hung.append(len(found) + 1)
                found.append(False)
                break
            found.append(here.recv())
            limit = LIMIT_SECONDS
        process.kill()
        process.join()
    return found, hung


def main() -> None:
    """Judge, print, write."""
    if missing := [peer for peer in ("math_verify", "trl", "verl", "pylatexenc") if not importlib.util.find_spec(peer)]:
        raise SystemExit(f"error: not installed: {', '.join(missing)}; the first lines of {__file__} say how")
    pairs = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    formatted = [read_response(pair["response"]).formatted for pair in pairs]
    kinds = {"all": lambda _: True, "in_format": lambda number: formatted[number],
             **{kind: lambda number, kind=kind: formatted[number] and pairs[number]["type"] == kind
                for kind in ("math", "choice", "text")}}
    results: dict[str, Any] = {}
    for name in JUDGES:
        verdicts, hung = verdicts_of(name, pairs)
        results[name] = {kind: agreement([pair for number, pair in enumerate(pairs) if chosen(number)],
                                         [said for number, said in enumerate(verdicts) if chosen(number)])
                         for kind, chosen in kinds.items()}
        results[name]["hung"] = hung
        print(name, "hung on", hung, json.dumps(results[name]["all"]), json.dumps(results[name]["in_format"]))
        results[name]["differs"] = [number for number, (said, pair) in enumerate(zip(verdicts, pairs, strict=True), 1)
                                    if said != pair["right"]]
    write_json(HERE / "results" / "verify_peers.json",
               {**provenance(), "command": "python benchmarks/verify_peers.py", "results": results})


if __name__ == "__main__":
    main()
