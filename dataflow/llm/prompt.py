"""Prompt files: versioned texts beside this module, each named in the lineage by the hash of its content."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt with places for values, written as {name}; every other brace is a character."""

    text: str

    @property
    def hash(self) -> str:
        """32 hex digits over the text."""
        return hashlib.blake2b(self.text.encode(), digest_size=16).hexdigest()

    def fill(self, **values: str) -> str:
        """The text with its values in place; what looks like a place inside a value is left alone."""
        return re.sub("|".join(rf"\{{{name}\}}" for name in values), lambda found: values[found[0][1:-1]], self.text)


@cache
def load_prompt(name: str) -> Prompt:
    """The prompt of a file in prompts/, without the white space at its ends."""
    file = resources.files("crossthink.dataflow.llm") / "prompts" / f"{name}.txt"
    return Prompt(file.read_text(encoding="utf-8").strip())
