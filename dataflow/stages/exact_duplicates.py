"""Questions with one id: the same question with the same options. One stays; golds that differ turn all away."""

from collections.abc import Collection, Iterable
from itertools import islice
from typing import NamedTuple

from crossthink.dataflow.records import Shipped
from crossthink.dataflow.stages.stage import Rejected, StageResult, keep

from crossthink.schema import Question, canonical_text
from crossthink.verify import check_answer

SHOWN_GOLDS = 20
"""Of golds that differ, in the evidence: the first ones in the order of the alphabet."""
_PRIORITY = {"import": 0, "llm": 1, "cloze": 2}


class Known(NamedTuple):
    """What the questions of one id have in common."""

    place: int
    """Of the one that stays."""
    stays: Question
    golds: tuple[str, ...]
    """Where they differ; else empty."""


def priority(question: Question) -> int:
    """Which of several equal questions stays, the smallest first: what people wrote goes before what a model wrote."""
    return _PRIORITY.get(question.lineage.synthesizer, 3)


def survey(questions: Iterable[Question]) -> Known:
    """What there is to know of all questions of one id. They are read twice, and not held."""
    first, *others = islice(questions, 2)
    if not others:
        return Known(0, first, ())
    place, stays = min(enumerate(questions), key=lambda item: (priority(item[1]), repr(item[1])))
    golds, canonical, differ = {stays.answer}, {canonical_gold(stays)}, False
    for question in questions:
        gold = canonical_gold(question)
        if gold not in canonical:
            differ = differ or not _same_gold(stays, question)
            canonical = _first(canonical | {gold})
        golds = _first(golds | {question.answer})
    return Known(place, stays, tuple(sorted(golds)) if differ else ())


def canonical_gold(question: Question | Shipped) -> str:
    """The gold as golds are compared: in its case where case alone tells options apart, as "Bb" from "bb"."""
    gold = canonical_text(question.answer)
    return question.answer if [canonical_text(option) for option in question.options].count(gold) > 1 else gold


def resolve(question: Question, place: int, known: Known) -> StageResult:
    """The result of the question at a place among those of its id."""
    if known.golds:
        return Rejected("gold_conflict", " | ".join(known.golds))
    return keep(question) if place == known.place else Rejected("duplicate", _origin(known.stays))


def _first(golds: Collection[str]) -> set[str]:
    return set(sorted(golds)[:SHOWN_GOLDS])


def _same_gold(first: Question, second: Question) -> bool:
    return not first.options and check_answer(first, second.answer).correct


def _origin(question: Question) -> str:
    lineage = question.lineage
    place = f"{lineage.input_file}:{lineage.input_row}" if lineage.input_file else f"passage {lineage.passage_id}"
    return f"kept the one of {question.source}, {place}"
