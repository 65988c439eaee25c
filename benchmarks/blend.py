"""A million draws of a blend from memory-mapped shards: time, and memory for a few and for many rows.

    .venv/bin/python benchmarks/blend.py

Each size runs in a process of its own, on shards that it writes first. Memory is what the process holds of its own
(anonymous pages: no mapped file counts) beyond what the imports took. Writes benchmarks/results/blend.json.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

import pyarrow as pa

from crossthink.arrow import arrow_schema, to_row
from crossthink.blend import Blend
from crossthink.config import BlendConfig
from crossthink.files import write_json
from crossthink.provenance import provenance
from crossthink.schema import Difficulty, Lineage, Question, question_id
from crossthink.shards import Manifest

SOURCES = {"mmlu": 0.17, "syn-qa": 0.33, "naturalreasoning": 0.17, "numinamath": 0.15, "persona-math": 0.16,
           "math": 0.02}
BATCH = 5000


def question(number: int, source: str) -> Question:
    """One row, as small as rows come."""
    rate = Difficulty(passes=number % 5, attempts=4, low=0, high=1, model="m", revision="r", sampling="{}")
    text = f"What is {number} + 1?"
    return Question(id=question_id(text), question=text, options=(), answer=str(number + 1), answer_label="",
                    answer_type="math", verifier="math/1", template="open", domain="math", group="math", source=source,
                    licence="CC0-1.0", lineage=Lineage(), difficulty=rate)


def write_shard(folder: Path, rows: int) -> None:
    """One shard of so many rows and its manifest: five thousand different rows over and over."""
    schema = arrow_schema(Question)
    names = list(SOURCES)
    batch = pa.RecordBatch.from_pylist([to_row(question(n, names[n % len(names)])) for n in range(BATCH)],
                                       schema=schema)
    path = folder / "shard.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for _ in range(rows // BATCH):
            writer.write_batch(batch)
    with path.open("rb") as file:
        digest = sha256(file.read(1 << 20)).hexdigest()
    write_json(folder / "manifest.json", {
        "schema": "1.0", "code": "", "record": "Question", "options": {}, "generation": 1, "rows": rows,
        "files": [{"file": path.name, "rows": rows, "bytes": path.stat().st_size, "sha256": digest}]})


def own_bytes() -> int:
    """Anonymous memory of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def measure(folder: Path, draws: int) -> dict[str, Any]:
    """Seconds and memory of opening a blend and drawing from it."""
    before, started = own_bytes(), perf_counter()
    blend = Blend(BlendConfig(by="source", weights=SOURCES), Manifest.load(folder), seed=0)
    opened, most, drawn = perf_counter(), own_bytes(), 0
    while drawn < draws:
        drawn += len(blend.draw(1000))
        most = max(most, own_bytes())
    return {"rows": sum(blend.rows().values()), "draws": drawn, "seconds_to_open": opened - started,
            "seconds_to_draw": perf_counter() - opened, "repeats": blend.repeats, "own_bytes": most - before}


def main() -> None:
    """Measure each size, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        print(json.dumps(measure(arguments.folder, arguments.draws)))
        return
    results = []
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory() as folder:
            write_shard(Path(folder), rows)
            said = subprocess.run([sys.executable, __file__, "--draws", str(arguments.draws), "--folder", folder],
                                  check=True, capture_output=True, text=True).stdout
        results.append(json.loads(said))
        print(f"{rows:9d} rows: opened in {results[-1]['seconds_to_open']:.2f} s, {arguments.draws} draws in "
              f"{results[-1]['seconds_to_draw']:.2f} s, {results[-1]['own_bytes'] / 2**20:.1f} MiB", flush=True)
    write_json(Path(__file__).parent / "results" / "blend.json",
               {**provenance(), "argv": "python benchmarks/blend.py", "results": results})


if __name__ == "__main__":
    main()
