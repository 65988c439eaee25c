"""python -m crossthink.dataflow JOB --recipe recipes/x.toml --output DIR [section.key=value ...] [Beam's options]

`export DIR --format F --output DIR2` is no job: it writes a finished folder in another format.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from importlib import import_module

LOOKS = ("stats", "why", "trace", "sample")
"""Commands that look at what a job left: a module each in look/, with neither Beam nor a recipe."""


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and run the job, look at what one left, or export it. Returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    logging.getLogger().setLevel(logging.ERROR)  # before Beam is imported, which warns of clouds that are not there
    if words[:1] == ["export"]:
        from crossthink.dataflow.sinks.export import main as export

        return export(words[1:])
    if words and words[0] in LOOKS:
        code: int = import_module(f"crossthink.dataflow.look.{words[0]}").main(words[1:])
        return code
    from crossthink.dataflow.jobs import run_job
    from crossthink.dataflow.options import JOBS

    from crossthink.config import ConfigError, load_recipe

    parser = argparse.ArgumentParser(
        prog="crossthink data",
        description="The data line: a crawl and question files in, verifiable questions in Arrow shards out.",
        epilog="Options of the recipe are set as section.key=value. What else begins with -- goes to Beam, as "
               "--runner=FlinkRunner, or --direct_num_workers=2 --direct_running_mode=multi_processing. "
               "To look at what a job left: stats [DIR], why ID [DIR], trace ID [DIR], sample --reason R [DIR]; "
               "each has its own --help.")
    parser.add_argument("job", choices=JOBS, help="run does all of the others' work; alone, each reads what the one "
                                                  "before left in the output folder (export: see export --help)")
    parser.add_argument("--recipe", required=True, help="TOML file")
    parser.add_argument("--output", required=True, help="folder of the run")
    parser.add_argument("--dry-run", action="store_true",
                        help="tell from a sample how many rows and bytes the job would leave, and in what time")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    args, rest = parser.parse_known_args(words)
    overrides = [word for word in rest if not word.startswith("-") and "=" in word]
    try:
        recipe = load_recipe(args.recipe, overrides)
    except ConfigError as error:
        if args.debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2
    beam_args = [word for word in rest if word not in overrides]
    return run_job(args.job, recipe, args.output, beam_args, debug=args.debug, dry=args.dry_run)


if __name__ == "__main__":
    sys.exit(main())
