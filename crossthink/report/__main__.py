"""The report of a run: python -m crossthink.report RUN [--output FILE]

One HTML file that needs no network: what was read, what was kept, what was learned, and how sure one can be of it.
Parts that the run has not reached are said in the page.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from crossthink.report.page import write_report


def main(argv: Sequence[str] | None = None) -> int:
    """Command line of the report; returns the exit code (0 done, 1 failed, 2 bad input)."""
    parser = argparse.ArgumentParser(prog="crossthink.report", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="run folder, with data/, train/ and eval/ or some of them")
    parser.add_argument("--output", type=Path, help="HTML file; default: report.html in the run folder")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    arguments = parser.parse_args(argv)
    try:
        page = write_report(arguments.run, arguments.output or arguments.run / "report.html")
    except (ValueError, RuntimeError, OSError) as error:
        if arguments.debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
    print(page)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
