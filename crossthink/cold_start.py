"""The cold start: a short supervised run on worked traces that teaches the response format.

The paper starts from models that follow the format after a few hundred steps; a model of 135M parameters that never
closes a `<think>` gets no reward to learn from. The traces come from a generator, so their answers are exact.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

import torch

from crossthink.columns import BadField
from crossthink.config import ColdStartConfig
from crossthink.data_config import QuestionFile
from crossthink.packing import Group, pack
from crossthink.policy import Policy
from crossthink.progress import Progress
from crossthink.prompts import prompt_ids
from crossthink.questions import question_from_row, read_local_rows
from crossthink.schema import derive_seed
from crossthink.templates import Template, gold_response


def read_traces(path: str, tokenizer: Any, template: Template) -> list[Group]:
    """Prompt and worked response of every row of a file of traces, as token ids with the end of sequence.

    Raises ValueError naming file, row and field for a row that is no question with a reasoning.
    """
    file = QuestionFile(path=path, source="traces")
    groups = []
    for where, values in read_local_rows(file):
        if not isinstance(values.get("reasoning"), str):
            raise BadField(f"{where}, field reasoning: is missing or no text")
        question = question_from_row(values, file, where)
        response = gold_response(question, values["reasoning"], template) + tokenizer.eos_token
        ids = tuple(tokenizer(response, add_special_tokens=False)["input_ids"])
        groups.append(Group(prompt_ids(tokenizer, question, template), (ids,), (0,)))
    return groups


def cold_start(policy: Policy, traces: Sequence[Group], config: ColdStartConfig, *, seed: int, pack_tokens: int,
               weight_decay: float) -> list[float]:
    """Supervised training on traces (`read_traces`); the learning rate falls linearly to zero.

    Returns the loss of each batch: the mean negative log-prob of the response tokens, in nats.
    """
    batches = _batches(traces, config, seed)
    optimizer = torch.optim.AdamW(policy.parameters, lr=config.lr, weight_decay=weight_decay, fused=True)
    losses = []
    with Progress("cold start", len(batches), "batches") as progress:
        for number, batch in enumerate(batches):
            for part in optimizer.param_groups:
                part["lr"] = config.lr * (1 - number / len(batches))
            tokens = sum(len(group.completions[0]) for group in batch)
            optimizer.zero_grad(set_to_none=True)
            total = 0.0
            for row in pack(batch, pack_tokens):
                # on the policy's own log-probs with an advantage of 1: cross-entropy, -sum logp / tokens
                loss, _ = policy.loss(row, torch.ones(len(row.target), device=policy.device), surrogate="cispo",
                                      kind="dapo", tokens=tokens)
                torch.autograd.backward(loss)
                total += float(loss.detach())
            torch.nn.utils.clip_grad_norm_(policy.parameters, 1.0)
            optimizer.step()
            losses.append(total)
            progress.add(note=f"loss {total:.3f}")
    return losses


def _batches(traces: Sequence[Group], config: ColdStartConfig, seed: int) -> list[list[Group]]:
    """Every epoch's traces in an order of its own, cut into batches; indices number the traces of a batch."""
    batches = []
    for epoch in range(config.epochs):
        order = list(traces)
        Random(derive_seed(seed, "cold_start", "", epoch)).shuffle(order)
        for start in range(0, len(order), config.batch):
            chunk = order[start:start + config.batch]
            batches.append([Group(g.prompt, g.completions, (index,)) for index, g in enumerate(chunk)])
    return batches
