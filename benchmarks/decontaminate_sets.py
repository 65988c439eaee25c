"""Evaluation sets, copies of their questions as they get into training data, and rows that hold none of them."""

import gzip
import json
import lzma
import os
import random
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_lowercase

from crossthink.data_config import QuestionFile
from crossthink.mappings import question_file
from crossthink.questions import read_local_rows, texts

SHARED = Path(os.environ.get("CROSSTHINK_SHARED", "../shared")) / "data"
SETS = Path(__file__).parents[1] / "recipes" / "sets"


def entry(path: str, mapping: str, **more: str) -> QuestionFile:
    """A file of the shared folder with its mapping."""
    return question_file(SETS / f"{mapping}.toml", str(SHARED / path), **more)


EVALUATION = (
    entry("mmlu/test.jsonl.gz", "mmlu"), entry("mmlu_pro/test.jsonl.gz", "mmlu_pro"),
    entry("supergpqa/sample_400.jsonl", "supergpqa"),
    *(entry(f"agieval/{name}", "agieval") for name in (
        "aqua-rat.jsonl", "logiqa-en.jsonl", "lsat-ar.jsonl", "lsat-lr.jsonl", "lsat-rc.jsonl.gz", "sat-en.jsonl.gz",
        "sat-math.jsonl")),
    entry("math500/test.jsonl", "math500"), entry("qwen_math_eval/amc23.jsonl", "amc23"),
    entry("gsm8k/test.jsonl", "gsm8k"), entry("arc/challenge_test.jsonl", "arc"))
"""The paper's benchmarks as far as the shared folder has them, and two more."""
CLEAN = (
    entry("gsm8k/train.jsonl.gz", "gsm8k", source="gsm8k-train"),
    entry("openstax/exercises_with_solution.jsonl.gz", "openstax_exercises"), entry("csqa/validation.jsonl", "csqa"),
    entry("strategyqa/strategyqa.jsonl", "strategyqa"), entry("openbookqa/test.jsonl", "openbookqa"),
    entry("pubmedqa/labeled.jsonl.gz", "pubmedqa"), entry("medqa/us_4_options_test.jsonl", "medqa"))
SAME_ORIGIN = (entry("math/train.jsonl.gz", "math", source="math-train"),
               entry("arc/easy_test.jsonl", "arc", source="arc-easy"))
"""Drawn from the same source as an evaluation set: they do hold its questions, and others of one template."""


@dataclass(frozen=True, slots=True)
class Item:
    """A question of an evaluation set, or a row of training data made from one."""

    source: str
    name: str
    question: str
    options: tuple[str, ...] = ()
    answer: str = ""

    @property
    def row(self) -> str:
        """All its texts, as `check_question` joins them."""
        return "\n".join((self.question, *self.options, self.answer))


def items(files: Sequence[QuestionFile]) -> Iterator[Item]:
    """The questions of files of the shared folder."""
    for file in files:
        for where, values in read_local_rows(file):
            question, options = texts(values, file, where)
            yield Item(file.source, where, question, options, options[0] if options else "")


def prose() -> list[str]:
    """Paragraphs of textbooks, 40 words and more."""
    path = SHARED / "openstax" / "text_social_humanities_law.jsonl.xz"
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [paragraph for line in lines for paragraph in json.loads(line)["text"].split("\n")
                if len(paragraph.split()) >= 40]


def pages() -> list[str]:
    """Main texts of real web pages."""
    with gzip.open(SHARED / "web_wcxb" / "ground_truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] or "" for line in lines]


def verbatim(item: Item, _random: random.Random, _others: Sequence[Item]) -> Item:
    """The question as it is."""
    return item


def rewrapped(item: Item, _random: random.Random, _others: Sequence[Item]) -> Item:
    """In one text with other marks, lines of 40 columns, curly quotes and no-break blanks."""
    options = [f"({mark}) {option}" for mark, option in zip(ascii_lowercase, item.options, strict=False)]
    lines = textwrap.wrap(f"Problem 7. {item.question}", 40) + options
    text = "\r\n    ".join(lines).replace("'", "\u2019").replace(". ", ".\u00a0 ")
    return replace(item, question=text, options=(), answer="a")


def shuffled(item: Item, random_: random.Random, _others: Sequence[Item]) -> Item:
    """Its options in another order."""
    options = list(item.options)
    random_.shuffle(options)
    return replace(item, options=tuple(options))


def without_options(item: Item, _random: random.Random, _others: Sequence[Item]) -> Item:
    """The question alone with the text of its answer."""
    return replace(item, options=())


def changed(item: Item, random_: random.Random, others: Sequence[Item]) -> Item:
    """One word in eight of question and options taken from another question."""

    def change(text: str) -> str:
        words = text.split()
        for place in random_.sample(range(len(words)), max(1, len(words) // 8) if len(words) >= 4 else 0):
            pool = others[random_.randrange(len(others))].question.split()
            words[place] = pool[random_.randrange(len(pool))]
        return " ".join(words)

    options = tuple(change(option) for option in item.options)
    return replace(item, question=change(item.question), options=options, answer=options[0] if options else item.answer)


def embed(text: str, random_: random.Random, paragraphs: Sequence[str]) -> str:
    """A text between two paragraphs of a textbook."""
    before, after = random_.sample(range(len(paragraphs)), 2)
    return f"{paragraphs[before]} {text} {paragraphs[after]}"


def in_prose(item: Item, random_: random.Random, paragraphs: Sequence[str]) -> str:
    """Question and options as a sentence between two paragraphs."""
    options = f" Is it {', '.join(item.options[:-1])} or {item.options[-1]}?" if item.options else ""
    return embed(f"I still remember what they asked us: {item.question}{options}", random_, paragraphs)


COPIES: dict[str, Callable[[Item, random.Random, Sequence[Item]], Item]] = {
    "verbatim": verbatim, "re-wrapped": rewrapped, "options shuffled": shuffled, "options removed": without_options,
    "one word in eight changed": changed}
