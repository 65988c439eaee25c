"""The blend: a seeded, resumable stream of prompts in declared shares.

Turns (turns.py) go to parts (parts.py); the rows of a part come in a seeded order (order.py) that is drawn anew each
epoch. With balanced letters the golds of multiple choice stand at A, B, C, D in turn. So the stream depends on
(seed, data, weights) alone, never on the number of ranks.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from crossthink.blend.epoch import Epoch
from crossthink.blend.parts import Parts, Rows
from crossthink.blend.turns import Turns
from crossthink.config import BlendConfig, ConfigError
from crossthink.schema import Question
from crossthink.shards import Manifest, Questions, read_questions
from crossthink.templates import move_gold

LETTERS = 4
"""Places that balanced golds take in turn."""


class Blend:
    """Draws questions of a manifest in the shares of a recipe's [blend].

    Raises ConfigError where a part with a weight has no rows.
    """

    def __init__(self, config: BlendConfig, manifest: Manifest, seed: int) -> None:
        self._config, self._manifest, self._seed = config, manifest, seed
        self._questions: Questions = read_questions(manifest)
        self._parts = Parts(self._questions, config)
        self.weights = _weights(config, self._parts.sizes, manifest)
        self._turns = Turns(self.weights)
        self._epochs = {name: Epoch(name, self._parts.sizes[name], seed) for name in self._turns.shares}
        self._choices = 0

    def rows(self) -> dict[str, int]:
        """Number of rows of each part, those without a weight too."""
        return dict(self._parts.sizes)

    def members(self, part: str, size: int) -> Iterator[Rows]:
        """Row numbers of a part, so many at a time."""
        return self._parts.blocks(part, size)

    def columns(self, rows: Rows, names: Sequence[str]) -> pa.Table:
        """Some columns of some rows."""
        return self._questions.take(rows, names)

    @property
    def repeats(self) -> int:
        """Prompts drawn so far that had been drawn before."""
        return sum(epoch.repeats for epoch in self._epochs.values())

    def take(self, n: int) -> list[Question]:
        """The next n questions of the stream; fewer where it ends (`when_exhausted` "stop" or "reweigh")."""
        return [self._lettered(self._questions[row]) for _, row in self.draw(n)]

    def draw(self, n: int) -> list[tuple[str, int]]:
        """Part and row number of the next n prompts, without their questions; fewer where the stream ends."""
        drawn: list[tuple[str, int]] = []
        while len(drawn) < n and self._turns.shares:
            part = self._turns.next()
            epoch = self._epochs[part]
            if epoch.ended and self._config.when_exhausted != "repeat":
                self._without_ended()
            else:
                drawn.append((part, self._parts.row(part, epoch.next())))
        return drawn

    def _without_ended(self) -> None:
        """A part's turn came and its rows are all drawn: the stream ends, or goes on with the others."""
        left = () if self._config.when_exhausted == "stop" else [
            name for name, epoch in self._epochs.items() if not epoch.ended]
        self._turns = Turns({name: self.weights[name] for name in left})

    def _lettered(self, question: Question) -> Question:
        if self._config.letters != "balanced" or not question.options:
            return question
        self._choices += 1
        return move_gold(question, (self._choices - 1) % LETTERS)

    def state_dict(self) -> dict[str, Any]:
        """Where the stream stands."""
        return {"seed": self._seed, "files": len(self._manifest.files), "data": self._manifest.digest,
                "turns": dict(self._turns.had), "choices": self._choices,
                "parts": {name: epoch.state_dict() for name, epoch in self._epochs.items()}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state`, also where shards were added behind those that it knew.

        Raises ConfigError where it belongs to other data, another seed or other parts.
        """
        found = {"seed": state["seed"], "data": state["data"], "parts": sorted(state["parts"])}
        expected = {"seed": self._seed, "data": self._manifest.digest_of(state["files"]), "parts": sorted(self._epochs)}
        if found != expected:
            raise ConfigError(f"the checkpoint's blend is of another run: {found}, not {expected}")
        for name, epoch in self._epochs.items():
            epoch.load_state_dict(state["parts"][name])
        self._turns = Turns({name: self.weights[name] for name in state["turns"]})
        if self._config.by != "size" or state["files"] == len(self._manifest.files):
            self._turns.resume(state["turns"])  # otherwise the sizes' shares are new ones, and count from here
        self._choices = state["choices"]


def _weights(config: BlendConfig, sizes: dict[str, int], manifest: Manifest) -> dict[str, float]:
    """Share of each part. Raises ConfigError where a part with a share has no rows."""
    if not sizes:
        raise ConfigError(f"{manifest.path}: no row has a pass rate in {config.pass_rate}")
    given = dict(sizes) if config.by == "size" else config.scores or config.weights
    total = sum(given.values())
    weights = {name: value / total for name, value in given.items()}
    for name, weight in weights.items():
        if weight > 0 and not sizes.get(name):
            raise ConfigError(f"blend.weights: {config.by} {name!r} has a share of {weight:.3g} but no rows in "
                              f"{manifest.path}; it has {', '.join(sizes)}")
    return weights
