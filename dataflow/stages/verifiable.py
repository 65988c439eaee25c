"""A question is kept where its verifier accepts its gold, and the gold is an answer, not a sentence about one."""

from dataclasses import replace

from crossthink.dataflow.stages.stage import Rejected, StageResult, keep

from crossthink.schema import Question
from crossthink.templates import gold_response
from crossthink.verify import grade, verifier_id
from crossthink.verify.kind import prose


def verify(question: Question) -> StageResult:
    """The question with the id of its verifier, or a reject with the verifier's reason."""
    verdict = grade(question, gold_response(question))
    if verdict.reward != 1.0:
        return Rejected(f"gold_{verdict.reason.value}", f"gold {question.answer!r} was read as {verdict.answer!r}")
    if question.answer_type == "math" and (words := prose(question.answer)):
        return Rejected("gold_in_prose", f"{question.answer}: {', '.join(words)}")
    return keep(replace(question, verifier=verifier_id(question)))
