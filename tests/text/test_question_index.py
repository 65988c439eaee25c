"""The index of evaluation questions: by hand, and against the same rules over strings, every pair compared."""

import numpy as np
import pyarrow as pa
import pytest
import text_reference as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from crossthink import _core


def index_of(questions: list[list[str]]) -> _core.QuestionIndex:
    first = np.cumsum([0, *(len(question) for question in questions)])
    return _core.QuestionIndex([part for question in questions for part in question], first)


QUESTION = ["Which gas do plants take from the air by day?", "carbon dioxide", "argon", "the oxygen of the air"]


def test_what_a_text_holds_by_hand() -> None:
    index = index_of([QUESTION])
    assert len(index) == 1
    # One question alone, no other holds its words: 9 * 128 = 1152 is 11 bits long. 10 words; options of 2 + 1 + 5.
    assert index.find([" ".join(QUESTION)]) == [(0, 0, 0, 10, 110, 110, 10, 0, 0, 88, 88)]
    # Word 4 of 10 is another: 9 words are held, 6 in a row at most; the options stand in another order, one is missing.
    changed = "Q: which gas do flowers take from the air by day (a) argon (b) carbon dioxide"
    assert index.find(["nothing", changed]) == [(1, 0, 1, 10, 110, 99, 6, 0, 0, 88, 33)]
    # Words 1 to 5 of 10, half of the bits: 55 of 110. Four of them are too few.
    assert index.find(["which gas do plants take"]) == [(0, 0, 0, 10, 110, 55, 5, 0, 0, 88, 0)]
    assert index.find(["which gas do plants", "", "day by air the from take"]) == []


def test_numbers_are_counted_apart() -> None:
    index = index_of([["Add 12 and 3.5 and 1,000 to the sum of 7 apples"]])
    # "12" is in "add 12 and", "and 12 ..." is not there; 3.5 and 1,000 stand in no shared run; 7 does
    found = index.find(["add 12 and 4 and 1,001 to the sum of 7 apples"])
    assert [(match[7], match[8]) for match in found] == [(44, 22)]


@pytest.mark.parametrize(("question", "text", "held", "numbers"), [  # every word has 11 bits
    # words 4 and 6 of 10 are others: 7 words in shared runs, and the number; 77 bits without it
    ("one two three four 6 five seven eight nine ten", "one two three x 6 y seven eight nine ten", 88, (11, 11)),
    ("one two three four 6 five seven eight nine ten", "one two three x z 6 y seven eight nine ten", 88, (11, 11)),
    ("one two three four 6 five seven eight nine ten", "one two three x 7 y seven eight nine ten", 77, (11, 0)),
    ("one two three four 6 five seven eight nine ten", "6 one two three x y z seven eight nine ten", 77, (11, 0)),
    ("one two three four five six 7", "one two three four five x 7", 66, (11, 11)),                # the last word
    ("1 two three four five six", "1 x three four five six", 55, (11, 11)),                        # the first one
    ("one two three 4 a 5 seven eight nine ten", "one two three 5 a 4 seven eight nine ten", 77, (22, 0)),  # exchanged
    # "a b c" stands before both numbers, and the second is another
    ("a b c x 5 y d e f a b c z 5 w g h i", "a b c q 5 r d e f a b c s 7 t g h i", 143, (22, 11)),
])
def test_a_number_between_changed_words_is_held_in_its_place(
        question: str, text: str, held: int, numbers: tuple[int, int]) -> None:
    (found,) = index_of([[question]]).find([text])
    assert (found[5], found[7:9]) == (held, numbers)


def test_a_part_said_again_and_again_does_not_hide_the_question_behind_it() -> None:
    # 6 words have 4 of its 8 runs: in 16 words behind each other 12 places, but no more than 4 different runs
    decoy = "Which gas do plants take from? " * 12
    assert index_of([QUESTION[:1]]).find([decoy + QUESTION[0]]) == [(0, 0, 72, 10, 110, 110, 10, 0, 0, 0, 0)]


def test_options_count_in_any_order_and_short_ones_as_a_whole() -> None:
    index = index_of([["Which is right?", "a b c d", "x", "y z"]])
    # the question alone has 3 words of 11 bits, fewer than 60: its options are seeds as well
    match = index.find(["some say: y z, others a b c d, and x: which is right?"])
    assert match == [(0, 0, 5, 3, 33, 33, 3, 0, 0, 77, 77)]
    # "y" and "z" apart are not "y z"
    assert index.find(["which is right: y, x, z, a b c"]) == [(0, 0, 0, 3, 33, 33, 3, 0, 0, 77, 44)]
    assert index.find(["y z, a b c d, x"]) == []


def test_a_question_far_apart_is_not_put_together() -> None:
    filler = " ".join(f"f{i}" for i in range(100))
    index = index_of([["one two three four five six seven eight nine ten"]])
    assert index.find([f"one two three four five {filler} six seven eight nine ten"]) == [
        (0, 0, 0, 10, 110, 55, 5, 0, 0, 0, 0)]


def test_runs_that_many_questions_share_are_no_seeds() -> None:
    said = "what is it that they all say when someone asks them for"  # 12 words, 1 bit each where all have them
    shared = [[f"{said} w{i}"] for i in range(17)]
    # in 17 questions the runs of these words are no seeds, only "them for w7" is; w7 has 12 bits
    assert index_of(shared).find([f"{said} it"]) == []
    assert index_of(shared).find([f"so {said} w7"]) == [(0, 7, 11, 13, 24, 24, 13, 0, 0, 0, 0)]
    # in 16 they are, and half of each question is held
    assert index_of(shared[:16]).find([f"{said} it"]) == [(0, i, 0, 13, 24, 12, 12, 0, 0, 0, 0) for i in range(16)]


def test_weights_by_frequency() -> None:
    # a in all 8, b in 2, c in 1: (8 + 8) * 128 / ((8 - 1) * 128 + 1) = 2.28: 2 bits; / 129 = 15.9: 4 bits; / 1: 12
    questions = [["a b c"], ["a b"], *([f"a only{i}"] for i in range(6))]
    assert index_of(questions).find(["a b c"]) == [(0, 0, 0, 3, 18, 18, 3, 0, 0, 0, 0)]


def test_no_questions_and_questions_without_words() -> None:
    assert index_of([]).find(["some text"]) == []
    index = index_of([["?", "!"], ["a b c"]])
    assert index.find(["a b c ? !"]) == [(0, 1, 0, 3, 33, 33, 3, 0, 0, 0, 0)]
    assert index.find(pa.array([None, "a b c"]))[0][:2] == (1, 1)


@pytest.mark.parametrize("first", [[], [0], [1, 2], [0, 1], [0, 3], [0, 2, 2], [0, 3, 2], [0, -1, 2], [-1, 2]])
def test_parts_that_do_not_add_up_are_refused(first: list[int]) -> None:
    with pytest.raises(ValueError, match=r"first must rise from 0 to the number of parts \(2\)"):
        _core.QuestionIndex(["a", "b"], np.array(first, np.int64))


WORDS = st.lists(st.sampled_from([*"abcdefgh", "12", "3.5", "zz"]), max_size=14).map(" ".join)
QUESTIONS = st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=1, max_size=6)


@settings(max_examples=300)
@given(QUESTIONS, st.lists(st.lists(WORDS, max_size=12).map(" ".join), max_size=3), st.data())
def test_any_questions_as_the_rules_have_it(questions: list[list[str]], texts: list[str], data: st.DataObject) -> None:
    planted = [" ".join(data.draw(st.permutations(question))) for question in questions[:2]]
    expected = reference.Questions(questions).find([*texts, *planted])
    assert index_of(questions).find([*texts, *planted]) == expected


def test_many_questions_as_the_rules_have_it() -> None:
    random = np.random.Generator(np.random.PCG64(3))
    vocabulary = [f"w{int(rank)}" for rank in range(300)]
    chance = 1 / np.arange(1, 301)
    chance /= chance.sum()

    def sentence(length: int) -> str:
        return " ".join(random.choice(vocabulary, length, p=chance))

    questions = [[sentence(int(random.integers(1, 30))), *(sentence(int(random.integers(1, 5))) for _ in range(3))]
                 for _ in range(120)]
    texts = [sentence(200) for _ in range(10)]
    texts += [f"{sentence(50)} {' '.join(questions[i])} {sentence(50)}" for i in range(0, 120, 12)]
    expected = reference.Questions(questions).find(texts)
    assert len(expected) > 10
    assert index_of(questions).find(texts) == expected
