"""The blend: a seeded, resumable stream of prompts in declared shares.

Prompt t goes to the part that is furthest behind its share; inside a part the rows come in a seeded order that is drawn
anew each epoch. With balanced letters the golds of multiple choice stand at A, B, C, D in turn. So the stream depends
on (seed, data, weights) alone, never on the number of ranks.
"""

import hashlib
from typing import Any

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
        self._questions: Questions = read_questions(manifest)
        self._ids: list[str] = self._questions.column("id")
        self._seed = seed
        self._digest = manifest.digest
        self._parts = self._members(config, str(manifest.path))
        total = sum(len(rows) for rows in self._parts.values())
        self.weights = config.weights if config.by != "size" else {
            name: len(rows) / total for name, rows in self._parts.items()}
        for name, weight in self.weights.items():
            if weight > 0 and not self._parts.get(name):
                raise ConfigError(f"blend.weights: {config.by} {name!r} has a share of {weight:.3g} but no rows in "
                                  f"{manifest.path}; it has {', '.join(sorted(self._parts))}")
        self._drawn = dict.fromkeys(self.weights, 0)
        self._balanced = config.letters == "balanced"
        self._choices = 0
        self._orders: dict[str, tuple[int, list[int]]] = {}

    def _members(self, config: BlendConfig, where: str) -> dict[str, list[int]]:
        """Row numbers of each part, after the pass-rate filter."""
        column = self._questions.column("source" if config.by == "size" else config.by)
        difficulty = self._questions.column("difficulty")
        low, high = config.pass_rate
        parts: dict[str, list[int]] = {}
        for row, (name, measured) in enumerate(zip(column, difficulty, strict=True)):
            rate = measured["passes"] / measured["attempts"] if measured and measured["attempts"] else None
            if rate is None or low <= rate <= high:
                parts.setdefault(name, []).append(row)
        if not parts:
            raise ConfigError(f"{where}: no row has a pass rate in {config.pass_rate}")
        return parts

    def rows(self) -> dict[str, int]:
        """Number of rows of each part."""
        return {name: len(rows) for name, rows in sorted(self._parts.items())}

    def take(self, n: int) -> list[Question]:
        """The next n questions of the stream."""
        return [self._lettered(self._questions[self._next()]) for _ in range(n)]

    def _lettered(self, question: Question) -> Question:
        if not self._balanced or not question.options:
            return question
        self._choices += 1
        return move_gold(question, (self._choices - 1) % LETTERS)

    def _next(self) -> int:
        total = sum(self._drawn.values()) + 1
        name = max(self._drawn, key=lambda part: self.weights[part] * total - self._drawn[part])
        epoch, position = divmod(self._drawn[name], len(self._parts[name]))
        self._drawn[name] += 1
        if self._orders.get(name, (-1, []))[0] != epoch:
            self._orders[name] = (epoch, self._order(name, epoch))
        return self._orders[name][1][position]

    def _order(self, name: str, epoch: int) -> list[int]:
        def key(row: int) -> bytes:
            return hashlib.blake2b(f"{self._seed}\x1fblend\x1f{self._ids[row]}\x1f{epoch}".encode()).digest()

        return sorted(self._parts[name], key=key)

    def state_dict(self) -> dict[str, Any]:
        """Where the stream stands."""
        return {"seed": self._seed, "data": self._digest, "drawn": dict(self._drawn),
                "choices": self._choices}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state`. Raises ConfigError where it belongs to other data, another seed or other parts."""
        found = {"seed": state["seed"], "data": state["data"], "parts": sorted(state["drawn"])}
        expected = {"seed": self._seed, "data": self._digest, "parts": sorted(self._drawn)}
        if found != expected:
            raise ConfigError(f"the checkpoint's blend is of another run: {found}, not {expected}")
        self._drawn, self._choices = dict(state["drawn"]), state["choices"]
