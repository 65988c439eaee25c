"""Drafts to questions: whatever the model writes becomes a question or a reject with its own reason."""

import json
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.stages.stage import Kept, Rejected
from crossthink.dataflow.stages.written import Draft, parse

from crossthink.schema import Passage, Question

TEXT = ("Ferrow lies low in the sea. Its harbour was built by Ada Merrin in 1811, after the great storm. The island "
        "sells salt to the towns of the coast. Some 1,200 people live there.")
PASSAGE = Passage(id="p", url="http://f.example/", title="Ferrow", text=TEXT, language="en", domain="geography",
                  crawl_date="2024-05-01", warc_file="f.warc.gz", warc_offset=7, span_start=10, span_end=190)
OPTIONS = ["1811", "1812", "1901", "1640"]


def draft(text: str, kind: str = "mcq", finish: str = "stop") -> Draft:
    return Draft(id="p-0", passage=PASSAGE, kind=kind, text=text, finish_reason=finish, prompt_hash="h", model="m",
                 revision="r", seed=5)


def mcq(question: Any = "In which year was the harbour built?", options: Any = OPTIONS, answer: Any = "1811",
        **more: Any) -> str:
    return json.dumps({"question": question, "options": options, "answer": answer, **more})


def ask(question: str, answer: str) -> str:
    return json.dumps({"question": question, "answer": answer})


def parsed(one: Draft, context: str = "sentences") -> Question | str:
    result = parse(one, max_answer_words=5, context=context, seed=0)
    if isinstance(result, Rejected):
        return result.reason
    assert isinstance(result, Kept)
    return result.records[0]


def test_multiple_choice_with_its_lineage() -> None:
    question = parsed(draft(mcq()))
    assert isinstance(question, Question)
    assert question.question == ("Ferrow lies low in the sea. Its harbour was built by Ada Merrin in 1811, after the "
                                 "great storm.\nIn which year was the harbour built?")
    assert sorted(question.options) == sorted(OPTIONS)
    assert question.options["ABCD".index(question.answer_label)] == question.answer == "1811"
    assert (question.answer_type, question.template, question.group) == ("choice", "mcq", "gpr")
    assert (question.domain, question.source, question.licence) == ("geography", "synthetic", "unknown")
    lineage = question.lineage
    assert (lineage.passage_id, lineage.url, lineage.warc_file) == ("p", "http://f.example/", "f.warc.gz")
    assert (lineage.warc_offset, lineage.span_start, lineage.span_end) == (7, 10, 190)
    assert (lineage.synthesizer, lineage.prompt_hash, lineage.model, lineage.revision, lineage.seed) == (
        "llm", "h", "m", "r", 5)


@pytest.mark.parametrize(("question", "answer", "kind", "canonical"), [
    ("What does the island sell to the towns of the coast?", "salt", "text", "salt"),
    ("How many people live there?", "1,200", "math", "1,200"),
    ("Who built the harbour?", " Ada  Merrin ", "text", "Ada Merrin"),
])
def test_open_questions(question: str, answer: str, kind: str, canonical: str) -> None:
    found = parsed(draft(ask(question, answer), "open"), context="none")
    assert isinstance(found, Question)
    assert (found.question, found.answer, found.answer_type, found.template) == (question, canonical, kind, "open")
    assert (found.options, found.answer_label) == ((), "")


@pytest.mark.parametrize(("text", "reason"), [
    ("", "empty"),
    (" \n", "empty"),
    ("Sure! Here is your question: what is salt?", "no_json"),
    ('{"question": "In which', "no_json"),
    ("[" * 100_000, "no_json"),  # deeper than Python's stack
    ("9" * 10_000, "no_json"),  # more digits than Python reads
    ("null", "other_shape"),
    ('["question", "options"]', "other_shape"),
    ('{"question": "What is sold?", "answer": "salt"}', "other_shape"),
    (mcq(comment="a field too many"), "other_shape"),
    (mcq(question=7), "other_shape"),
    (mcq(question=None), "other_shape"),
    (mcq(answer=["1811"]), "other_shape"),
    (mcq(options="1811, 1812, 1901, 1640"), "other_shape"),
    (mcq(options={"A": "1811"}), "other_shape"),
    (mcq(options=["1811", "1812", "1901", 1640]), "other_shape"),
    (mcq(question="In which year\x00 was the harbour built?"), "control_characters"),
    (mcq(question="In which year \ud800 was the harbour built?"), "control_characters"),
    (mcq(question=""), "empty_field"),
    (mcq(answer="  "), "empty_field"),
    (mcq(options=["1811", "1812", "1901", ""]), "empty_field"),
    (mcq(options=[]), "option_count"),
    (mcq(options=OPTIONS[:3]), "option_count"),
    (mcq(options=[*OPTIONS, "1700"]), "option_count"),
    (mcq(options=["1811", "1812", "1901", "1901"]), "equal_options"),
    (mcq(options=["Ada Merrin", "Tove", "the Tove", "Jon"], answer="Ada Merrin"), "equal_options"),
    (mcq(answer="1700"), "answer_not_an_option"),
    (mcq(answer="A"), "answer_not_an_option"),
    (mcq(options=["1811", "1812", "1901", "all of the above"]), "option_speaks_of_options"),
    (mcq(options=["1811", "the storm", "the sea", "salt"]), "options_of_two_kinds"),
    (mcq(question="The harbour was built in a year."), "no_question"),
    (mcq(options=["1812", "1901", "1640", "1700"], answer="1812"), "answer_not_in_passage"),
    (mcq(question="Was the harbour built in 1811 or later?"), "gives_answer_away"),
    (mcq(question="How many towns?"), "unsupported"),
    (mcq(question="When is it?"), "unsupported"),
    (mcq(question="Which harbour was built?"), "answer_of_another_kind"),
])
def test_what_is_wrong_with_multiple_choice_has_a_name(text: str, reason: str) -> None:
    assert parsed(draft(text)) == reason


@pytest.mark.parametrize(("question", "answer", "reason"), [
    ("What happened after the storm?", "the harbour was built by Ada Merrin in 1811", "long_answer"),
    ("What does the island sell?", "honey", "answer_not_in_passage"),
    ("What does the island sell?", "alt", "answer_not_in_passage"),  # part of a word
    ("What does the island sell?", "...", "answer_not_in_passage"),
    ("Is it salt that the island sells?", "salt", "gives_answer_away"),
    ("Whose harbour was built by Merrin, called Ada?", "Ada Merrin", "gives_answer_away"),
    ("How many people live there?", "there", "gives_answer_away"),
    ("How many people live in the towns of the coast?", "salt", "answer_of_another_kind"),
    ("Who built the harbour?", "salt", "answer_of_another_kind"),
    ("When did the storm break the harbour?", "low", "answer_of_another_kind"),
    ("How many towns live there?", "1,200", "unsupported"),  # people are counted, not towns
    ("Which king of Norway married a rich widow?", "salt", "unsupported"),
])
def test_what_is_wrong_with_open_questions_has_a_name(question: str, answer: str, reason: str) -> None:
    assert parsed(draft(ask(question, answer), "open")) == reason


def test_a_draft_that_ran_out_of_tokens_says_so() -> None:
    assert parsed(draft('{"question": "In which', finish="length")) == "cut_off"


def test_a_question_that_stands_alone_does_not_point_at_its_passage() -> None:
    pointing = draft(ask("According to the passage, what does the island sell?", "salt"), "open")
    assert parsed(pointing, context="none") == "points_at_passage"
    assert isinstance(parsed(pointing), Question)


def test_options_are_shuffled_by_the_question_alone() -> None:
    found = [parsed(draft(mcq(question=f"In which year was the {word} harbour built?")))
             for word in ("old", "new", "stone", "outer", "deep")]
    labels = {question.answer_label for question in found if isinstance(question, Question)}
    assert len(labels) > 1
    assert parsed(draft(mcq())) == parsed(replace(draft(mcq()), id="other"))
