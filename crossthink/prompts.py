"""A question as the prompt that a model completes: the tokenizer's chat template, or plain text for a base model."""

from typing import Any

from crossthink.engine import chat_ids
from crossthink.schema import Question
from crossthink.templates import Template, response_start, user_message


def prompt_ids(tokenizer: Any, question: Question, template: Template) -> tuple[int, ...]:
    """Token ids of the question, its instruction, and what the template writes of the response."""
    return chat_ids(tokenizer, user_message(question, template), prefix=response_start(template))
