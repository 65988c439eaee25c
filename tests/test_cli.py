"""The command line, and the demo's book-keeping."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from crossthink.cli import COMMANDS, main
from crossthink.config import ConfigError, Recipe, load_recipe
from crossthink.demo import Book, parts, run

REPO = Path(__file__).parents[1]
RECIPE = str(REPO / "recipes/demo.toml")


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = ("import sys; from crossthink.cli import main\n"
            "try: main(['--help'])\n"
            "except SystemExit as end: assert end.code == 0\n"
            "assert not {'torch', 'apache_beam', 'pyarrow'} & set(sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in COMMANDS:
        assert f"crossthink {name} " in done.stdout


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["tarin"])
    assert end.value.code == 2
    assert "invalid choice: 'tarin'" in capsys.readouterr().err


def test_a_command_whose_package_is_missing_says_what_to_install() -> None:
    pytest.importorskip("pyarrow")
    # None is what Python has in place of a package that is not installed; in a process of its own, whose modules no
    # other test sees half imported
    code = ("import sys; from crossthink.cli import main; sys.modules['apache_beam'] = None\n"
            f"sys.exit(main(['data', 'run', '--recipe', {RECIPE!r}, '--output', 'nowhere']))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: crossthink data needs the package apache_beam: pip install 'crossthink[data]'\n"


@pytest.mark.parametrize("command", ["demo", "report"])
def test_bad_input_of_a_command_is_one_line(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = {"demo": ["--output", str(tmp_path / "out"), "train.stpes=3"], "report": [str(tmp_path / "nothing")]}
    assert main([command, *arguments[command]]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [["data", "sample", "-n"], ["blend", RECIPE, "--manifest", "none", "--prompts"]])
@pytest.mark.parametrize("number", ["0", "-5", "x"])
def test_a_number_of_things_is_above_zero(words: list[str], number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*words, number])
    assert f"argument {words[-1]}: '{number}' is no whole number above zero" in capsys.readouterr().err


def finished(output: Path, recipe: Recipe) -> None:
    """A demo folder in which every part is done."""
    book = Book(output, recipe)
    for number, part in enumerate(parts(RECIPE, (), output)):
        part.leaves.parent.mkdir(parents=True, exist_ok=True)
        part.leaves.write_text("{}")
        book.finished(part.name, float(number))


def test_what_is_done_is_not_done_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = load_recipe(RECIPE)
    finished(tmp_path, recipe)
    assert run(recipe, RECIPE, (), tmp_path) == 0
    names = ["data", "training", "evaluation before", "evaluation after", "comparison"]
    assert capsys.readouterr().err.splitlines() == [
        f"-- {name}: done before, {seconds} s" for seconds, name in enumerate(names)]


def test_a_part_that_fails_ends_the_demo_and_is_not_booked(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recipe = load_recipe(RECIPE)
    finished(tmp_path, recipe)
    (tmp_path / "eval/comparison.json").unlink()
    assert run(recipe, RECIPE, (), tmp_path) == 2  # the two evaluations are no evaluations
    error = capfd.readouterr().err
    assert "-- comparison: python -m crossthink.evaluate compare " in error
    assert "error: comparison ended with 2" in error
    assert not (tmp_path / "eval/comparison.json").exists()


def test_a_folder_with_other_settings_is_refused(tmp_path: Path) -> None:
    finished(tmp_path, load_recipe(RECIPE))
    with pytest.raises(ConfigError, match=r"holds a demo of other settings \(differs in train\)"):
        Book(tmp_path, load_recipe(RECIPE, ["train.steps=3"]))
    assert json.loads((tmp_path / "demo.json").read_text())["seconds"]["comparison"] == 4.0
