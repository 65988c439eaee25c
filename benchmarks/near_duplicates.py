"""Who stays of near records, on the shapes that break others: chains, hot bands, stars; and a corpus already shipped.

    .venv/bin/python benchmarks/near_duplicates.py

Each shape is a corpus of pages that goes through NearDuplicates on Beam's runner in this process. Reported: pages that
stay, beside the number that the shape's arithmetic asks for where every pair is proposed (the bands miss one in 3,000
at a similarity of 0.9), the rounds until all are decided, the records that are open after each of the stage's rounds,
the largest group of a key in them, and seconds of CPU. The shipped corpus is a million made-up questions in shards:
seconds of CPU to read them, and to read them and hash their bands. Writes benchmarks/results/near_duplicates.json.
"""

import json
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

import apache_beam as beam
import pyarrow as pa
from crossthink.dataflow.records import Document
from crossthink.dataflow.sinks.arrow import BATCH_ROWS
from crossthink.dataflow.sources.shipped import read_shipped
from crossthink.dataflow.stages import apart
from crossthink.dataflow.stages.bands import BAND_CAP, WINDOW, guarded_bands, pairs_of
from crossthink.dataflow.stages.near_duplicates import NearDuplicates, tell
from crossthink.dataflow.stages.similar import DOCUMENTS, QUESTIONS, similarity

from crossthink.arrow import arrow_schema, to_row
from crossthink.files import write_json
from crossthink.provenance import provenance
from crossthink.schema import Lineage, Question, question_id

SHIPPED_ROWS, SHARDS, THRESHOLD = 1_000_000, 4, 0.8
Pages = list[Document]


def page(name: str, text: str) -> Document:
    """A page of this text."""
    return Document(id=name, url="", crawl_date="", warc_file="", warc_offset=0, title="", text=text, language="en")


def chain(size: int) -> Pages:
    """Pages of 100 words, each shifted by 5, the ids in their order: every third stays."""
    return [page(f"{i:06d}", " ".join(f"w{k}" for k in range(5 * i, 5 * i + 100))) for i in range(size)]


def shuffled_chain(size: int) -> Pages:
    """The same with ids in any order, as those of questions are: no two that stay are less than three apart."""
    order = random.Random(1).sample(range(size), size)
    return [page(f"{place:06d}", text.text) for place, text in zip(order, chain(size), strict=True)]


def hot_band(size: int) -> Pages:
    """One page of 200 words, its last word another each time: one stays."""
    same = " ".join(f"word{i}" for i in range(200))
    return [page(f"{i:06d}", f"{same} number{i}") for i in range(size)]


def stars(size: int) -> Pages:
    """Pages of 120 words, and of each nine more with 12 words of their own: the plain ones stay."""
    made = []
    for star in range(size // 10):
        middle = " ".join(f"m{star}x{i}" for i in range(120))
        made.append(page(f"{star:06d}", middle))
        made += [page(f"{star:06d}-{leaf}", middle + "".join(f" l{star}x{leaf}x{i}" for i in range(12)))
                 for leaf in range(9)]
    return made


SHAPES: dict[str, tuple[Callable[[int], Pages], int, Callable[[int], int] | None]] = {
    "chain": (chain, 3000, lambda size: -(-size // 3)), "chain, ids in any order": (shuffled_chain, 3000, None),
    "hot band": (hot_band, 2000, lambda size: 1), "stars": (stars, 3000, lambda size: size // 10)}


def open_after_rounds(pages: Pages) -> tuple[list[int], int]:
    """Records that are open at the start and after each round, until none is, and the largest group of a key: the
    steps of apart.py on plain lists."""
    bands: dict[bytes, list[str]] = defaultdict(list)
    for one in pages:
        for key in guarded_bands(one, DOCUMENTS):
            bands[key].append(one.id)
    told = {one.id: tell(one, DOCUMENTS) for one in pages}
    groups: dict[str, list[apart.Item]] = defaultdict(list)
    for first, second in {pair for ids in bands.values() for pair in pairs_of(sorted(ids))}:
        if similarity(told[first].measure, told[second].measure) >= THRESHOLD:
            for rank, node in apart.edges([told[first]], told[second]):
                groups[rank].append(node)
    numbers, largest = [len(groups)], 0
    while numbers[-1]:
        after: dict[str, list[apart.Item]] = defaultdict(list)
        for rank, items in groups.items():
            largest = max(largest, len(items))
            if any(isinstance(item, apart.Node) for item in items):
                node, _, stays = apart.decide(items, THRESHOLD)
                for behind in node.behind if stays else ():
                    after[behind].append(apart.Word(rank, stays))
                if stays is None:
                    after[rank].append(node)
        groups = after
        numbers.append(sum(isinstance(item, apart.Node) for items in groups.values() for item in items))
    return numbers, largest


def run(pages: Pages) -> dict[str, Any]:
    """A corpus through the stage, and through its steps one by one."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "kept")
        started = process_time()
        with beam.Pipeline("FnApiRunner") as pipeline:
            outputs = pipeline | beam.Create(pages) | NearDuplicates("n", THRESHOLD, DOCUMENTS)
            (outputs.kept | beam.combiners.Count.Globally()
             | beam.Map(lambda number: Path(out).write_text(str(number)) and None))
        seconds, stay = process_time() - started, int(Path(out).read_text())
    numbers, largest = open_after_rounds(pages)
    return {"pages": len(pages), "stay": stay, "rounds": len(numbers) - 1, "largest_group": largest,
            "open_after_rounds": numbers[:apart.ROUNDS + 1], "cpu_seconds": seconds}


def questions(rows: int, seed: int) -> Iterator[Question]:
    """Made-up questions of 20 to 40 words."""
    random_ = random.Random(seed)
    words = [f"w{i}" for i in range(20_000)]
    for row in range(rows):
        text = " ".join(random_.choices(words, k=random_.randint(20, 40)))
        yield Question(id=question_id(text), question=text, options=(), answer=str(row), answer_label="",
                       answer_type="math", verifier="math/4", template="open", domain="math", group="math", source="s",
                       licence="", lineage=Lineage())


def shipped(folder: Path) -> dict[str, Any]:
    """Seconds to read a million shipped questions, and to read them and hash their bands."""
    schema, paths = arrow_schema(Question), []
    for shard in range(SHARDS):
        paths.append(str(folder / f"shard-{shard}.arrow"))
        rows = [to_row(question) for question in questions(BATCH_ROWS, shard)]
        batch = pa.RecordBatch.from_pylist(rows, schema=schema)
        with pa.OSFile(paths[-1], "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            for _ in range(SHIPPED_ROWS // SHARDS // BATCH_ROWS):
                writer.write_batch(batch)
    times = []
    for work in (lambda one: one.id, lambda one: guarded_bands(one, QUESTIONS)):
        started, rows_read = process_time(), 0
        for path in paths:
            for one in read_shipped(path, "run/data/shard"):
                work(one)
                rows_read += 1
        times.append(process_time() - started)
    return {"rows": rows_read, "mb": sum(Path(path).stat().st_size for path in paths) / 1e6,
            "read_cpu_seconds": times[0], "read_and_hash_cpu_seconds": times[1]}


def main() -> None:
    """Measure, print, write."""
    results: dict[str, Any] = {"window": WINDOW, "band_cap": BAND_CAP, "stage_rounds": apart.ROUNDS,
                               "rest_cap": apart.REST}
    for name, (make, size, expected) in SHAPES.items():
        results[name] = run(make(size)) | ({"expected": expected(size)} if expected else {})
        print(name, json.dumps(results[name]), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        results["shipped"] = shipped(Path(folder))
    print(json.dumps(results["shipped"]))
    write_json(Path(__file__).parent / "results" / "near_duplicates.json",
               {**provenance(), "argv": "python benchmarks/near_duplicates.py", "results": results})


if __name__ == "__main__":
    sys.exit(main())
