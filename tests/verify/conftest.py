"""Questions of each answer type."""

from collections.abc import Callable

import pytest

from crossthink.schema import LABELS, Lineage, Question, question_id


@pytest.fixture(scope="session")
def ask() -> Callable[..., Question]:
    """A function that makes a question from its gold; with options it is multiple choice."""

    def make(answer: str, kind: str = "math", *, options: tuple[str, ...] = (), text: str = "What?") -> Question:
        label = LABELS[options.index(answer)] if options else ""
        return Question(id=question_id(text, options), question=text, options=options, answer=answer,
                        answer_label=label,
                        answer_type="choice" if options else kind, verifier="", template="mcq" if options else "open",
                        domain="stem", group="math" if kind == "math" else "gpr", source="s", licence="Apache-2.0",
                        lineage=Lineage())

    return make
