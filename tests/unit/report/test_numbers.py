"""How numbers look: digits that the interval supports, real minus signs, powers of ten, percent."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from decaybench.report.numbers import Numbers, decimals, format_estimate, format_fact, format_label, format_number


def fact(value, low=None, high=None, method="BCa bootstrap"):
    return {"value": value, "low": low, "high": high, "n": 9, "unit": "nats", "method": method}


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (182.286, 178.05, 186.86, "182"),
        (0.62628, 0.5526, 0.7236, "0.626"),
        (0.019158, 0.0188, 0.0195, "0.0192"),
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


INTERVALS = [
    (0.277, 0.0004, 217.0),
    (0.98, 0.929, 1.0),
    (-2.4, -4.8, -0.012),
    (-2.4, -4.8, 0.012),
    (0.0, -1e-9, 0.3),
    (1e-5, -3e-7, 0.5),
    (9.96e-5, 9.9e-5, 1.004e-4),
    (1.0001e-4, 9.99e-5, 0.02),
    (999_999.7, 12.0, 1.2e6),
    (9.9e-94, 2.7e-245, 3.6e58),
    (1.0000004, 1.0000001, 1.0000009),
    (0.049, 0.0499999, 0.0500001),
    (-0.00012, -170.0, -0.00011),
    (5.0, 5.0, 5.0),
    (12.0, 0.0, 12_345.6),
]


def shown_as_number(text):
    mantissa, _, power = text.replace(",", "").replace("−", "-").partition(" × 10")
    return float(mantissa) * 10.0 ** int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)


@pytest.mark.parametrize(("value", "low", "high"), INTERVALS)
def test_no_value_is_printed_outside_of_its_own_interval(value, low, high):
    low, high = min(value, low), max(value, high)
    texts = format_estimate(value, low, high)
    shown = [shown_as_number(text) for text in texts]
    assert shown[1] <= shown[0] <= shown[2], texts
    for number, seen in zip((value, low, high), shown, strict=True):
        assert (seen == 0) == (number == 0), texts
        assert seen == pytest.approx(number, rel=0.06) or abs(seen - number) < (high - low) / 20, texts
    assert format_fact(fact(value, low, high)) == texts[0]
    assert Markup(numbers({"a": fact(value, low, high)}).estimate("a")).striptags().replace("\xa0", " ") == (
        f"{texts[0]} [{texts[1]}, {texts[2]}]"
    )


def test_a_value_and_its_bounds_are_printed_to_the_same_place():
    assert format_estimate(-2.4, -4.8, -0.012) == ("−2.40", "−4.80", "−0.01")
    assert format_estimate(0.98, 0.929, 1.0) == ("0.980", "0.929", "1.000")
    shown = Markup(numbers({"a": fact(0.98, 0.929, 1.0)}).percent_estimate("a")).striptags()
    assert shown.replace("\u202f", " ").replace("\xa0", " ") == "98.0 % [92.9 %, 100.0 %]"


def test_an_interval_over_many_powers_of_ten_has_three_digits_each():
    assert format_estimate(0.277, 0.0004, 217.0) == ("0.277", "0.000400", "217")


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
