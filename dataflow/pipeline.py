"""The data line: a crawl and question files in, verifiable questions out. The whole graph, in the order of the work."""

from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
from crossthink.dataflow.line import Flow, Line, join
from crossthink.dataflow.options import READS, JobOptions, warc_files
from crossthink.dataflow.sources.shards import read_shard, shard_paths
from crossthink.dataflow.sources.tables import read_rows, to_question
from crossthink.dataflow.sources.warc import ReadWarc
from crossthink.dataflow.sources.wet import to_page
from crossthink.dataflow.stages import near_duplicates as near
from crossthink.dataflow.stages import privacy
from crossthink.dataflow.stages.decontaminate import Decontaminate
from crossthink.dataflow.stages.domain import assign
from crossthink.dataflow.stages.exact_duplicates import resolve
from crossthink.dataflow.stages.extract import extract
from crossthink.dataflow.stages.language import identify
from crossthink.dataflow.stages.passages import cut
from crossthink.dataflow.stages.quality import judge
from crossthink.dataflow.stages.stage import GroupStage, Stage, StageResult, keep
from crossthink.dataflow.stages.template import choose
from crossthink.dataflow.stages.verifiable import verify

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
                                                  for folder in READS["curate"])), options, line)
        case "score":
            return score(_shards(pipeline, options, "curated", Question), options, line)
    passages = extract_passages(pipeline, options, line)
    written = synthesize(passages, options, line)
    imported = import_questions(pipeline, options, line)
    return score(curate(join("all questions", imported, written), options, line), options, line)


def extract_passages(pipeline: Any, options: JobOptions, line: Line) -> Flow:
    """WARC files to passages with language and domain."""
    data = options.recipe.data
    records = (pipeline | "warc files" >> beam.Create(warc_files(options.recipe)) | "spread files" >> beam.Reshuffle()
               | "read warc" >> beam.ParDo(ReadWarc()))
    flow = line.apply(Stage("warc", to_page), Flow(records))
    flow = line.apply(Stage("extract", partial(extract, opt_out=data.opt_out)), flow)
    flow = line.apply(Stage("language", partial(identify, languages=data.languages)), flow)
    flow = line.apply(Stage("privacy", privacy.mask), flow)
    flow = line.apply(Stage("quality", partial(judge, min_words=data.min_words)), flow)
    flow = line.apply(near.NearDuplicates("near_duplicate_pages", data.near_duplicate, near.DOCUMENTS), flow)
    flow = line.apply(Stage("passages", partial(cut, max_words=data.passage_words, limit=data.passages_per_page)), flow)
    flow = line.apply(Stage("decontaminate_passages",
                            Decontaminate("passage", data.evaluation, data.contamination_ngram)), flow)
    return line.apply(Stage("domain", assign), flow)


def synthesize(passages: Flow, options: JobOptions, line: Line) -> Flow:
    """Passages to questions: written by the model, and terms blanked in sentences."""
    data, flows = options.recipe.data, []
    if data.questions_per_passage:
        from crossthink.dataflow.stages.synthesize import Synthesize

        flows.append(line.apply(Synthesize(options.recipe, options.output), passages))
    if data.cloze_per_passage:
        flows.append(line.apply(Stage("cloze", partial(_cloze, seed=options.recipe.run.seed,
                                                       per_passage=data.cloze_per_passage)), passages))
    return join("written questions", *flows) if flows else Flow(passages.records.pipeline | beam.Create([]))


def import_questions(pipeline: Any, options: JobOptions, line: Line) -> Flow:
    """Question files to questions."""
    data = options.recipe.data
    rows = (pipeline | "question files" >> beam.Create(list(enumerate(data.questions)))
            | "spread question files" >> beam.Reshuffle()
            | "read rows" >> beam.FlatMapTuple(lambda entry, file: read_rows(file, entry)))
    to_questions = partial(to_question, files=data.questions, max_answer_words=data.max_answer_words)
    return line.apply(Stage("import", to_questions), Flow(rows))


def curate(flow: Flow, options: JobOptions, line: Line) -> Flow:
    """Questions without duplicates and contamination, their answers voted on, each with a template and a verifier."""
    data = options.recipe.data
    by_id = flow.records | "question by id" >> beam.Map(lambda question: (question.id, question))
    flow = line.apply(GroupStage("exact_duplicates", resolve), Flow(by_id, flow.stages))
    flow = line.apply(near.NearDuplicates("near_duplicates", data.near_duplicate, near.QUESTIONS), flow)
    flow = line.apply(Stage("decontaminate",
                            Decontaminate("question", data.evaluation, data.contamination_ngram)), flow)
    if data.vote_samples:
        from crossthink.dataflow.stages.vote import Vote

        flow = line.apply(Vote(options.recipe, options.output), flow)
    flow = line.apply(Stage("template", choose), flow)
    return line.apply(Stage("verifiable", verify), flow)


def score(flow: Flow, options: JobOptions, line: Line) -> Flow:
    """Questions with their measured difficulty."""
    if not options.recipe.data.difficulty_attempts:
        return flow
    from crossthink.dataflow.stages.difficulty import Score

    return line.apply(Score(options.recipe, options.output), flow)


def _shards(pipeline: Any, options: JobOptions, folder: str, kind: type) -> Flow:
    paths = shard_paths(Path(options.output) / folder)
    return Flow(pipeline | f"{folder} shards" >> beam.Create(paths) | f"spread {folder}" >> beam.Reshuffle()
                | f"read {folder}" >> beam.FlatMap(read_shard, kind))


def _cloze(passage: Passage, seed: int, per_passage: int) -> StageResult:
    from crossthink.dataflow.stages.cloze import cloze
    from crossthink.dataflow.stages.stage import Rejected

    questions = cloze(passage, seed, per_passage)
    return keep(*questions) if questions else Rejected("no_term", "no sentence has a term with enough others like it")
