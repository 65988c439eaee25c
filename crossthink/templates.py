"""The prompts and the response format: T_MCQ and T_Open of the paper, in one place.

A multiple-choice prompt is the question, one option a line, and one instruction; an open prompt is the question and one
instruction. The response is `<think>reasoning</think>` and then `\\boxed{answer}`. Layer 1: no torch.
"""

import re
from dataclasses import replace
from enum import StrEnum
from random import Random

from crossthink.schema import LABELS, Lineage, Question, derive_seed, question_id
from crossthink.verify.numbers import read_number
from crossthink.verify.text import MAX_WORDS, count_words

MCQ_INSTRUCTION = r"Reason in <think></think>, then write the letter in \boxed{}."
OPEN_INSTRUCTION = r"Reason in <think></think>, then write the answer in \boxed{}."


class NotOpen(StrEnum):
    """Why a multiple-choice question has no open form."""

    NO_OPTIONS = "no_options"
    """It is an open question already, or its gold is not among the options."""
    NEEDS_OPTIONS = "needs_options"
    """The question points at its options ("which of the following ...")."""
    OPTION_POINTS_AT_OPTIONS = "option_points_at_options"
    """An option speaks of other options ("all of the above", "both A and B")."""
    UNFINISHED = "unfinished"
    """The options complete the sentence that the question begins."""
    ANSWER_TOO_LONG = "answer_too_long"
    """The gold has more than 10 words (paper)."""


POINTS_AT_OPTIONS = re.compile(
    r"\b(?:"
    r"(?:which|what|who|all|any|one|none|some|each|two|three|both|either|neither|except|not)\s+(?:\w+\s+){0,3}?(?:of|from|among)"
    r"\s+(?:the\s+(?:following|above|below|options?|choices|alternatives|answers|statements)|these)"
    r"|the\s+following\s+(?:\w+\s+){0,2}?(?:options?|choices|statements?|answers?|is|are|was|were|would|can|could|best|most)"
    r"|(?:which|what|choose|select|pick|identify|mark|find)\s+(?:\w+\s+){0,2}?(?:statements?|options?|choices?|alternatives?)"
    r"|(?:best|correct|right|wrong|incorrect|false|true)\s+(?:options?|choices?|alternatives?|statements?)"
    r"|which\s+(?:one|ones)"
    r"|(?:choose|select|pick|mark)\s+(?:the|one|an?)\b"
    r"|(?:given|listed|shown|provided)\s+(?:below|options?|choices)"
    r"|(?:options?|choices)\s+(?:below|above|given)"
    r"|(?:is|are|was|were|does|do|did|would|will|could|can|be)\s+(?:all\s+)?(?:not|least|except)\b[^?]*except"
    r"|except\s*[:.?_]*\s*$"
    r")", re.IGNORECASE)
"""A question that matches makes no sense without its options."""

REFERS_TO_OPTIONS = re.compile(
    r"\b(?:all|none|both|any|neither|either|some|two|one|more\s+than\s+one)\s+of\s+(?:the\s+)?"
    r"(?:above|below|these|them|those|others?|options?|choices|answers|statements)\b"
    r"|\b(?:both|either|neither)\s+\(?[A-J]\)?\s*(?:and|or|nor|&)\s*\(?[A-J]\b"
    r"|^\W*(?:both\s+|only\s+)?\(?[A-J]\)?\s*(?:and|or|&|,)\s*\(?[A-J]\)?(?:\s+only)?\W*$"
    r"|\b(?:options?|choices?|answers?|statements?)\s+\(?[A-J]\)?(?!\w)"
    r"|^\W*(?:all|none|both|neither)\W*$")
"""An option that matches speaks of other options. Labels must be capitals: "either a cat or a dog" is a plain option."""

UNFINISHED = re.compile(r"(?:\b(?:is|are|was|were|a|an|the|to|of|by|in|that|because|for|with|from|as|and|or)|_{2,}|[:,])\s*$",
                        re.IGNORECASE)


def user_message(question: Question) -> str:
    """The user's turn: the question, its options as "A. text" (multiple choice), and the instruction."""
    if question.template != "mcq":
        return f"{question.question}\n{OPEN_INSTRUCTION}"
    options = "\n".join(f"{label}. {option}" for label, option in zip(LABELS, question.options, strict=False))
    return f"{question.question}\n{options}\n{MCQ_INSTRUCTION}"


def gold_answer(question: Question) -> str:
    """What the box of a right answer holds: the label for multiple choice (short gold), else the answer."""
    return question.answer_label if question.answer_type == "choice" else question.answer


def gold_response(question: Question, reasoning: str = "") -> str:
    """A response that earns the reward: the target of the cold start, and the gold's check of itself."""
    return f"<think>{reasoning}</think>\\boxed{{{gold_answer(question)}}}"


def to_open(question: Question) -> Question | NotOpen:
    """The open form of a multiple-choice question, or why it has none.

    The answer type is `math` where the gold is a number or the question's group is mathematics, else `text`. The new id
    follows from the question alone; the parent's id stands in the lineage. Votes and difficulty belong to the parent.
    """
    if not question.options or question.answer not in question.options:
        return NotOpen.NO_OPTIONS
    if POINTS_AT_OPTIONS.search(question.question):
        return NotOpen.NEEDS_OPTIONS
    if any(refers_to_options(option) for option in question.options):
        return NotOpen.OPTION_POINTS_AT_OPTIONS
    if UNFINISHED.search(question.question):
        return NotOpen.UNFINISHED
    if count_words(question.answer) > MAX_WORDS:
        return NotOpen.ANSWER_TOO_LONG
    is_math = question.group == "math" or read_number(question.answer) is not None
    lineage: Lineage = replace(question.lineage, parent_id=question.id)
    return replace(question, id=question_id(question.question), options=(), answer_label="", verifier="", template="open",
                   answer_type="math" if is_math else "text", lineage=lineage, difficulty=None, votes=None)


def refers_to_options(option: str) -> bool:
    """Whether an option speaks of the others, so that it means nothing alone or in another order."""
    return REFERS_TO_OPTIONS.search(option) is not None


def shuffle_options(question: Question, seed: int) -> Question:
    """The question with its options in an order that follows from the seed and its id; the gold's label follows.

    A question with an option that speaks of others ("both A and B") keeps its order.
    """
    if question.answer_label not in LABELS[:len(question.options)] or not question.answer_label:
        raise ValueError(f"question {question.id}: label {question.answer_label!r} names none of its "
                         f"{len(question.options)} options: only verified multiple choice can be shuffled")
    if any(refers_to_options(option) for option in question.options):
        return question
    order = list(range(len(question.options)))
    Random(derive_seed(seed, "shuffle_options", question.id)).shuffle(order)
    gold = order.index(LABELS.index(question.answer_label))
    return replace(question, options=tuple(question.options[place] for place in order), answer_label=LABELS[gold])
