"""C4's rules (arXiv 1910.10683, section 2.2), as far as they do not take formulas, lists and tables for rubbish.

C4 drops lines: without a mark at their end, of fewer than three words, with "javascript", with the phrases of cookie
banners; and pages with a curly bracket. Here no line is dropped, because a formula, a row of a table and an item of a
list end in no full stop, and a line about JavaScript may be what the page teaches. Sentences are counted in all lines
of three words, and curly brackets outside of formulas.
"""

import re
from itertools import chain, islice

from crossthink.dataflow.rules.text import Broken, Text, beyond, share

MIN_SENTENCES = 3
"""C4: 5. A page of three sentences can be asked about."""
_MIN_LINE_WORDS = 3
_LONGEST_WORD = 1000
_SENTENCE = re.compile(r"[.!?]+[\"'”’)\]]*(?=\s|$)")
_POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
_SCRIPT = re.compile(r"enable javascript|javascript (?:is|must be|to be) (?:disabled|enabled|required)", re.IGNORECASE)
_SHORT_PAGE = 200
"""Words: a longer page may speak of JavaScript, cookies and policies."""


def broken_rule(text: Text) -> Broken | None:
    """The first rule that a text breaks."""
    folded = text.text.casefold()
    if "lorem ipsum" in folded:
        return "lorem_ipsum", ""
    if max(map(len, text.words), default=0) > _LONGEST_WORD:
        return "endless_word", f"a word of more than {_LONGEST_WORD} characters"
    if len(text.words) < _SHORT_PAGE:
        if found := _SCRIPT.search(text.text):
            return "javascript", found[0]
        policy = sum(len(line.split()) for line in text.lines if any(phrase in line.casefold() for phrase in _POLICY))
        if found_share := beyond("policy", share(policy, len(text.words)), 0, 0.5):
            return found_share
    ends = chain.from_iterable(map(_SENTENCE.finditer, filter(_is_long, text.lines)))
    sentences = sum(1 for _ in islice(ends, MIN_SENTENCES))
    if sentences < MIN_SENTENCES:
        return "too_few_sentences", f"{sentences} sentences"
    brackets = sum(text.prose.count(bracket) for bracket in "{}")
    return beyond("curly_brackets", share(brackets, len(text.words)), 0, 0.02)


def _is_long(line: str) -> bool:
    return len(line.split(None, _MIN_LINE_WORDS)) >= _MIN_LINE_WORDS
