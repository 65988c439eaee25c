"""FineWeb's own rules (arXiv 2406.17557, section 3.5), with the published thresholds.

The rows of tables and the items of lists, which our text keeps and FineWeb's mostly does not, are no lines here: they
are short and end in no full stop, and questions are asked about them.
"""

from collections import Counter

from crossthink.dataflow.rules.text import Broken, Text, beyond, first, share

_ENDS = (".", "!", "?", "…", ":", ";", '"', "'", "”", "’", ")", "。", "！", "？", "۔", "।")
_SHORT = 30
"""Characters of a short line."""


def broken_rule(text: Text) -> Broken | None:
    """The first rule that a text breaks."""
    lines = text.prose_lines
    if not lines:
        return None
    counts = Counter(lines)
    again = sum(len(line) * (count - 1) for line, count in counts.items())
    return first((
        beyond("line_ends", share(sum(line.endswith(_ENDS) for line in lines), len(lines)), 0.12, 1),
        beyond("short_lines", share(sum(len(line) <= _SHORT for line in lines), len(lines)), 0, 0.67),
        beyond("characters_again", share(again, sum(map(len, lines))), 0, 0.1),
        beyond("list_ratio", share(len(lines) - 1, sum(len(line.split()) for line in lines)), 0, 0.3)))
