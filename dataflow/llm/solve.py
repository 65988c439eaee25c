"""Sampled solutions of a question, as votes and difficulty need them: a line of reasoning, then an answer.

The answer comes as JSON that follows a schema, not in a box: what is asked here is whether a model finds the answer,
and a small model that has not been taught the response format would give no vote at all. The answer of a
multiple-choice question is one of its options' texts, so that every finished solution can be read.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

from crossthink.dataflow.llm.ask import Model
from crossthink.dataflow.llm.prompt import Prompt, load_prompt

from crossthink.engine import Completion, Request, Sampling, chat_ids
from crossthink.schema import LABELS, Question, derive_seed
from crossthink.verify import check_answer
from crossthink.verify.choice import named_option

REASONING_CHARACTERS = 160
ANSWER_CHARACTERS = 80


def prompt_of(question: Question) -> Prompt:
    """The prompt that asks for a solution: one for multiple choice, one for open-ended questions."""
    return load_prompt("solve-mcq" if question.options else "solve-open")


def solution_requests(model: Model, question: Question, sampling: Sampling, *, stage: str, seed: int,
                      samples: int) -> list[Request]:
    """Requests for `samples` solutions, each with a seed of its own; none where the prompt leaves no room."""
    options = "\n".join(f"- {option}" for option in question.options)
    prompt = chat_ids(model.tokenizer, prompt_of(question).fill(question=question.question, options=options))
    if not model.has_room(prompt, sampling.max_tokens):
        return []
    schema = json.dumps(_schema(question))
    return [Request(prompt_ids=prompt, sampling=replace(sampling, json_schema=schema,
                                                        seed=derive_seed(seed, stage, question.id, attempt)))
            for attempt in range(samples)]


def read_answer(question: Question, completion: Completion) -> str | None:
    """The answer of a solution; None where there is none that the verifier could compare with."""
    try:
        found = json.loads(completion.text)
    except (ValueError, RecursionError):
        return None
    answer = found.get("answer") if isinstance(found, dict) else None
    if not isinstance(answer, str):
        return None
    claimed = with_gold(question, answer)
    return answer if claimed is not None and check_answer(claimed, answer).correct else None


def with_gold(question: Question, answer: str) -> Question | None:
    """The question as if `answer` were its gold; None where it is no option."""
    if not question.options:
        return replace(question, answer=answer)
    place = named_option(question.options, answer)
    if not isinstance(place, int):
        return None
    return replace(question, answer=question.options[place], answer_label=LABELS[place])


def equivalent(question: Question, answers: Sequence[str]) -> list[list[int]]:
    """Indices of equivalent answers together, by the question's verifier; the largest group first, then the earliest.

    An answer joins the first group whose first member it is equivalent to, whichever of the two leaves out its unit.
    """
    groups: list[list[int]] = []
    for place, answer in enumerate(answers):
        for group in groups:
            first = answers[group[0]]
            if _is_right(question, first, answer) or _is_right(question, answer, first):
                group.append(place)
                break
        else:
            groups.append([place])
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def _is_right(question: Question, gold: str, answer: str) -> bool:
    claimed = with_gold(question, gold)
    return claimed is not None and check_answer(claimed, answer).correct


def _schema(question: Question) -> dict[str, object]:
    answer: dict[str, object] = {"type": "string", "minLength": 1, "maxLength": ANSWER_CHARACTERS}
    if question.options:
        answer = {"enum": list(question.options)}
    reasoning = {"type": "string", "minLength": 1, "maxLength": REASONING_CHARACTERS}
    return {"type": "object", "properties": {"reasoning": reasoning, "answer": answer},
            "required": ["reasoning", "answer"], "additionalProperties": False}
