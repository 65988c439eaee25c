"""Running a job: checks before any work, the pipeline, the funnel that must add up, and the files in their place."""

import fcntl
import json
import os
import re
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, PortableOptions
from crossthink.dataflow.dry_run import estimate, report
from crossthink.dataflow.line import Flow, Line, check_funnel, funnel_rows
from crossthink.dataflow.local_runner import IN_PROCESS, check_words, local_runner, runner_of
from crossthink.dataflow.options import (
    MARKER,
    JobOptions,
    benchmarks,
    check_model,
    claim_folder,
    first_difference,
    ledger_folder,
    new_ledger,
    row_options,
    uses_model,
)
from crossthink.dataflow.pipeline import build
from crossthink.dataflow.pulse import PulseOptions, watched
from crossthink.dataflow.sinks.arrow import STATISTICS, WriteShards
from crossthink.dataflow.sinks.card import describe
from crossthink.dataflow.sinks.letters import WriteRuns, write_letters
from crossthink.dataflow.sinks.manifest import UNFINISHED, manifest, publish, remove_unfinished, to_json, write_atomic
from crossthink.dataflow.sinks.statistics import merge
from crossthink.dataflow.stages.decontaminate import load_index
from crossthink.dataflow.stages.stage import JobError, StageName

from crossthink import __version__
from crossthink.config import ConfigError, Recipe
from crossthink.provenance import provenance
from crossthink.shards import Manifest, ShardError

_OWN_ERROR = re.compile(r"(?:JobError|ConfigError|OSError|PermissionError|FileNotFoundError|MemoryError|ImportError|"
                        r"ModuleNotFoundError): ([^\n]+)")


def run_job(job: str, recipe: Recipe, output: str | Path, beam_args: Sequence[str] = (), *, debug: bool = False,
            dry: bool = False) -> int:
    """Run a job of the data line, or print what it would take. Returns 0; 2 for what is wrong before any work, 1 for
    what fails in it, each with one line on stderr. `beam_args` are Beam's own options."""
    options = JobOptions(job=job, recipe=recipe, output=str(output))
    beam_options = PipelineOptions(list(beam_args))
    FileSystems.set_options(beam_options)  # of an object store, before the work
    try:
        check_words(beam_options, beam_args)
        if dry:
            report(options, estimate(options, lambda sample: _work(sample, [])))
        else:
            _work(options, list(beam_args))
    except (ConfigError, ShardError) as error:
        return _say(error, 2, debug)
    except Exception as error:
        return _say(error, 1, debug)
    return 0


def _work(options: JobOptions, beam_args: list[str]) -> None:
    with _only_run(Path(options.output)):
        rows = row_options(options.recipe)
        _check(options, rows)
        _run(options, rows, beam_args)


def _check(options: JobOptions, rows: dict[str, Any]) -> None:
    for folder in options.reads:
        made_with = Manifest.load(Path(options.output) / folder).options
        if made_with != rows:
            raise ConfigError(f"{options.output}/{folder} was made with other options "
                              f"({first_difference(made_with, rows)}): run its job again")
    check_model(options)
    if options.folder.resolve() in (Path(folder).resolve() for folder in options.recipe.data.shipped):
        raise ConfigError(f"data.shipped names {options.folder}, where this job writes: choose another output folder")
    claim_folder(options.folder, rows)
    if options.job in ("extract", "curate", "run"):
        load_index(benchmarks(options.recipe), options.recipe.data.contamination_ngram)
    write_atomic(options.folder / MARKER, to_json(rows))


def _run(options: JobOptions, rows: dict[str, Any], beam_args: list[str]) -> None:
    began, started = time.monotonic(), provenance()
    remove_unfinished(options.folder)
    work = options.folder / f"{UNFINISHED}{uuid.uuid4().hex}"
    work.mkdir()
    new_ledger(options.output)
    beam_options = PipelineOptions(["--default_sdk_harness_log_level=ERROR", *beam_args])
    beam_options.view_as(PulseOptions).crossthink_pulse = str(work)
    runner = runner_of(beam_options)
    shown = f"{runner}{_workers(runner, beam_options)}"
    print(f"data line: {options.job} to {options.folder}, {shown}, {started['processor']}", file=sys.stderr)
    line = Line()
    runs = local_runner(beam_options) if runner == IN_PROCESS else runner
    pipeline = beam.Pipeline(runner=runs, options=beam_options)
    flow = build(pipeline, options, line)
    _sink(flow, options, rows, line, str(work))
    _drop_other_parts(line)
    with watched(work, [stage.name for stage in line.stages]):
        finished = pipeline.run()
        finished.wait_until_finish()
    seconds = {stage: microseconds / 1e6 for stage, microseconds in _counters(finished, "crossthink.seconds").items()}
    seconds["total"] = time.monotonic() - began
    if found := _counters(finished, "crossthink.parts"):
        print(f"data line: {found.get('reused', 0)} pieces of the input were finished before, {found.get('made', 0)} "
              "are new", file=sys.stderr)
    hints = {name: _counters(finished, f"crossthink.{space}") for name, space in (("capped", "capped"),
                                                                                  ("counters", "records"))}
    for name, number in hints["capped"].items():
        print(f"warning: {name}: {number} beyond the cap (docs/data.md, Duplicates)", file=sys.stderr)
    _publish(options, rows, line, work, {**started, "runner": shown, "seconds": seconds, **hints})


def _workers(runner: str, options: PipelineOptions) -> str:
    """How much works at once, as far as Beam's options tell."""
    if runner == IN_PROCESS:
        direct = options.view_as(DirectOptions)
        return f", {direct.direct_num_workers or 'all'} worker(s), {direct.direct_running_mode}"
    if runner == "DataflowRunner":  # its workers start a process for each core
        return ""
    processes = options.view_as(PortableOptions).sdk_worker_parallelism
    return f", Python processes on each machine: {processes if int(processes) else 'as the runner chooses'}"


def _drop_other_parts(line: Line) -> None:
    """Remove what a killed run stored that this one must not reuse."""
    for parts in line.parts:
        if dropped := parts.remove_others():
            print(f"data line: {dropped} finished pieces in {parts.folder} are not reused: "
                  "they were made with other options or other code", file=sys.stderr)


def _sink(flow: Flow, options: JobOptions, rows: dict[str, Any], line: Line, work: str) -> None:
    """Shards, dead letters, counts, and one file that names them all."""
    line.stages.append(StageName("shards", flow.stages))
    read = flow.records | "records to write" >> beam.Map(lambda _: (("shards", "in", ""), 1))
    files = flow.records | WriteShards(options.record, work, options.recipe.data.shards, rows, __version__)
    written = files | "rows written" >> beam.FlatMap(lambda f: [(("shards", kind, ""), f["rows"])
                                                                 for kind in ("kept", "out")])
    counts = (*line.counts, read, written) | "all counts" >> beam.Flatten() | "sum counts" >> beam.CombinePerKey(sum)
    parts = [counts | "counts" >> beam.Map(lambda count: ("counts", count)),
             files | "files" >> beam.Map(lambda file: ("files", file))]
    for kind, letters in (("rejected", line.rejected), ("failed", line.failed)):
        every = beam.Flatten(pipeline=flow.records.pipeline)  # named, because a job may have no stage that rejects
        parts.append(tuple(letters) | f"all {kind}" >> every | f"write {kind}" >> beam.ParDo(WriteRuns(work))
                     | f"{kind} runs" >> beam.Map(lambda run, kind=kind: (kind, run)))
    (tuple(parts) | "everything" >> beam.Flatten() | "to one" >> beam.Map(lambda part: ("", part))
     | "result" >> beam.GroupByKey() | "write result" >> beam.MapTuple(lambda _, found: _leave(work, found)))


def _leave(work: str, parts: Iterable[tuple[str, Any]]) -> None:
    result: dict[str, list[Any]] = {"counts": [], "files": [], "rejected": [], "failed": []}
    for kind, value in parts:
        result[kind].append(value)
    write_atomic(Path(work) / "result.json", json.dumps(result).encode())


def _publish(options: JobOptions, rows: dict[str, Any], line: Line, work: Path, run: dict[str, Any]) -> None:
    result = json.loads((work / "result.json").read_text(encoding="utf-8"))
    counts = [((stage, kind, reason), number) for (stage, kind, reason), number in result["counts"]]
    funnel = funnel_rows(counts, line.stages)
    check_funnel(funnel, line.stages)
    tokens = _tokens(options)
    made = manifest(options.record.__name__, result["files"], rows, __version__,
                    {stage: used["generated"] for stage, used in tokens.items()})
    engine = options.recipe.model.engine if uses_model(options.recipe) else "none"
    run = {**run, "engine": engine, "device": run["processor"], "tokens": tokens}
    written = (work / file["temporary"] for file in sorted(result["files"], key=lambda file: file["file"]))
    statistics = merge(json.loads(path.with_suffix(STATISTICS).read_bytes()) for path in written)
    texts = {"funnel.json": to_json(funnel), "run.json": to_json(run), **describe(made, statistics, funnel)}
    for kind in ("rejected", "failed"):
        result[kind] = write_letters(str(work), result[kind])
    publish(options.folder, work, result, texts, to_json(made))
    for parts in line.parts:
        parts.remove()
    for row in funnel:
        lost = {**row["rejected"], **row["failed"]}
        reasons = ", ".join(f"{reason} {number}" for reason, number in lost.items())
        print(f"  {row['stage']:24} {row['in']:8} in {row['out']:8} out  {reasons}", file=sys.stderr)
    print(f"data line: {made['rows']} rows in {options.folder}, {run['seconds']['total']:.1f} s", file=sys.stderr)


def _tokens(options: JobOptions) -> dict[str, dict[str, int]]:
    if not uses_model(options.recipe):
        return {}
    from crossthink.dataflow.llm.ask import token_ledger

    return token_ledger(ledger_folder(options.output))


def _counters(finished: Any, namespace: str) -> dict[str, int]:
    """The runner's counters of a namespace: sums over workers, retries included, so for times and hints only."""
    totals: dict[str, int] = {}
    for counter in finished.metrics().query(MetricsFilter().with_namespace(namespace))["counters"]:
        value = counter.committed if counter.committed is not None else counter.attempted
        totals[counter.key.metric.name] = totals.get(counter.key.metric.name, 0) + (value or 0)
    return dict(sorted(totals.items()))


@contextmanager
def _only_run(output: Path) -> Iterator[None]:
    """Hold the output folder's lock; a killed process lets it go. Raises ConfigError where another run holds it."""
    output.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(output / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise ConfigError(f"{output}: another job of the data line works in this folder: wait for it") from error
    try:
        yield
    finally:
        os.close(descriptor)


def _say(error: Exception, code: int, debug: bool) -> int:
    if debug:
        raise error
    text, hint = str(error), "" if code == 2 else " (--debug shows where)"
    if code == 1 and not isinstance(error, JobError):
        found = _OWN_ERROR.findall(text)
        text = found[-1] if found else f"{type(error).__name__}: {(text.strip().splitlines() or [''])[-1]}"
    print(f"error: {text.strip().splitlines()[0]}{hint}", file=sys.stderr)
    return code
