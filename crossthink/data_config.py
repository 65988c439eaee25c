"""A recipe's [data] and the tables of questions that it names."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionFile:
    """A table of questions, and how its columns map to a question."""

    path: str
    """A file, or a glob of files of one layout."""
    source: str
    group: Literal["gpr", "math"] = "gpr"
    """Of rows whose domain is not `math`; those are of the group math."""
    domain: str = ""
    """For rows that carry none."""
    licence: str = "unknown"
    """Of rows that carry none in the column `licences`: an SPDX identifier, "LicenseRef-NAME", or "unknown"."""
    title: str = ""
    """Of the set; with the next two what its attribution says."""
    authors: str = ""
    url: str = ""
    question: str = "question"
    """Name of the column that holds the question, or of a dict of texts, each on a line behind its name. The same for
    the next fields: names of columns; "meta.text" is the field `text` of the column `meta`."""
    options: str = "options"
    """Holds a list, a dict by letter or number, or a text "A) x B) y"; several names between commas are a column an
    option."""
    options_in_question: bool = False
    """Where a row has no options, take the lines "A. x", "B. y" (or a, b) that end its question for them."""
    answer: str = "answer"
    answer_after: str = ""
    """Keep only what follows the last occurrence of this in the answer ("####" for GSM8K)."""
    answer_boxed: bool = False
    """The answer is what the last `\\boxed{}` of its column holds."""
    answer_is: Literal["label", "text", "index"] = "text"
    """What `answer` of a row with options is: the option's label, its text, or its number from 0."""
    answer_text: str = ""
    """Column with the text of the gold option, where `answer` is its label: a row in which they differ is no gold."""
    labels: str = ""
    """Column with the options' own labels, where they are not the letters from A on."""
    answer_type: str = ""
    """The verifier of rows without options, by its name; "" is `math` for mathematics, else `text`."""
    shuffle: bool = False
    """Put the options into an order that follows from the question, for sets whose first option is the gold."""
    domains: str = "domain"
    """Column with the domain; a row without one has that of `domain`, above."""
    math_domains: tuple[str, ...] = ()
    """Values of that column that are mathematics; where there are any, the column tells mathematics from the rest, and
    the domain of the rest is found from the text."""
    licences: str = ""
    """Column with the licence of the row."""
    context: str = ""
    """Column with a text that belongs before the question."""
    limit: int = 0
    """Rows to take of a file, first ones first; 0 takes all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataConfig:
    """The options of the data line that change rows. Every value goes into the shards' metadata."""

    warc: tuple[str, ...] = ()
    """WARC or WET files: globs, addresses, and lists of paths (warc.paths.gz)."""
    warc_limit: int = 0
    """Files to take, the first ones by name; 0 takes all."""
    questions: tuple[QuestionFile, ...] = ()
    evaluation: tuple[QuestionFile, ...] = ()
    """What the training rows are decontaminated against, beside the sets of evaluate.questions."""
    shipped: tuple[str, ...] = ()
    """Folders with the shards of other runs ("DIR/data"): their questions are not shipped again, nor near copies."""
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
