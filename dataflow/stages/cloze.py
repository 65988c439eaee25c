"""The second synthesizer: a term of a sentence is blanked, and the options are terms of its kind from the same passage.

The question shows the sentence between its neighbours and then the blanked clause, so that it can be answered from what
is shown, whatever one knows: reading, not guessing. Its gold is known from the text; so it needs no vote. A pure
function of the passage and the seed.
"""

from dataclasses import replace
from random import Random

from crossthink.dataflow.rules.prose import is_whole, statements
from crossthink.dataflow.stages.passages import sentences
from crossthink.dataflow.stages.terms import Term, terms
from crossthink.dataflow.stages.tokens import tokens
from crossthink.dataflow.stages.written import OPTIONS, STEM, lineage_of

from crossthink.schema import LABELS, Passage, Question, derive_seed, question_id
from crossthink.templates import shuffle_options

ASK = "What fills the blank?"
BLANK = "____"
MAX_NEIGHBOUR_WORDS = 30
"""A longer neighbour is not shown."""
CLAUSE_WORDS = 6
"""Words that the blanked clause shows on each side of the blank."""


def cloze(passage: Passage, seed: int, per_passage: int) -> list[Question]:
    """Up to `per_passage` questions, each about another sentence, their options in a seeded order."""
    spans = sentences(passage.text)
    found, asked = terms(passage.text), statements(passage.text, spans)
    Random(derive_seed(seed, "cloze", passage.id)).shuffle(found)
    questions: list[Question] = []
    used: set[int] = set()
    for term in found:
        if len(questions) == per_passage:
            break
        if term.sentence not in asked - used:
            continue
        wrong = _wrong(term, found, passage.text[slice(*spans[term.sentence])])
        if len(wrong) == OPTIONS - 1:
            used.add(term.sentence)
            questions.append(_question(passage, term, wrong, seed))
    return questions


def _wrong(term: Term, found: list[Term], sentence: str) -> list[str]:
    """The nearest other terms of the kind that share no word with it or each other; none where the sentence says the
    term twice."""
    own, said = tokens(term.text), tokens(sentence)
    if sum(said[place:place + len(own)] == own for place in range(len(said))) > 1:
        return []
    wrong: list[str] = []
    for other in sorted(found, key=lambda other: (abs(other.start - term.start), other.start)):
        if other.kind == term.kind and all(_apart(other.text, chosen) for chosen in (term.text, *wrong)):
            wrong.append(other.text)
    return wrong[:OPTIONS - 1]


def _apart(one: str, other: str) -> bool:
    """Whether neither text holds the other or a form of one of its words ("China", "Chinese")."""
    if one.casefold() in other.casefold() or other.casefold() in one.casefold():
        return False
    stems = {word[:STEM] for word in tokens(one)}
    return stems.isdisjoint(word[:STEM] for word in tokens(other))


def _question(passage: Passage, term: Term, wrong: list[str], seed: int) -> Question:
    spans = sentences(passage.text)
    start, end = spans[term.sentence]
    before = passage.text[start:term.start]
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
        if place == number or (is_whole(sentence) and len(sentence.split()) <= MAX_NEIGHBOUR_WORDS):
            shown.append(sentence)
    return " ".join(" ".join(shown).split())


def _clause(before: str, after: str) -> str:
    """The words around the blank; what stood against the term stays against the blank."""
    *left, glued_before = before.split(" ")
    glued_after, *right = after.split(" ")
    left, right = [word for word in left if word], [word for word in right if word]
    shown = " ".join([*left[-CLAUSE_WORDS:], f"{glued_before}{BLANK}{glued_after}", *right[:CLAUSE_WORDS]])
    return ("... " if len(left) > CLAUSE_WORDS else "") + shown + (" ..." if len(right) > CLAUSE_WORDS else "")
