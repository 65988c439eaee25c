"""One process of the pool (`python -m`): reads [gold, answer, limit] as JSON lines, writes one Reason a line."""

import json
import logging
import os
import resource
import signal
import sys
from typing import Any

from math_verify import LatexExtractionConfig, parse, verify

from crossthink.schema import Reason

MEMORY_BYTES = 4 * 2**30
"""Address space: a tower of powers fills memory faster than it fills the time limit."""


def read(text: str) -> list[Any]:
    """The expression that the whole text is, as a list of at most one; math-verify's search inside prose stays off."""
    config = [LatexExtractionConfig(boxed_match_priority=0)]
    found = parse(f"\\boxed{{{text}}}", config, fallback_mode="no_fallback", extraction_mode="first_match",
                  parsing_timeout=None)
    return list(found)


def compare(gold: str, answer: str) -> Reason:
    """CORRECT, WRONG, or which of the two cannot be read."""
    try:
        wanted, found = read(gold), read(answer)
        if not found:
            return Reason.PARSE_FAILURE
        if not wanted:
            return Reason.BAD_GOLD
        return Reason.CORRECT if verify(wanted, found, timeout_seconds=None) else Reason.WRONG
    except (Exception, RecursionError, MemoryError):  # the libraries below raise whatever they meet
        return Reason.PARSE_FAILURE


def main() -> None:
    """Serve until the input ends."""
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is the parent's to handle; it kills us
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process even where the parent is gone
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the libraries print must not look like an answer
    compare(r"\sqrt{2}", r"\frac{2}{\sqrt{2}}")  # the first parse builds tables: no answer's limit should pay for that
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        gold, answer, limit = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, 2 * limit + 1)
        reason = compare(gold, answer)
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(reason.value, file=answers, flush=True)


if __name__ == "__main__":
    main()
