"""Decontamination on planted copies of real questions, on rows that hold none, and its speed; beside it datatrove.

    .venv/bin/pip install -c requirements/cpu.txt -r requirements/bench_text.txt
    .venv/bin/python benchmarks/decontaminate.py

Of every evaluation set up to 300 questions are planted in each way. A copy is found where it is rejected at all: sets
share questions (MMLU-Pro took half of MMLU's). The answer of a copy is its first option, for want of a common column.
Questions under 8 words are reported apart. datatrove's rule runs with its default (12-grams of the answer and across
question and answer) and with `find_query_ngrams`, which looks for the question too. Speeds are per second of CPU.
Writes benchmarks/results/decontaminate.json; `--hits` prints every hit among the other rows, to be read.
"""

import argparse
import json
import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any

import pyarrow as pa
from crossthink.dataflow.stages.chain import BATCH
from crossthink.dataflow.stages.decontaminate import (
    Index,
    Match,
    build_index,
    check_questions,
    held_questions,
    is_contamination,
)
from crossthink.dataflow.stages.stage import Kept
from crossthink.dataflow.stages.tokens import tokens
from decontaminate_sets import CLEAN, COPIES, EVALUATION, SAME_ORIGIN, Item, embed, in_prose, items, pages, prose
from processes import resident

from crossthink.files import write_json
from crossthink.provenance import provenance
from crossthink.schema import Lineage, Question, question_id

SIZE, PLANTED = 8, 300
Rule = Callable[[Item], str]
"""Evidence of a row, "" where it is clean. A row of prose is an Item with a question alone."""


@cache
def question_of(item: Item) -> Question:
    """An item as a row of training data."""
    return Question(id=question_id(item.question, item.options), question=item.question, options=item.options,
                    answer=item.answer, answer_label="", answer_type="text", verifier="", template="open", domain="",
                    group="gpr", source=item.source, licence="", lineage=Lineage())


def ours(index: Index) -> Rule:
    """check_questions on rows, the search alone on prose."""

    def rule(item: Item) -> str:
        if item.source == "prose":
            found = held_questions([item.question], index, [False])[0]
            return found.evidence if found else ""
        result = check_questions([question_of(item)], index)[0]
        return "" if isinstance(result, Kept) else result.evidence

    return rule


def datatrove(evaluation: Sequence[Item], query: bool) -> Rule:
    """datatrove's indexer and filter, with its own tokens; every option is a label, as none is known for the gold."""
    from datatrove.data import Document
    from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontFilter, NGramsDecontIndexer

    config = NGramsDecontConfig(find_query_ngrams=query)
    peer = NGramsDecontFilter("/tmp/unused", config=config)
    indexer = object.__new__(NGramsDecontIndexer)  # its constructor wants lighteval, which its hashes do not need
    indexer.config, indexer.tokenizer, indexer.hash_func = config, peer.tokenizer, peer.hash_func
    peer._index_hashes = {value: item.source for item in evaluation for label in item.options or (item.answer,)
                          for value in indexer.compute_hashes(label, item.question)}

    def rule(item: Item) -> str:
        return "" if peer.filter(Document(text=item.row, id="")) is True else "found"

    return rule


def planted(evaluation: Sequence[Item], paragraphs: Sequence[str]) -> Iterator[tuple[str, Item, Item]]:
    """(way, question, copy) of up to PLANTED questions of each set."""
    by_source: dict[str, list[Item]] = defaultdict(list)
    for item in evaluation:
        by_source[item.source].append(item)
    for source, found in sorted(by_source.items()):
        some = random.Random(source).sample(found, min(PLANTED, len(found)))
        for way, copy in COPIES.items():
            for item in some:
                if item.options or not way.startswith("options"):
                    yield way, item, copy(item, random.Random(f"{way} {item.name}"), evaluation)
        for item in some:
            own = random.Random(f"prose {item.name}")
            yield "in prose", item, Item("prose", "", in_prose(item, own, paragraphs))
            yield "in prose, without options", item, Item("prose", "", embed(item.question, own, paragraphs))


def recall(rule: Rule, copies: Sequence[tuple[str, Item, Item]]) -> dict[str, Any]:
    """Share found, by way; of questions of 8 words and more, by set as well, and of shorter ones."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for way, item, copy in copies:
        kind = "long" if len(tokens(item.question)) >= SIZE else "short"
        found = bool(rule(copy))
        for key in (kind, f"{kind} found" if found else "", item.source if kind == "long" else "",
                    f"{item.source} found" if found and kind == "long" else ""):
            counts[way][key] += 1
    sources = sorted({item.source for _, item, _ in copies})
    return {way: {"copies": n["long"], "recall": n["long found"] / n["long"], "short_copies": n["short"],
                  "short_recall": n["short found"] / max(n["short"], 1),
                  "by_set": {source: round(n[f"{source} found"] / n[source], 4) for source in sources if n[source]}}
            for way, n in counts.items()}


def clean_rows(paragraphs: Sequence[str]) -> Iterator[Item]:
    """Rows that hold no evaluation question, by those who made them, and texts."""
    yield from items(CLEAN)
    yield from (Item("prose", "paragraph", text) for text in paragraphs)
    yield from (Item("prose", "page", text) for text in pages())


def hits(rule: Rule, rows: Sequence[Item]) -> dict[str, Any]:
    """How many rows a rule takes for copies, and of which set into which evaluation set."""
    found = [(row, evidence) for row in rows if (evidence := rule(row))]
    return {"rows": len(rows), "hits": len(found), "a_10,000": 10_000 * len(found) / len(rows),
            "pairs": Counter(f"{row.source}: {evidence.partition(',')[0]}" for row, evidence in found)}


def speed(index: Index, texts: Sequence[str]) -> float:
    """MB/s of search and rule over an Arrow array of texts, best of three turns."""
    array, size = pa.array(texts), sum(len(text.encode()) for text in texts)
    best = 0.0
    for _ in range(3):
        started = process_time()
        sum(is_contamination(Match(*found), SIZE, False) for found in index.questions.find(array))
        best = max(best, size / 1e6 / (process_time() - started))
    return best


def rule_speed(rule: Rule, rows: Sequence[Item]) -> float:
    """MB/s of a rule, row by row, the rows ready as questions."""
    for row in rows:
        question_of(row)
    started = process_time()
    for row in rows:
        rule(row)
    return sum(len(row.row.encode()) for row in rows) / 1e6 / (process_time() - started)


def stage_speed(index: Index, rows: Sequence[Item]) -> float:
    """MB/s of the stage's function, in the stage's batches, the rows ready as questions; best of three turns."""
    questions = [question_of(row) for row in rows]
    size, best = sum(len(row.row.encode()) for row in rows), 0.0
    for _ in range(3):
        started = process_time()
        for start in range(0, len(questions), BATCH):
            check_questions(questions[start:start + BATCH], index)
        best = max(best, size / 1e6 / (process_time() - started))
    return best


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hits", action="store_true")
    parser.add_argument("--no-peer", action="store_true")
    arguments = parser.parse_args()
    evaluation, paragraphs = list(items(EVALUATION)), prose()
    started = process_time()
    before = resident(os.getpid())
    index = build_index(((f"{item.source}, {item.name}", item.question, item.options) for item in evaluation), SIZE)
    build_seconds, index_mib = process_time() - started, resident(os.getpid()) - before
    copies, clean, near = list(planted(evaluation, paragraphs)), list(clean_rows(paragraphs)), list(items(SAME_ORIGIN))
    rule = ours(index)
    if arguments.hits:
        for row in (*clean, *near):
            if evidence := rule(row):
                print(f"--- {row.source} {row.name}\n{row.row[:600]}\n    == {evidence}")
    rows = [row for row in clean if row.source != "prose"]
    results: dict[str, Any] = {
        "evaluation_questions": len(evaluation), "build_seconds": build_seconds,
        "index_mb": index_mib * 2**20 / 1e6, "recall": recall(rule, copies),
        "clean": hits(rule, clean), "same_origin": hits(rule, near),
        "mb_per_second": {"pages and paragraphs": speed(index, [row.row for row in clean if row.source == "prose"]),
                          "rows": speed(index, [row.row for row in rows]),
                          "rows, as the stage asks": stage_speed(index, rows),
                          "rows, one call each": rule_speed(rule, rows)}}
    if not arguments.no_peer:
        for name, query in (("datatrove", False), ("datatrove, find_query_ngrams", True)):
            peer = datatrove(evaluation, query)
            results[name] = {"recall": recall(peer, copies), "clean": hits(peer, clean),
                             "same_origin": hits(peer, near), "mb_per_second": rule_speed(peer, rows[:2000])}
    print(json.dumps(results, indent=1))
    write_json(Path(__file__).parent / "results" / "decontaminate.json",
               {**provenance(), "argv": "python benchmarks/decontaminate.py", "results": results})


if __name__ == "__main__":
    sys.exit(main())
