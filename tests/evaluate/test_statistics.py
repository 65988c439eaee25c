"""Intervals and tests against values worked by hand, and figures of statsmodels 0.15.0 and scipy 1.17.1."""

import subprocess
import sys
from math import comb, sqrt

import pytest

from crossthink.evaluate.statistics import (
    effective_size,
    exact_p,
    mean_interval,
    paired_interval,
    pass_at,
    share_interval,
)
from crossthink.intervals import wilson


def test_wilson_is_the_published_interval() -> None:
    # statsmodels.stats.proportion.proportion_confint(k, n, method="wilson")
    assert wilson(33 / 80, 80) == pytest.approx((0.3110585761276187, 0.5219595965410984), abs=1e-12)
    assert wilson(0.7, 10) == pytest.approx((0.39677814746114537, 0.8922087325936989), abs=1e-12)
    # by hand: z^2 = 3.8415; 0 of 10: high = (z^2 / 10) / (1 + z^2 / 10) = 0.38415 / 1.38415 = 0.27753
    assert wilson(0.0, 10) == (0.0, pytest.approx(0.27753279986288926, abs=1e-12))
    # 100 of 100: low = 1 / (1 + z^2 / 100) = 1 / 1.038415 = 0.96301
    assert wilson(1.0, 100) == (pytest.approx(0.9630065017930143, abs=1e-12), 1.0)


@pytest.mark.parametrize(("share", "n"), [(0.5, 0), (1.1, 10), (-0.1, 10)])
def test_wilson_refuses_what_is_no_share(share: float, n: float) -> None:
    with pytest.raises(ValueError, match="no interval"):
        wilson(share, n)


def test_one_answer_a_question_gives_wilsons_own_interval() -> None:
    assert share_interval([1.0] * 7 + [0.0] * 3, 1) == pytest.approx(wilson(0.7, 10), abs=1e-15)


def test_several_answers_are_clustered_by_question() -> None:
    shares = [1, 1, 2 / 3, 1 / 3, 0, 0, 1, 1 / 3, 2 / 3, 1]
    # p = 6 / 10; sum (share - p)^2 = 4 * 0.4^2 + 2 * (1/15)^2 + 2 * (4/15)^2 + 2 * 0.6^2 = 1.5111; v = 0.015111
    # size = 0.6 * 0.4 / 0.015111 = 15.882, between 10 questions and 30 answers.
    # v is the squared cluster-robust error of statsmodels' OLS on a constant (cov_type="cluster",
    # use_correction=False); the interval is proportion_confint(0.6 * size, size, method="wilson").
    assert effective_size(shares, 3) == pytest.approx(15.882352941176475, abs=1e-9)
    assert share_interval(shares, 3) == pytest.approx((0.3634469817135557, 0.7976005189716788), abs=1e-12)


def test_the_effective_size_lies_between_questions_and_answers() -> None:
    assert effective_size([1, 0, 1, 0], 3) == pytest.approx(4)  # answers to a question all alike: 4 questions, no more
    assert effective_size([0.5] * 4, 2) == 8  # no question differs: as good as 8 questions
    assert effective_size([1.0] * 4, 2) == 4  # all right: nothing tells, so the cautious end
    with pytest.raises(ValueError, match="no questions"):
        effective_size([], 1)


def test_pass_at_k() -> None:
    """Of four answers one is right: C(3, 2) = 3 of the C(4, 2) = 6 pairs hold no right one."""
    assert pass_at([1], 4, 2) == 0.5
    assert pass_at([1, 0], 2, 1) == 0.25
    assert pass_at([1, 0], 2, 2) == 0.5
    assert pass_at([4, 4], 4, 1) == pass_at([4, 4], 4, 4) == 1.0
    with pytest.raises(ValueError, match="no such number"):
        pass_at([1], 2, 3)


def test_the_average_over_sets() -> None:
    """Means 1/2 and 2/3; their squared errors 1/12 (4 questions, spread 1) and 1/9 (3, spread 2/3): together 7/144."""
    mean, low, high = mean_interval([[1.0, 0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    half = 1.959963984540054 * sqrt(7 / 144)
    assert (mean, low) == pytest.approx((7 / 12, 7 / 12 - half), abs=1e-12)
    assert high == 1.0  # the formula's 1.015 is cut
    # a set with all right is no set without error: Wilson's half width of 10 of 10 is (1 - 0.7224672) / 2
    mean, low, high = mean_interval([[1.0] * 10])
    assert (mean, low, high) == (1.0, pytest.approx(1 - 0.27753279986288926 / 2, abs=1e-9), 1.0)


def test_paired_interval_is_that_of_agresti_and_min() -> None:
    before, after = [0.0] * 12 + [1.0] * 3 + [1.0] * 85, [1.0] * 12 + [0.0] * 3 + [1.0] * 85
    # 12 up, 3 down of 100. Their formula: middle 9 / 102; half 1.96 * sqrt(15 + 1 - 81 / 102) / 102 = 0.07493
    difference, low, high = paired_interval(before, after)
    assert difference == pytest.approx(0.09, abs=1e-12)
    half = 1.959963984540054 * sqrt(16 - 81 / 102) / 102
    assert (low, high) == pytest.approx((9 / 102 - half, 9 / 102 + half), abs=1e-12)
    assert (low, high) == pytest.approx((0.013305639236436254, 0.16316494899885786), abs=1e-12)


def test_paired_interval_at_its_ends() -> None:
    # nothing moved: 0 +- 1.96 * sqrt(1) / 52
    assert paired_interval([1.0] * 50, [1.0] * 50) == (0, pytest.approx(-0.0376916, abs=1e-7),
                                                       pytest.approx(0.0376916, abs=1e-7))
    difference, low, high = paired_interval([0.0] * 10, [1.0] * 10)
    assert (difference, high) == (1.0, 1.0)  # the formula's 1.10 is cut
    assert low == pytest.approx(10 / 12 - 1.959963984540054 * sqrt(11 - 100 / 12) / 12, abs=1e-12)
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_interval([1.0], [1.0, 0.0])


def test_paired_interval_takes_shares_of_several_answers() -> None:
    # d = 1/3, 1/3, 0, -1/3: sum 1/3, squares 1/3; n + 2 = 6: 1/18 +- 1.96 * sqrt(4/3 - 1/54) / 6
    difference, low, high = paired_interval([0, 1 / 3, 1, 1], [1 / 3, 2 / 3, 1, 2 / 3])
    half = 1.959963984540054 * sqrt(4 / 3 - 1 / 54) / 6
    assert (difference, low, high) == pytest.approx((1 / 12, 1 / 18 - half, 1 / 18 + half), abs=1e-12)


def test_paired_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Exact coverage by summing over all tables of 30 questions of which 20% go up and 10% go down."""
    n, up, down = 30, 0.2, 0.1
    covered = 0.0
    for gained in range(n + 1):
        for lost in range(n + 1 - gained):
            chance = comb(n, gained) * comb(n - gained, lost) * up**gained * down**lost \
                * (1 - up - down)**(n - gained - lost)
            before = [0.0] * gained + [1.0] * (n - gained)
            after = [1.0] * gained + [0.0] * lost + [1.0] * (n - gained - lost)
            _, low, high = paired_interval(before, after)
            covered += chance * (low <= up - down <= high)
    assert 0.93 < covered < 0.98


def test_exact_p_is_mcnemars() -> None:
    # by hand: 6 up, 0 down: 2 / 2^6 = 0.03125; 3 of 15: 2 (1 + 15 + 105 + 455) / 2^15 = 1152 / 32768
    assert exact_p(6, 0) == 0.03125
    assert exact_p(12, 3) == exact_p(3, 12) == 1152 / 32768
    assert exact_p(4, 4) == exact_p(0, 0) == 1.0
    # scipy.stats.binomtest(21, 61).pvalue
    assert exact_p(40, 21) == pytest.approx(0.0204147137996349, abs=1e-12)
    assert 0 < exact_p(600, 400) < 1e-9  # large counts neither overflow nor vanish


def test_the_statistics_need_no_torch() -> None:
    code = "import sys, crossthink.evaluate.statistics; assert not {'torch', 'pyarrow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
