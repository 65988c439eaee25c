"""The response format: one `<think>...</think>`, then one `\\boxed{}` outside it. Time linear in the response.

A response is formatted where, white space aside, it begins with `<think>`, has each tag once, and has exactly one box,
after `</think>`. Text around the box is free. A box inside the reasoning is a second answer, so it breaks the format.
Where the format is broken an answer can still be read if every box of the response holds the same text.

Variants, `think`: "tags" is the above; "opened", the prompt has written the `<think>`, so that the response begins
inside of it; "none", no tags are asked for and all of the response counts as what follows them.
"""

import re
from dataclasses import dataclass
from typing import Literal

from crossthink.schema import Reason

_BOX = re.compile(r"\\boxed(?![A-Za-z])\s*")  # a literal start is found fast; backslashes before it are counted by hand
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_NESTED = re.compile(r"\\boxed(?![A-Za-z])")

Think = Literal["tags", "opened", "none"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the format says of a response."""

    formatted: bool
    answer: str | None
    """Content of the box, stripped; None where no answer can be read."""
    reason: Reason
    """CORRECT where formatted, else how the format is broken."""


def read_response(response: str, think: Think = "tags") -> Reading:
    """Read the boxed answer of a response and say whether, or how not, it keeps the format."""
    if think == "none":
        thought, rest, broken = "", response, None
    else:
        thought, rest, broken = _split("<think>" + response if think == "opened" else response)
    inner, inner_closed = boxes(thought)
    outer, outer_closed = boxes(rest)
    if broken is None:
        broken = _layout(inner, outer, inner_closed, outer_closed)
    contents = set(inner + outer)
    readable = inner_closed and outer_closed and len(contents) == 1 and not _NESTED.search(next(iter(contents)))
    answer = contents.pop() if readable else None
    return Reading(broken is None, answer, broken or Reason.CORRECT)


def _split(response: str) -> tuple[str, str, Reason | None]:
    """Reasoning, what follows it, and what is wrong with the tags (then all text counts as what follows)."""
    opened, closed = response.count("<think>"), response.count("</think>")
    if opened > 1 or closed > 1:
        return "", response, Reason.TWO_THINKS
    before, _, after = response.partition("<think>")
    thought, tag, rest = after.partition("</think>")
    if not opened or not tag or before.strip():
        return "", response, Reason.NO_THINK
    return thought, rest, None


def _layout(inner: list[str], outer: list[str], inner_closed: bool, outer_closed: bool) -> Reason | None:
    if inner or not inner_closed:
        return Reason.BOX_IN_THINK
    if not outer_closed:
        return Reason.BOX_NOT_CLOSED
    if not outer:
        return Reason.NO_BOX
    return Reason.TWO_BOXES if len(outer) > 1 or _NESTED.search(outer[0]) else None


def boxes(text: str) -> tuple[list[str], bool]:
    """Contents of the boxes of a text, stripped, and whether every `\\boxed` has its brace group.

    Braces nest; `\\{` and `\\}` are characters. A box inside a box is part of the outer content.
    """
    contents: list[str] = []
    position = 0
    while box := _BOX.search(text, position):
        before = text[position:box.start()]
        if (len(before) - len(before.rstrip("\\"))) % 2:  # a line break, then the word "boxed"
            position = box.end()
            continue
        end = _group_end(text, box.end())
        if end < 0:
            return contents, False
        contents.append(text[box.end() + 1:end].strip())
        position = end + 1
    return contents, True


def _group_end(text: str, start: int) -> int:
    """Index of the brace that closes the group opening at `start`; -1 where none opens or closes."""
    if not text.startswith("{", start):
        return -1
    depth = 0
    for token in _BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(token.group(), 0)
        if depth == 0:
            return token.start()
    return -1
