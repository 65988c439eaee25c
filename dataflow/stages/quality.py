"""Whether a document is prose worth asking about: the rules of Gopher, C4 and FineWeb, each with its own name."""

from crossthink.dataflow.records import Document
from crossthink.dataflow.rules import c4, fineweb, gopher, repetition
from crossthink.dataflow.rules.text import Broken, Text
from crossthink.dataflow.stages.stage import Rejected, StageResult, keep


def judge(document: Document, min_words: int) -> StageResult:
    """The document itself, or the first rule that it breaks with the measured value as evidence."""
    found = broken_rule(document.text, min_words, document.language)
    return Rejected(*found) if found else keep(document)


def broken_rule(text: str, min_words: int, language: str = "en") -> Broken | None:
    """(rule, evidence) of the first rule that the text breaks; None where it is fine."""
    seen = Text(text, language)
    return (gopher.broken_rule(seen, min_words) or c4.broken_rule(seen) or repetition.broken_rule(seen)
            or fineweb.broken_rule(seen))
