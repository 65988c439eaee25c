"""The whole line with one command: data, training, evaluation before and after, and the page that shows it.

Every part is a command of its own, printed before it runs, so that a reader can run it again by hand. A part that has
finished is not done twice: after a kill the demo goes on where it was.
"""

import json
import os
import resource
import shlex
import subprocess
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from crossthink.command import command_parser, exit_code
from crossthink.config import ConfigError, Recipe, load_recipe
from crossthink.files import write_json

_TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc-per-node=1", "-m")


class Part(NamedTuple):
    """One command of the demo and the file that it leaves last."""

    name: str
    module: tuple[str, ...]
    arguments: tuple[str, ...]
    leaves: Path


def parts(recipe: str, overrides: Sequence[str], output: Path) -> list[Part]:
    """The commands of the demo, in their order."""
    train, evaluation = output / "train", output / "eval"
    said = tuple(overrides)
    manifest = output / "data" / "manifest.json"

    def evaluate(name: str, model: Path) -> Part:
        return Part(f"evaluation {name}", ("crossthink.evaluate",),
                    (recipe, *said, "--model", str(model), "--output", str(evaluation / name)),
                    evaluation / name / "summary.json")

    return [
        Part("data", ("crossthink.dataflow",), ("run", "--recipe", recipe, "--output", str(output), *said), manifest),
        Part("training", (*_TORCHRUN, "crossthink.train"),
             (recipe, *said, "--manifest", str(manifest), "--output", str(train)), train / "final" / "config.json"),
        evaluate("before", train / "cold"),
        evaluate("after", train / "final"),
        Part("comparison", ("crossthink.evaluate",),
             ("compare", str(evaluation / "before"), str(evaluation / "after"), "--output",
              str(evaluation / "comparison.json")), evaluation / "comparison.json"),
    ]


def run(recipe: Recipe, path: str, overrides: Sequence[str], output: Path) -> int:
    """Run every part that has not finished. Returns the exit code of the first that failed, 0 where none did.

    Raises ConfigError where the recipe is none for a demo, or the folder holds a demo of other settings.
    """
    if not recipe.cold_start.epochs:
        raise ConfigError(f"{path}: cold_start.epochs = 0: the demo compares with the cold start's model: "
                          "set it above 0")
    book = Book(output, recipe)
    for part in parts(path, overrides, output):
        if part.leaves.exists() and part.name in book.seconds:
            print(f"-- {part.name}: done before, {book.seconds[part.name]:.0f} s", file=sys.stderr)
            continue
        command = [sys.executable, "-m", *part.module, *part.arguments]
        print(f"-- {part.name}: {shlex.join(['python', *command[1:]])}", file=sys.stderr, flush=True)
        started = perf_counter()
        done = subprocess.run(command, check=False)
        if done.returncode:
            print(f"error: {part.name} ended with {done.returncode}; its own message stands above. "
                  "Run the demo again to go on from here", file=sys.stderr)
            return 1 if done.returncode < 0 else done.returncode
        book.finished(part.name, perf_counter() - started)
    return 0


class Book:
    """`demo.json`: the settings of a demo, the seconds of its finished parts, and the memory of its largest process."""

    def __init__(self, output: Path, recipe: Recipe) -> None:
        self._path = output / "demo.json"
        self._recipe = json.loads(json.dumps(asdict(recipe)))
        before = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else {}
        if before.get("recipe", self._recipe) != self._recipe:
            differing = sorted(key for key in self._recipe if before["recipe"].get(key) != self._recipe[key])
            raise ConfigError(f"{output}: holds a demo of other settings (differs in {', '.join(differing)}): "
                              "choose another --output or remove the folder")
        self.seconds: dict[str, float] = before.get("seconds", {})
        self._peak: int = before.get("peak_rss_bytes", 0)

    def finished(self, name: str, seconds: float) -> None:
        """Note that a part is done."""
        self.seconds[name] = seconds
        kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # of the largest of all parts' processes so far
        self._peak = max(self._peak, kib * 1024)
        write_json(self._path, {"recipe": self._recipe, "seconds": self.seconds, "peak_rss_bytes": self._peak})


def main(argv: Sequence[str] | None = None) -> int:
    """Command line of the demo; returns the exit code (0 done, 1 failed, 2 bad input)."""
    parser = command_parser("crossthink demo", __doc__)
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="e.g. train.steps=5 data.vote_samples=0")
    parser.add_argument("--recipe", default="recipes/demo.toml", help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=Path("runs/demo"), help="run folder; default: %(default)s")
    parser.add_argument("--no-open", action="store_true", help="do not show the page when it is ready")
    arguments = parser.parse_intermixed_args(argv)

    def work() -> int:
        recipe = load_recipe(arguments.recipe, arguments.overrides)
        if code := run(recipe, arguments.recipe, arguments.overrides, arguments.output):
            return code
        from crossthink.report import write_report

        page = write_report(arguments.output, arguments.output / "report.html")
        print(f"the result: {page}")
        if not arguments.no_open and sys.stdout.isatty() and _has_screen():
            webbrowser.open(page.resolve().as_uri())
        return 0

    return exit_code(work, debug=arguments.debug)


def _has_screen() -> bool:
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


if __name__ == "__main__":
    raise SystemExit(main())
