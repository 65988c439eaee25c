"""What a recipe's blend draws from the shards: declared and realised shares, and how often rows come again.

Prints a table each by source, domain, format and difficulty. --picture draws them.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from crossthink.blend.blend import Blend
from crossthink.blend.shares import Share, shares
from crossthink.command import above_zero, command_parser, exit_code
from crossthink.config import Recipe, load_recipe
from crossthink.shards import Manifest

_BAR = 24


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = command_parser("crossthink blend", __doc__)
    parser.add_argument("recipe")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="e.g. blend.by=source")
    parser.add_argument("--manifest", required=True, help="manifest.json of the data, or its folder")
    parser.add_argument("--prompts", type=above_zero, help="prompts to draw; default: train.steps * rollout.prompts")
    parser.add_argument("--picture", type=Path, help="file to draw the shares into: .svg, .png, .pdf")
    arguments = parser.parse_intermixed_args(argv)
    return exit_code(lambda: _show(arguments), debug=arguments.debug)


def _show(arguments: argparse.Namespace) -> None:
    recipe = load_recipe(arguments.recipe, arguments.overrides)
    manifest = Manifest.load(arguments.manifest)
    manifest.verify()
    asked = recipe.train.steps * recipe.rollout.prompts if arguments.prompts is None else arguments.prompts
    blend = Blend(recipe.blend, manifest, recipe.run.seed)
    drawn = [row for _, row in blend.draw(asked)]
    found = shares(blend, drawn)
    print(_head(recipe, blend, asked, len(drawn)))
    for kind, rows in found.items():
        print("\n" + _table(kind, rows, len(drawn)))
    if arguments.picture:
        from crossthink.blend.picture import draw

        draw(found, len(drawn), arguments.picture)
        print(f"\n{arguments.picture}")


def _head(recipe: Recipe, blend: Blend, asked: int, drawn: int) -> str:
    weights = ", ".join(f"{name} {weight:.4g}" for name, weight in blend.weights.items())
    lines = [f"by {recipe.blend.by}: {weights}",
             f"{drawn} prompts from {sum(blend.rows().values())} rows; {blend.repeats} of them had been drawn before"]
    if drawn < asked:
        lines.append(f"the stream ends {asked - drawn} prompts early (blend.when_exhausted = "
                     f'"{recipe.blend.when_exhausted}")')
    return "\n".join(lines)


def _table(kind: str, rows: Sequence[Share], prompts: int) -> str:
    width = max(len(kind), *(len(row.name) for row in rows))
    lines = [f"{kind:{width}}  declared  realised     rows  epochs"]
    lines += [f"{row.name or '-':{width}}  {row.declared:8.1%}  {row.realised(prompts):8.1%}  {row.rows:7d}  "
              f"{row.epochs:6.2f}  {'#' * round(_BAR * row.realised(prompts))}" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
