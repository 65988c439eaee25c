"""A question that the model was trained on is no held-out question."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from crossthink.config import ConfigError
from crossthink.evaluate.seen import log, refuse_seen, seen
from crossthink.schema import Question
from crossthink.shards import Manifest
from crossthink.trained_on import manifest_of, write_note

Make = Callable[..., Question]


@pytest.fixture
def manifest(make_question: Make, write_manifest: Callable[..., Path]) -> Manifest:
    return Manifest.load(write_manifest([make_question("What is 2 + 2?"), make_question("What is 2 + 3?", answer="5")]))


def test_words_count_whatever_their_dress_and_options(make_question: Make, manifest: Manifest) -> None:
    same = make_question("what  is 2 + 2?")
    choice = make_question("What is 2 + 2?", options=("3", "4"))
    other = make_question("What is 2 + 4?", answer="6")
    assert seen([same, choice, other], manifest) == [same, choice]


def test_an_evaluation_of_what_was_trained_on_is_refused(make_question: Make, manifest: Manifest, tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "run" / "final"
    held_out = [make_question("What is 2 + 4?", answer="6")]
    refuse_seen([make_question("What is 2 + 2?")], str(model))  # a folder without a note: nothing is known
    write_note(model, manifest)
    assert manifest_of(model) == manifest.path
    refuse_seen(held_out, str(model))
    with pytest.raises(ConfigError, match=r"1 of 2 questions stand in .*manifest\.json, which the model was trained "
                                          r"on, the first: 'What is 2 \+ 3\?': take them out, or say --seen-too"):
        refuse_seen([*held_out, replace(make_question("What is 2 + 3?", answer="5"), id="x")], str(model))
    (manifest.path.parent / manifest.files[0].file).unlink()
    said: list[str] = []
    monkeypatch.setattr(log, "warning", lambda text, *values: said.append(text % values))
    refuse_seen([make_question("What is 2 + 2?")], str(model))
    assert len(said) == 1
    assert said[0].startswith("what the model was trained on is not checked: ")
