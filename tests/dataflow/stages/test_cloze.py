"""Blanked terms: what is a term, what stands beside it, and that the question can be answered from what it shows."""

from dataclasses import replace

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.stages.cloze import ASK, BLANK, cloze
from crossthink.dataflow.stages.terms import terms

from crossthink.schema import Passage
from crossthink.templates import gold_response
from crossthink.verify import grade

TEXT = ("Market days\n\nGarrow holds its market on Monday since 1204. The people of Inkle wait until Wednesday, and "
        "Tarnby chose Friday in 1318. On Sunday only Pellworth trades, by a right from 1251.\n\nShare Tweet Print")


def passage(text: str = TEXT) -> Passage:
    return Passage(id="p", url="u", title="t", text=text, language="en", domain="law", crawl_date="", warc_file="w",
                   warc_offset=3, span_start=0, span_end=len(text))


def test_terms_by_kind_in_their_order() -> None:
    # "Market days" and "Share Tweet Print" are no sentences; "Garrow" and "The" stand only where sentences start
    assert [(term.kind, term.text) for term in terms(TEXT)] == [
        ("weekday", "Monday"), ("year", "1204"), ("name", "Inkle"), ("weekday", "Wednesday"), ("name", "Tarnby"),
        ("weekday", "Friday"), ("year", "1318"), ("weekday", "Sunday"), ("name", "Pellworth"), ("year", "1251")]


def test_a_question_can_be_answered_from_what_it_shows() -> None:
    [question] = cloze(passage(), seed=0, per_passage=1)
    context, _, clause = question.question.partition(f"\n{ASK} ")
    # Four weekdays; three names and three years are too few for four options.
    assert sorted(question.options) == ["Friday", "Monday", "Sunday", "Wednesday"]
    assert question.options["ABCD".index(question.answer_label)] == question.answer
    assert clause.count(BLANK) == 1
    assert clause.strip(". ").replace(BLANK, question.answer) in context
    assert grade(question, gold_response(question)).reward == 1.0
    lineage = question.lineage
    assert (lineage.synthesizer, lineage.passage_id, lineage.warc_offset) == ("cloze", "p", 3)
    assert (question.domain, question.source, question.licence, question.votes) == ("law", "cloze", "unknown", None)


def test_each_question_is_about_another_sentence() -> None:
    questions = cloze(passage(), seed=0, per_passage=5)
    assert len(questions) == 3  # weekdays stand in three sentences
    assert len({question.question for question in questions}) == 3


def test_a_function_of_passage_and_seed() -> None:
    assert cloze(passage(), 0, 2) == cloze(passage(), 0, 2)
    assert len({question.question for seed in range(8) for question in cloze(passage(), seed, 1)}) > 1


@pytest.mark.parametrize("text", [
    "", "Nothing here has a name at all.", "Monday, Tuesday, Friday.",
    "The fair of Inkle, of Tarnby and of Garrow has no fourth name.",
    # the only term with three others stands twice in its sentence: the blank would stand beside its own answer
    "From Monday to Monday or from Tuesday to Tuesday, Friday to Friday, Sunday to Sunday it rained.",
])
def test_no_term_no_question(text: str) -> None:
    assert cloze(passage(text), 0, 3) == []


def test_terms_that_share_a_word_are_no_options_of_each_other() -> None:
    text = "He met King Alder, Queen Alder, Lady Brune, Lord Carrick and Dame Dell at court that year."
    for question in cloze(passage(text), 0, 1):
        assert not {"King Alder", "Queen Alder"} <= set(question.options)


def test_no_option_holds_another_or_a_form_of_its_word() -> None:
    text = ("The tea of China was sold by a Chinese firm in Garrow. Ships of Inkle took it to New Tarnby and Tarnby. "
            "From Pellworth it went on to Carrick.")
    for seed in range(20):
        for question in cloze(passage(text), seed, 1):
            assert not {"China", "Chinese"} <= set(question.options)
            assert not {"New Tarnby", "Tarnby"} <= set(question.options)


def test_what_the_blank_touches_stays_at_it() -> None:
    text = "Garrow spent $1,200 on its fair in May. Inkle spent $900, and Tarnby gave $75 or $3,100 for theirs."
    clauses = [question.question.partition(f"{ASK} ")[2] for question in cloze(passage(text), 0, 2)]
    assert all(f"${BLANK}" in clause for clause in clauses)
    assert len(clauses) == 2


def test_a_page_that_speaks_to_its_reader_is_not_asked_about() -> None:
    text = ("Discover the markets of Garrow, Inkle, Tarnby and Pellworth. We list fairs of Brune and Carrick for you.\n"
            "Find your hotel in Garrow, Inkle, Tarnby or Pellworth today.")
    assert terms(text)  # there are names enough, and no statement
    assert cloze(passage(text), 0, 2) == []


def test_a_question_has_the_licence_of_its_passage() -> None:
    assert {question.licence for question in cloze(passage(), 1, 2)} == {"unknown"}
    marked = replace(passage(), licence="CC-BY-4.0")
    assert {question.licence for question in cloze(marked, 1, 2)} == {"CC-BY-4.0"}
