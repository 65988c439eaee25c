"""A second opinion on short free text: which answers a judge is asked about at all.

Rules miss right answers in other words; a generative judge finds some of them and can be talked into others. So it is
asked only after the rules said no, and only about an answer that has something of its own to say: no punctuation mark
alone, no claim to be right, no question given back (attacks of arXiv 2507.08794 and 2505.22203).
"""

from collections.abc import Callable, Sequence

from crossthink.schema import Question, Reason
from crossthink.verify.text import normalise

Judge = Callable[[Sequence[Question], Sequence[str]], list[bool]]
"""Whether each answer means the same as its question's gold."""

_CLAIMS = """
    above accepted all also am and answer any as be been below box boxed by can check clear clearly complete correct
    correctly could definitely did do done equals exact exactly expected explained final for from given gold has have
    here i in indeed is it its let me must my no none not obvious obviously of ok okay one only or our over perfect
    previously process proof proven reference reasoning required right same satisfied see sense sentence shown so
    solution solve solved stated step sure that then there therefore these they thing think this those thought thus to
    true up verified verify was we were what which will with word would yes you your"""
"""An answer of these words alone speaks of itself."""


def askable(question: Question, answer: str, reason: Reason) -> bool:
    """Whether a judge is asked: short free text that the rules called wrong, with a word that the question lacks."""
    if question.answer_type != "text" or reason is not Reason.WRONG:
        return False
    known = {_stem(word) for word in (*normalise(question.question).split(), *_CLAIMS.split())}
    return any(_stem(word) not in known and any(map(str.isalnum, word)) for word in normalise(answer).split())


def _stem(word: str) -> str:
    return word.rstrip("s")
