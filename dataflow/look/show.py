"""Texts and numbers for a terminal."""

import shutil
import textwrap
from collections.abc import Sequence


def width() -> int:
    """Columns of the terminal; 100 where it is none."""
    return shutil.get_terminal_size((100, 24)).columns


def one_line(text: str, room: int = 4) -> str:
    """The beginning of a text, as much as fits beside `room` columns."""
    text, size = " ".join(text.split()), max(40, width() - room)
    return text if len(text) <= size else text[:size - 3] + "..."


def shown(text: str, indent: int) -> str:
    """A text wrapped to the terminal, its lines after the first behind `indent` blanks."""
    lines = textwrap.wrap(" ".join(text.split()), max(40, width() - indent), break_on_hyphens=False)
    return ("\n" + " " * indent).join(lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under their heads: the first to the left, the others to the right."""
    sizes = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    return "\n".join("  ".join(cell.ljust(size) if place == 0 else cell.rjust(size)
                               for place, (cell, size) in enumerate(zip(row, sizes, strict=True))).rstrip()
                     for row in (head, *rows))
