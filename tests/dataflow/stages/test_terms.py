"""What is a term: names whole, numbers with their kind, and no word that only begins a sentence."""

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.stages.terms import terms


def found(text: str) -> list[tuple[str, str]]:
    return [(term.kind, term.text) for term in terms(text)]


@pytest.mark.parametrize(("text", "expected"), [
    # a name is the longest run of capitalised words, over "of" and "&", with its numerals and initials
    ("He spoke at the Ministry of Culture of Garrow and left.", [("name", "Ministry of Culture of Garrow")]),
    ("They bought it at Barnes & Noble when it opened.", [("name", "Barnes & Noble")]),
    ("The town sailed the Coteaux du Layon and the Loire.", [("name", "Coteaux du Layon"), ("name", "Loire")]),
    ("It is said that the U.S. Surgeon General came by train.", [("name", "U.S. Surgeon General")]),
    ("The work is by Paula Modersohn-Becker’s sister in Garrow.",
     [("name", "Paula Modersohn-Becker"), ("name", "Garrow")]),
    # openings: of a sentence, of a quotation; "In" goes, and what stands behind it is a name
    ("In New Garrow the days are long and cold.", [("name", "New Garrow")]),
    ("He said “Conduct a trial of it first” and left.", []),
    ("We’re told that it’s an AI-driven market in town.", []),
    # a word that is written small as well is a word; half a path, a tag or "Mt." is nothing
    ("The folders of Folders hold other folders in them.", []),
    ("They climbed Mt. Fuji and used /Garrow and #Inkle there.", []),
    # numbers: an amount is no share, a mark of a footnote or a base of a rate is no number
    ("It rose from 10% to 12% and cost $1,200 for 35 people.",
     [("percentage", "10"), ("percentage", "12"), ("amount", "1,200"), ("number", "35")]),
    ("It fell in 2018.2 and was 7.2 per 100,000 as said in [16].", [("number", "7.2")]),
])
def test_terms(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected
