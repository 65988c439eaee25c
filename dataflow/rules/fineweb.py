"""FineWeb's own rules (arXiv 2406.17557, section 3.5), with the published thresholds."""

from collections import Counter

from crossthink.dataflow.rules.text import Broken, Text, beyond, first, share

_ENDS = (".", "!", "?", "…", ":", ";", '"', "'", "”", "’", ")", "。", "！", "？", "۔", "।")
_SHORT = 30
"""Characters of a short line."""


def broken_rule(text: Text) -> Broken | None:
    """The first rule that a text breaks."""
    lines = text.lines
    if not lines:
        return None
    counts = Counter(lines)
    again = sum(len(line) * (count - 1) for line, count in counts.items())
    return first((
        beyond("line_ends", share(sum(line.endswith(_ENDS) for line in lines), len(lines)), 0.12, 1),
        beyond("short_lines", share(sum(len(line) <= _SHORT for line in lines), len(lines)), 0, 0.67),
        beyond("characters_again", share(again, sum(map(len, lines))), 0, 0.1),
        beyond("list_ratio", share(len(lines) - 1, len(text.words)), 0, 0.3)))
