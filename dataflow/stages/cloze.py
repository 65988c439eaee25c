"""The second synthesizer: a term of a sentence is blanked, and the options are terms of its kind from the same passage.

The question shows the sentence between its neighbours and then the blanked clause, so that it can be answered from what
is shown, whatever one knows: reading, not guessing. Its gold is known from the text; so it needs no vote. A pure
function of the passage and the seed.
"""

import re
from dataclasses import dataclass, replace
from random import Random

from crossthink.dataflow.stages.passages import sentences
from crossthink.dataflow.stages.tokens import tokens
from crossthink.dataflow.stages.written import OPTIONS, lineage_of

from crossthink.schema import LABELS, Passage, Question, derive_seed, question_id
from crossthink.templates import shuffle_options

ASK = "What fills the blank?"
BLANK = "____"
MIN_WORDS = 6
"""Shorter sentences are headings and labels; so is what does not end as a sentence does."""
MAX_NEIGHBOUR_WORDS = 30
"""A longer neighbour is not shown."""
CLAUSE_WORDS = 6
"""Words that the blanked clause shows on each side of the blank."""
_KINDS = {
    "weekday": re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b"),
    "month": re.compile(r"\b(?:January|February|April|June|July|August|September|October|November|December)\b"),
    "year": re.compile(r"(?<![\d.,])(?:1[0-9]{3}|20[0-9]{2})(?![.,]?\d)\b"),
    "number": re.compile(r"(?<![\d.,])\d+(?:[.,]\d+)*\b(?![.,]\d)"),
    "name": re.compile(r"\b[A-Z][a-zà-öø-ÿ'’-]+(?: [A-Z][a-zà-öø-ÿ'’-]+)*\b"),
}
"""In this order: what one kind has taken is no term of a later one."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or a few, that can be blanked."""

    kind: str
    text: str
    start: int
    """Place in the passage's text."""
    sentence: int


def cloze(passage: Passage, seed: int, per_passage: int) -> list[Question]:
    """Up to `per_passage` questions, each about another sentence, their options in a seeded order."""
    spans = sentences(passage.text)
    found = terms(passage.text)
    Random(derive_seed(seed, "cloze", passage.id)).shuffle(found)
    questions: list[Question] = []
    used: set[int] = set()
    for term in found:
        if len(questions) == per_passage:
            break
        wrong = _wrong(term, found, passage.text[slice(*spans[term.sentence])])
        if term.sentence in used or len(wrong) < OPTIONS - 1:
            continue
        used.add(term.sentence)
        questions.append(_question(passage, term, wrong, seed))
    return questions


def terms(text: str) -> list[Term]:
    """The terms of a passage's whole sentences, in their order.

    A capital at the start of a sentence makes no name, unless the word has one inside a sentence too.
    """
    found: list[Term] = []
    for number, (start, end) in enumerate(sentences(text)):
        if not _is_whole(text[start:end]):
            continue
        taken: list[tuple[int, int]] = []
        for kind, pattern in _KINDS.items():
            for match in pattern.finditer(text, start, end):
                if any(match.start() < stop and begin < match.end() for begin, stop in taken):
                    continue
                taken.append(match.span())
                found.append(Term(kind, match[0], match.start(), number))
    starts = {start for start, _ in sentences(text)}
    inside = {term.text for term in found if term.start not in starts}
    kept = [term for term in found if term.kind != "name" or term.start not in starts or term.text in inside]
    return sorted(kept, key=lambda term: term.start)


def _is_whole(sentence: str) -> bool:
    return len(sentence.split()) >= MIN_WORDS and sentence.rstrip("\"'”’)")[-1] in ".!?" and "\n" not in sentence


def _wrong(term: Term, found: list[Term], sentence: str) -> list[str]:
    """The nearest other terms of the kind; none where the sentence holds the term twice, or in another form."""
    own = tokens(term.text)
    if sum(set(own) <= set(tokens(word)) for word in re.split(r"[\s,;:.!?]+", sentence)) > 1 and len(own) == 1:
        return []
    wrong: list[str] = []
    for other in sorted(found, key=lambda other: (abs(other.start - term.start), other.start)):
        words = set(tokens(other.text))
        apart = all(words.isdisjoint(tokens(chosen)) for chosen in (term.text, *wrong))
        if other.kind == term.kind and apart:
            wrong.append(other.text)
    return wrong[:OPTIONS - 1]


def _question(passage: Passage, term: Term, wrong: list[str], seed: int) -> Question:
    spans = sentences(passage.text)
    start, end = spans[term.sentence]
    before = passage.text[start:term.start].split()
    after = passage.text[term.start + len(term.text):end]
    text = f"{shown_sentences(passage.text, spans, term.sentence)}\n{ASK} {_clause(before, after)}"
    options = (term.text, *wrong)
    question = Question(
        id=question_id(text, options), question=text, options=options, answer=term.text, answer_label=LABELS[0],
        answer_type="choice", verifier="", template="mcq", domain=passage.domain, group="gpr", source="cloze",
        licence=passage.licence, lineage=replace(lineage_of(passage), synthesizer="cloze", seed=seed))
    return shuffle_options(question, seed)


def shown_sentences(text: str, spans: list[tuple[int, int]], number: int) -> str:
    """The sentence and those of its neighbours that are whole sentences and not long."""
    shown = []
    for place in range(max(0, number - 1), min(len(spans), number + 2)):
        sentence = text[slice(*spans[place])]
        if place == number or (_is_whole(sentence) and len(sentence.split()) <= MAX_NEIGHBOUR_WORDS):
            shown.append(sentence)
    return " ".join(" ".join(shown).split())


def _clause(before: list[str], after: str) -> str:
    """The words around the blank; what stood against the term stays against the blank."""
    glued, *rest = after.split(" ") if after else [""]
    left, right = before[-CLAUSE_WORDS:], [word for word in rest if word][:CLAUSE_WORDS]
    shown = " ".join([*left, BLANK + glued, *right])
    return ("... " if len(before) > CLAUSE_WORDS else "") + shown + (" ..." if len(rest) > len(right) else "")
