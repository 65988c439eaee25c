"""Gopher's quality rules (arXiv 2112.11446, appendix A1.1), in their published order and thresholds."""

from crossthink.dataflow.rules.text import Broken, Text, beyond, first, share

MAX_WORDS = 100_000
_STOP_WORDS = frozenset(("the", "be", "to", "of", "and", "that", "have", "with"))
_BULLETS = ("•", "‣", "▶", "◀", "◦", "■", "□", "▪", "▫", "–", "-", "*")


def broken_rule(text: Text, min_words: int) -> Broken | None:
    """The first rule that a text breaks; `min_words` is the recipe's (Gopher: 50)."""
    words, lines = text.words, text.lines
    if len(words) < min_words:
        return "too_few_words", f"{len(words)} words"
    if len(words) > MAX_WORDS:
        return "too_many_words", f"{len(words)} words"
    prose = text.prose_words
    alphabetic = sum(word[0].isalpha() or any(map(str.isalpha, word)) for word in prose)
    return first((
        beyond("word_length", share(sum(map(len, words)), len(words)), 3, 10),
        beyond("hash_ratio", share(text.text.count("#"), len(words)), 0, 0.1),
        beyond("ellipsis_ratio", share(text.text.count("...") + text.text.count("…"), len(words)), 0, 0.1),
        beyond("bullet_lines", share(sum(line.startswith(_BULLETS) for line in lines), len(lines)), 0, 0.9),
        beyond("ellipsis_lines", share(sum(line.endswith(("...", "…")) for line in lines), len(lines)), 0, 0.3),
        beyond("alphabetic_words", share(alphabetic, len(prose)), 0.8, 1)
        if prose else None,
        _stop_words(text)))


def _stop_words(text: Text) -> Broken | None:
    if text.language != "en" or len(found := _STOP_WORDS.intersection(text.tokens)) >= 2:
        return None
    return "no_stop_words", f"{len(found)} of the eight words that English prose has"
