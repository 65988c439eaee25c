"""crossthink: one command for each room of the house.

    crossthink demo                          the whole line on a small machine, from a crawl to a better model
    crossthink data JOB --recipe R ...       Beam jobs: extract, import, synthesize, curate, score, run
    crossthink data stats|why|trace|sample   what a job left: the funnel, one record's way, dropped ones to read
    crossthink data export DIR ...           a finished folder in another format: Parquet, Arrow with zstd
    crossthink blend R --manifest M ...      what the recipe's blend draws, declared and realised
    crossthink train R --manifest M ...      GRPO in this process; on several: torchrun -m crossthink.train R ...
    crossthink eval R --model DIR ...        answers to held-out questions; `crossthink eval compare A B`
    crossthink report RUN                    one HTML page of a run

`crossthink COMMAND --help` tells the options of each.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from crossthink import __version__

COMMANDS = {
    "demo": "crossthink.demo",
    "data": "crossthink.dataflow.__main__",
    "blend": "crossthink.blend.__main__",
    "train": "crossthink.train",
    "eval": "crossthink.evaluate.__main__",
    "report": "crossthink.report.__main__",
}
"""The module of each command: its `main(argv)` gives the exit code. Imported only when asked for: `--help` is quick,
and a data worker needs no torch."""
EXTRAS = {"demo": "data,train,eval", "data": "data", "blend": "eval", "train": "train", "eval": "eval",
          "report": "eval"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. Returns its exit code: 0 done, 1 failed, 2 bad input."""
    parser = argparse.ArgumentParser(prog="crossthink", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"crossthink {__version__}")
    parser.add_argument("command", choices=tuple(COMMANDS), metavar="COMMAND", help=", ".join(COMMANDS))
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="the command's own")
    arguments = parser.parse_args(argv)
    try:
        code: int = import_module(COMMANDS[arguments.command]).main(arguments.arguments)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("crossthink"):
            raise
        print(f"error: crossthink {arguments.command} needs the package {error.name}: "
              f"pip install 'crossthink[{EXTRAS[arguments.command]}]'", file=sys.stderr)
        return 2
    return code


if __name__ == "__main__":
    raise SystemExit(main())
