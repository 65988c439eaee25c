"""Passages to questions that the model writes: a call for each question, then what it wrote is read strictly.

Three stages. `budget` turns passages away before any call: those stay whose calls cost no more than
data.max_generated_tokens if each generated data.writer_max_tokens, in the order of a hash of their ids. So which
passages are asked about depends on the passages alone, never on workers, batches or what the model wrote. `write` makes
each passage into one draft a call: the model is shown a term of the passage, which is to be the answer, between the
sentences around it, and writes a question. `parse` makes each draft a question or a reject: a call that fails is one.
A question has the licence of its page, "unknown" where the page names none.
"""

import json
from functools import partial
from random import Random
from typing import Any

import apache_beam as beam
from crossthink.dataflow.llm.ask import Model, model_of
from crossthink.dataflow.llm.prompt import Prompt, load_prompt
from crossthink.dataflow.stages.cloze import shown_sentences
from crossthink.dataflow.stages.passages import sentences
from crossthink.dataflow.stages.sample import cutoff, place
from crossthink.dataflow.stages.stage import BatchStage, Rejected, Stage, StageResult, keep, merge
from crossthink.dataflow.stages.terms import terms
from crossthink.dataflow.stages.written import OPTIONS, Draft, parse

from crossthink.config import Recipe
from crossthink.engine import Request, Sampling, chat_ids
from crossthink.schema import Passage, derive_seed

BATCH = 64
"""Passages whose calls run together."""
TEMPERATURE = 0.5
"""Of the writer: cooler than the policy's, since a question needs no variety of its own. (No top-p: it sorts the
vocabulary for every token, which on a CPU costs more than a small model does.)"""
KINDS = ("mcq", "open")
"""What a passage's calls ask for, in turn."""
_QUESTION = {"type": "string",
             "pattern": r"^(Who|What|When|Where|Which|How many|How much|In which) [A-Za-z0-9,.'% -]{8,100}\?$"}
_OPTION = {"type": "string", "minLength": 1, "maxLength": 40}


class Synthesize(beam.PTransform):
    """Passages to Outputs of questions; `output` is the folder with the store of calls."""

    def __init__(self, recipe: Recipe, output: str) -> None:
        super().__init__("synthesize")
        self._recipe, self._output = recipe, output

    def expand(self, passages: Any) -> Any:
        data, seed, before = self._recipe.data, self._recipe.run.seed, []
        if data.max_generated_tokens:
            limit = data.max_generated_tokens // (data.writer_max_tokens * data.questions_per_passage)
            salt = f"{seed}\x1fbudget"
            below = cutoff("affordable", passages, limit, salt)
            before.append(passages | Stage("budget", partial(_within, salt=salt), below))
            passages = before[-1].kept
        written = passages | BatchStage("write", Write(self._recipe, model_of(self._recipe, self._output)), BATCH)
        parsed = written.kept | Stage("parse", partial(
            parse, max_answer_words=data.max_answer_words, context=data.question_context, seed=seed))
        return merge(parsed, *before, written)


class Write:
    """Passages to drafts: `questions_per_passage` calls for each passage."""

    def __init__(self, recipe: Recipe, model: Model) -> None:
        self._model, self._seed = model, recipe.run.seed
        self._calls, self._tokens = recipe.data.questions_per_passage, recipe.data.writer_max_tokens

    def __call__(self, passages: list[Passage]) -> list[StageResult]:
        """One result for each passage."""
        requests = [self._requests(passage) for passage in passages]
        asked = [request for some in requests if not isinstance(some, Rejected) for request in some]
        answers = iter(self._model.ask("write", asked))
        results: list[StageResult] = []
        for passage, some in zip(passages, requests, strict=True):
            if isinstance(some, Rejected):
                results.append(some)
            else:
                results.append(keep(*(self._draft(passage, call, request, next(answers))
                                      for call, request in enumerate(some))))
        return results

    def _requests(self, passage: Passage) -> list[Request] | Rejected:
        """The calls of a passage, each about another of its terms while they last."""
        found, spans, requests = terms(passage.text), sentences(passage.text), []
        if not found:
            return Rejected("no_term", "no name, year or number in a whole sentence")
        Random(derive_seed(self._seed, "focus", passage.id)).shuffle(found)
        for call in range(self._calls):
            term = found[call % len(found)]
            text = shown_sentences(passage.text, spans, term.sentence)
            prompt = chat_ids(self._model.tokenizer, _prompt(call).fill(text=text, answer=term.text))
            if not self._model.has_room(prompt, self._tokens):
                return Rejected("prompt_too_long", f"{len(prompt)} tokens")
            sampling = Sampling(max_tokens=self._tokens, temperature=TEMPERATURE,
                                seed=derive_seed(self._seed, "write", passage.id, call),
                                json_schema=schema(_kind(call), term.text))
            requests.append(Request(prompt_ids=prompt, sampling=sampling))
        return requests

    def _draft(self, passage: Passage, call: int, request: Request, answer: Any) -> Draft:
        assert request.sampling.seed is not None
        return Draft(id=f"{passage.id}-{call}", passage=passage, kind=_kind(call), text=answer.text,
                     finish_reason=answer.finish_reason, prompt_hash=_prompt(call).hash, model=self._model.name,
                     revision=self._model.revision, seed=request.sampling.seed)


def schema(kind: str, answer: str) -> str:
    """JSON Schema of a draft. The answer is given: left free, a small model repeats that of its prompt's example."""
    fields: dict[str, Any] = {"question": _QUESTION}
    if kind == "mcq":
        fields["options"] = {"type": "array", "items": _OPTION, "minItems": OPTIONS, "maxItems": OPTIONS}
    fields["answer"] = {"enum": [answer]}
    return json.dumps({"type": "object", "properties": fields, "required": list(fields),
                       "additionalProperties": False})


def _kind(call: int) -> str:
    return KINDS[call % len(KINDS)]


def _prompt(call: int) -> Prompt:
    return load_prompt(f"write-{_kind(call)}")


def _within(passage: Passage, cutoff: int, *, salt: str) -> StageResult:
    if place(passage.id, salt) < cutoff:
        return keep(passage)
    return Rejected("budget", "data.max_generated_tokens is spent")
