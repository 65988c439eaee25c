"""What a job will take, told from a sample: the job itself runs over a small part of its input, in a temporary folder.

Rows and bytes are the sample's times the input's share of it. The time of a record is that of a larger sample less that
of a smaller one, so that what a job does once (imports, the index of the evaluation sets) is not counted again and
again. Duplicates grow with the corpus: rows are an upper bound.
"""

import io
import json
import posixpath
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from crossthink.dataflow.options import JobOptions, input_sizes, row_options, uses_model, warc_files
from crossthink.dataflow.sinks.arrow import digest, shard_name, write_table
from crossthink.dataflow.sinks.manifest import manifest, to_json
from crossthink.dataflow.sources.shards import read_shard
from crossthink.dataflow.sources.splits import WarcSplit, read_split
from crossthink.dataflow.sources.tables import files_of, read_rows
from crossthink.dataflow.sources.warc_files import matches

from crossthink import __version__
from crossthink.arrow import arrow_schema, to_row
from crossthink.config import Recipe
from crossthink.schema import Passage, Question
from crossthink.shards import Manifest

FILES = 4
"""WARC files of which the first records are sampled."""
SMALL, LARGE = 40, 400
"""Records of each WARC file in the two samples."""
ROWS = 10
"""So many times as many rows of question files and shards: a row is a smaller thing than a page."""


class Sample(NamedTuple):
    """A part of a job's input."""

    recipe: Recipe
    amount: int
    """Of the input: bytes of WARC files, else rows."""
    total: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job over the whole input will take and leave."""

    funnel: dict[str, tuple[int, int]]
    """Records in and out of each stage."""
    rows: int
    output_bytes: int
    seconds: float
    """Of one worker with a core of its own, without start-up."""
    share: float
    """Of the input, that was looked at."""


def estimate(options: JobOptions, run: Callable[[JobOptions], None]) -> Estimate:
    """Run the job over samples by `run`, which raises what the job raises."""
    input_sizes(options.recipe)  # raises for a file that is missing, before any is opened
    with tempfile.TemporaryDirectory(prefix="crossthink-dry-run-") as folder:
        taken: list[tuple[Sample, float]] = []
        for name, records in (("warm", SMALL), ("small", SMALL), ("large", LARGE)):
            output = Path(folder) / name
            sample = sample_of(options, records, output)
            sampled = replace(options, recipe=sample.recipe, output=str(output))
            began = time.perf_counter()
            with redirect_stderr(io.StringIO()):
                run(sampled)
            taken.append((sample, time.perf_counter() - began))
        made = json.loads((sampled.folder / "manifest.json").read_text(encoding="utf-8"))
        funnel = json.loads((sampled.folder / "funnel.json").read_text(encoding="utf-8"))
    (small, short), (large, long) = taken[1:]
    share = large.amount / large.total if large.total else 1.0
    more = large.amount - small.amount
    return Estimate({row["stage"]: (round(row["in"] / share), round(row["out"] / share)) for row in funnel},
                    round(made["rows"] / share), round(sum(file["bytes"] for file in made["files"]) / share),
                    max(0.0, (long - short) / more * large.total) if more else long, share)


def report(options: JobOptions, found: Estimate) -> None:
    """Print an estimate, and what it leaves out."""
    print(f"dry run of {options.job}: {found.share:.1%} of the input sampled, nothing written to {options.output}")
    for stage, (into, out) in found.funnel.items():
        print(f"  {stage:24} about {into:10,} in {out:10,} out")
    print(f"about {found.rows:,} rows, {found.output_bytes / 1e6:,.1f} MB of shards, "
          f"{found.seconds:,.0f} s of one worker with a core of its own")
    if uses_model(options.recipe):
        print("the model was not asked: its time, and what its stages add and turn away, are not in these figures")


def sample_of(options: JobOptions, records: int, output: Path) -> Sample:
    """The beginnings of a job's input, copied below `output` where they are not read in place; no model in it."""
    data = replace(options.recipe.data, questions_per_passage=0, vote_samples=0, difficulty_attempts=0)
    recipe = replace(options.recipe, data=data)
    if options.reads:
        return _sample_shards(replace(options, recipe=recipe), records, output)
    amount = total = 0
    if options.job in ("extract", "run") and data.warc:
        paths, amount, total = _sample_warc(recipe, records, output / "in")
        data = replace(data, warc=paths)
    if options.job in ("import", "run") and data.questions:
        files = [one for file in data.questions for one in files_of(file)]
        counts = [sum(1 for _ in read_rows(file)) for file in files]
        share = amount / total if total else min(1.0, ROWS * records / sum(counts))
        limits = [max(1, round(count * share)) for count in counts]
        data = replace(data, questions=tuple(replace(file, limit=limit)
                                             for file, limit in zip(files, limits, strict=True)))
        if not total:
            amount, total = sum(limits), sum(counts)
    return Sample(replace(recipe, data=data), amount, total)


def _sample_warc(recipe: Recipe, records: int, folder: Path) -> tuple[tuple[str, ...], int, int]:
    """(Paths, bytes of them, bytes of all files): the beginnings of FILES files, cut where a record begins."""
    folder.mkdir(parents=True)
    sizes = {path: int(state.split()[0]) for path, state in warc_files(recipe)}
    chosen = {path: sizes[path] or _size(path) for path in sorted(sizes)[::-(-len(sizes) // FILES) or 1]}
    taken = 0
    for path, size in chosen.items():
        after = next(islice(read_split(WarcSplit(file=path)), records, None), None)
        end = getattr(after, "offset", 0) or size  # a file that is one gzip member cannot be cut
        with (folder / posixpath.basename(path)).open("wb") as file:
            if end:
                with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as stream:
                    left = end
                    while left and (content := stream.read(min(left, 1 << 20))):
                        left -= file.write(content)
        taken += end
    asked = [size for path, size in chosen.items() if not sizes[path]]
    untold = sum(not size for size in sizes.values()) * sum(asked) // max(1, len(asked))
    return tuple(str(folder / posixpath.basename(path)) for path in chosen), taken, sum(sizes.values()) + untold


def _size(path: str) -> int:
    """Bytes of a file that a list names, which says none; 0 where it is not to be had. The others count as its like."""
    try:
        return next((entry.size_in_bytes for entry in matches(path)), 0)
    except OSError:
        return 0


def _sample_shards(options: JobOptions, records: int, output: Path) -> Sample:
    """The first rows of each folder that the job reads, shipped below `output` as its job would have."""
    amount = total = 0
    for name in options.reads:
        whole = Manifest.load(Path(options.output) / name)
        kind = Passage if name == "passages" else Question
        every = (record for file in whole.files for record in read_shard(str(whole.path.parent / file.file), kind))
        rows = [to_row(record) for record in islice(every, ROWS * records)]
        (output / name).mkdir(parents=True)
        path = output / name / shard_name(0, 1)
        write_table(path, rows, arrow_schema(kind))
        file = {"file": path.name, "rows": len(rows), "bytes": path.stat().st_size, "sha256": digest(path)}
        (output / name / "manifest.json").write_bytes(to_json(
            manifest(kind.__name__, [file], row_options(options.recipe), __version__, {})))
        amount, total = amount + len(rows), total + whole.rows
    return Sample(options.recipe, amount, total)
