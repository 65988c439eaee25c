"""Statements told from what a page says to its reader; each line is labelled by hand."""

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.rules.prose import is_statement, is_whole, statements
from crossthink.dataflow.stages.passages import sentences


@pytest.mark.parametrize("sentence", [
    "Garrow holds its market on Monday since 1204.",
    "The carrack explored the coast of Africa and made long voyages pay.",
    "“Tea was dear in Inkle until the canal came,” the clerk wrote.",
    "In 1318 the council of Tarnby chose another day for its fair.",
    "2,000 people lived in Garrow when the mill was built.",
])
def test_statements(sentence: str) -> None:
    assert is_whole(sentence)
    assert is_statement(sentence)


@pytest.mark.parametrize("sentence", [
    "Discover more Designers in the Garrow network.",  # an order
    "We provide training and support to the whole of Garrow.",  # of the site itself
    "It helps you find the market days of Garrow and Inkle.",  # to its reader
    "The market of Garrow is the best that I have seen.",
    "What makes the market of Garrow so great for Inkle?",
    "Last chance to see the great market of Garrow!",
    "Garrow Town Council And Market Guild Announce Winners.",  # a heading
    "Winners of the Garrow market and Tarnby fair, 22 January.",  # no verb
    "The first invoice will take Each of these plans offers stalls.",  # two run together
    "This article was written by Ada Vale and Jo Brune of Garrow.",
    "The ferry to the island leaves from Garrow with J.",  # cut at an initial
    "Ask the clerk of Garrow at [EMAIL], or his friend Jo Brune.",
])
def test_what_states_nothing(sentence: str) -> None:
    assert not is_statement(sentence)


@pytest.mark.parametrize("sentence", [
    "- Garrow holds its market on Monday since 1204.", "• Garrow holds its market on Monday since 1204.",
    "1. Garrow holds its market on Monday since 1204.", "Market days and fairs of Garrow", "Garrow is old.",
])
def test_items_and_headings_are_no_whole_sentences(sentence: str) -> None:
    assert not is_whole(sentence)


def test_a_statement_stands_in_a_paragraph() -> None:
    text = ("The market of Garrow was closed in 1204.\n\nInkle built a bridge in the year 1251. It fell into the river "
            "in 1318. See the pictures of it in the museum.")
    # spans: 0 alone in its line; 1 and 2 beside each other; 3 an order, though it makes the paragraph longer
    assert statements(text, sentences(text)) == {1, 2}
