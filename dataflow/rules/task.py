"""Questions that ask nothing: the instruction stood over a block of exercises, and stayed in the book.

"The sum of x and 9 is 52." may be to be translated or solved; its gold is one of the two. A text asks where it has a
question mark, a blank, a word of asking or of instruction anywhere, options in it, or an end that is left open ("then
x ="). So a text is turned away only where none of all these is in it.
"""

import re

_WORDS = "|".join(re.findall(r"\w+", """
    answer apply approximate arrange assume balance calculate change choose classify combine compare complete compute
    consider construct convert count decide define derive describe determine differentiate discuss divide draw enter
    enumerate estimate evaluate examine expand explain express extract factor fill find give graph how identify
    illustrate indicate integrate interpret justify label let list locate make match maximize measure minimize model
    multiply name obtain order perform plot predict prepare propose prove provide rank rationalize recall reduce report
    represent restate rewrite round select set show simplify sketch solve sort specify state subtract suggest summarize
    suppose tell test translate use using verify what when where which who whom whose why write"""))
_ASKS = re.compile(rf"\?|_{{2}}|\\_|\\underline|\\boxed|\\square|\btrue or false\b|\b(?:{_WORDS})\b|\(A\)"
                   r"|(?:[=:]|\b(?:is|are|was|were|by|to|of|the|an?))[\s$\\]*$", re.IGNORECASE)


def asks(text: str) -> bool:
    """Whether the text asks for anything."""
    return _ASKS.search(text) is not None
