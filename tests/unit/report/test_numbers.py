"""How numbers look: digits that the interval supports, real minus signs, powers of ten, percent."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from decaybench.report.numbers import Numbers, decimals, format_fact, format_label, format_number


def fact(value, low=None, high=None, method="BCa bootstrap"):
    return {"value": value, "low": low, "high": high, "n": 9, "unit": "nats", "method": method}


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (182.286, 178.05, 186.86, "182.3"),
        (0.62628, 0.5526, 0.7236, "0.626"),
        (0.019158, 0.0188, 0.0195, "0.01916"),
        (-0.0011424, -0.0013, -0.00096, "−0.00114"),
        (2.4, -50.0, 55.0, "2"),
        (4.836e-19, 4.5e-19, 5.3e-19, "4.8 × 10⁻¹⁹"),
        (-3.0e-7, None, None, "−3.0 × 10⁻⁷"),
        (9.99e-6, None, None, "1.0 × 10⁻⁵"),
        (1.5e7, None, None, "1.5 × 10⁷"),
        (0.0, None, None, "0"),
        (2000, None, None, "2,000"),
        (0.5, None, None, "0.500"),
    ],
)
def test_digits(value, low, high, shown):
    assert format_fact(fact(value, low, high)) == shown


def test_rounding_never_says_minus_zero():
    assert format_number(-0.0004, 2) == "0.00"


def test_a_degenerate_interval_is_not_infinite_precision():
    assert decimals(0.5, 0.5, 0.5) == 3


@pytest.mark.parametrize(("label", "shown"), [("0.01", "0.01"), ("1e-05", "10⁻⁵"), ("2.5e-07", "2.5 × 10⁻⁷")])
def test_labels(label, shown):
    assert format_label(label) == shown


def numbers(facts, language="en"):
    return Numbers(facts, [], language, str)


def test_percent_keeps_its_distance_from_certainty():
    facts = {"a": fact(0.9996), "b": fact(1.0), "c": fact(0.125), "d": fact(0.0)}
    assert [Markup(numbers(facts).percent(key)).striptags() for key in facts] == [
        "99.96 %", "100 %", "12.5 %", "0 %",
    ]  # fmt: skip
    assert "99.96%" in numbers(facts, "zh").percent("a")


def test_an_interval_shows_on_which_side_of_zero_it_ends():
    text = numbers({"a": fact(-2.4, -4.8, -0.012)}).interval("a")
    assert "−0.01" in text and "0.0<" not in text


def test_a_missing_interval_gives_its_reason():
    assert "(no interval: one seed has no spread)" in numbers(
        {"a": fact(1.0, method="none: one seed has no spread")}
    ).estimate("a")


def test_a_missing_value_is_a_dash_with_a_reason():
    shown = numbers({"a": fact(None, method="none: no pair of cells")}).estimate("a")
    assert "—" in shown and "no pair of cells" in shown


def test_an_unknown_fact_is_named():
    with pytest.raises(KeyError, match="no fact 'nowhere/base/0/test_loss'"):
        numbers({}).fact("nowhere/base/0/test_loss")
