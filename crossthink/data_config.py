"""A recipe's [data] and the tables of questions that it names."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionFile:
    """A table of questions, and how its columns map to a question."""

    path: str
    source: str
    group: Literal["gpr", "math"] = "gpr"
    """Of rows whose domain is not `math`; those are of the group math."""
    domain: str = ""
    """For rows that carry none."""
    licence: str = "unknown"
    question: str = "question"
    """Name of the column that holds the question; the same for the next fields."""
    options: str = "options"
    """Holds a list, a dict by letter, or a text "A) x B) y"; several names between commas are a column an option."""
    answer: str = "answer"
    answer_after: str = ""
    """Keep only what follows the last occurrence of this in the answer ("####" for GSM8K)."""
    answer_is: Literal["label", "text", "index"] = "text"
    """What `answer` of a row with options is: the option's label, its text, or its number from 0."""
    labels: str = ""
    """Column with the options' own labels, where they are not the letters from A on."""
    answer_type: str = ""
    """The verifier of rows without options, by its name; "" is `math` for mathematics, else `text`."""
    shuffle: bool = False
    """Put the options into an order that follows from the question, for sets whose first option is the gold."""
    domains: str = "domain"
    """Column with the domain; a row without one has that of `domain`, above."""
    context: str = ""
    """Column with a text that belongs before the question."""
    limit: int = 0
    """Rows to take, first ones first; 0 takes all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataConfig:
    """The options of the data line that change rows. Every value goes into the shards' metadata."""

    warc: tuple[str, ...] = ()
    """Globs of WARC or WET files."""
    questions: tuple[QuestionFile, ...] = ()
    evaluation: tuple[QuestionFile, ...] = ()
    """What the training rows are decontaminated against."""
    languages: tuple[str, ...] = ("en",)
    opt_out: Literal["respect", "ignore"] = "respect"
    """Of pages that ask not to be used for training or kept in an index (dataflow/page/opt_out.py)."""
    min_words: int = 50
    """Pages with fewer words are no documents (Gopher's rule)."""
    passage_words: int = 120
    passages_per_page: int = 3
    questions_per_passage: int = 2
    cloze_per_passage: int = 1
    writer_max_tokens: int = 160
    question_context: Literal["none", "sentences"] = "none"
    """What stands before a question that the model wrote. "none": it must make sense alone (paper); "sentences": the
    sentence of the passage that holds the answer, and the one before it. A cloze question always has its sentences."""
    vote_samples: int = 3
    vote_min: int = 2
    """Votes that the winning answer needs."""
    vote_max_tokens: int = 96
    difficulty_attempts: int = 4
    difficulty_max_tokens: int = 96
    difficulty_limit: int = 0
    """Questions to measure, the first ones in the order of a hash; the others stay without a difficulty. 0: all."""
    near_duplicate: float = 0.8
    """True Jaccard of word 5-grams from which two records count as near duplicates."""
    contamination_ngram: int = 8
    max_answer_words: int = 10
    """Paper: gold answers of open-ended questions have at most 10 words."""
    max_generated_tokens: int = 0
    """Budget of generated tokens for synthesis; 0 is no limit. What comes after it is rejected as `budget`. Counted
    by what the calls may generate, not by what they do, so that the same passages are asked about in every run."""
    shards: int = 2
