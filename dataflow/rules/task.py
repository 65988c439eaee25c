"""Questions that ask nothing: the instruction stood over a block of exercises, and stayed in the book.

"The sum of x and 9 is 52." may be to be translated or solved; its gold is one of the two. A text asks where it has a
question mark, a blank, a word of asking or of instruction anywhere, options in it, an end that is left open ("then
x ="), or a sentence that begins like an instruction in a verb that is not in the list ("Halve the sum"). So a text is
turned away only where none of all these is in it.
"""

import re

_WORDS = "|".join(re.findall(r"\w+", """
    add analyse analyze answer apply approximate arrange assess assign assume balance calculate change check choose
    circle classify combine compare complete compose compute conclude consider construct continue convert count
    create debate decide deduce define derive describe design determine develop differentiate discover discuss
    divide draw enter enumerate estimate evaluate examine expand explain express extract factor fill find formulate
    generate give graph guess how identify illustrate imagine implement indicate infer insert integrate interpret
    investigate justify label let list locate make match maximise maximize measure minimise minimize model multiply
    name normalize obtain order outline paraphrase perform pick plot predict prepare produce propose prove provide
    quote rank rationalize rearrange recall recommend reduce rephrase replace report represent resolve respond
    restate review rewrite round select set show simplify sketch solve sort specify state subtract suggest summarise
    summarize suppose tabulate take tell test think trace translate try turn underline use using verify what when
    where which who whom whose why write"""))
_NO_VERB = "|".join(re.findall(r"\w+", """
    After All As At Because Before Between But By Despite During Each For From Given If In Into Of On Only Over Per
    Since That The These This Through To Twice Under Until Upon When While With Within Without"""))
"""What may begin a sentence before such a word as an instruction's verb does, "halve the", and is none."""
_ASKS = re.compile(rf"(?i:_{{2}}|\\_|\\underline|\\boxed|\\square|\btrue or false\b|\b(?:{_WORDS})\b)|\(A\)"
                   r"|[;,:] b[.)] |(?:[=:]|\b(?:is|are|was|were|by|to|of|the|an?))[\s$\\]*$"
                   # a sentence begins behind a mark or a line's end; blanks are read from their first one on alone, for
                   # from each of them a long run would take its square in time
                   rf"|(?:^|[.:;!]\s*+|(?<!\s)[^\S\n]*+\n\s*+)(?!(?:{_NO_VERB})\b)[A-Z][a-z]+ "
                   r"(?:(?:the|an?|this|these|each|it)\b|[\d$\\])")


def asks(text: str) -> bool:
    """Whether the text asks for anything."""
    # most texts hold the mark, and it is found 20 times as fast alone
    return "?" in text or _ASKS.search(text) is not None
