"""Questions with one id: the same question with the same options. One stays; golds that differ turn all away."""

from collections.abc import Sequence

from crossthink.dataflow.stages.stage import Rejected, StageResult, keep

from crossthink.schema import Question, canonical_text
from crossthink.verify import check_answer

_PRIORITY = {"import": 0, "llm": 1, "cloze": 2}


def priority(question: Question) -> int:
    """Which of several equal questions stays, the smallest first: what people wrote goes before what a model wrote."""
    return _PRIORITY.get(question.lineage.synthesizer, 3)


def resolve(_id: str, questions: Sequence[Question]) -> list[StageResult]:
    """One result for each of the questions that share an id."""
    stays = min(range(len(questions)), key=lambda place: priority(questions[place]))
    golds = [question for question in questions if not _same_gold(questions[stays], question)]
    if golds:
        found = sorted({question.answer for question in questions})
        return [Rejected("gold_conflict", " | ".join(found))] * len(questions)
    return [keep(question) if place == stays else Rejected("duplicate", _origin(questions[stays]))
            for place, question in enumerate(questions)]


def _same_gold(first: Question, second: Question) -> bool:
    if canonical_text(first.answer) == canonical_text(second.answer):
        return True
    return not first.options and check_answer(first, second.answer).correct


def _origin(question: Question) -> str:
    lineage = question.lineage
    place = f"{lineage.input_file}:{lineage.input_row}" if lineage.input_file else f"passage {lineage.passage_id}"
    return f"kept the one of {question.source}, {place}"
