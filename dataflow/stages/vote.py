"""Votes: sampled solutions of a question say whether its answer is right.

Only questions that the model wrote are voted on. An imported row brings its gold, and a cloze question has it from the
text. As in the paper, the gold of a written question is the answer of the majority; where that is not the answer
that its writer took from the passage, one of the two is wrong, and the question is turned away rather than mended.
"""

from dataclasses import replace
from typing import Any

import apache_beam as beam
from crossthink.dataflow.llm.ask import Model, model_of
from crossthink.dataflow.llm.solve import equivalent, read_answer, solution_requests
from crossthink.dataflow.stages.stage import BatchStage, Rejected, StageResult, keep

from crossthink.config import Recipe
from crossthink.engine import Completion, Sampling
from crossthink.schema import Question, Votes
from crossthink.verify import check_answer

BATCH = 64
"""Questions whose solutions run together."""
TEMPERATURE = 0.3
"""Cool: at 0.7 the solutions of a model with 135M parameters are noise, and no two of them agree."""


class Vote(beam.PTransform):
    """Questions to Outputs of questions with their votes; `output` is the folder with the store of calls."""

    def __init__(self, recipe: Recipe, output: str) -> None:
        super().__init__("vote")
        self._recipe, self._output = recipe, output

    def expand(self, questions: Any) -> Any:
        solve = _Solve(self._recipe, model_of(self._recipe, self._output))
        return questions | "vote" >> BatchStage("vote", solve, BATCH)


class _Solve:
    """Asks for the solutions of a batch of questions and counts their votes."""

    def __init__(self, recipe: Recipe, model: Model) -> None:
        self._model, self._seed, self._samples = model, recipe.run.seed, recipe.data.vote_samples
        self._least = recipe.data.vote_min
        self._sampling = Sampling(max_tokens=recipe.data.vote_max_tokens, temperature=TEMPERATURE)

    def __call__(self, questions: list[Question]) -> list[StageResult]:
        """One result for each question."""
        requests = [solution_requests(self._model, question, self._sampling, stage="vote", seed=self._seed,
                                      samples=self._samples) if question.lineage.synthesizer == "llm" else None
                    for question in questions]
        asked = [request for some in requests for request in some or ()]
        answers = iter(self._model.ask("vote", asked))
        results: list[StageResult] = []
        for question, some in zip(questions, requests, strict=True):
            if some is None:
                results.append(keep(question))
            elif not some:
                results.append(Rejected("prompt_too_long", f"{len(question.question)} characters"))
            else:
                results.append(decide(question, [next(answers) for _ in some], self._least))
        return results


def decide(question: Question, solutions: list[Completion], least: int) -> StageResult:
    """The question with its votes, or why they do not carry its answer.

    The majority is the largest set of equivalent answers: it needs `least` votes, and more than any other set.
    """
    found = [answer for answer in (read_answer(question, solution) for solution in solutions) if answer is not None]
    groups = equivalent(question, found)
    shown = " | ".join(f"{len(group)} x {found[group[0]]}" for group in groups)
    if not groups:
        return Rejected("no_readable_vote", f"of {len(solutions)} solutions")
    winner = len(groups[0])
    if winner < least or (len(groups) > 1 and len(groups[1]) == winner):
        return Rejected("no_majority", shown)
    if not check_answer(question, found[groups[0][0]]).correct:
        return Rejected("disagrees", f"written {question.answer}; votes {shown}")
    votes = Votes(winner=winner, cast=len(found), invalid=len(solutions) - len(found), agrees=True)
    return keep(replace(question, votes=votes))
