"""Speed of the verifiers, and which path settles the golds of published sets.

    .venv/bin/python benchmarks/verify.py

Rates are per second and core, of this process alone; the pool's peer is math-verify called one by one in one process
with its own time-out. Needs the shared data folder (CROSSTHINK_SHARED). Writes benchmarks/results/verify.json.
"""

import json
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

from crossthink.data_config import QuestionFile
from crossthink.files import write_json
from crossthink.mappings import question_file
from crossthink.provenance import provenance
from crossthink.questions import BadGold, question_from_row, read_local_rows
from crossthink.schema import LABELS, Lineage, Question, question_id
from crossthink.verify import check_answer, counts, grade, grade_all, reset_counts

SHARED = Path(os.environ.get("CROSSTHINK_SHARED", "../shared")) / "data"
MAPPINGS = Path(__file__).parents[1] / "recipes" / "sets"
SETS = tuple(question_file(MAPPINGS / f"{mapping}.toml", path) for mapping, path in (
    ("gsm8k", "gsm8k/train.jsonl.gz"), ("gsm8k", "gsm8k/test.jsonl"), ("math500", "math500/test.jsonl"),
    ("math", "math/train.jsonl.gz"), ("amc23", "qwen_math_eval/amc23.jsonl")))
HANG = "9^{9^{9^9}}"
"""An answer whose comparison does not end."""


def question(answer: str, kind: str, options: tuple[str, ...] = (), text: str = "What?") -> Question:
    """A question with this gold."""
    label = LABELS[options.index(answer)] if options else ""
    return Question(id=question_id(answer, options), question=text, options=options, answer=answer,
                    answer_label=label, answer_type=kind, verifier="", template="mcq" if options else "open",
                    domain="", group="math" if kind == "math" else "gpr", source="", licence="", lineage=Lineage())


def rate(work: Callable[[], int]) -> float:
    """Calls a second: of the best of three turns."""
    best = 0.0
    for _ in range(3):
        started = perf_counter()
        best = max(best, work() / (perf_counter() - started))
    return best


def graded(asked: Question, answers: Sequence[str]) -> float:
    """Rate of `grade` on responses of 2 kB."""
    thought = "The river is long, so the second one is likelier than the first. " * 31
    responses = [f"<think>{thought[:1960 - len(answer)]}</think>\\boxed{{{answer}}}" for answer in answers] * 2000
    return rate(lambda: len([grade(asked, response) for response in responses]))


def questions_of(file: QuestionFile, bad: list[str]) -> Iterator[tuple[str, Question]]:
    """"FILE, row N" and question of each row of a set; rows without a gold go to `bad` (MATH has some)."""
    for where, values in read_local_rows(file):
        try:
            yield where, question_from_row(values, file, where, equal_options=True)
        except BadGold as error:
            bad.append(str(error))


def golds() -> dict[str, list[str]]:
    """The golds of every set."""
    return {file.path: [asked.answer for _, asked in questions_of(replace(file, path=str(SHARED / file.path)), [])]
            for file in SETS}


def settled(found: dict[str, list[str]]) -> tuple[dict[str, float], list[str], list[str]]:
    """Share of the golds of each set that are settled without math-verify, these golds, and the others.

    A gold is settled where a plain number that it is not needs no process to be told wrong.
    """
    shares, fast, slow = {}, [], []
    for name, values in found.items():
        of_set = len(fast)
        for gold in values:
            (slow if _needs_pool(question(gold, "math"), "-90817") else fast).append(gold)
        shares[name] = (len(fast) - of_set) / len(values)
    return shares, fast, slow


def bare_rate(fast: Sequence[str]) -> float:
    """Rate of `check_answer` on bare answers that the fast path settles, right ones and wrong ones in turn."""
    some = random.Random(0).sample(fast, 10_000)
    pairs = [(question(gold, "math"), answer) for gold, other in pairwise(some)
             for answer in (f"${gold}$", other)]
    bare = [pair for pair in pairs if not _needs_pool(*pair)]  # as two polynomials do
    return rate(lambda: len([check_answer(asked, answer) for asked, answer in bare]))


def _needs_pool(asked: Question, answer: str) -> bool:
    reset_counts()
    check_answer(asked, answer)
    return "math_pool" in counts()


def one_by_one(pairs: Sequence[tuple[str, str]]) -> float:
    """Seconds of math-verify in this process with its own time-out."""
    from math_verify import parse, verify

    parse(r"$\frac{1}{2}$")
    started = perf_counter()
    for gold, answer in pairs:
        verify(parse(f"\\boxed{{{gold}}}"), parse(f"\\boxed{{{answer}}}"))
    return perf_counter() - started


def pooled(pairs: Sequence[tuple[str, str]]) -> tuple[float, dict[str, int], int]:
    """Seconds, reasons and verdicts of the pool on the same, its processes started before."""
    grade_all([question("\\sqrt{2}", "math")] * 16, [r"<think></think>\boxed{\sqrt{3}}"] * 16)
    reset_counts()
    started = perf_counter()
    verdicts = grade_all([question(gold, "math") for gold, _ in pairs],
                         [f"<think></think>\\boxed{{{answer}}}" for _, answer in pairs])
    return perf_counter() - started, counts(), len(verdicts)


def main() -> None:
    """Measure, print, write."""
    shares, fast, slow = settled(golds())
    everywhere = len(fast) / (len(fast) + len(slow))
    options = ("Rome", "Paris", "New York", "London")
    results: dict[str, Any] = {
        "grade_choice_2kb": graded(question("Paris", "choice", options), ["B", "(B) Paris", "Paris", "A"]),
        "grade_text_2kb": graded(question("the Black Sea", "text"), ["Black Sea", "the black sea", "Aral Sea"]),
        "math_fast_bare": bare_rate(fast), "settled_fast": {**shares, "all": everywhere}}
    some = random.Random(1).sample(slow, min(1000, len(slow) // 2 * 2))
    pairs = [(gold, answer) for gold, other in zip(some[::2], some[1::2], strict=True)
             for answer in (f"{{{gold}}}", other)]
    alone = one_by_one(pairs)
    seconds, events, _ = pooled(pairs)
    hanging = [(gold, HANG if number % 100 == 0 else answer) for number, (gold, answer) in enumerate(pairs)]
    slowed, hung, verdicts = pooled(hanging)
    results["pool"] = {"pairs": len(pairs), "seconds_one_by_one": alone, "seconds": seconds, "times": alone / seconds,
                       "events": events, "seconds_with_1%_hanging": slowed, "verdicts": verdicts,
                       "events_hanging": hung}
    print(json.dumps(results, indent=1))
    write_json(Path(__file__).parent / "results" / "verify.json",
               {**provenance(), "argv": "python benchmarks/verify.py", "results": results})


if __name__ == "__main__":
    sys.exit(main())
