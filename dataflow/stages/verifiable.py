"""A question is kept where the trainer's own verifier accepts its gold answer."""

from dataclasses import replace

from crossthink.dataflow.stages.stage import Rejected, StageResult, keep

from crossthink.schema import Question
from crossthink.templates import gold_response
from crossthink.verify import grade, verifier_id


def verify(question: Question) -> StageResult:
    """The question with the id of its verifier, or a reject with the verifier's reason."""
    verdict = grade(question, gold_response(question))
    if verdict.reward != 1.0:
        return Rejected(f"gold_{verdict.reason.value}", f"gold {question.answer!r} was read as {verdict.answer!r}")
    return keep(replace(question, verifier=verifier_id(question)))
