"""Questions that another run shipped are not shipped again, whatever their gold is now."""

from crossthink.dataflow.records import Shipped
from crossthink.dataflow.stages.exact_duplicates import canonical_gold
from crossthink.dataflow.stages.stage import Rejected, StageResult, keep

from crossthink.schema import Question


def is_new(question: Question, shipped: list[Shipped]) -> StageResult:
    """The question itself, or a reject that names where one of its id was shipped, as `shipped` has them."""
    if not shipped:
        return keep(question)
    first = min(shipped, key=lambda one: one.place)
    same = canonical_gold(first) == canonical_gold(question)
    return Rejected("shipped", f"kept {first.place}" + ("" if same else f", whose gold is {first.answer!r}"))
