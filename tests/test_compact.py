"""Compact pickles of records."""

import copy
import pickle
from dataclasses import FrozenInstanceError, replace

import pytest

from crossthink.schema import Lineage, Question, Votes


def test_a_record_is_what_was_pickled_and_frozen() -> None:
    question = Question(id="1", question="q", options=("a", "b"), answer="a", answer_label="A", answer_type="choice",
                        verifier="", template="mcq", domain="law", group="gpr", source="s", licence="l",
                        lineage=Lineage(passage_id="p", seed=3),
                        votes=Votes(winner=2, cast=3, invalid=0, agrees=True))
    stored = pickle.dumps(question)
    assert b"answer_label" not in stored
    for found in (pickle.loads(stored), copy.deepcopy(question)):
        assert (found, found.lineage.seed, found.votes.cast, found.difficulty) == (question, 3, 3, None)
        with pytest.raises(FrozenInstanceError):
            found.id = "2"
        assert replace(found, domain="arts") != question
