"""The template of each question, T_MCQ or T_Open of the paper; what a template leaves unsaid turns a question away: the
options of an open one, or a figure, a table, an exercise or the instruction that stayed in the book."""

from dataclasses import replace

from crossthink.dataflow.rules.absent import absent
from crossthink.dataflow.rules.task import asks
from crossthink.dataflow.stages.stage import Rejected, StageResult, keep

from crossthink.schema import Question
from crossthink.templates import POINTS_AT_OPTIONS, UNFINISHED


def choose(question: Question) -> StageResult:
    """The question with its template. It must hold what it points at; an open one must ask something, and, of general
    reasoning, make sense without options."""
    if missing := absent(question.question):
        return Rejected(*missing)
    if question.options:
        return keep(replace(question, template="mcq"))
    if question.group != "math":
        for rule in POINTS_AT_OPTIONS:
            if found := rule.search(question.question):
                return Rejected("points_at_options", found[0])
        if UNFINISHED.search(question.question):
            return Rejected("unfinished", question.question[-80:])
    if not asks(question.question):
        return Rejected("absent_task", question.question[-80:])
    return keep(replace(question, template="open"))
