"""Held-out means held out: which questions of an evaluation stand in the data that the model was trained on."""

import logging
from collections.abc import Iterable

from crossthink.config import ConfigError
from crossthink.schema import Question, canonical_text
from crossthink.shards import Manifest, ShardError, read_questions
from crossthink.trained_on import manifest_of

log = logging.getLogger("crossthink.evaluate")


def seen(questions: Iterable[Question], manifest: Manifest) -> list[Question]:
    """The questions whose words stand in the manifest's shards, whatever the options and their order."""
    asked: dict[str, list[Question]] = {}
    for question in questions:
        asked.setdefault(canonical_text(question.question), []).append(question)
    found: dict[str, None] = {}
    for batch in read_questions(manifest).batches(("question",)):
        found.update(dict.fromkeys(text for text in map(canonical_text, batch.column(0).to_pylist()) if text in asked))
    return [question for text in found for question in asked[text]]


def refuse_seen(questions: list[Question], model: str) -> None:
    """Raise ConfigError where the model was trained on a question of the evaluation, as far as its folder says."""
    path = manifest_of(model)
    if path is None:
        return
    try:
        manifest = Manifest.load(path)
        again = seen(questions, manifest)
    except (ShardError, ValueError) as error:
        log.warning("what the model was trained on is not checked: %s", error)
        return
    if again:
        raise ConfigError(f"{len(again)} of {len(questions)} questions stand in {path}, which the model was trained "
                          f"on, the first: {again[0].question[:80]!r}: take them out, or say --seen-too to score them")
