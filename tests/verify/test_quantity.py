"""Quantities: verdicts by hand, each with its why."""

from collections.abc import Callable
from fractions import Fraction

import pytest

from crossthink.schema import Question, Reason
from crossthink.verify import check_answer
from crossthink.verify.quantity import read_quantity

Ask = Callable[..., Question]


@pytest.mark.parametrize(("gold", "answer", "reason"), [
    ("5.9 m/s", r"5.9\ \text{m/s}", Reason.CORRECT),
    ("5.9 m/s", "5.9", Reason.CORRECT),  # a unit may be missing
    ("5.9 m/s", "5.88 m/s", Reason.CORRECT),  # rounds to the gold
    ("5.9 m/s", "5.84 m/s", Reason.WRONG),  # rounds to 5.8
    ("5.9 m/s", "6 m/s", Reason.WRONG),  # less than the gold says
    ("5.9 m/s", "5.9 m", Reason.WRONG),  # another dimension
    ("5.9 m/s", "-5.9 m/s", Reason.WRONG),
    ("5.9 m/s", r"21.2 \text{ km/h}", Reason.CORRECT),  # 5.89 m/s
    ("5.9 m/s", r"v = 5.888 \approx 5.9 m/s", Reason.CORRECT),
    ("5.9 m/s", "v = gt = 5.9 m/s", Reason.CORRECT),
    ("5.9 m/s", "5.2 m/s = 5.9 m/s", Reason.TWO_ANSWERS),
    ("5.9 m/s", "5.9 m/s or 6.1 m/s", Reason.PARSE_FAILURE),
    ("5.9 m/s", "5.9 m/s, 6.1 m/s", Reason.PARSE_FAILURE),
    ("5.9 m/s", "about 5.9 meters per second", Reason.CORRECT),
    ("5.9 m/s", "fast", Reason.PARSE_FAILURE),
    ("5.9 m/s", r"\text{v = 5.9", Reason.PARSE_FAILURE),
    ("5.9 m/s", "a=b=c=d=5.9 m/s", Reason.PARSE_FAILURE),  # more sides than are looked at
    (r"$3.89\times 10^{6} \text{ C}$", "3.89 MC", Reason.CORRECT),
    (r"$3.89\times 10^{6} \text{ C}$", "3.89×10⁶ C", Reason.CORRECT),
    (r"$3.89\times 10^{6} \text{ C}$", "3.894e6 C", Reason.CORRECT),
    (r"$3.89\times 10^{6} \text{ C}$", "3.89 C", Reason.WRONG),
    (r"$22.\text{5 kg}\cdot \text{m}^{2}\text{/s}$", "22.5 kg m²/s", Reason.CORRECT),  # as a converter left it
    (r"$2.12\times 10^{\text{–10}} \text{ m}$", "0.212 nm", Reason.CORRECT),
    (r"$5.77 \times 10^{-7} \text{m}=577 \text{nm}$", "577 nm", Reason.CORRECT),
    ("–802 kJ mol^−1", "-802 kJ/mol", Reason.CORRECT),
    ("–802 kJ mol^−1", "802 kJ/mol", Reason.WRONG),
    ("177 m/s", "176.6 m/s", Reason.CORRECT),  # three digits are rounded ones
    ("54 s", "54.3 s", Reason.WRONG),  # two without a point are exact
    ("2.0 m", "2.04 m", Reason.CORRECT),
    ("2 m", "2.04 m", Reason.WRONG),
    (r"\frac{1}{3} m", "1/3 m", Reason.CORRECT),
    (r"\frac{1}{3} m", "0.333 m", Reason.WRONG),  # a fraction is exact
    ("0.0165", "0.01653", Reason.CORRECT),
    ("0.0165", "0.016", Reason.WRONG),
    ("0.0165", "1.65%", Reason.CORRECT),  # mathematics reads what is no quantity
    ("$6.25", "6.25 dollars", Reason.CORRECT),
    ("$6.25", "6.25 kg", Reason.WRONG),
    ("25 °C", "25 degrees Celsius", Reason.CORRECT),
    ("25 °C", "25 K", Reason.WRONG),
    ("25 °C", "298 K", Reason.WRONG),  # a miss: their zeros differ, and no unit is shifted
    ("9.8 m/s^2", r"9.8\ \mathrm{m/s^{2}}", Reason.CORRECT),
    ("9.8 m/s^2", r"9.8\,\mathrm{m\,s^{-2}}", Reason.CORRECT),
    ("9.8 m/s^2", r"\text{9.8 m/s^{2}}", Reason.CORRECT),
    ("9.8 m/s^2", r"9.8\ \frac{m}{s^2}", Reason.CORRECT),
    ("9.8 m/s^2", r"9.8\ \frac{\text{m}}{\text{s}^2}", Reason.CORRECT),
    ("9.8 m/s^2", r"9.8\ \mathrm{\dfrac{m}{s^{2}}}", Reason.CORRECT),
    ("9.8 m/s^2", r"9.8\ \frac{m}{s}", Reason.WRONG),
    ("9.8 m/s^2", r"9.8\ \frac{s^2}{m}", Reason.WRONG),
    ("9.8 m/s^2", r"9.7\ \frac{m}{s^2}", Reason.WRONG),
    ("9.8 m/s^2", r"9.8\ \frac{m}{s}^2", Reason.PARSE_FAILURE),  # m^2/s^2
    ("9.8 m/s^2", r"9.8\ \frac{m}{s^2} s", Reason.PARSE_FAILURE),
    ("9.8 m/s^2", r"9.8\ \frac{m}{s^2} or 9.1", Reason.PARSE_FAILURE),
    ("9.8 m/s^2", r"9.8\ \frac{m}{s^2} = 9.1\ \frac{m}{s^2}", Reason.TWO_ANSWERS),
    ("12.5 kJ/mol", r"12.5\ \mathrm{kJ\cdot mol^{-1}}", Reason.CORRECT),
    ("12.5 kJ/mol", r"12.5\ \mathrm{J\cdot mol^{-1}}", Reason.WRONG),
    ("90.0 km/h", "90.0 kph", Reason.CORRECT),
    ("90.0 km/h", "90.0 mph", Reason.WRONG),
    ("soon", "soon", Reason.BAD_GOLD),
    ("5 m", "9" * 1001, Reason.TOO_LONG),
])
def test_verdicts(ask: Ask, gold: str, answer: str, reason: Reason) -> None:
    assert check_answer(ask(gold, "quantity"), answer).reason is reason


@pytest.mark.parametrize(("text", "value", "slack"), [
    ("5.9 m/s", "5.9", "0.05"),
    ("KP = 1.9 $\\times$ 10^3", "1900", "50"),
    ("10^{-15} m", "1e-15", "0"),
    ("1,200 m", "1200", "0.5"),
    ("5 m", "5", "0"),
    ("0.5 m", "0.5", "0"),  # one digit says nothing of rounding
    ("-0.050", "-0.05", "0.0005"),
    (".25 g", "0.25", "0.005"),
    ("0.737 meters = 737 mm", "737", "0.5"),
    ("2e3 m", "2000", "0"),
    ("595", "595", "0"),  # may count something
])
def test_value_and_slack(text: str, value: str, slack: str) -> None:
    found = read_quantity(text)
    assert found is not None
    assert (found.value, found.slack) == (Fraction(value), Fraction(slack))


@pytest.mark.parametrize("text", ["", "m", "x", "5.00 to 12.5 D", "462 Hz, 4 Hz", "95%", "+0.360 m (concave)",
                                  "5 apples", "Mean = 25, standard deviation = 2.7", "3.125 = 3", "1 m 20 cm",
                                  "mean = 25 and standard deviation = 7.07", "5.1.2 m", "\ud800",
                                  "height = 3/4 in. width = 2.5 in.",
                                  "P(x < 10) = 0.48\n\n50th percentile = 10.4", "5" * 1001])
def test_what_is_no_quantity(text: str) -> None:
    assert read_quantity(text) is None
