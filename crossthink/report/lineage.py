"""Section 6: one question all the way, from a byte of the crawl to the advantages of its rollouts."""

import json
from collections.abc import Sequence
from typing import Any

from crossthink.report.markup import Html, el, facts, join, missing, paragraph, section, table, verbatim
from crossthink.report.run_folder import Data, Place, Run
from crossthink.report.wording import NONE, count, interval, percent, signed
from crossthink.schema import Question

_BORN = ("llm", "cloze")
"""Synthesizers whose questions come from pages, the model's own first."""


def lineage(run: Run) -> Html:
    """The section."""
    title = "One question, all the way"
    if run.data is None or run.data.manifest is None or run.data.questions is None:
        return section("lineage", title, missing("shard", "the data line ships its questions at its end"))
    if not len(run.data.questions):
        return section("lineage", title, missing("question", "the data line shipped none"))
    row, question, places = _choose(run)
    absent = "has rollouts in this run" if places else "is in the shards"
    said = None if question.lineage.synthesizer in _BORN else paragraph(
        f"No question born of a page {absent}, so an imported one is shown.")
    steps = [*_origin(question), ("Question", _question(question)), *_checks(question),
             ("Shard", facts(_shard(run.data, row)))]
    items = [el("li", el("h3", name), content) for name, content in steps if content]
    return section("lineage", title, said, el("ol", items, el("li", el("h3", "Rollouts"), _rollouts(run, places)),
                                              class_="chain"))


def _choose(run: Run) -> tuple[int, Question, list[Place]]:
    """A question born of a page, with rollouts of unlike rewards where there are any; the latest step's group."""
    assert run.data is not None
    assert run.data.questions is not None
    questions = run.data.questions
    rows = {name: row for row, name in enumerate(questions.column("id"))}
    kinds = [lineage["synthesizer"] for lineage in questions.column("lineage")]
    groups = [group for group in _groups(run.training.rollouts.places if run.training else [])
              if group[0].question_id in rows]

    def rank(kind: str) -> int:
        return _BORN.index(kind) if kind in _BORN else len(_BORN)

    if groups:
        best = min(groups, key=lambda group: (rank(kinds[rows[group[0].question_id]]),
                                              len({place.reward for place in group}) == 1, -group[0].file))
        row = rows[best[0].question_id]
        return row, questions[row], best
    row = min(range(len(questions)), key=lambda row: rank(kinds[row]))
    return row, questions[row], []


def _groups(places: Sequence[Place]) -> list[list[Place]]:
    """Rollouts of one prompt, which stand side by side and begin with sample 0."""
    groups: list[list[Place]] = []
    for place in places:
        if place.sample == 0 or not groups or groups[-1][0].question_id != place.question_id:
            groups.append([])
        groups[-1].append(place)
    return groups


def _origin(question: Question) -> list[tuple[str, Html]]:
    """Where the question came from: the crawl and the synthesizer, or a row of a file."""
    line = question.lineage
    steps = []
    if line.warc_file:
        steps.append(("Page in the crawl", facts([
            ("WARC file", line.warc_file), ("record at byte", line.warc_offset), ("URL", line.url)])))
        steps.append(("Passage", facts([
            ("id", line.passage_id),
            ("characters", f"{count(line.span_start)} to {count(line.span_end)} of the page's text")])))
    if line.synthesizer in _BORN:
        words = {"llm": "written by the model", "cloze": "a term blanked in a sentence"}[line.synthesizer]
        steps.append(("Synthesis", facts([
            ("synthesizer", f"{line.synthesizer}: {words}"), ("prompt hash", line.prompt_hash), ("model", line.model),
            ("revision", line.revision), ("seed", line.seed if line.seed >= 0 else None)])))
    else:
        steps.append(("Row of a question file", facts([
            ("file", line.input_file), ("row", count(line.input_row) if line.input_row >= 0 else None)])))
    if line.parent_id:
        steps.append(("Parent", facts([("open form of question", line.parent_id)])))
    return steps


def _question(question: Question) -> Html:
    return join(question_text(question), facts([
        ("id", question.id), ("source", question.source), ("licence", question.licence), ("group", question.group),
        ("domain", question.domain)]))


def question_text(question: Question) -> Html:
    """A question with its options and gold."""
    options = [el("li", option) for option in question.options]
    label = f"{question.answer_label}. " if question.answer_label else ""
    return join(el("blockquote", question.question, el("ol", options, type="A") if options else None),
                facts([("gold", f"{label}{question.answer}")]))


def _checks(question: Question) -> list[tuple[str, Html]]:
    steps = []
    if question.votes is not None:
        votes = question.votes
        agrees = "agrees" if votes.agrees else "does not agree"
        steps.append(("Vote", paragraph(
            f"{votes.winner} of {votes.cast} sampled solutions gave the winning answer, which {agrees} with the "
            f"writer's; {votes.invalid} more had no readable answer.")))
    else:
        steps.append(("Vote", paragraph("None was held for this question.")))
    steps.append(("Template and verifier", facts([
        ("template", question.template), ("answer type", question.answer_type), ("verifier", question.verifier)])))
    if question.difficulty is not None:
        found = question.difficulty
        rate = percent(found.passes / found.attempts) if found.attempts else NONE
        steps.append(("Difficulty", facts([
            ("right", f"{found.passes} of {found.attempts} attempts ({rate}, 95% {interval(found.low, found.high)})"),
            ("model", found.model), ("revision", found.revision), ("sampling", _sampling(found.sampling))])))
    return steps


def _sampling(text: str) -> str:
    try:
        tree = json.loads(text)
    except ValueError:
        return text
    return ", ".join(f"{key} {value}" for key, value in tree.items()) if isinstance(tree, dict) else text


def _shard(data: Data, row: int) -> list[tuple[str, Any]]:
    assert data.manifest is not None
    for shard in data.manifest.files:
        if row < shard.rows:
            return [("file", shard.file), ("row in it, from 0", count(row)), ("sha256", shard.sha256)]
        row -= shard.rows
    raise AssertionError("the manifest counts the rows of its shards")


def _rollouts(run: Run, places: Sequence[Place]) -> Html:
    if not places or run.training is None:
        return missing("rollout of it", "the trainer has not drawn it")
    rows = run.training.rollouts.read(places)
    body = [(row["sample"], row["answer"] or NONE, row["reason"].replace("_", " "), f"{row['reward']:g}",
             signed(row["advantage"]), count(len(row["completion_ids"]))) for row in rows]
    name = run.training.rollouts.files[places[0].file].name
    return join(
        paragraph(f"{count(len(rows))} completions of this question in {name}, by weights version "
                  f"{rows[0]['weights_version']} (optimizer steps behind them)."),
        table("The group: answer read, verdict, reward, advantage",
              ("sample", "answer", "verdict", "reward", "advantage", "tokens"), body, words=(1, 2)),
        paragraph("The first completion:"), verbatim(rows[0]["text"]))
