"""The data line: a crawl and question files in, verifiable questions out. The whole graph, in the order of the work."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
from crossthink.dataflow.line import Flow, Line, join
from crossthink.dataflow.options import JobOptions, benchmarks, question_pieces, warc_files
from crossthink.dataflow.parts import Parts, Piece, code_digest, digest
from crossthink.dataflow.records import Document
from crossthink.dataflow.sources.given import Given
from crossthink.dataflow.sources.shards import read_shard, shard_paths
from crossthink.dataflow.sources.shipped import read_shipped, shipped_shards
from crossthink.dataflow.sources.splits import read_split, splits
from crossthink.dataflow.sources.tables import read_entry, to_question
from crossthink.dataflow.sources.wet import to_page
from crossthink.dataflow.stages import privacy, similar
from crossthink.dataflow.stages.chain import Chain, Link, Source, made_by
from crossthink.dataflow.stages.decontaminate import Decontaminate
from crossthink.dataflow.stages.domain import assign
from crossthink.dataflow.stages.exact_duplicates import resolve, survey
from crossthink.dataflow.stages.extract import extract
from crossthink.dataflow.stages.language import identify
from crossthink.dataflow.stages.near_duplicates import NearDuplicates
from crossthink.dataflow.stages.passages import cut
from crossthink.dataflow.stages.quality import judge
from crossthink.dataflow.stages.shipped import is_new
from crossthink.dataflow.stages.stage import GroupStage, JoinStage, Stage, StageResult, keep
from crossthink.dataflow.stages.template import choose
from crossthink.dataflow.stages.verifiable import verify

from crossthink.config import Recipe
from crossthink.schema import Passage, Question


def build(pipeline: Any, options: JobOptions, line: Line) -> Flow:
    """Add a job's stages to a pipeline; returns what its shards will hold."""
    match options.job:
        case "extract":
            return extract_passages(pipeline, options, line)
        case "import":
            return import_questions(pipeline, options, line)
        case "synthesize":
            return synthesize(_shards(pipeline, options, "passages", Passage), options, line)
        case "curate":
            return curate(join("all questions", *(_shards(pipeline, options, folder, Question)
                                                  for folder in options.reads)), options, line)
        case "score":
            return score(_shards(pipeline, options, "curated", Question), options, line)
    passages = extract_passages(pipeline, options, line)
    written = synthesize(passages, options, line)
    imported = import_questions(pipeline, options, line)
    return score(curate(join("all questions", imported, written), options, line), options, line)


def extract_passages(pipeline: Any, options: JobOptions, line: Line) -> Flow:
    """WARC files to passages with language and domain."""
    pieces = (pipeline | "warc files" >> Given(warc_files(options.recipe)) | "spread files" >> beam.Reshuffle()
              | "split files" >> beam.FlatMapTuple(_pieces) | "spread splits" >> beam.Reshuffle())
    flow = line.apply(_source("pages", read_split, page_links(options.recipe), Document, options, line), Flow(pieces))
    threshold = options.recipe.data.near_duplicate
    flow = line.apply(NearDuplicates("near_duplicate_pages", threshold, similar.DOCUMENTS), flow)
    return line.apply(Chain("passages", *passage_links(options.recipe)), flow)


def synthesize(passages: Flow, options: JobOptions, line: Line) -> Flow:
    """Passages to questions: written by the model, and terms blanked in sentences."""
    data, flows = options.recipe.data, []
    if data.questions_per_passage:
        from crossthink.dataflow.stages.synthesize import Synthesize

        flows.append(line.apply(Synthesize(options.recipe, options.output), passages))
    if data.cloze_per_passage:
        flows.append(line.apply(Stage("cloze", partial(_cloze, seed=options.recipe.run.seed,
                                                       per_passage=data.cloze_per_passage)), passages))
    return join("written questions", *flows) if flows else Flow(passages.records.pipeline | Given([]))


def import_questions(pipeline: Any, options: JobOptions, line: Line) -> Flow:
    """Question files to questions."""
    data = options.recipe.data
    rows = (Link("import", partial(to_question, files=data.questions, max_answer_words=data.max_answer_words)),)
    return line.apply(_source("rows", read_entry, rows, Question, options, line),
                      Flow(pipeline | "question files" >> Given(question_pieces(options.recipe))
                           | "spread question files" >> beam.Reshuffle()))


def curate(flow: Flow, options: JobOptions, line: Line) -> Flow:
    """Questions without duplicates and contamination, their answers voted on, each with a template and a verifier."""
    data = options.recipe.data
    shipped = None
    if data.shipped:
        shipped = (flow.records.pipeline | "shipped shards" >> Given(shipped_shards(data.shipped))
                   | "spread shipped" >> beam.Reshuffle() | "read shipped" >> beam.FlatMapTuple(read_shipped))
        pairs = tuple(records | f"{name} by id" >> beam.Map(lambda record: (record.id, record))
                      for name, records in (("new", flow.records), ("shipped", shipped)))
        flow = line.apply(JoinStage("shipped", is_new), Flow(pairs, flow.stages))
    by_id = flow.records | "question by id" >> beam.Map(lambda question: (question.id, question))
    flow = line.apply(GroupStage("exact_duplicates", survey, resolve), Flow(by_id, flow.stages))
    flow = line.apply(NearDuplicates("near_duplicates", data.near_duplicate, similar.QUESTIONS, shipped), flow)
    decontaminate, *last = question_links(options.recipe)
    if not data.vote_samples:
        return line.apply(Chain("questions", decontaminate, *last), flow)
    from crossthink.dataflow.stages.vote import Vote

    flow = line.apply(Chain("decontaminate", decontaminate), flow)
    return line.apply(Chain("questions", *last), line.apply(Vote(options.recipe, options.output), flow))


def score(flow: Flow, options: JobOptions, line: Line) -> Flow:
    """Questions with their measured difficulty."""
    if not options.recipe.data.difficulty_attempts:
        return flow
    from crossthink.dataflow.stages.difficulty import Score

    return line.apply(Score(options.recipe, options.output), flow)


def _pieces(file: str, state: str) -> Iterator[Piece]:
    return (Piece(split, split.id, state) for split in splits(file))


def _source(name: str, read: Callable[[Any], Iterator[Any]], links: Sequence[Link], kind: type, options: JobOptions,
            line: Line) -> Source:
    parts = Parts(options.parts(name), kind, digest(made_by(read, links), code_digest()))
    line.parts.append(parts)
    return Source(name, read, links, parts)


def page_links(recipe: Recipe) -> tuple[Link, ...]:
    """WARC records to documents: what looks at one page."""
    data = recipe.data
    return (Link("warc", to_page), Link("extract", partial(extract, opt_out=data.opt_out)),
            Link("language", partial(identify, languages=data.languages)), Link("privacy", privacy.mask),
            Link("quality", partial(judge, min_words=data.min_words)))


def passage_links(recipe: Recipe) -> tuple[Link, ...]:
    """Documents to passages."""
    data = recipe.data
    return (Link("passages", partial(cut, max_words=data.passage_words, limit=data.passages_per_page)),
            Link("decontaminate_passages", Decontaminate("passage", benchmarks(recipe), data.contamination_ngram),
                 batches=True),
            Link("domain", assign))


def question_links(recipe: Recipe) -> tuple[Link, ...]:
    """Questions to verified ones."""
    data = recipe.data
    return (Link("decontaminate", Decontaminate("question", benchmarks(recipe), data.contamination_ngram),
                 batches=True),
            Link("template", choose), Link("verifiable", verify))


def _shards(pipeline: Any, options: JobOptions, folder: str, kind: type) -> Flow:
    paths = shard_paths(Path(options.output) / folder, kind)
    return Flow(pipeline | f"{folder} shards" >> Given(paths) | f"spread {folder}" >> beam.Reshuffle()
                | f"read {folder}" >> beam.FlatMap(read_shard, kind))


def _cloze(passage: Passage, seed: int, per_passage: int) -> StageResult:
    from crossthink.dataflow.stages.cloze import cloze
    from crossthink.dataflow.stages.stage import Rejected

    questions = cloze(passage, seed, per_passage)
    return keep(*questions) if questions else Rejected("no_term", "no sentence has a term with enough others like it")
