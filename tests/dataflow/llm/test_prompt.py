"""Prompt files and their places."""

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.llm.prompt import Prompt, load_prompt


def test_values_are_put_in_once() -> None:
    prompt = Prompt('{question}\n{options}\n{"answer": "x"}')
    assert prompt.fill(question="Is {options} a set?", options="- no") == 'Is {options} a set?\n- no\n{"answer": "x"}'


@pytest.mark.parametrize(("name", "places"), [("write-mcq", ("text", "answer")), ("write-open", ("text", "answer")),
                                              ("solve-mcq", ("question", "options")), ("solve-open", ("question",))])
def test_every_prompt_has_its_places(name: str, places: tuple[str, ...]) -> None:
    for place in places:
        assert load_prompt(name).text.count(f"{{{place}}}") == 1


def test_the_hash_names_the_text() -> None:
    assert Prompt("a").hash == Prompt("a").hash != Prompt("b").hash
