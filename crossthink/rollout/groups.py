"""Groups of rollouts: sample, grade, reward, advantage."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from crossthink.algorithms import group_advantages, permute_rewards
from crossthink.config import AlgorithmConfig, RolloutConfig
from crossthink.engine import Engine, Request, Sampling, generate
from crossthink.prompts import prompt_ids
from crossthink.schema import Question, Rollout, derive_seed
from crossthink.templates import Template, gold_answer, user_message
from crossthink.verify import grade_all
from crossthink.verify.judge import Judge


def sample_rollouts(engine: Engine, questions: Sequence[Question], config: RolloutConfig, template: Template, *,
                    seed: int, step: int, slot: int, judge: Judge | None = None,
                    ) -> tuple[list[Rollout], dict[str, float]]:
    """`group_size` graded completions of each question, grouped and in order, and the seconds spent.

    `slot` is the number of the first question in the whole step, so that a rank's seeds do not depend on how many ranks
    there are, and a question drawn twice in a step gets two different groups.
    """
    started = perf_counter()
    requests = []
    for place, question in enumerate(questions, slot):
        prompt = prompt_ids(engine.tokenizer, question, template)
        for sample in range(config.group_size):
            attempt = (step * config.prompts + place) * config.group_size + sample
            sampling = Sampling(max_tokens=config.max_tokens, temperature=config.temperature, top_p=config.top_p,
                                seed=derive_seed(seed, "rollout", question.id, attempt))
            requests.append(Request(prompt_ids=prompt, sampling=sampling))
    completions = generate(engine, requests)
    sampled = perf_counter()
    asked = [question for question in questions for _ in range(config.group_size)]
    verdicts = grade_all(asked, [completion.text for completion in completions], think=template.think, judge=judge)
    rollouts = []
    for number, (question, request, completion, verdict) in enumerate(
            zip(asked, requests, completions, verdicts, strict=True)):
        rollouts.append(Rollout(
            question_id=question.id, step=step, sample=number % config.group_size, prompt_ids=request.prompt_ids,
            completion_ids=completion.token_ids, sampler_logprobs=completion.logprobs, text=completion.text,
            weights_version=step, correct=verdict.correct, formatted=verdict.formatted, answer=verdict.answer,
            reason=verdict.reason.value, reward=verdict.reward, advantage=0.0, finish_reason=completion.finish_reason,
            domain=question.domain, template=question.template, group=question.group, source=question.source,
            prompt=user_message(question, template), gold=gold_answer(question, template)))
    return rollouts, {"rollout": sampled - started, "verify": perf_counter() - sampled}


def with_advantages(rollouts: Sequence[Rollout], config: AlgorithmConfig, *, group_size: int, seed: int,
                    step: int) -> list[Rollout]:
    """The rollouts with their advantage; under the control, rewards are dealt anew within each group first."""
    rewards = [rollout.reward for rollout in rollouts]
    if config.control == "permute":
        for start in range(0, len(rollouts), group_size):
            group = slice(start, start + group_size)
            rewards[group] = permute_rewards(rewards[group], rollouts[start].question_id, seed=seed, step=step)
    groups = [number // group_size for number in range(len(rollouts))]
    advantages = group_advantages(rewards, groups, kind=config.advantage, eps=config.advantage_eps)
    return [replace(rollout, advantage=advantage) for rollout, advantage in zip(rollouts, advantages, strict=True)]


def answer_letters(rollouts: Sequence[Rollout]) -> dict[str, int]:
    """How often each letter was answered to multiple choice: a policy that collapses shows here first."""
    return dict(sorted(Counter(r.answer for r in rollouts if r.template == "mcq" and len(r.answer) == 1).items()))
