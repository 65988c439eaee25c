"""Duplicates: MinHash against its theory, components, what stays, and what must not be taken for a duplicate."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

beam = pytest.importorskip("apache_beam")
from apache_beam.testing.util import assert_that, equal_to
from crossthink.dataflow.stages import near_duplicates as near
from crossthink.dataflow.stages.exact_duplicates import resolve
from crossthink.dataflow.stages.minhash import band_keys, jaccard, shingles
from crossthink.dataflow.stages.stage import Kept, Rejected
from crossthink.dataflow.stages.tokens import ngram_hashes, run_hash, tokens

from crossthink.schema import Question

Make = Callable[..., Question]


def test_tokens_keep_numbers_and_operators() -> None:
    assert tokens("Is 3.5 − 2 > 1,000?  “YES”, $x$!") == ["is", "3.5", "-", "2", ">", "1,000", "yes", "x"]


def test_ngram_hashes_depend_on_the_order_and_on_every_word() -> None:
    words = ["a", "b", "c", "d", "e", "f", "a", "b", "c", "d", "e"]
    hashes = ngram_hashes(words, 5)
    assert len(hashes) == 7
    assert hashes[0] == hashes[6] == run_hash(words[:5])
    assert len(set(hashes.tolist())) == 6
    assert run_hash(["a", "b"]) != run_hash(["b", "a"])
    assert len(ngram_hashes(words, 12)) == 0


def test_jaccard_of_known_sets() -> None:
    first, second = np.array([1, 2, 3], np.uint64), np.array([2, 3, 4, 5], np.uint64)
    assert jaccard(first, second) == 2 / 5
    assert jaccard(first[:0], second[:0]) == 0.0


def test_bands_follow_the_theory() -> None:
    # P(share a band) = 1 - (1 - s^8)^14: s = 0.5: 0.0534, 0.7: 0.5646, 0.8: 0.9236, 0.9: 0.9996
    random = np.random.Generator(np.random.PCG64(1))
    for similarity, expected in ((0.5, 0.0534), (0.7, 0.5646), (0.8, 0.9236), (0.9, 0.9996)):
        shared, hits, trials = round(200 * similarity), 0, 400
        for _ in range(trials):
            pool = random.integers(0, 2**64, 400, np.uint64)
            own = (200 - shared) // 2
            first, second = np.unique(pool[:shared + own]), np.unique(np.r_[pool[:shared], pool[300:300 + own]])
            hits += bool(set(band_keys(first)) & set(band_keys(second)))
        deviation = (expected * (1 - expected) / trials) ** 0.5
        assert abs(hits / trials - expected) < 4 * deviation + 0.01, (similarity, hits / trials)


def test_components_of_chains_rings_and_pairs() -> None:
    chain = [(f"c{i:04d}", f"c{i + 1:04d}") for i in range(2000)]  # longer than any number of fixed rounds
    ring = [("r1", "r2"), ("r2", "r3"), ("r1", "r3")]
    found = near.components([*reversed(chain), *ring, ("a", "z")])
    assert {found[node] for edge in chain for node in edge} == {"c0000"}
    assert {found[node] for node in ("r1", "r2", "r3")} == {"r1"}
    assert found["z"] == "a"
    assert near.components([]) == {}


def result_of(found: list[Any]) -> list[str]:
    return ["kept" if isinstance(one, Kept) else one.reason for one in found]


def imported(question: Question, synthesizer: str = "import") -> Question:
    return replace(question, lineage=replace(question.lineage, synthesizer=synthesizer))


def test_exact_duplicates_keep_what_people_wrote(make_question: Make) -> None:
    cloze, human = (imported(make_question("Who?", answer="4"), kind) for kind in ("cloze", "import"))
    assert result_of(resolve("id", [cloze, human])) == ["duplicate", "kept"]


def test_two_golds_reject_all(make_question: Make) -> None:
    questions = [make_question("Who?", answer=answer) for answer in ("4", "5", "4")]
    assert resolve("id", questions) == [Rejected("gold_conflict", "4 | 5")] * 3
    # one number in two forms is no conflict
    same = [make_question("Half?", answer=answer) for answer in ("1/2", "0.5")]
    assert result_of(resolve("id", same)) == ["kept", "duplicate"]


LONG = ("A farmer who lives at the edge of the village has {} sheep and buys {} more from his neighbour in spring, "
        "then sells some of them at the market. How many sheep did he own before he went to the market?")


def test_guards_tell_questions_of_one_template_apart(make_question: Make) -> None:
    first, second = make_question(LONG.format(30, 12), answer="42"), make_question(LONG.format(31, 11), answer="42")
    assert jaccard(shingles(tokens(first.question)), shingles(tokens(second.question))) < 1
    assert near.question_guard(first) != near.question_guard(second)
    # white space, case and quotes make no other question; another gold does
    third = make_question(LONG.format(30, 12).upper(), answer="42")
    assert near.question_guard(first) == near.question_guard(third)
    assert near.question_guard(first) != near.question_guard(replace(first, answer="43"))


def test_near_duplicates_in_a_pipeline(make_question: Make) -> None:
    original = imported(make_question(LONG.format(30, 12), answer="42"), "cloze")
    changed = imported(make_question(LONG.format(30, 12).replace("in spring", "in summer"), answer="42"), "llm")
    template = make_question(LONG.format(31, 11), answer="42")
    other = make_question("Which river runs through the old town of Lindmoor?", answer="42")
    short = [make_question("What is 66 - 20?", answer="46"), make_question("What is 66 + 20?", answer="86")]
    # 40 words, one changed: 36 shingles each, 31 shared: 31 / 41 = 0.756
    similarity = jaccard(shingles(tokens(original.question)), shingles(tokens(changed.question)))
    assert 0.74 < similarity < 0.77
    stage = near.NearDuplicates("n", 0.7, near.question_text, near.question_guard, near.question_rank)
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
    stage = near.NearDuplicates("n", 0.8, near.question_text, near.question_guard, near.question_rank)
    with beam.Pipeline("FnApiRunner") as pipeline:
        outputs = pipeline | beam.Create([first, second]) | stage
        assert_that(outputs.kept | beam.Map(lambda question: question.id), equal_to([first.id, second.id]))


def test_a_hot_band_is_one_component() -> None:
    texts = [f"{'the same words again and again until the page ends ' * 20} number{i}" for i in range(300)]
    documents = [near.Document(id=f"p{i:03d}", url="", crawl_date="", warc_file="", warc_offset=0, title="", text=text,
                               language="en") for i, text in enumerate(texts)]
    stage = near.NearDuplicates("n", 0.5, near.document_text, near.document_guard, near.document_rank)
    with beam.Pipeline("FnApiRunner") as pipeline:
        outputs = pipeline | beam.Create(documents) | stage
        assert_that(outputs.kept | beam.Map(lambda document: document.id), equal_to(["p000"]))
