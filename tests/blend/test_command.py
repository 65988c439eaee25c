"""crossthink blend: the table's figures, worked out by hand, and the picture."""

from pathlib import Path

import pytest

from crossthink.blend.__main__ import main
from crossthink.shards import Manifest

RECIPE = """
[run]
name = "t"
[model]
path = "m"
[rollout]
prompts = 3
[train]
steps = 4
"""


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    return str(path)


def test_shares_and_epochs(recipe: str, manifest: Manifest, capsys: pytest.CaptureFixture[str]) -> None:
    """12 prompts at 2:1: eight of seven gpr rows, four of four of mathematics.

    Source a holds 5 of the 7 gpr rows, so 2/3 * 5/7 = 47.6% are declared for it, and 19.0% for b.
    """
    assert main([recipe, "--manifest", str(manifest.path)]) == 0
    said = capsys.readouterr().out
    lines = [line.split() for line in said.splitlines()]
    assert "12 prompts from 11 rows; 1 of them had been drawn before" in said
    by_name = {words[0]: words for words in lines if len(words) > 4 and words[1].endswith("%")}
    assert by_name["a"][1] == "47.6%"
    assert by_name["b"][1] == "19.0%"
    assert by_name["s"][1:5] == ["33.3%", "33.3%", "4", "1.00"]
    assert by_name["open"][1:5] == ["100.0%", "100.0%", "11", "1.09"]
    assert by_name["unmeasured"][3] == "11"


def test_an_early_end_is_said(recipe: str, manifest: Manifest, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([recipe, "--manifest", str(manifest.path), 'blend.when_exhausted="stop"']) == 0
    assert 'the stream ends 1 prompts early (blend.when_exhausted = "stop")' in capsys.readouterr().out


def test_the_picture_is_drawn(recipe: str, manifest: Manifest, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "out" / "blend.svg"
    assert main([recipe, "--manifest", str(manifest.path), "--prompts", "6", "--picture", str(picture)]) == 0
    text = picture.read_text()
    assert text.startswith("<?xml")
    assert "difficulty" in text


def test_a_missing_manifest_is_one_line(recipe: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([recipe, "--manifest", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path}/none: no manifest here (No such file or directory): " \
                                      "run the data line first\n"
