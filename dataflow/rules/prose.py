"""Which sentences of a page say something of the world: whole ones, in a paragraph, that speak to no reader.

A page's teasers, headings, menus and advice ("Explore our summer deals.") look like sentences and make no question:
what they hold is not knowledge, and a name in them is an advertiser's.
"""

import re

MIN_WORDS = 6
"""Shorter sentences are headings and labels."""
MAX_WORDS = 60
MIN_SENTENCES = 2
"""Whole sentences of a paragraph: a line that stands alone is a caption, a teaser or a button."""
_CLOSING = "\"'”’)]"
_BEGINS = re.compile(r"[\"'“‘(]?(?:[A-Z]|\d+(?![.):\d]))")
"""As a sentence does; an item of a list begins with a sign or a numeral."""
_TO_READER = re.compile(r"\b(?:you|your|yours|yourself|we|our|ours|us|let['’]s|click|please|subscribe)\b"
                        r"|\b(?:you|we)[’']"
                        r"|\bthis (?:article|story|post|page|site|website|blog|newsletter|link)\b|\bhere\.$"
                        r"|https?:|www\.|@\w|\[[A-Z]+\]|[©®→›»•●|…]|\.\.\.| / ", re.IGNORECASE)
_FIRST_PERSON = re.compile(r"\b(?:I|[Mm]y|[Mm]e)\b")
_IMPERATIVE = re.compile(r"""["'“‘(]?(?:Add|Apply|Ask|Avoid|Be|Book|Browse|Build|Buy|Call|Check|Choose|Compare|Conduct
    |Connect|Consider|Contact|Cook|Create|Discover|Do|Don['’]t|Download|Enjoy|Enter|Explore|Find|Follow|Get|Give|Go|Help
    |Install|Join|Keep|Learn|Look|Make|Meet|Note|Open|Order|Pay|Pick|Place|Play|Press|Put|Read|Refer|Register|Remember
    |Replace|Save|Search|See|Select|Send|Set|Shop|Sign|Speak|Start|Stay|Store|Take|Tell|Try|Turn|Use|Visit|Watch
    |Write)\ """, re.VERBOSE)
_RUN_TOGETHER = re.compile(r"[\w%] (?:This|These|Those|Each|We|You|It|If|When|While|There|What|Why|How|Our|Your)\b")
"""A heading or a link before a sentence, without a full stop between them."""
_CUT = re.compile(r"\b[A-Z]\.$")
"""An initial that was taken for an end."""
_VERB = re.compile(r"""\b(?:is|are|was|were|be|been|has|have|had|do|does|did|can|could|will|would|may|might|must|should
    |became|began|bore|broke|brought|built|came|chose|cost|cut|drew|fell|felt|fought|found|gave|got|grew|held|kept|knew|lay
    |led|left|let|lost|made|met|paid|put|ran|rose|said|sat|saw|sent|set|sold|spent|spoke|stood|swore|taught|thought|told
    |took|went|won|wore|wrote|[a-z]{2,}(?:ed|[^s]s))\b""", re.VERBOSE)
"""What may be a finite verb: so is a plural, but a heading of capitals has neither."""
_LONG_WORD = re.compile(r"[^\W\d_][\w'’-]{3,}")


def is_whole(sentence: str) -> bool:
    """Whether it begins and ends as a sentence, on one line, and is no label."""
    return (len(sentence.split()) >= MIN_WORDS and "\n" not in sentence and _BEGINS.match(sentence) is not None
            and sentence.rstrip(_CLOSING)[-1:] in ("?", "!", "."))


def is_statement(sentence: str) -> bool:
    """Whether a whole sentence states something: with a verb, of the world, to nobody, in no heading's capitals."""
    words = _LONG_WORD.findall(sentence)
    return (is_whole(sentence) and len(sentence.split()) <= MAX_WORDS and sentence.rstrip(_CLOSING)[-1:] == "."
            and not any(rule.search(sentence) for rule in (_TO_READER, _FIRST_PERSON, _RUN_TOGETHER, _CUT))
            and _IMPERATIVE.match(sentence) is None and _VERB.search(sentence) is not None
            and 2 * sum(word[0].isupper() for word in words) <= len(words))


def statements(text: str, spans: list[tuple[int, int]]) -> set[int]:
    """Numbers of the spans that are statements in a paragraph of MIN_SENTENCES whole sentences or more."""
    lines: dict[int, list[int]] = {}
    for number, (start, end) in enumerate(spans):
        if is_whole(text[start:end]):
            lines.setdefault(text.rfind("\n", 0, start), []).append(number)
    return {number for numbers in lines.values() if len(numbers) >= MIN_SENTENCES
            for number in numbers if is_statement(text[slice(*spans[number])])}
