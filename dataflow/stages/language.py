"""The language of a document, by py3langid's model (it ships in the package, 97 languages)."""

from dataclasses import replace
from typing import Any

from crossthink.dataflow.once import once
from crossthink.dataflow.records import Document
from crossthink.dataflow.stages.stage import Rejected, StageResult, keep

READ_CHARACTERS = 2000
"""From the middle of the text: its ends often carry menus and addresses."""


@once
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


def language_of(text: str) -> str:
    """ISO 639-1 code of the most likely language."""
    start = max(0, (len(text) - READ_CHARACTERS) // 2)
    return str(_identifier().classify(text[start:start + READ_CHARACTERS])[0])


def identify(document: Document, languages: tuple[str, ...]) -> StageResult:
    """The document with its language, or a reject where it is none of `languages`; empty takes all."""
    found = language_of(document.text)
    if languages and found not in languages:
        return Rejected("other_language", found)
    return keep(replace(document, language=found))
