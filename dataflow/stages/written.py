"""What the model wrote, read strictly: a draft becomes a question, or is turned away with the reason.

Better no question than a wrong one: the answer must stand in the passage, in a sentence that speaks of what is asked.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from crossthink.dataflow.stages.passages import sentences
from crossthink.dataflow.stages.stage import Rejected, StageResult, keep
from crossthink.dataflow.stages.tokens import tokens

from crossthink.schema import LABELS, Lineage, Passage, Question, canonical_text, question_id
from crossthink.templates import shuffle_options, speaks_of_options
from crossthink.verify.kind import open_type
from crossthink.verify.text import count_words, normalise

OPTIONS = 4
STEM = 4
"""Letters by which words of question and passage are compared: "sell" is "sells"."""
SUPPORT = 0.5
"""Share of the question's content words that the answer's sentence and the one before it must hold."""
_POINTS_AT_PASSAGE = re.compile(r"\b(?:passage|text|article|author|paragraph|story|above|mentioned|this page)\b", re.I)
_STOP_WORDS = frozenset(re.findall(r"\w+", """
    a an the of in on at to for from by with and or but as is are was were be been do does did has have had can
    could will would which what who whom whose when where why how many much that this these those it its their
    his her not there than most least one name called"""))
_ASKS_NUMBER = re.compile(r"\bhow (?:many|much|long|old|far|high|deep|wide)\b|\b(?:which|what) year\b|^when\b", re.I)
_MAY_ASK_NUMBER = re.compile(r"^what (?:is|was|are|were) the\b", re.I)
_COUNTED = re.compile(r"\bhow (?:many|much) (\w+)", re.I)
COUNTED_NEAR = 4
"""Words between a number and what it counts, at most."""
_ASKS_NAME = re.compile(r"^who\b", re.I)


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What the model wrote in one call."""

    id: str
    """"PASSAGE-ATTEMPT"."""
    passage: Passage
    kind: str
    """`mcq` or `open`: what was asked for."""
    text: str
    finish_reason: str
    prompt_hash: str
    model: str
    revision: str
    seed: int

    @property
    def domain(self) -> str:
        """The passage's domain."""
        return self.passage.domain


def parse(draft: Draft, *, max_answer_words: int, context: str, seed: int) -> StageResult:
    """The question of a draft. Never raises for anything that a model can write."""
    read = _read(draft)
    if isinstance(read, Rejected):
        return read
    question, options, answer = read
    wrong = _wrong_options(options, answer) if draft.kind == "mcq" else None
    wrong = wrong or _wrong_answer(question, answer, draft, max_answer_words)
    if wrong:
        return wrong
    if context == "none" and (found := _POINTS_AT_PASSAGE.search(question)):
        return Rejected("points_at_passage", found[0])
    support = _support(question, answer, draft.passage)
    if isinstance(support, Rejected):
        return support
    return keep(_question(draft, question if context == "none" else f"{support}\n{question}", options, answer, seed))


def _read(draft: Draft) -> tuple[str, tuple[str, ...], str] | Rejected:
    """Question, options and answer as they stand in the draft's JSON."""
    if not draft.text.strip():
        return Rejected("empty")
    try:
        found = json.loads(draft.text)
    except (ValueError, RecursionError):
        return Rejected("cut_off" if draft.finish_reason == "length" else "no_json", draft.text[-200:])
    fields = {"question", "options", "answer"} if draft.kind == "mcq" else {"question", "answer"}
    if not isinstance(found, dict) or set(found) != fields:
        return Rejected("other_shape", draft.text[:200])
    options: Any = found.get("options", [])
    texts = [found["question"], found["answer"], *(options if isinstance(options, list) else [None])]
    if not all(isinstance(text, str) for text in texts):
        return Rejected("other_shape", draft.text[:200])
    if any(unicodedata.category(character) in ("Cc", "Cs") for text in texts for character in text):
        return Rejected("control_characters", draft.text[:200].encode("utf-8", "replace").decode())
    question, answer, *options = (" ".join(text.split()) for text in texts)
    if not all((question, answer, *options)):
        return Rejected("empty_field", draft.text[:200])
    return question, tuple(options), answer


def _wrong_options(options: tuple[str, ...], answer: str) -> Rejected | None:
    shown = " | ".join(options)
    if len(options) != OPTIONS:
        return Rejected("option_count", f"{len(options)}: {shown}")
    plain = [normalise(option) for option in options]
    if len(set(plain)) < OPTIONS:
        return Rejected("equal_options", shown)
    if canonical_text(answer) not in map(canonical_text, options):
        return Rejected("answer_not_an_option", f"{answer}: {shown}")
    if any(speaks_of_options(option) for option in options):
        return Rejected("option_speaks_of_options", shown)
    if len({bool(re.search(r"\d", option)) for option in options}) > 1:
        return Rejected("options_of_two_kinds", shown)
    return None


def _wrong_answer(question: str, answer: str, draft: Draft, max_words: int) -> Rejected | None:
    """What is wrong with the question beside its answer, whatever the passage says of it."""
    if not question.endswith("?"):
        return Rejected("no_question", question)
    if draft.kind == "open" and count_words(answer) > max_words:
        return Rejected("long_answer", f"{count_words(answer)} words: {answer}")
    said = tokens(answer)
    if not said or not _holds(tokens(draft.passage.text), said):
        return Rejected("answer_not_in_passage", answer)
    if _holds(tokens(question), said) or not set(said) - set(tokens(question)) - _STOP_WORDS:
        return Rejected("gives_answer_away", f"{question} {answer}")
    return None if _fits(question, answer) else Rejected("answer_of_another_kind", f"{question} {answer}")


def _fits(question: str, answer: str) -> bool:
    """Whether the answer is of the kind that the question asks for: a number, a name, or neither."""
    is_number = re.search(r"\d", normalise(answer)) is not None
    if _ASKS_NUMBER.search(question):
        return is_number
    if _ASKS_NAME.search(question):
        return any(word[0].isupper() for word in answer.split())
    return not is_number or _MAY_ASK_NUMBER.search(question) is not None


def _support(question: str, answer: str, passage: Passage) -> str | Rejected:
    """The sentence that holds the answer and most of what is asked, with the one before it."""
    asked = _stems(set(tokens(question)) - _STOP_WORDS - set(tokens(answer)))
    if not asked:
        return Rejected("unsupported", "the question has no word of its own")
    said, best, best_share = tokens(answer), "", -1.0
    texts = [" ".join(passage.text[start:end].split()) for start, end in sentences(passage.text)]
    for place, text in enumerate(texts):
        if not _holds(tokens(text), said) or not _counts(question, said, tokens(text)):
            continue
        shown = " ".join(texts[max(0, place - 1):place + 1])
        share = len(asked & _stems(tokens(shown))) / len(asked)
        if share > best_share:
            best, best_share = shown, share
    if best_share < SUPPORT:
        return Rejected("unsupported", f"{max(best_share, 0):.2f} of the question's words are near its answer: {best}")
    return best


def _counts(question: str, answer: list[str], words: list[str]) -> bool:
    """Whether what the question counts ("how many weeks") stands near the answer; True where it counts nothing."""
    counted = _COUNTED.search(question)
    if not counted:
        return True
    places = [place for place in range(len(words)) if words[place:place + len(answer)] == answer]
    near = [words[max(0, place - COUNTED_NEAR):place + len(answer) + COUNTED_NEAR] for place in places]
    return any(_stems([counted[1].casefold()]) <= _stems(some) for some in near)


def _stems(words: Iterable[str]) -> set[str]:
    return {word[:STEM] for word in words}


def _holds(words: list[str], run: list[str]) -> bool:
    return any(words[start:start + len(run)] == run for start in range(len(words) - len(run) + 1))


def _question(draft: Draft, text: str, options: tuple[str, ...], answer: str, seed: int) -> Question:
    passage, label, kind = draft.passage, "", open_type(answer, "gpr")
    if options:
        place = [canonical_text(option) for option in options].index(canonical_text(answer))
        label, answer, kind = LABELS[place], options[place], "choice"
    question = Question(
        id=question_id(text, options), question=text, options=options, answer=answer, answer_label=label,
        answer_type=kind, verifier="", template=draft.kind, domain=passage.domain, group="gpr", source="synthetic",
        licence=passage.licence, lineage=replace(
            lineage_of(passage), synthesizer="llm", prompt_hash=draft.prompt_hash, model=draft.model,
            revision=draft.revision, seed=draft.seed))
    return shuffle_options(question, seed) if options else question


def lineage_of(passage: Passage) -> Lineage:
    """Where a question about a passage comes from."""
    return Lineage(passage_id=passage.id, page_id=passage.page_id, url=passage.url, warc_file=passage.warc_file,
                   warc_offset=passage.warc_offset, span_start=passage.span_start, span_end=passage.span_end)
