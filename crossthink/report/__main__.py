"""The report of a run: python -m crossthink.report RUN [--output FILE]

One HTML file that needs no network: what was read, what was kept, what was learned, and how sure one can be of it.
Parts that the run has not reached are said in the page.
"""

from collections.abc import Sequence
from pathlib import Path

from crossthink.command import command_parser, exit_code
from crossthink.report.page import write_report


def main(argv: Sequence[str] | None = None) -> int:
    """Command line of the report; returns the exit code (0 done, 1 failed, 2 bad input)."""
    parser = command_parser("crossthink report", __doc__)
    parser.add_argument("run", type=Path, help="run folder, with data/, train/ and eval/ or some of them")
    parser.add_argument("--output", type=Path, help="HTML file; default: report.html in the run folder")
    arguments = parser.parse_args(argv)

    def work() -> None:
        print(write_report(arguments.run, arguments.output or arguments.run / "report.html"))

    return exit_code(work, debug=arguments.debug)


if __name__ == "__main__":
    raise SystemExit(main())
