"""Units of science: sizes and powers by hand from their definitions."""

from fractions import Fraction

import pytest

from crossthink.verify.si import Unit, read_unit

SPEED = (("m", 1), ("s", -1))
ENERGY = (("g", 1), ("m", 2), ("s", -2))


@pytest.mark.parametrize(("text", "size", "powers"), [
    ("m/s", 1, SPEED),
    (r"\text{m}\text{/}\text{s}", 1, SPEED),
    ("m s⁻¹", 1, SPEED),
    ("m s^{-1}", 1, SPEED),
    ("meters per second", 1, SPEED),
    (r"\mathrm{m\,s^{-1}}", 1, SPEED),
    (r"\dfrac{\text{m}}{\text{s}}", 1, SPEED),
    (r"N\,\frac{m}{kg^{2}}", Fraction(1, 1000), (("g", -1), ("m", 2), ("s", -2))),  # 1000 g m/s² times m/(1000 g)²
    ("km/h", Fraction(1000, 3600), SPEED),
    ("kph", Fraction(1000, 3600), SPEED),
    ("mph", Fraction(1609344, 3600 * 1000), SPEED),  # a mile is 1609.344 m
    ("miles per hour", Fraction(1609344, 3600 * 1000), SPEED),
    ("J", 1000, ENERGY),  # kg m²/s², in grams
    (r"\text{N}\cdot \text{m}", 1000, ENERGY),
    ("N∙m", 1000, ENERGY),
    ("kJ", 10**6, ENERGY),
    ("kilojoules", 10**6, ENERGY),
    ("eV", Fraction("1.602176634e-16"), ENERGY),
    ("kWh", 3_600_000_000, ENERGY),
    ("kcal", 4_184_000, ENERGY),
    ("Calories", 4_184_000, ENERGY),  # of food
    ("calories", 4_184, ENERGY),
    ("kJ/mol", 10**6, (*ENERGY[:2], ("mol", -1), ENERGY[2])),
    ("kJ mol−1", 10**6, (*ENERGY[:2], ("mol", -1), ENERGY[2])),
    (r"{\text{W/m}}^{2}", 1000, (("g", 1), ("s", -3))),
    ("J/kg K", 1, (("K", -1), ("m", 2), ("s", -2))),  # K stands below the line too
    ("J/(kg·K)", 1, (("K", -1), ("m", 2), ("s", -2))),
    (r"\mu \text{m}", Fraction(1, 10**6), (("m", 1),)),
    ("µm", Fraction(1, 10**6), (("m", 1),)),
    ("um", Fraction(1, 10**6), (("m", 1),)),
    (r"\text{k}\Omega", 10**6, (("A", -2), ("g", 1), ("m", 2), ("s", -3))),
    ("hPa", 10**5, (("g", 1), ("m", -1), ("s", -2))),
    ("mL", Fraction(1, 10**6), (("m", 3),)),
    ("cm³", Fraction(1, 10**6), (("m", 3),)),
    ("cubic centimeters", Fraction(1, 10**6), (("m", 3),)),
    ("sq. ft", Fraction(3048, 10000) ** 2, (("m", 2),)),
    (r"^\circ \text{C}", 1, (("°C", 1),)),
    ("degrees Celsius", 1, (("°C", 1),)),
    (r"^\circ", 1, (("°", 1),)),
    ("mm Hg", 1, (("mmHg", 1),)),
    ("min", 60, (("s", 1),)),  # no milli-inch
    ("days", 86400, (("s", 1),)),
    ("rpm", Fraction(1, 60), (("rev", 1), ("s", -1))),
])
def test_units(text: str, size: Fraction, powers: tuple[tuple[str, int], ...]) -> None:
    assert read_unit(text) == Unit(Fraction(size), powers)


@pytest.mark.parametrize("text", ["", "apples", "cats", "nerve impulses/s", "%", "g H2", "C6H6", "m/m", "of 3 m",
                                  "m or s", "m, s", "square", "²", "m" * 101, "\ud800", "k", "mi/x", "south of west",
                                  r"\frac{m}{s} kg", r"J/kg \frac{m}{s}", r"\frac{J}{kg/m}", r"\frac{m}{\frac{s}{m}}",
                                  r"\mathrm{\frac{m}{s}}^2", r"\frac{m}{}", r"\frac{1}{s}"])
def test_what_is_no_unit(text: str) -> None:
    assert read_unit(text) is None
