"""Spellings of one value, and what only looks like it: each pair was judged by hand."""

from collections.abc import Callable

import pytest

from crossthink.schema import Question
from crossthink.verify import check_answer

WHAT = "What is it?"


@pytest.mark.parametrize(("gold", "answer", "text"), [
    (r"36\text{ cm}^2", r"36\ \mathrm{cm^2}", WHAT), (r"36\text{ cm}^2", r"36\text{ cm^2}", WHAT),
    (r"36\text{ cm}^2", r"36\text{ cm²}", WHAT), (r"36\text{ cm}^2", "36 cm²", WHAT), (r"36\text{ cm}^2", "36", WHAT),
    (r"36\text{ cm}^2", r"36\ \mathrm{cm^{2}}", WHAT), ("36", r"36\ \mathrm{cm^{2}}", WHAT), ("36", "36 cm²", WHAT),
    (r"\log_2 3", r"\log_{2}3", WHAT), (r"\log_2 3", r"\log_2(3)", WHAT), (r"\log_2 3", r"\log_{2}{3}", WHAT),
    (r"\log_2 3", r"\frac{\ln 3}{\ln 2}", WHAT), (r"1+\log_2 3", r"\log_2 6", WHAT), ("x^2", "x²", WHAT),
    ("100", "10²", WHAT), ("0.000012", "1.2×10⁻⁵", WHAT), (r"2\pi r^2", r"2\pi r²", WHAT), ("0.75", "¾", WHAT),
    (r"\frac{3}{4}", r"\frac{3}{4}\\", WHAT), (r"(-\infty,-1]\cup[1,\infty)", r"x\le -1 \text{ or } x\ge 1", WHAT),
    (r"(2,\infty)", r"\{x \mid x > 2\}", WHAT), (r"(2,\infty)", r"\{x : x>2\}", WHAT),
    (r"(-\infty,\infty)", r"\mathbb{R}", WHAT), (r"(-\infty,\infty)", r"\text{all real numbers}", WHAT),
    (r"\mathbb{R}", r"(-\infty,\infty)", WHAT), (r"1\pm\sqrt{2}", r"1+\sqrt2\text{ and }1-\sqrt2", WHAT),
    (r"1\pm\sqrt{2}", r"1+\sqrt2\text{ or }1-\sqrt2", WHAT), (r"1\pm\sqrt{2}", r"1+\sqrt2, 1-\sqrt2", WHAT),
    (r"x\in\{2,3\}", "2,3", WHAT), ("2,3", r"x = 2 \quad \text{or} \quad x = 3", WHAT),
    (r"\emptyset", r"\varnothing", WHAT), (r"\emptyset", r"\{\}", WHAT), (r"\binom52", "10", WHAT),
    (r"\frac34", "f(1) = 3/4", WHAT), (r"\frac34", r"\Pr(A)=\frac34", WHAT), ("90", r"\angle A = 90^\circ", WHAT),
    ("(1,2)", "(x,y)=(1,2)", WHAT), ("-5", "negative five", WHAT), ("-5", "minus 5", WHAT),
    (r"\frac34", r"\mathbf{\frac{3}{4}}", WHAT), ("4:30 p.m.", r"4:30\text{ p.m.}", WHAT),
    ("4:30 p.m.", "4:30 PM", WHAT), ("4:30 p.m.", "4:30pm", WHAT), ("5", r"x\approx 5", WHAT),
    ("17", r"16.98\approx 17", WHAT), (r"\sqrt2", r"\sqrt{2} \approx 1.41", WHAT),
    ("0.33", r"\frac13\approx 0.33", WHAT), (r"\frac13", r"\frac13\approx 33.3\%", WHAT),
    (r"\frac{10}{3}\approx 3.33", "3.33", WHAT), ("5", r"5\text{ hours}", "How many hours?"),
    ("3", "3 times", "How many times?"), ("3", r"3\text{ dozen}", "How many dozen eggs?"),
    ("12", r"12\text{ marbles}", "Tom has marbles"), ("0.5", "0.5%", "what percent"), (r"2\pi", "2 pi", WHAT),
    (r"x \in [0,1]", "[0, 1.0]", WHAT), ("(3,4]", r"3 < x \leq 4", WHAT),
    (r"x<1 \text{ or } x>3", r"(-\infty,1)\cup(3,\infty)", WHAT),
])
def test_spellings_of_the_gold(ask: Callable[..., Question], gold: str, answer: str, text: str) -> None:
    assert check_answer(ask(gold, text=text), answer).correct


@pytest.mark.parametrize(("gold", "answer", "text"), [
    ("3", r"3\text{4}", WHAT), ("3", r"3\mathbf{4}", WHAT), ("3", r"3\mathrm{0}", WHAT), ("3", r"3\text{,000}", WHAT),
    ("3", r"3\text{.5}", WHAT), ("3", r"3\text{-4}", WHAT), ("3", r"3\text{ + 1}", WHAT), ("3", r"3\text{/4}", WHAT),
    ("3", r"3\text{, 4}", WHAT), ("3", r"3\text{ (4)}", WHAT), ("3", "3 squared", WHAT), ("3", "3 minus one", WHAT),
    ("3", r"3\text{ times 2}", WHAT), ("3", "3 thirds", WHAT), ("3", "3 over four", WHAT),
    ("30", r"30\text{0}", WHAT), ("5", r"5\frac{\text{1}}{\text{2}}", WHAT), (r"5 \text{ cm}", r"5\text{5 cm}", WHAT),
    (r"5 \text{ cm}", r"5\text{.5 cm}", WHAT), (r"5 \text{ cm}", r"5\text{ 0 cm}", WHAT),
    (r"5 \text{ cm}", r"5\text{ or 6 cm}", WHAT), (r"5 \text{ cm}", r"5\text{ x 10 cm}", WHAT),
    (r"5 \text{ cm}", r"5\text{e3 cm}", WHAT), (r"5 \text{ cm}", r"5\approx6\text{ cm}", WHAT),
    (r"5 \text{ cm}", r"5\text{ cm^2}", WHAT), (r"5 \text{ cm}", r"5\mathrm{cm^3}", WHAT),
    (r"2\sqrt{3}", r"2\sqrt{3}\text{4}", WHAT), ("x+1", r"x+1\text{4}", WHAT), ("x+1", r"x+1\text{ or x}", "or x"),
    ("12", r"12\text{ or 13}", "How many boys or girls?"),
    ("12", r"12\text{ and 13}", "Tom and Ann have 24 marbles."),
    ("2", r"2\text{ to 5}", "Give the answer to the nearest integer."),
    ("3", "3 hundred", "A farmer has one hundred hens. How many die?"),
    ("3", r"3\text{ dozen}", "A dozen eggs, how many break?"),
    ("3", r"3\text{ and a half}", "One and a half kilos cost?"), ("2", r"2\text{ pi}", "area in terms of pi?"),
    ("2", r"2\text{ x}", "Solve for x"), ("2", r"2\mathrm{x}", "Solve for x"), ("2", "2 xy", "Solve for xy"),
    ("3", r"3\text{ not}", "How many are not red?"),
    ("3", r"3\text{ is wrong, it is 4}", "Which number is wrong? What is it?"), ("17", r"17\approx 42", WHAT),
    ("17", "17≈42", WHAT), ("17", r"17 \approx 18 \approx 42", WHAT), (r"\frac13", r"\frac{1}{3}\approx 0.5", WHAT),
    (r"\sqrt2", r"\sqrt{2} \approx 5", WHAT), ("5", r"x=5\approx 9", WHAT), ("0.5", r"\frac12\approx 0.9", WHAT),
    ("2", r"7\equiv 2", WHAT), (r"\frac{mM}{m+M}", r"\frac{m}{2}", WHAT), (r"\frac{a}{A}", r"\frac{A}{a}", WHAT),
    ("aA", "a^2", WHAT), ("x", "X", WHAT), ("n+1", "N+1", WHAT), (r"8\text{ m/s}", r"8\text{ m/s^2}", WHAT),
    (r"8\text{ m/s}", r"8\text{ m s}", WHAT), ("1,2,3", r"1,2,3\ldots", WHAT),
    (r"\{1,2,3\}", r"\{1,2,3\ldots\}", WHAT), ("0.333", r"0.333\ldots", WHAT), ("3", r"\fbox{3}4", WHAT),
    ("3", r"4\fbox{3}", WHAT), ("3", "3.0.0", WHAT), ("5", r"5\text{ km}", "How many metres?"),
    ("300", "300 hours", "How many minutes?"), ("5", "5 km", "How many metres?"),
    ("0.5", r"0.5\text{ percent}", WHAT), ("0.5", "0.5 percent", WHAT),
    ("3", "3 ≅ 4", WHAT), ("1,2", r"1, 2\approx 7", WHAT), ("n(n+1)=6", "6", WHAT),
])
def test_what_only_looks_like_the_gold(ask: Callable[..., Question], gold: str, answer: str, text: str) -> None:
    assert not check_answer(ask(gold, text=text), answer).correct
