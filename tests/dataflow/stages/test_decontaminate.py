"""Decontamination: planted evaluation questions are found, in questions and in passages, and common phrases are not."""

import json
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.options import benchmarks
from crossthink.dataflow.stages.decontaminate import (
    Decontaminate,
    Index,
    Match,
    build_index,
    check_passages,
    check_questions,
    is_contamination,
    load_index,
    without_markup,
)
from crossthink.dataflow.stages.stage import JobError, Kept, Rejected, StageResult
from crossthink.dataflow.stages.tokens import tokens

from crossthink.config import load_recipe
from crossthink.data_config import QuestionFile
from crossthink.schema import Passage, Question

EVALUATION = ("A train leaves Ostrel at noon and reaches Varrow, 90 miles away, at two o'clock. "
              "How fast is it on average?")
"""22 words ("o" and "clock" are two): 15 runs of 8."""
SHORT = "What is 73 + 46?"
INDEX = build_index([("exam, row 1", EVALUATION, ("45 miles an hour", "50 miles an hour")), ("exam, row 2", SHORT, ())],
                    8)


def check_question(question: Question, index: Index) -> StageResult:
    return check_questions([question], index)[0]


def check_passage(one: Passage, index: Index) -> StageResult:
    return check_passages([one], index)[0]


def passage(text: str) -> Passage:
    return Passage(id="p", url="", title="", text=text, language="en", domain="", crawl_date="", warc_file="",
                   warc_offset=0, span_start=0, span_end=0)


@pytest.mark.parametrize("text", [
    EVALUATION,
    EVALUATION.upper().replace(" ", "\n  "),                      # wrapped and shouted
    f"Here is an old riddle. {EVALUATION} Think before you answer.",  # in prose
    "\u00ad".join(EVALUATION),                                    # with soft hyphens, which nobody sees
    "".join(f"<p>{line}</p>" for line in textwrap.wrap(EVALUATION, 20)),  # as HTML, a tag every three words
    EVALUATION.replace(" ", "&nbsp;"),
    "\n".join(f"> **{line}**" for line in textwrap.wrap(EVALUATION, 20)),  # quoted, as Markdown
    EVALUATION.replace("Ostrel", "Lorne"),                        # word 4 changed: 11 of 15 runs stay
    " ".join(EVALUATION.split()[:15]),                            # 16 of its words: 9 of 15 runs
])
def test_planted_questions_are_found(text: str, make_question: Callable[..., Question]) -> None:
    for result in (check_question(make_question(text), INDEX), check_passage(passage(text), INDEX)):
        assert isinstance(result, Rejected)
        assert result.reason == "contaminated"
        assert result.evidence.startswith("exam, row 1: ")


def test_a_phrase_that_both_use_is_no_contamination(make_question: Callable[..., Question]) -> None:
    text = "A bus leaves Varrow at noon and reaches Varrow, 90 miles away, on Monday. Who drives it?"
    assert isinstance(check_question(make_question(text), INDEX), Kept)


def test_a_question_in_the_options_is_found(make_question: Callable[..., Question]) -> None:
    question = make_question("Which riddle?", options=("a", EVALUATION), answer="a")
    assert isinstance(check_question(question, INDEX), Rejected)


def test_markup_is_no_words_and_what_looks_like_it_is() -> None:
    found = without_markup("Is <b>x</b><br/> &lt; 3 &amp; <a href='y'>z</a>?")
    assert found.split() == ["Is", "x", "<", "3", "&", "z", "?"]
    for text in ("a < b and c > d", "if x<y then y>x", "2 * 3 > 5", "<question> of <3", "a<b and c>d", "a*b*c",
                 "2 * 3 * 4", "snake_case of my_own", "____ is ____", "{}_nC_r, {}_nP_{r} and $x_1 + _{2}$",
                 "Ann* and Bob*", "x^*y^*"):
        assert without_markup(text) == text


@pytest.mark.parametrize("marks", ["*{}*", "**{}**", "***{}***", "_{}_", "__{}__", "___{}___", "_**{}**_", "**_{}_**",
                                   "<mark>{}</mark>", "<s class='a'>{}</s>"])
def test_marks_of_stress_are_no_words(marks: str) -> None:
    stressed = [f"({marks.format(word)})." if i % 6 == 5 else word for i, word in enumerate(EVALUATION.split())]
    assert tokens(without_markup(" ".join(stressed))) == tokens(EVALUATION)
    assert tokens(without_markup(f"Is it {marks.format('“so and” so?')}")) == ["is", "it", "so", "and", "so"]


CHINESE = "植物在进行光合作用的过程中叶绿体吸收二氧化碳并且释放出一种气体请问该气体的名称是什么"
"""42 letters, each of them a word."""


@pytest.mark.parametrize("text", [
    CHINESE,
    f"下面是一道老题目{CHINESE}想好再回答",  # in the middle of a clause
    " ".join(CHINESE),
    "".join("某" if i % 8 == 7 else letter for i, letter in enumerate(CHINESE)),  # every eighth is another
])
def test_a_script_without_spaces_is_searched_letter_by_letter(text: str) -> None:
    index = build_index([("exam, row 1", CHINESE, ("氧气", "氮气")),
                         ("exam, row 2", "木星有几颗卫星在伽利略之前已经被人发现", ())], 8)
    found = check_passage(passage(text), index)
    assert isinstance(found, Rejected)
    assert found.evidence.startswith("exam, row 1: ")
    part = passage(f"我们知道{CHINESE[:13]}会长大")  # 13 of 42
    assert check_passage(part, index) == Kept((part,))


def test_short_questions_match_as_a_whole(make_question: Callable[..., Question]) -> None:
    assert check_question(make_question("what is 73 + 46"), INDEX) == Rejected(
        "contaminated", "exam, row 2: 'what is 73 + 46', 48 of 48 bits, 5 of 5 words in a row")
    assert isinstance(check_question(make_question("What is 73 - 46?"), INDEX), Kept)
    assert isinstance(check_question(make_question("And what is 73 + 46?"), INDEX), Rejected)
    assert isinstance(check_question(make_question("<p>What is <b>73</b> + 46?</p>"), INDEX), Rejected)
    found = check_passage(passage("They asked: what is 73 + 46? Nobody knew."), INDEX)
    assert found == Rejected(
        "contaminated", "exam, row 2: 'what is 73 + 46', 48 of 48 bits, 5 of 5 words in a row")


def test_the_evaluation_files_are_read_and_must_be_readable(
        tmp_path: Path, make_question: Callable[..., Question]) -> None:
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_text(json.dumps({"question": EVALUATION, "answer": "45"}) + "\n")
    bad.write_text(json.dumps({"text": EVALUATION}) + "\n")
    check = Decontaminate("question", (QuestionFile(path=str(good), source="exam"),), 8)
    found, other = check([make_question(EVALUATION), make_question("Where does the train from Ostrel go?")])
    assert isinstance(found, Rejected)
    assert isinstance(other, Kept)
    assert found.evidence.startswith("exam, row 1 of good.jsonl: 'a train leaves ostrel at noon and reaches'")
    with pytest.raises(JobError, match=r"bad.jsonl, row 1, field question: is missing"):
        Decontaminate("question", (QuestionFile(path=str(bad), source="exam"),), 8)([make_question("x")])


def test_an_evaluation_file_that_was_written_anew_is_read_again(
        tmp_path: Path, make_question: Callable[..., Question]) -> None:
    """A pool's workers, and whoever calls jobs from Python, outlive one job."""
    path = tmp_path / "exam.jsonl"
    for content, expected in (("Which river carries the timber of the county?", Kept), (EVALUATION, Rejected)):
        path.write_text(json.dumps({"question": content}) + "\n")
        check = Decontaminate("question", (QuestionFile(path=str(path), source="exam"),), 8)
        assert isinstance(check([make_question(EVALUATION)])[0], expected)


@pytest.mark.parametrize("content", ["", "question,answer\n"])
def test_an_evaluation_file_without_rows_stops_the_job(content: str, tmp_path: Path) -> None:
    """A download that was cut off must not pass for a set in which nothing stands."""
    path = tmp_path / "exam.csv"
    path.write_text(content)
    with pytest.raises(JobError, match=r"evaluation set exam\.csv: the file has no rows"):
        load_index((QuestionFile(path=str(path), source="exam"),), 8)


@pytest.mark.parametrize("copies", [2, 17])
def test_copies_of_an_evaluation_question_do_not_hide_it(copies: int, make_question: Callable[..., Question]) -> None:
    """A run that more than 16 questions share is no seed, and a word that all of them hold weighs 1 bit. Copies are one
    question, in whatever order their options stand."""
    options = ("45 miles an hour", "50 miles an hour")
    index = build_index([(f"exam, row {number}", EVALUATION, options[::1 if number % 2 else -1])
                         for number in range(1, copies + 1)], 8)
    changed = EVALUATION.replace("Ostrel", "Lorne")
    for text in (EVALUATION, changed):
        found = check_question(make_question(text), index)
        assert found == check_question(make_question(text), build_index([("exam, row 1", EVALUATION, options)], 8))
        assert isinstance(found, Rejected)


def test_without_evaluation_sets_nothing_is_contaminated(make_question: Callable[..., Question]) -> None:
    assert isinstance(check_question(make_question(EVALUATION), build_index([], 8)), Kept)


def match(**changed: int) -> Match:
    """A question of 20 words and 100 bits, 10 of them in numbers, and options of 80 bits; nothing of it is held."""
    nothing = {"text": 0, "question": 0, "start": 0, "words": 20, "bits": 100, "bits_held": 0, "longest_run": 0,
               "number_bits": 10, "number_bits_held": 10, "option_bits": 80, "option_bits_held": 0}
    return Match(**{**nothing, **changed})


@pytest.mark.parametrize(("held", "expected"), [
    (match(bits_held=70), True),                                           # 70% of it
    (match(bits_held=69), False),
    (match(bits_held=70, number_bits_held=6), False),                      # 60% of its numbers
    (match(bits=80, bits_held=59), False),                                 # 59 bits are too few,
    (match(bits=80, bits_held=59, option_bits_held=60), True),             # but not with 75% of the options
    (match(bits=80, bits_held=59, option_bits_held=59), False),
    (match(words=7, bits_held=99), False),                                 # a short one is known by its options
    (match(words=7, bits_held=70, option_bits_held=60), True),
    (match(words=7, bits=20, bits_held=14, option_bits=33, option_bits_held=26), True),  # 40 bits together
    (match(words=7, bits=20, bits_held=14, option_bits=33, option_bits_held=25), False),
    (match(bits=24, bits_held=24), True),                                  # every word of it,
    (match(bits=23, bits_held=23), False),                                 # unless they say too little
    (match(words=7, bits=24, bits_held=24), False),                        # or others end the sentence
    (match(words=7, bits=24, bits_held=24, option_bits=0), True),
    (match(bits_held=50, longest_run=20), True),                           # 13 runs of 8 words, half of it
    (match(bits_held=50, longest_run=19), False),
    (match(bits_held=49, longest_run=20), False),
])
def test_how_much_of_a_question_is_too_much(held: Match, expected: bool) -> None:
    assert is_contamination(held, 8, False) is expected


def test_a_whole_question_with_other_options_is_another_unless_it_says_enough() -> None:
    assert is_contamination(match(bits=50, bits_held=50), 8, False)
    assert not is_contamination(match(bits=50, bits_held=50), 8, True)
    assert is_contamination(match(bits=50, bits_held=50, option_bits_held=40), 8, True)
    assert is_contamination(match(bits=60, bits_held=60), 8, True)
    assert is_contamination(match(bits=50, bits_held=50, option_bits=0), 8, True)


CHOICES = build_index([
    ("exam, row 1", "Which of these is an element?", ("bronze", "zinc", "brass", "marble")),
    ("exam, row 2", "Which of these is an element?", ("steam", "ozone", "helium", "smoke")),
    ("exam, row 3", "Osmosis is", ("the flow of water through a membrane", "a kind of decay", "the growth of roots")),
    *((f"exam, row {row}", f"Which of these is an element of the plan that town {row} made?", ("a", "b"))
      for row in range(4, 60)),
], 8)


def test_a_general_question_is_known_by_its_options_in_any_order(make_question: Callable[..., Question]) -> None:
    stem = "Which of these is an element?"
    options = ("marble", "brass", "bronze", "zinc")
    shuffled = check_question(make_question(stem, options=options, answer="zinc"), CHOICES)
    assert isinstance(shuffled, Rejected)
    assert shuffled.evidence.startswith("exam, row 1: ")
    second = check_question(make_question(stem, options=("helium", "steam", "smoke", "ozone"), answer="ozone"), CHOICES)
    assert isinstance(second, Rejected)
    assert second.evidence.startswith("exam, row 2: ")
    assert isinstance(check_question(make_question(stem, options=("loam", "basalt", "mud", "fog"), answer="mud"),
                                     CHOICES), Kept)


def test_a_short_question_without_options_is_known_by_its_answer(make_question: Callable[..., Question]) -> None:
    stem = "Which of these is an element?"
    assert check_question(make_question(stem, answer="Zinc."), CHOICES) == Rejected(
        "contaminated", "exam, row 1: the whole question")
    assert isinstance(check_question(make_question(stem, answer="basalt"), CHOICES), Kept)
    half = make_question(stem, options=("helium", "ozone", "granite", "fog"), answer="helium")
    assert check_question(half, CHOICES) == Rejected("contaminated", "exam, row 2: the whole question")


def test_prose_with_the_words_of_a_short_question_is_clean_and_with_its_options_it_is_not() -> None:
    assert isinstance(check_passage(passage("They say that osmosis is a slow thing in winter."), CHOICES), Kept)
    asked = "Osmosis is: the growth of roots, a kind of decay, or the flow of water through a membrane?"
    assert isinstance(check_passage(passage(f"We were asked. {asked} Nobody knew."), CHOICES), Rejected)


def test_another_number_is_another_question(make_question: Callable[..., Question]) -> None:
    text = "Find the largest integer that divides both {} and {} without leaving any remainder at all."
    index = build_index([("exam, row 1", text.format(84, 126), ())], 8)
    assert isinstance(check_question(make_question(text.format(84, 126)), index), Rejected)
    other_word = text.format(84, 126).replace("largest", "greatest")
    assert isinstance(check_question(make_question(other_word), index), Rejected)
    assert isinstance(check_question(make_question(text.format(60, 105)), index), Kept)


@pytest.mark.parametrize(("number", "written"), [
    ("12,000", "12000"), ("12000", "12,000"), ("12,000", "12{,}000"), ("12000", "12,\\!000"),
    ("1½", "1 1/2"), ("½", "1/2"), ("1/2", "1⁄2")])
def test_a_number_is_known_however_it_is_written(
        number: str, written: str, make_question: Callable[..., Question]) -> None:
    text = "Each of the farmers carries {} bushels of barley from the mill to the harbour. How many days does it take?"
    index = build_index([("exam, row 1", text.format(number), ())], 8)
    assert isinstance(check_question(make_question(text.format(written)), index), Rejected)
    assert isinstance(check_question(make_question(text.format("13,000")), index), Kept)


def test_a_number_between_changed_words_still_tells_a_question(make_question: Callable[..., Question]) -> None:
    text = "Which of the kings of the southern league signed the treaty of the two rivers {} {} {}?"
    index = build_index([("exam, row 1", text.format("in", "1648", "alone"), ())], 8)
    assert isinstance(check_question(make_question(text.format("of", "1648", "then")), index), Rejected)
    assert isinstance(check_question(make_question(text.format("of", "1649", "then")), index), Kept)


def test_one_word_in_eight_may_be_another(make_question: Callable[..., Question]) -> None:
    words = EVALUATION.split()  # 21 of them
    words[2], words[12] = "departs", "tomorrow"
    assert isinstance(check_question(make_question(" ".join(words)), INDEX), Rejected)


def test_many_at_once_are_what_each_is_alone(make_question: Callable[..., Question]) -> None:
    questions = [make_question(text) for text in ("Who drives?", EVALUATION, SHORT, "And what is 73 + 46?", "Why?", "")]
    together = check_questions(questions, INDEX)
    assert together == [check_question(question, INDEX) for question in questions]
    assert [isinstance(result, Rejected) for result in together] == [False, True, True, True, False, False]
    passages = [passage(question.question) for question in questions]
    assert check_passages(passages, INDEX) == [check_passage(one, INDEX) for one in passages]


def test_the_sets_that_a_recipe_evaluates_on_are_held_out_as_well(tmp_path: Path) -> None:
    both = [f'{{path = "{name}.jsonl", source = "{name}"}}' for name in ("exam", "other")]
    recipe = tmp_path / "r.toml"
    recipe.write_text(f'''run = {{name = "r"}}
model = {{path = "none"}}
data = {{evaluation = [{both[0]}]}}
evaluate = {{questions = [{both[0]}, {both[1]}]}}
''')
    assert [file.source for file in benchmarks(load_recipe(recipe))] == ["exam", "other"]
