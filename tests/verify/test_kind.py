"""What golds are, by hand."""

import pytest

from crossthink.verify.kind import open_type, prose


@pytest.mark.parametrize(("answer", "group", "kind"), [
    ("Paris", "math", "math"),
    ("Paris", "gpr", "text"),
    ("42", "gpr", "math"),
    (r"\frac{1}{2}", "gpr", "math"),
    ("95%", "gpr", "math"),
    ("3.5 million", "gpr", "math"),
    ("5.9 m/s", "gpr", "quantity"),
    ("54 s", "gpr", "quantity"),
    ("0.0165", "gpr", "quantity"),  # what has decimals was rounded
    ("0.5", "gpr", "math"),
    ("$n=4$", "gpr", "math"),
    ("12 apples", "gpr", "text"),
    ("462 Hz, 4 Hz", "gpr", "text"),
    ("22.2 km/h, 35.8° south of west", "gpr", "text"),
])
def test_open_type(answer: str, group: str, kind: str) -> None:
    assert open_type(answer, group) == kind


@pytest.mark.parametrize(("gold", "words"), [
    ("Ali is 26 and Jameela is 14.", ["Jameela", "is", "is"]),
    ("The distance is 3.2.", ["The", "distance", "is"]),
    ("at least 23 hours", ["least"]),
    ("Domain: $x<3$", ["Domain"]),
    ("114 beats per minute\nno", ["beats", "minute", "no"]),
    (r"$\text{Line 1}:m=-2$", ["Line"]),
    ("12 apples", []),
    ("8 nickels, 22 dimes", []),
    ("33 miles per hour", []),
    ("about 8.2 square feet", []),
    ("no solution", []),
    ("infinitely many solutions", []),
    (r"\text{ellipse}", []),
    (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", []),
    (r"x = 2 \text{ or } x = 3", []),
    (r"2\sin x \cos x", []),
    (r"\text{arccos}(x)", ["arccos"]),
    (r"abc + xyz", []),
])
def test_prose(gold: str, words: list[str]) -> None:
    assert prose(gold) == words
