"""The prompts and the response format: T_MCQ and T_Open of the paper, in one place.

A multiple-choice prompt is the question, one option a line, and one instruction; an open prompt is the question and one
instruction. The response is `<think>reasoning</think>` and then `\\boxed{answer}`, or a variant. Layer 1: no torch.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Literal

from crossthink.schema import LABELS, Question, derive_seed, question_id
from crossthink.verify.format import Think
from crossthink.verify.kind import open_type


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """How questions are asked, and in what form the answer is due. A recipe's [template]."""

    think: Think = "tags"
    """Where the reasoning goes: crossthink/verify/format.py."""
    gold: Literal["label", "label_and_text"] = "label"
    """What is asked for, and taught by the cold start, in multiple choice: the paper's short and long gold. The verdict
    is the same for both: an answer may name its option by label, text or both."""
    mcq_instruction: str = ""
    """What stands behind the options; "" is a sentence of ours that fits `think` and `gold`."""
    open_instruction: str = ""
    """What stands behind an open question; "" likewise."""


PAPER = Template()
"""Tags, and the letter alone: short golds did better by 1.20 points (paper)."""


class NotOpen(StrEnum):
    """Why a multiple-choice question has no open form."""

    NO_OPTIONS = "no_options"
    """It is an open question already, or its gold is not among its options."""
    POINTS_AT_OPTIONS = "points_at_options"
    """The question speaks of its options ("which of the following ...")."""
    OPTIONS_SPEAK = "options_speak"
    """The gold speaks of other options ("all of the above", "both A and B")."""
    UNFINISHED = "unfinished"
    """The options finish a clause that could go on in any words ("... suggests that")."""


_OF_NUMBERS = (r"[\s-]+(?:half|third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth|hundred(?:th)?|"
               r"thousand(?:th)?|million(?:th)?|billion|trillion|dozen|percent|plus|minus|times|over|divided|"
               r"and\s+a|(?:more|less)\s+than|to\s+the)\b")
"""What follows a "one" that is a number."""
POINTS_AT_OPTIONS = tuple(re.compile(rule, re.IGNORECASE) for rule in (
    r"\b(?:which|what|who|whom|all|any|one|none|some|each|both|either|neither)\s+(?:\w+\s+){0,3}?(?:of|from|among)\s+"
    r"(?:the\s+(?:following|above|below|options?|choices|alternatives|answers|statements)|these)\b",
    r"\bthe\s+following\s+(?:\w+\s+){0,2}?(?:options?|choices|statements?|answers?|is|are|was|were|would|can|could)\b",
    r"\bwhich\s+ones?\b|\b(?:of|from|among|in)\s+which\s+of\b",
    r"\b(?:which|choose|select|pick|identify|mark)\s+(?:the\s+|an?\s+)?(?:\w+\s+){0,2}?"
    r"(?:statements?|options?|choices?|alternatives?|answers?|sentences?|expressions?|equations?|graphs?|diagrams?|"
    r"examples?|conclusions?|facts?|pairs?|lists?|sets?|descriptions?|phrases?|situations?|jobs?|arguments?)\b",
    r"\b(?:best|correct|right|wrong|incorrect|false|true)\s+(?:options?|choices?|alternatives?|statements?|answers?)\b",
    r"\b(?:listed|given|shown)\s+(?:below|options?|choices)\b|\b(?:options?|choices|answers)\s+(?:below|above|given)\b",
    r"\bexcept(?:\W+\w+){0,3}\W*$|\b(?-i:EXCEPT)\b",
    # of what repeats, the first of a line (?>...): with each of them tried, a long text would take its square in time
    r"(?m:^)(?>.*?\bstatements?\s*(?:1|i)\b).*\bstatements?\s*(?:2|ii)\b|\bscenario\s*1\b",
    r"\b(?:is|are|was|were)\s+(?:\w+\s+)?(?:not\s+)?(?:true|false|correct|incorrect)\b\W*$",
    r"(?m:^)(?>.*?\b(?:is|are|was|were)\s+(?:\w+\s+)?(?:not\s+)?(?:true|false|correct|incorrect)\b).*\bthat\W*$",
    # "which" without a noun compares what is shown, unless it was named before: "Which is the best buy?"
    r"^\W*which\s+(?:\w+ly\s+)?(?:is|are|was|were|would|could|can|will|has|have|best|most|"
    r"describes|explains|represents|shows)\b",
    r",\s*which\s+(?:is|are|would\s+be)\s+(?:the\s+)?(?:best|most|least)\b",
    r"\bbest\s+(?:helps?|describes?|explains?|represents?|illustrates?|shows?|supports?|compares?|summari[sz]es?|"
    r"reflects?)\b",
    r"\bwhich\s+(?:\w+\s+){1,3}(?:is|are|would\s+be)\s+(?:the\s+)?(?:best|better|worst)\b",
    # it asks for one of several right answers
    r"\b(?:what|which)\s+(?:is|would\s+be)\s+(?:an\s+example\b|one\b(?!" + _OF_NUMBERS + r"))|"
    r"\b(?:could|might|may)(?:\s+\w+){0,3}\W*$",
))
"""A question that matches one of these makes no sense without its options."""

OPTION_SPEAKS = tuple(re.compile(rule) for rule in (
    r"(?i)\b(?:all|none|both|any|neither|either|some|two|more\s+than\s+one)\s+of\s+(?:the\s+)?"
    r"(?:above|below|these|them|those|others?|options?|choices|answers|statements)\b",
    r"(?i)^\W*(?:all|none|both|neither)\W*$|\b(?:the|as)\s+above\b|\bnone\s+(?:is|are)\s+(?:true|correct)\b",
    r"(?i)\b(?:both|either|neither)\s+\(?[a-j]\)?\s*(?:and|or|nor|&)\s*\(?[a-j]\b",
    r"(?i)^\W*(?:only\s+)?\(?[a-j]\)?\s*(?:and|or|&|,)\s*\(?[a-j]\)?(?:\s+only)?\W*$",
    r"\b(?:[Oo]ptions?|[Cc]hoices?|[Aa]nswers?|[Ss]tatements?)\s+\(?[A-J]\)?(?!\w)",
    # roman numerals of statements in the question, alone ("III only") or in a list ("I and II")
    r"^\W*(?:[Oo]nly\s+)?[IVX]+\W*(?:[Oo]nly)?\W*$|^\W*(?:[IVX]+(?:\s*,\s*|\s+))+(?:and|or|&)\s+[IVX]+(?:\s+only)?\W*$",
    r"(?i)^\W*(?:true|false|wrong|not\s+wrong)\s*,\s*(?:true|false|wrong|not\s+wrong)\W*$",
))
"""An option that matches one of these speaks of the other options, or of statements by their number."""

UNFINISHED = re.compile(
    r"(?:(?<!\bis )\bthat|\b(?:if|since|unless|so|while|whether|although|then|either|more|less|helps?\s+\w+|"
    r"(?:likely|able|needs?|tends?|serves?|intends?)\s+to))[^\w?]*$", re.IGNORECASE)


def user_message(question: Question, template: Template = PAPER) -> str:
    """The user's turn: the question, its options as "A. text" (multiple choice), and the instruction."""
    if question.template != "mcq":
        return f"{question.question}\n{template.open_instruction or _instruction('the answer', template)}"
    options = "\n".join(f"{label}. {option}" for label, option in zip(LABELS, question.options, strict=False))
    wanted = "the letter" if template.gold == "label" else "the letter and the option"
    return f"{question.question}\n{options}\n{template.mcq_instruction or _instruction(wanted, template)}"


def _instruction(wanted: str, template: Template) -> str:
    how = "Reason step by step" if template.think == "none" else "Reason in <think></think>"
    return f"{how}, then write {wanted} in \\boxed{{}}."


def response_start(template: Template) -> str:
    """What the prompt writes of the response itself."""
    return "<think>" if template.think == "opened" else ""


def gold_answer(question: Question, template: Template = PAPER) -> str:
    """What the box of a right answer holds: for multiple choice the label (short gold) or "B. text" (long), else the
    answer."""
    if question.answer_type != "choice":
        return question.answer
    return question.answer_label if template.gold == "label" else f"{question.answer_label}. {question.answer}"


def gold_response(question: Question, reasoning: str = "", template: Template = PAPER) -> str:
    """A response that earns the reward: the target of the cold start, and the gold's check of itself."""
    answer = f"\\boxed{{{gold_answer(question, template)}}}"
    if template.think == "none":
        return f"{reasoning} {answer}".lstrip()
    return f"<think>{reasoning}</think>{answer}".removeprefix(response_start(template))


def to_open(question: Question) -> Question | NotOpen:
    """The open form of a multiple-choice question, or why it has none.

    The answer type is that of `open_type`. The new id follows from the question alone; the parent's id stands in the
    lineage. Votes and difficulty belong to the parent.
    How long an open gold may be is not decided here: a longer one does not verify itself.
    """
    if question.answer not in question.options:
        return NotOpen.NO_OPTIONS
    if any(rule.search(question.question) for rule in POINTS_AT_OPTIONS):
        return NotOpen.POINTS_AT_OPTIONS
    if speaks_of_options(question.answer):
        return NotOpen.OPTIONS_SPEAK
    if UNFINISHED.search(question.question):
        return NotOpen.UNFINISHED
    return replace(question, id=question_id(question.question), options=(), answer_label="", verifier="",
                   template="open", answer_type=open_type(question.answer, question.group), difficulty=None, votes=None,
                   lineage=replace(question.lineage, parent_id=question.id))


def speaks_of_options(option: str) -> bool:
    """Whether an option speaks of the others, so that it means nothing alone or in another order."""
    return any(rule.search(option) for rule in OPTION_SPEAKS)


def shuffle_options(question: Question, seed: int) -> Question:
    """The question with its options in an order that follows from the seed and its id; the gold's label follows.

    A question with an option that speaks of others ("both A and B") keeps its order.
    """
    if question.answer_label not in LABELS[:len(question.options)] or not question.answer_label:
        raise ValueError(f"question {question.id}: label {question.answer_label!r} names none of its "
                         f"{len(question.options)} options: only verified multiple choice can be shuffled")
    if any(speaks_of_options(option) for option in question.options):
        return question
    order = list(range(len(question.options)))
    Random(derive_seed(seed, "shuffle_options", question.id)).shuffle(order)
    gold = order.index(LABELS.index(question.answer_label))
    return replace(question, options=tuple(question.options[place] for place in order), answer_label=LABELS[gold])


def move_gold(question: Question, place: int) -> Question:
    """The question with its gold as option number `place`; the other options keep their order among themselves.

    A question with an option that speaks of others, or with fewer options, stays as it is.
    """
    if place >= len(question.options) or any(speaks_of_options(option) for option in question.options):
        return question
    gold = LABELS.index(question.answer_label)
    options = [option for number, option in enumerate(question.options) if number != gold]
    options.insert(place, question.options[gold])
    return replace(question, options=tuple(options), answer_label=LABELS[place])
