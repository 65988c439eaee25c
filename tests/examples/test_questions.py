"""The question files: answers worked out again from the text, letters balanced, files disjoint, bytes reproducible."""

import re
import subprocess
import sys
from collections import Counter
from itertools import combinations
from random import Random

import pytest
from question_text import DOMAINS, invented_names, ngrams, numbers, stated_facts

FILES = ("questions-math.jsonl", "questions-facts.jsonl", "questions-facts-open.jsonl", "evaluation.jsonl",
         "cold_start.jsonl")
TRAINING, HELD_OUT = FILES[:3], FILES[3:]
WITH_OPTIONS = ("questions-facts.jsonl", *HELD_OUT)


def solve_arithmetic(question):
    """The answer from the words of the question alone."""
    found = numbers(question)
    if re.search(r"twice|Double", question):
        return 2 * found[0]
    if " times " in question:
        return found[0] * found[1]
    if question.startswith("Take"):
        return found[1] - found[0]
    first, second = found
    if " + " in question or question.startswith("Add") or re.search(r"finds|, then \d+ more|in another", question):
        return first + second
    assert " - " in question or re.search(r"gave away|sold|loses", question), question
    return first - second


def solve_facts(row):
    """All options, or without options all names or values, that the stated facts make right."""
    question = row["question"]
    if row["family"] == "member":
        kinds = {kind: names.split(", ") for kind, names in re.findall(r"(\w+): ([^.]+)\.", question)}
        kind = re.fullmatch(r".* Which of these is among the (\w+)\?", question)[1].capitalize()
        return [option for option in row["options"] if option in kinds[kind]]
    facts, asked = stated_facts(question)
    if row["family"] in ("largest", "earliest"):
        value = (max if row["family"] == "largest" else min)(int(value) for _, value in facts)
        return [name for name, number in facts if int(number) == value]
    wholes = [" ".join(fact) for fact in facts]
    reverse = re.fullmatch(r"Which \w+ has (.+)\?", asked)
    if reverse:
        return [whole.removesuffix(f" {reverse[1]}") for whole in wholes if whole.endswith(f" {reverse[1]}")]
    name = re.fullmatch(r"What is the .+? of (.+)\?", asked)[1]
    return [whole.removeprefix(f"{name} ") for whole in wholes if whole.startswith(f"{name} ")]


@pytest.mark.parametrize("file", FILES)
def test_every_answer_follows_from_the_question(rows, file):
    for row in rows(file):
        if row["options"]:
            assert len(set(row["options"])) == 4, row
            assert row["answer"] in row["options"], row
        if row["domain"] == "math":
            assert row["answer"] == str(solve_arithmetic(row["question"])), row
        else:
            assert solve_facts(row) == [row["answer"]], row


def test_counts_and_domains(rows):
    # Facts come in eights: 480 = 8 x 60, 15 a family; evaluation 240 = 8 x 30, 8 + 8 + 7 + 7; cold start 120 = 8 x 15,
    # 4 + 4 + 4 + 3. Half of an eight has options, in `member` all of it.
    def counted(sizes):
        return Counter({(family, options): half for family, size in zip(facts, sizes, strict=True)
                        for options, half in ((True, size if family == "member" else size // 2),
                                              (False, 0 if family == "member" else size // 2)) if half})

    facts, arithmetic = ("largest", "earliest", "lookup", "member"), ("sum", "difference", "word", "double")
    found = {file: Counter((row["family"], bool(row["options"])) for row in rows(file)) for file in FILES}
    assert found["questions-math.jsonl"] == {(family, False): 60 for family in arithmetic}
    assert found["questions-facts.jsonl"] + found["questions-facts-open.jsonl"] == counted([120] * 4)
    assert not any(options for _, options in found["questions-facts-open.jsonl"])
    assert found["evaluation.jsonl"] == counted([64, 64, 56, 56]) | {(family, False): 60 for family in arithmetic}
    assert found["cold_start.jsonl"] == counted([32, 32, 32, 24]) | {(family, False): 30 for family in arithmetic}
    for files in (FILES[1:3], *((file,) for file in HELD_OUT)):  # the training facts, in their two files, together
        domains = Counter(row["domain"] for file in files for row in rows(file) if row["domain"] != "math")
        assert set(domains) == DOMAINS
        assert max(domains.values()) - min(domains.values()) <= 4


@pytest.mark.parametrize("file", WITH_OPTIONS)
def test_letters_balance_and_length_tells_nothing(rows, file):
    chosen = [row for row in rows(file) if row["options"]]
    letters = Counter((row["family"], row["options"].index(row["answer"])) for row in chosen)
    for family, total in Counter(row["family"] for row in chosen).items():
        assert [letters[family, letter] for letter in range(4)] == [total // 4] * 4
    longest = 0.0
    for row in chosen:
        length = max(map(len, row["options"]))
        ties = [option for option in row["options"] if len(option) == length]
        longest += (row["answer"] in ties) / len(ties)
    # A guess by length is right one time in four; 0.08 is two standard errors of 120 rows, and one and a half of 72.
    assert abs(longest / len(chosen) - 0.25) < 0.08


def test_questions_are_short_and_unlike_each_other(rows):
    for file in FILES:
        questions = [row["question"] for row in rows(file)]
        assert max(len(question.split()) for question in questions) < 60
        grams = [ngrams(question, 5) for question in questions]
        assert max(len(a & b) / len(a | b) for a, b in combinations(grams, 2)) < 0.6, file


def test_no_question_number_pair_or_name_stands_in_two_files(rows):
    questions = {file: {row["question"] for row in rows(file)} for file in FILES}
    pairs = {file: {tuple(sorted(numbers(row["question"]))) for row in rows(file) if row["domain"] == "math"}
             for file in FILES}
    names = {file: invented_names(rows(file)) for file in HELD_OUT}
    for one, other in combinations(FILES, 2):
        assert not questions[one] & questions[other]
        assert not pairs[one] & pairs[other]
    assert len(names["evaluation.jsonl"]) > 500
    assert not names["evaluation.jsonl"] & names["cold_start.jsonl"]
    # Eight words in a row are what decontamination looks for.
    eights = {file: set().union(*(ngrams(row["question"], 8) for row in rows(file))) for file in FILES}
    for training in TRAINING:
        for held_out in HELD_OUT:
            assert not eights[training] & eights[held_out]


def test_reasoning_leads_to_the_answer(rows):
    for row in rows("cold_start.jsonl"):
        reasoning = row["reasoning"]
        if row["options"]:
            walked = re.findall(r"([A-D]) (.+?) (yes|no)\.", reasoning.split(". ", 1)[1])
            assert [option for _, option, _ in walked] == row["options"][:len(walked)], row
            assert [word for _, _, word in walked] == ["no"] * (len(walked) - 1) + ["yes"], row
            assert walked[-1][1] == row["answer"], row
            assert row["answer"] in reasoning.split(". ", 1)[0], row
        elif row["domain"] != "math":
            assert row["answer"] in reasoning, row
            assert reasoning.count(".") == 1, row
        else:
            steps = re.findall(r"(\d+) ([+-]) (\d+) = (\d+)", reasoning)
            for left, sign, right, result in steps:
                assert int(left) + (1 if sign == "+" else -1) * int(right) == int(result), row
            assert steps[-1][3] == row["answer"], row
        fewest = 4 if row["options"] or row["domain"] == "math" else 2
        assert fewest <= len(reasoning.split()) <= 22, row
    assert not any("reasoning" in row for file in FILES[:4] for row in rows(file))


def test_steps_by_hand():
    from math_questions import difference_steps, sum_steps

    assert sum_steps(47, 25) == "40 + 20 = 60, 7 + 5 = 12, 60 + 12 = 72."
    assert sum_steps(47, 8) == "7 + 8 = 15, 40 + 15 = 55."
    assert difference_steps(52, 17) == "52 - 10 = 42, 42 - 2 = 40, 40 - 5 = 35."
    assert difference_steps(59, 3) == "59 - 3 = 56."
    assert difference_steps(60, 20) == "60 - 20 = 40."


def test_the_committed_files_are_what_the_generator_writes(examples, tmp_path):
    subprocess.run([sys.executable, examples / "generate.py", tmp_path], check=True, capture_output=True)
    for file in FILES:
        assert (tmp_path / file).read_bytes() == (examples / file).read_bytes(), f"run examples/generate.py: {file}"


def test_another_seed_gives_other_questions_that_stay_apart(rows):
    from generate import generate

    training = generate(7, 40, ["sum", "word"], "training")
    again = generate(7, 40, ["sum", "word"], "training")
    assert training == again != generate(8, 40, ["sum", "word"], "training")
    held_out = {tuple(sorted(numbers(row["question"]))) for row in rows("evaluation.jsonl") if row["domain"] == "math"}
    assert not held_out & {tuple(sorted(numbers(row["question"]))) for row in training}


def test_knobs_bound_the_numbers():
    from fact_questions import FactKnobs
    from generate import generate
    from math_questions import MathKnobs

    sums = generate(0, 30, ["sum"], "training", math=MathKnobs(sum_first=(300, 400), sum_second=(3, 9)))
    assert all(3 <= min(numbers(row["question"])) <= 9 for row in sums)
    assert all(300 <= max(numbers(row["question"])) <= 400 for row in sums)
    easy = FactKnobs(digits=(3, 3), near=1.0, years=(1500, 1600))
    for row in generate(0, 16, ["largest"], "evaluation", facts=easy):
        # near: one length and one leading digit
        assert len({value[0] for _, value in stated_facts(row["question"])[0]}) == 1
        assert {len(value) for _, value in stated_facts(row["question"])[0]} == {3}
    for row in generate(0, 16, ["earliest"], "evaluation", facts=easy):
        assert all(1500 <= int(value) < 1600 for _, value in stated_facts(row["question"])[0])


def test_what_cannot_be_made_is_refused():
    from fact_questions import FactKnobs, fact_rows
    from generate import generate

    with pytest.raises(ValueError, match="multiple of 8"):
        fact_rows("largest", 10, "training", Random(0), FactKnobs())
    with pytest.raises(ValueError, match="widen"):
        generate(0, 100_000, ["sum"], "training")
    with pytest.raises(ValueError, match="ask for fewer"):
        generate(0, 4000, ["lookup"], "training", facts=FactKnobs(alike=0.1))
    with pytest.raises(ValueError, match="riddle"):
        generate(0, 4, ["riddle"], "training")
