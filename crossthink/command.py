"""What all commands have in common: their options for errors, and what they end with."""

import argparse
import os
import sys
from collections.abc import Callable


def command_parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """The parser of a command, with --debug."""
    parser = argparse.ArgumentParser(prog=name, description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def above_zero(text: str) -> int:
    """The type of an option that counts something. Raises what argparse shows."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above zero")
    return int(text)


def exit_code(work: Callable[[], int | None], *, debug: bool) -> int:
    """Do a command's work: 0 or what it returns; for an error one line on stderr and 2 (bad input) or 1 (it failed)."""
    try:
        return work() or 0
    except BrokenPipeError:  # whoever reads has seen enough, as `| head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, RuntimeError, OSError, ImportError) as error:
        if debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
