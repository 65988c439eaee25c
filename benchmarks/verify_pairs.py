"""False verdicts on the golds of published sets: each verifies itself, and no two different ones are the same.

    .venv/bin/python benchmarks/verify_pairs.py

Every gold is graded against itself, in each template that its question can take. Pairs of different golds of
mathematics, half of them drawn at random and half nearest neighbours by edit distance, are compared both ways; every
match is listed for a reader, for "1/2" and "0.5" are different texts and the same answer. Needs the shared data folder
(CROSSTHINK_SHARED). Writes benchmarks/results/verify_pairs.json.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from verify import SHARED, questions_of

from crossthink.config import load_recipe
from crossthink.data_config import QuestionFile
from crossthink.files import write_json
from crossthink.mappings import question_file
from crossthink.progress import Progress
from crossthink.provenance import provenance
from crossthink.schema import Question
from crossthink.templates import Template, gold_response, shuffle_options, to_open
from crossthink.verify import check_answer, grade
from crossthink.verify.text import MAX_WORDS, count_words

HERE = Path(__file__).parent
LONG = Template(gold="label_and_text")
WINDOW = 12
"""Neighbours in alphabetical order, forwards and backwards, among which the nearest by edit distance is looked for."""
MORE = tuple(question_file(HERE.parent / "recipes" / "sets" / f"{mapping}.toml", str(SHARED / path), source=source)
             for mapping, path, source in (
    ("math", "math/train.jsonl.gz", "math"), ("gsm8k", "gsm8k/train.jsonl.gz", "gsm8k-train"),
    ("openstax_mcq", "openstax/mcq.jsonl", "openstax"), ("arc", "arc/easy_test.jsonl", "arc-easy"),
    ("csqa", "csqa/validation.jsonl", "csqa"), ("medqa", "medqa/us_4_options_test.jsonl", "medqa"),
    ("pubmedqa", "pubmedqa/labeled.jsonl.gz", "pubmedqa"), ("strategyqa", "strategyqa/strategyqa.jsonl", "strategyqa"),
    ("mmlu", "mmlu/val.jsonl.gz", "mmlu-val"), ("mmlu", "mmlu/dev.jsonl", "mmlu-dev"),
    ("mmlu_pro", "mmlu_pro/validation.jsonl", "mmlu-pro-val"),
    ("gaokao2023en", "qwen_math_eval/gaokao2023en.jsonl", "gaokao"),
    ("sat_math", "qwen_math_eval/sat_math.jsonl", "sat-math"),
    ("legalbench", "legalbench/train_fewshot.jsonl", "legalbench")))
"""Sets beside those of recipes/benchmarks.toml."""


def files() -> Iterator[QuestionFile]:
    """Every set, at its place."""
    for file in load_recipe(HERE.parent / "recipes" / "benchmarks.toml").evaluate.questions:
        yield replace(file, path=str(SHARED / file.path.removeprefix("../shared/data/")))
    yield from MORE


def refused(where: str, question: Question) -> list[str]:
    """Names of the templates in which the gold is not its own right answer."""
    found = []
    for name, asked, template in forms(question):
        verdict = grade(asked, gold_response(asked, template=template))
        if verdict.reward != 1.0:
            found.append(f"{where}, {name}: {asked.answer!r:.60} {verdict.reason}")
    return found


def forms(question: Question) -> Iterator[tuple[str, Question, Template]]:
    """The question in each template that it can take."""
    yield question.template, question, Template()
    if question.options:
        yield "long gold", question, LONG
        yield "shuffled", shuffle_options(question, 1), Template()
        opened = to_open(question)
        if isinstance(opened, Question) and (opened.answer_type != "text" or count_words(opened.answer) <= MAX_WORDS):
            yield "open", opened, Template()


def distance(one: str, other: str) -> int:
    """Levenshtein's."""
    row = list(range(len(other) + 1))
    for number, left in enumerate(one, 1):
        previous, row[0] = row[0], number
        for place, right in enumerate(other, 1):
            previous, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, previous + (left != right))
    return row[-1]


def neighbours(golds: list[str]) -> list[tuple[str, str]]:
    """Pairs of golds and their nearest ones, the nearest pairs first."""
    pairs: dict[tuple[str, str], int] = {}
    for key in (lambda text: text, lambda text: text[::-1]):
        ordered = sorted(golds, key=key)
        for place, gold in enumerate(ordered):
            for other in ordered[place + 1:place + 1 + WINDOW]:
                pairs[min(gold, other), max(gold, other)] = distance(gold, other)
    return sorted(pairs, key=lambda pair: (pairs[pair], pair))


def pairs_of(questions: list[Question], number: int) -> list[tuple[Question, str]]:
    """`number` pairs of a question and the gold of another one: half of them near, half by chance."""
    by_gold = {question.answer: question for question in questions}
    golds, draw = sorted(by_gold), random.Random(0)
    near = [pair for one, other in neighbours(golds) for pair in ((one, other), (other, one))][:number // 2]
    chance = [tuple(draw.sample(golds, 2)) for _ in range(number - len(near))]
    return [(by_gold[one], other) for one, other in (*near, *chance)]


def main() -> None:
    """Check, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    arguments = parser.parse_args()
    facts: dict[str, Any] = {"golds": 0, "refused": [], "pairs": 0, "matches": []}
    mathematics: list[Question] = []
    with ThreadPoolExecutor(8) as threads:
        for file in files():
            rows = list(questions_of(file, facts["refused"]))
            facts["golds"] += len(rows)
            for found in threads.map(lambda row: refused(*row), rows):
                facts["refused"] += [f"{file.source}: {line}" for line in found]
            mathematics += [question for _, question in rows if question.answer_type == "math"]
        pairs = pairs_of(mathematics, arguments.pairs)
        with Progress("pairs", len(pairs), "pairs") as progress:
            for (question, answer), right in zip(
                    pairs, threads.map(lambda pair: check_answer(*pair).correct, pairs), strict=True):
                progress.add()
                if right:
                    facts["matches"].append([question.answer, answer])
    facts["pairs"] = len(pairs)
    print(f"{facts['golds']} golds, {len(facts['refused'])} refused; {len(pairs)} pairs, {len(facts['matches'])} match")
    write_json(HERE / "results" / "verify_pairs.json",
               {**provenance(), "argv": "python benchmarks/verify_pairs.py", "results": facts})


if __name__ == "__main__":
    sys.exit(main())
