"""Duplicates of questions: what stays of equal and of near ones, and what must not be taken for a duplicate."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

beam = pytest.importorskip("apache_beam")
from apache_beam.testing.util import assert_that, equal_to
from crossthink.dataflow.stages import similar
from crossthink.dataflow.stages.exact_duplicates import SHOWN_GOLDS, resolve, survey
from crossthink.dataflow.stages.minhash import band_keys, jaccard, shingles
from crossthink.dataflow.stages.near_duplicates import NearDuplicates
from crossthink.dataflow.stages.stage import Kept, Rejected
from crossthink.dataflow.stages.tokens import tokens

from crossthink.schema import Question

Make = Callable[..., Question]


def test_tokens_keep_numbers_and_operators() -> None:
    assert tokens("Is 3.5 − 2 > 1,000?  “YES”, $x$!") == ["is", "3.5", "-", "2", ">", "1000", "yes", "x"]


def test_jaccard_of_known_sets() -> None:
    first, second = np.array([1, 2, 3], np.uint64), np.array([2, 3, 4, 5], np.uint64)
    assert jaccard(first, second) == 2 / 5
    assert jaccard(first[:0], second[:0]) == 0.0


def test_texts_without_words_have_no_bands_and_equal_words_have_equal_ones() -> None:
    assert band_keys("") == band_keys(" ?! ") == []
    keys = band_keys("The old harbour of Lorne, by night.")
    assert len(set(keys)) == 14
    assert {len(key) for key in keys} == {8}
    assert band_keys("the OLD harbour of lorne by night") == keys
    assert not set(band_keys("The new harbour of Orrin by day")) & set(keys)


def result_of(found: list[Any]) -> list[str]:
    return ["kept" if isinstance(one, Kept) else one.reason for one in found]


def imported(question: Question, synthesizer: str = "import") -> Question:
    return replace(question, lineage=replace(question.lineage, synthesizer=synthesizer))


def resolve_all(questions: list[Question]) -> list[Any]:
    known = survey(questions)
    return [resolve(question, place, known) for place, question in enumerate(questions)]


def test_exact_duplicates_keep_what_people_wrote(make_question: Make) -> None:
    cloze, human = (imported(make_question("Who?", answer="4"), kind) for kind in ("cloze", "import"))
    assert result_of(resolve_all([cloze, human])) == ["duplicate", "kept"]


def test_two_golds_reject_all(make_question: Make) -> None:
    questions = [make_question("Who?", answer=answer) for answer in ("4", "5", "4")]
    assert resolve_all(questions) == [Rejected("gold_conflict", "4 | 5")] * 3
    # one number in two forms is no conflict
    same = [make_question("Half?", answer=answer) for answer in ("1/2", "0.5")]
    assert result_of(resolve_all(same)) == ["duplicate", "kept"]  # of equals the first in the order of the alphabet


def test_golds_that_case_alone_tells_apart_are_two(make_question: Make) -> None:
    alleles, towns = ("BB", "Bb", "bb"), ("Lorne", "Orrin")
    first, second = (make_question("Which does it have?", answer=answer, options=alleles) for answer in ("Bb", "bb"))
    assert resolve_all([first, second]) == [Rejected("gold_conflict", "Bb | bb")] * 2
    assert similar.question_guard(first) != similar.question_guard(second)
    # elsewhere case is none of a gold's
    same = [make_question("Which town?", answer=options[0], options=options)
            for options in (towns, tuple(map(str.upper, towns)))]
    assert result_of(resolve_all(same)) == ["duplicate", "kept"]  # "LORNE" stands before "Lorne"


def test_of_equal_records_one_stays_and_golds_without_end_are_cut(make_question: Make) -> None:
    assert result_of(resolve_all([make_question("Who?")] * 3)) == ["kept", "duplicate", "duplicate"]
    many = [make_question("Who?", answer=f"{number:03d}") for number in range(1, 100)]
    assert resolve_all(many)[50] == Rejected("gold_conflict", " | ".join(f"{n:03d}" for n in range(1, SHOWN_GOLDS + 1)))


LONG = ("A farmer who lives at the edge of the village has {} sheep and buys {} more from his neighbour in spring, "
        "then sells some of them at the market. How many sheep did he own before he went to the market?")


def test_guards_tell_questions_of_one_template_apart(make_question: Make) -> None:
    first, second = make_question(LONG.format(30, 12), answer="42"), make_question(LONG.format(31, 11), answer="42")
    assert jaccard(shingles(first.question), shingles(second.question)) < 1
    assert similar.question_guard(first) != similar.question_guard(second)
    # white space, case and quotes make no other question; another gold does
    third = make_question(LONG.format(30, 12).upper(), answer="42")
    assert similar.question_guard(first) == similar.question_guard(third)
    assert similar.question_guard(first) != similar.question_guard(replace(first, answer="43"))


@pytest.mark.parametrize(("number", "written"), [("12,000", "12000"), ("12{,}000", "12,\\!000"), ("1½", "1 1/2")])
def test_a_number_is_the_same_however_it_is_written(number: str, written: str, make_question: Make) -> None:
    first, second = (make_question(LONG.format(one, 12)) for one in (number, written))
    assert similar.question_guard(first) == similar.question_guard(second)
    assert shingles(first.question).tolist() == shingles(second.question).tolist()


def test_near_duplicates_in_a_pipeline(make_question: Make) -> None:
    original = imported(make_question(LONG.format(30, 12), answer="42"), "cloze")
    changed = imported(make_question(LONG.format(30, 12).replace("in spring", "in summer"), answer="42"), "llm")
    template = make_question(LONG.format(31, 11), answer="42")
    other = make_question("Which river runs through the old town of Lindmoor?", answer="42")
    short = [make_question("What is 66 - 20?", answer="46"), make_question("What is 66 + 20?", answer="86")]
    # 40 words, one changed: 36 shingles each, 31 shared: 31 / 41 = 0.756
    similarity = jaccard(shingles(original.question), shingles(changed.question))
    assert 0.74 < similarity < 0.77
    stage = NearDuplicates("n", 0.7, similar.QUESTIONS)
    with beam.Pipeline("FnApiRunner") as pipeline:
        outputs = pipeline | beam.Create([original, changed, template, other, *short]) | stage
        kept = outputs.kept | "id" >> beam.Map(lambda question: question.id)
        assert_that(kept, equal_to([changed.id, template.id, other.id, *(question.id for question in short)]), "kept")
        rejected = outputs.rejected | "r" >> beam.Map(lambda r: (r.record_id, r.reason, r.evidence[:37]))
        assert_that(rejected, equal_to([(original.id, "near_duplicate", f"kept {changed.id}")]), "rejected")
        assert_that(outputs.counts | beam.CombinePerKey(sum), equal_to([
            (("n", "in", ""), 6), (("n", "kept", ""), 5), (("n", "out", "math"), 5),
            (("n", "rejected", "near_duplicate"), 1)]), "counts")


def test_similar_but_below_the_threshold_stays(make_question: Make) -> None:
    first = make_question(LONG.format(30, 12), answer="42")
    second = make_question(LONG.format(30, 12).replace("in spring", "in summer"), answer="42")
    stage = NearDuplicates("n", 0.8, similar.QUESTIONS)
    with beam.Pipeline("FnApiRunner") as pipeline:
        outputs = pipeline | beam.Create([first, second]) | stage
        assert_that(outputs.kept | beam.Map(lambda question: question.id), equal_to([first.id, second.id]))


TEMPLATE = ("You are given a clause of a contract between two companies that have worked together for many years, and "
            "your task is to say whether the clause holds a duty of care towards a third party who did not sign it. "
            "Answer with yes where it does, or with no where it does not, and give no reasons. The clause reads: {}")
FILLINGS = ("the carrier insures every crate", "tenants repaint walls in spring", "both banks share the audit costs",
            "the mill returns empty barrels")


def test_fillings_of_a_template_stay_although_their_gold_is_the_same(make_question: Make) -> None:
    # 61 words of the template, 5 of the filling: 57 shared runs of 62 and 62, 57 / 67 = 0.85, and no number is in them
    questions = [make_question(TEMPLATE.format(filling), answer="no") for filling in FILLINGS]
    first, second = map(similar.measure_question, questions[:2])
    assert jaccard(first.shingles, second.shingles) > 0.8
    assert similar.question_guard(questions[0]) == similar.question_guard(questions[1])
    assert similar.similarity(first, second) == 0.0
    stage = NearDuplicates("n", 0.8, similar.QUESTIONS)
    with beam.Pipeline("FnApiRunner") as pipeline:
        outputs = pipeline | beam.Create(questions) | stage
        assert_that(outputs.kept | beam.Map(lambda q: q.id), equal_to([question.id for question in questions]))


def test_what_only_adds_words_is_near(make_question: Make) -> None:
    short = similar.measure_question(make_question(TEMPLATE.format(FILLINGS[0])))
    longer = similar.measure_question(make_question(TEMPLATE.format(FILLINGS[0] + " and every barrel twice a year")))
    assert similar.similarity(short, longer) > 0.8


def test_one_stem_with_other_options_is_another_question(make_question: Make) -> None:
    stem = "Which of the following statements about the passage above is supported by what its author says?"
    first = make_question(stem, options=("a", "b", "none of them"), answer="none of them")
    other = make_question(stem, options=("c", "d", "none of them"), answer="none of them")
    shuffled = make_question(stem + " Choose.", options=("none of them", "e", "A"), answer="none of them")
    opened = make_question(stem, answer="none of them")
    own = similar.measure_question(first)
    assert similar.similarity(own, similar.measure_question(other)) == 0.0  # one of three
    assert similar.similarity(own, similar.measure_question(shuffled)) > 0.9  # two of three
    assert similar.similarity(own, similar.measure_question(opened)) == 1.0
