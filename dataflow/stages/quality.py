"""Whether a document is prose worth asking about. Each rule has a name; the rules are Gopher's (arXiv 2112.11446,
appendix A1) and C4's (arXiv 1910.10683, section 2.2) with their thresholds, where not said otherwise."""

import re
from collections import Counter

from crossthink.dataflow.records import Document
from crossthink.dataflow.stages.stage import Rejected, StageResult, keep

MAX_WORDS = 100_000
_STOP_WORDS = frozenset(("the", "be", "to", "of", "and", "that", "have", "with"))
_BULLETS = ("•", "‣", "▶", "◀", "◦", "■", "□", "▪", "▫", "–", "-", "*")
_SCRIPT = re.compile(r"enable javascript|javascript (?:is|must be|to be) (?:disabled|enabled|required)", re.IGNORECASE)
_CODE = re.compile(r"[{}]")
_WORD = re.compile(r"\w+(?:['’]\w+)*")


def judge(document: Document, min_words: int) -> StageResult:
    """The document itself, or the first rule that it breaks with the measured value as evidence."""
    found = broken_rule(document.text, min_words, document.language)
    return Rejected(*found) if found else keep(document)


def broken_rule(text: str, min_words: int, language: str = "en") -> tuple[str, str] | None:
    """(rule, evidence) of the first rule that the text breaks; None where it is fine."""
    words = text.split()
    lines = [line for line in text.split("\n") if line]
    spelled = [word.casefold() for word in _WORD.findall(text)]
    folded = text.casefold()
    if len(words) < min_words:
        return "too_few_words", f"{len(words)} words"
    if len(words) > MAX_WORDS:
        return "too_many_words", f"{len(words)} words"
    if "lorem ipsum" in folded:
        return "lorem_ipsum", ""
    if _SCRIPT.search(text) and len(words) < 200:  # ours: C4 drops the line, a long page may speak of JavaScript
        return "javascript", ""
    for name, value, low, high in (
        ("word_length", sum(map(len, words)) / len(words), 3, 10),
        ("symbol_ratio", (text.count("#") + text.count("...") + text.count("…")) / len(words), 0, 0.1),
        ("bullet_lines", sum(line.startswith(_BULLETS) for line in lines) / len(lines), 0, 0.9),
        ("ellipsis_lines", sum(line.endswith(("...", "…")) for line in lines) / len(lines), 0, 0.3),
        ("alphabetic_words", sum(any(c.isalpha() for c in word) for word in words) / len(words), 0.6, 1),
        ("curly_brackets", len(_CODE.findall(text)) / len(words), 0, 0.02),  # ours: C4 drops a page with one
        ("repeated_lines", _repeated(lines), 0, 0.3),
        ("top_word", _share_of_top(spelled), 0, 0.15),  # ours: spam names its goods again and again
        ("top_2_gram", _top_ngram(spelled, 2), 0, 0.20),
        ("top_3_gram", _top_ngram(spelled, 3), 0, 0.18),
        ("top_4_gram", _top_ngram(spelled, 4), 0, 0.16),
    ):
        if not low <= value <= high:
            return name, f"{value:.3f} is not in [{low}, {high}]"
    if language == "en" and len(_STOP_WORDS.intersection(spelled)) < 2:
        return "no_stop_words", ""
    return None


def _repeated(lines: list[str]) -> float:
    """Share of the lines that stood in the text before."""
    return 1 - len(set(lines)) / len(lines)


def _share_of_top(words: list[str]) -> float:
    """Share of all words that the most frequent one with at least 4 letters has."""
    longer = Counter(word for word in words if len(word) > 3)
    return longer.most_common(1)[0][1] / len(words) if longer else 0.0


def _top_ngram(words: list[str], size: int) -> float:
    """Share of the characters that the most frequent n-gram covers; one that stands once counts 0."""
    counts = Counter(zip(*(words[start:] for start in range(size)), strict=False))
    if not counts:
        return 0.0
    gram, count = max(counts.items(), key=lambda item: (item[1], item[0]))
    return count * sum(map(len, gram)) / max(1, sum(map(len, words))) if count > 1 else 0.0
