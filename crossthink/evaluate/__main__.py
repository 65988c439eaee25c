"""Questions to a model, every answer kept and judged: crossthink eval RECIPE --model FOLDER --output DIR [key=value]

    crossthink eval RECIPE --model FOLDER --output DIR [key=value ...]    one evaluation; a killed one goes on
    crossthink eval compare BEFORE AFTER [--output FILE]                  two finished ones over the same questions

The questions and the sampling stand in the recipe's [evaluate]. DIR gets responses.arrow (a row a response) and
summary.json. The interval of a cell is Wilson's, clustered by question where there are several answers to one.
"""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from crossthink.command import command_parser, exit_code
from crossthink.config import load_recipe
from crossthink.evaluate.compare import compare, load_evaluation
from crossthink.evaluate.run import evaluate
from crossthink.evaluate.tables import comparison_table, evaluation_table
from crossthink.files import write_json


def main(argv: Sequence[str] | None = None) -> int:
    """Command line of the evaluation; returns the exit code (0 done, 1 failed, 2 bad input)."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["compare"]:
        return _main_compare(argv[1:])
    parser = command_parser("crossthink eval", __doc__)
    parser.add_argument("recipe", help="TOML recipe")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="e.g. evaluate.samples=3 evaluate.limit=50")
    parser.add_argument("--model", required=True, help="folder with a transformers model; for an endpoint its URL")
    parser.add_argument("--output", required=True, type=Path, help="folder; an unfinished evaluation in it is resumed")
    parser.add_argument("--seen-too", action="store_true", help="score questions that the model was trained on as well")
    arguments = parser.parse_intermixed_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)

    def work() -> None:
        recipe = load_recipe(arguments.recipe, arguments.overrides)
        summary = evaluate(recipe, arguments.model, arguments.output, seen_too=arguments.seen_too)
        print(f"{summary['model']} ({summary['revision'][:12]}), {summary['tokens']} tokens in "
              f"{summary['seconds']:.0f} s\n{evaluation_table(summary)}")

    return exit_code(work, debug=arguments.debug)


def _main_compare(argv: Sequence[str]) -> int:
    parser = command_parser("crossthink eval compare", """Two finished evaluations over the same questions.

The difference is paired by question; its 95% interval is that of Agresti & Min (2005), and p is McNemar's exact test
(the exact sign test on questions where there are several answers to one).""")
    parser.add_argument("before", type=Path, help="folder of an evaluation")
    parser.add_argument("after", type=Path, help="folder of another one")
    parser.add_argument("--output", type=Path, help="JSON file to write, with examples of what flipped")
    arguments = parser.parse_args(argv)

    def work() -> None:
        comparison = compare(load_evaluation(arguments.before), load_evaluation(arguments.after))
        if arguments.output:
            write_json(arguments.output, comparison)
        print(f"{arguments.before} -> {arguments.after}\n{comparison_table(comparison)}")

    return exit_code(work, debug=arguments.debug)


if __name__ == "__main__":
    raise SystemExit(main())
