"""Difficulty: how many of n sampled solutions of the policy model are right, with the 95% Wilson interval.

Solutions are sampled as rollouts are (temperature, top-p), but their answers are read as votes are: what is measured
is whether the model finds the answer, not whether it has been taught the response format. With
data.difficulty_limit only that many questions are measured, the first in the order of a hash of their ids.
"""

import json
from dataclasses import replace
from typing import Any

import apache_beam as beam
from crossthink.dataflow.llm.ask import Model, model_of
from crossthink.dataflow.llm.solve import prompt_of, read_answer, solution_requests
from crossthink.dataflow.stages.sample import END, cutoff, place
from crossthink.dataflow.stages.stage import BatchStage, StageResult, keep

from crossthink.config import Recipe
from crossthink.engine import Completion, Request, Sampling
from crossthink.intervals import wilson
from crossthink.schema import Difficulty, Question
from crossthink.verify import check_answer

BATCH = 512
"""Questions that a worker takes at once; those of them that are measured run together."""


class Score(beam.PTransform):
    """Questions to Outputs of questions with their difficulty; `output` is the folder with the store of calls.

    A question that is not measured, or whose prompt does not fit the model, is kept without a difficulty.
    """

    def __init__(self, recipe: Recipe, output: str) -> None:
        super().__init__("score")
        self._recipe, self._output = recipe, output

    def expand(self, questions: Any) -> Any:
        limit, salt = self._recipe.data.difficulty_limit, f"{self._recipe.run.seed}\x1fdifficulty"
        measure = _Measure(self._recipe, model_of(self._recipe, self._output), salt)
        below = cutoff("measured", questions, limit, salt) if limit else END
        return questions | "difficulty" >> BatchStage("difficulty", measure, BATCH, below)


class _Measure:
    """Asks for the solutions of a batch of questions and counts the right ones."""

    def __init__(self, recipe: Recipe, model: Model, salt: str) -> None:
        self._model, self._seed, self._salt = model, recipe.run.seed, salt
        self._attempts = recipe.data.difficulty_attempts
        self._sampling = Sampling(max_tokens=recipe.data.difficulty_max_tokens,
                                  temperature=recipe.rollout.temperature, top_p=recipe.rollout.top_p)

    def __call__(self, questions: list[Question], cutoff: int) -> list[StageResult]:
        """One result for each question, all of them kept."""
        requests = [self._requests(question) if place(question.id, self._salt) < cutoff else []
                    for question in questions]
        answers = iter(self._model.ask("difficulty", [request for some in requests for request in some]))
        results: list[StageResult] = []
        for question, some in zip(questions, requests, strict=True):
            solutions = [next(answers) for _ in some]
            results.append(keep(replace(question, difficulty=self._difficulty(question, solutions)) if some
                                else question))
        return results

    def _requests(self, question: Question) -> list[Request]:
        return solution_requests(self._model, question, self._sampling, stage="difficulty", seed=self._seed,
                                 samples=self._attempts)

    def _difficulty(self, question: Question, solutions: list[Completion]) -> Difficulty:
        passes = sum(is_right(question, solution) for solution in solutions)
        low, high = wilson(passes / len(solutions), len(solutions))
        sampling = self._sampling
        said = {"max_tokens": sampling.max_tokens, "prompt": prompt_of(question).hash,
                "temperature": sampling.temperature, "top_p": sampling.top_p}
        return Difficulty(passes=passes, attempts=len(solutions), low=low, high=high, model=self._model.name,
                          revision=self._model.revision, sampling=json.dumps(said, sort_keys=True))


def is_right(question: Question, solution: Completion) -> bool:
    """Whether a solution's answer can be read and is the gold."""
    answer = read_answer(question, solution)
    return answer is not None and check_answer(question, answer).correct
