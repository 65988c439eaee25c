"""The records that pass between the rooms; crossthink/arrow.py has their rows and Arrow schemas.

Layer 1: standard library alone.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from crossthink.compact import compact

LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """A run of whole sentences from one page."""

    id: str
    url: str
    title: str
    text: str
    language: str
    domain: str
    """One of the pool's domains ("stem", "history", ...); "" until the domain stage has run."""
    crawl_date: str
    """ISO 8601, as the WARC record says."""
    warc_file: str
    """Base name of the file: the folder it lay in must not change the rows."""
    warc_offset: int
    """Byte offset of the record's gzip member (or record, where uncompressed)."""
    span_start: int
    span_end: int
    """Characters of the page's text, personal data masked, that the passage covers: [start, end)."""
    page_id: str = ""
    """"FILE@OFFSET", with "+N" where a gzip member holds several records."""
    published: str = ""
    """ISO 8601 day, as the page says; "" where it does not."""
    licence: str = "unknown"
    """SPDX identifier of the licence that the page says it is under."""
    masked: int = 0
    """How many pieces of personal data of the text are masked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lineage:
    """Where a question came from; empty strings and -1 where a step did not happen."""

    passage_id: str = ""
    page_id: str = ""
    url: str = ""
    warc_file: str = ""
    warc_offset: int = -1
    span_start: int = -1
    span_end: int = -1
    synthesizer: str = ""
    """"llm", "cloze", or "import"."""
    prompt_hash: str = ""
    model: str = ""
    revision: str = ""
    seed: int = -1
    parent_id: str = ""
    input_file: str = ""
    input_row: int = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Difficulty:
    """Pass rate of a model on a question: k of n, with its 95% Wilson interval."""

    passes: int
    attempts: int
    low: float
    high: float
    model: str
    revision: str
    sampling: str
    """Canonical JSON of the sampling parameters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Votes:
    """How the sampled solutions of a question voted on its answer."""

    winner: int
    cast: int
    invalid: int
    """Solutions without a readable answer; not part of `cast`."""
    agrees: bool
    """Whether the majority names the answer that the question's writer gave."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question with a verifiable answer."""

    id: str
    question: str
    options: tuple[str, ...]
    """Texts of the options, in the order shown; empty for an open-ended question."""
    answer: str
    """Canonical gold: the option's text for `choice`, the expression for `math`, the words for `text`."""
    answer_label: str
    """"A", "B", ... for `choice`, else ""."""
    answer_type: str
    """`choice`, `math` or `text`."""
    verifier: str
    """Id and version of the verifier that accepted the gold, as "choice/4"; "" until verified."""
    template: str
    """`mcq` or `open`."""
    domain: str
    group: str
    """`gpr` (general-purpose reasoning) or `math`."""
    source: str
    licence: str
    lineage: Lineage
    difficulty: Difficulty | None = None
    votes: Votes | None = None


class Reason(StrEnum):
    """Why a verdict came out as it did."""

    CORRECT = "correct"
    JUDGED = "judged"
    """Correct by the word of a judge, after the rules said no."""
    WRONG = "wrong"
    NO_THINK = "no_think"
    TWO_THINKS = "two_thinks"
    NO_BOX = "no_box"
    TWO_BOXES = "two_boxes"
    BOX_NOT_CLOSED = "box_not_closed"
    BOX_IN_THINK = "box_in_think"
    EMPTY_ANSWER = "empty_answer"
    LABEL_TEXT_CONFLICT = "label_text_conflict"
    TWO_ANSWERS = "two_answers"
    NOT_AN_OPTION = "not_an_option"
    TOO_LONG = "too_long"
    PARSE_FAILURE = "parse_failure"
    TIME_OUT = "time_out"
    BAD_GOLD = "bad_gold"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a verifier says of one response. Reward = correct AND formatted (paper, section on rewards)."""

    correct: bool
    formatted: bool
    answer: str
    """The answer that was read from the response; "" where none was found."""
    reason: Reason

    @property
    def reward(self) -> float:
        """1.0 where the response is correct and formatted, else 0.0."""
        return float(self.correct and self.formatted)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollout:
    """One sampled completion of one question, with all that is needed to trace it back to the crawl."""

    question_id: str
    step: int
    sample: int
    """Index inside the group, 0 <= sample < group size."""
    prompt_ids: tuple[int, ...]
    completion_ids: tuple[int, ...]
    sampler_logprobs: tuple[float, ...]
    """Log-prob of each completion token as the sampler saw it. Same length as completion_ids."""
    text: str
    weights_version: int
    """Number of optimizer steps behind the weights that wrote the completion."""
    correct: bool
    formatted: bool
    answer: str
    reason: str
    reward: float
    advantage: float
    finish_reason: str
    domain: str
    template: str
    group: str
    source: str
    prompt: str = ""
    """The user's turn in words, with the options in the order in which they were shown."""
    gold: str = ""
    """What the box of a right answer holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reject:
    """A record that a rule turned away. Nothing vanishes: every reject is written down."""

    stage: str
    reason: str
    record_id: str
    record: str
    """The record as JSON (text cut to what a reader needs)."""
    evidence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A record that a stage could not process: broken input or an error of ours."""

    stage: str
    reason: str
    record_id: str
    record: str
    evidence: str
    """Where it is (file, offset or row, field) and what was wrong."""


compact(Passage, Lineage, Difficulty, Votes, Question, Verdict, Rollout, Reject, Failure)


_UNSEEN = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
                     "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]")
"""What Unicode shows as nothing (Default_Ignorable_Code_Point): soft hyphens, joiners, marks of direction, ..."""
_RAISED = re.compile("[\u00b2\u00b3\u00b9\u2070\u2071\u2074-\u207f]+")
"""Superscript digits, signs, "i" and "n"."""
_MIXED = re.compile("(?<=\\d)(?=[\u00bc-\u00be\u2150-\u215f\u2189])")
"""Between the whole number and the fraction in one character behind it."""


def canonical_text(text: str) -> str:
    """Text as identity sees it: without what is shown as nothing, "^" before what is raised (10² is not 102), fractions
    as "1/2" (1½ is not 11/2), NFKC, case-folded, runs of white space as one blank."""
    return " ".join(folded(text).casefold().split())


def folded(text: str) -> str:
    """The canonical text in its own case and white space."""
    seen = _RAISED.sub(r"^\g<0>", _MIXED.sub(" ", _UNSEEN.sub("", text)))
    return unicodedata.normalize("NFKC", seen).replace("\u2044", "/")


def question_id(question: str, options: tuple[str, ...] = ()) -> str:
    """Hash (32 hex digits) of the canonical question and its options in any order."""
    digest = hashlib.blake2b(canonical_text(question).encode("utf-8", "surrogatepass"), digest_size=16)
    for option in sorted(canonical_text(option) for option in options):
        digest.update(b"\x1f" + option.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def derive_seed(run_seed: int, stage: str, record_id: str, attempt: int = 0) -> int:
    """The seed of every random choice in the house: a function of these four alone. 0 <= seed < 2**31."""
    key = f"{run_seed}\x1f{stage}\x1f{record_id}\x1f{attempt}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") % 2**31
