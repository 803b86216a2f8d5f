"""Numbers on the page: each one in an element that names the fact or setting that it comes from."""

from __future__ import annotations

from collections.abc import Callable
from math import floor, isfinite, log10
from typing import Any

from markupsafe import Markup

from decaybench.analysis.results import Fact, Facts
from decaybench.analysis.studies import StudyView
from decaybench.analysis.variants import VariantView, find
from decaybench.cells.grid import weight_decay_label
from decaybench.report.catalogue import N_

NO_INTERVAL = N_("no interval: {reason}")
MINUS = "−"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SMALL, LARGE = 1e-4, 1e6  # beyond, powers of ten
LONGEST_LABEL = 6  # letters of a λ; longer ones, as a third, are shown to three digits
FINEST = 4  # decimal places that show every number from SMALL on
MOST_DIGITS = 6  # of the largest of a value and its bounds


def decimals(value: float, low: float | None = None, high: float | None = None) -> int:
    """Decimal places: two digits of the interval's half width, else three digits; two or three of the value."""
    digits = 3
    size = floor(log10(abs(value))) if value else 0
    if low is not None and high is not None and high > low:
        places = 1 - floor(log10((high - low) / 2))
        digits = min(3, max(2, places + size + 1))
        if abs(value) < (high - low) / 2:  # around zero the interval decides alone
            return max(0, places)
    return max(0, digits - 1 - size)


def format_number(value: float, places: int) -> str:
    """A number with a real minus, grouped thousands, and powers of ten where decimals would be unreadable."""
    size = abs(value)
    if value == 0 or not isfinite(value):
        return "0" if value == 0 else "∞"
    if size < SMALL or size >= LARGE:
        exponent = floor(log10(size))
        text = f"{value / 10**exponent:.1f}"
        if abs(float(text)) >= 10:
            exponent, text = exponent + 1, f"{value / 10 ** (exponent + 1):.1f}"
        return f"{text} × 10{str(exponent).translate(SUPERSCRIPT)}".replace("-", MINUS, 1 if value < 0 else 0)
    text = f"{value:,.{places}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def format_estimate(value: float, low: float, high: float) -> tuple[str, str, str]:
    """A value and its bounds, to the same place, so that no value is printed outside of its own interval.

    A number that is not zero is not rounded to zero. Where that would take too many digits, as in [0.0004, 217], each
    of the three has three digits instead; rounding keeps their order in both.
    """
    numbers = (value, low, high)
    places = decimals(*numbers)
    shown = [number for number in numbers if number and SMALL <= abs(number) < LARGE]
    while places < FINEST and any(round(number, places) == 0 for number in shown):
        places += 1
    largest = max((abs(number) for number in shown), default=0.0)
    if places and largest >= 10 ** (MOST_DIGITS - places):
        return tuple(format_number(number, decimals(number)) for number in numbers)  # type: ignore[return-value]
    return tuple(format_number(number, places) for number in numbers)  # type: ignore[return-value]


def format_fact(fact: Fact) -> str:
    """The value of a fact as text without its interval."""
    value = fact["value"]
    if isinstance(value, int):
        return f"{value:,}".replace("-", MINUS)
    if fact["low"] is None or fact["high"] is None:
        exact = fact.get("unit") == "λ" and SMALL <= abs(value) < LARGE
        return f"{value:.3g}" if exact else format_number(value, decimals(value))
    return format_estimate(value, fact["low"], fact["high"])[0]


def format_label(label: str) -> str:
    """A λ label for readers: 1e-05 becomes a power of ten."""
    mantissa, e, exponent = label.partition("e")
    if not e:
        return label if len(label) <= LONGEST_LABEL else f"{float(label):.3g}"
    power = f"10{str(int(exponent)).translate(SUPERSCRIPT)}"
    return power if mantissa == "1" else f"{mantissa} × {power}"


class Numbers:
    """The helpers that templates call; everything they return is escaped."""

    def __init__(self, facts: Facts, studies: list[StudyView], language: str, gettext: Callable[[str], str]) -> None:
        self.facts, self.studies, self.language, self.gettext = facts, studies, language, gettext

    def helpers(self) -> dict[str, Callable[..., Any]]:
        """Every helper by the name under which templates know it."""
        names = (
            "fact", "interval", "estimate", "cell", "plain", "plain_percent", "weight_decay", "weight_decays", "lam",
            "label_of", "setting", "derived", "derived_percent", "ratio", "percent", "percent_off",
            "percent_estimate", "points", "times", "squared", "total", "missing_reason", "count_of", "titled",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def fact(self, key: str) -> Markup:
        """The value of a fact; a dash with the reason where there is none."""
        fact = find(self.facts, key)
        if fact["value"] is None:
            return Markup('<span class="missing" data-fact="{}" title="{}">—</span>').format(
                key, self.missing_reason(key)
            )
        return _data(key, fact["value"], format_fact(fact))

    def interval(self, key: str, named: bool = True) -> Markup:
        """The interval of a fact in brackets, or the reason why there is none.

        named: whether it says which fact it is of; beside the value, the value says so.
        """
        fact = find(self.facts, key)
        value, low, high = fact["value"], fact["low"], fact["high"]
        if low is None or high is None:
            return Markup('<span class="interval none">({})</span>').format(self.missing_reason(key))
        _, *texts = format_estimate(value, low, high)
        return _interval((low, high), texts, key if named else None)

    def estimate(self, key: str) -> Markup:
        """Value and interval."""
        if find(self.facts, key)["value"] is None:
            return self.fact(key)
        return Markup('<span class="estimate">{} {}</span>').format(self.fact(key), self.interval(key, named=False))

    def cell(self, key: str) -> Markup:
        """Value and interval for a table; the value alone where there is none, with the reason on being asked."""
        if find(self.facts, key)["low"] is not None:
            return self.estimate(key)
        return Markup('<span title="{}">{}</span>').format(self.missing_reason(key), self.fact(key))

    def plain(self, key: str) -> str:
        """A value as bare text, for descriptions of figures."""
        fact = find(self.facts, key)
        return "—" if fact["value"] is None else format_fact(fact)

    def plain_percent(self, key: str) -> str:
        """A share as bare text."""
        value = find(self.facts, key)["value"]
        return "—" if value is None else self._percent(value)

    def missing_reason(self, key: str) -> str:
        """Why a fact has no interval, in the page's language."""
        reason = find(self.facts, key)["method"].removeprefix("none: ")
        return self.gettext(NO_INTERVAL).format(reason=self.gettext(reason))

    def weight_decay(self, label: str, key: str | None = None) -> Markup:
        """A λ; with `key` bound to the fact that names it."""
        bound = Markup(' data-fact="{}"').format(key) if key else ""
        return Markup('<data class="weight-decay"{} value="{}">{}</data>').format(bound, label, format_label(label))

    def lam(self, label: str, key: str | None = None) -> Markup:
        """λ = …, unbroken."""
        return Markup("λ&nbsp;=&nbsp;{}").format(self.weight_decay(label, key))

    def weight_decays(self, labels: list[str], key: str | None = None) -> Markup:
        """Several λ in a row."""
        comma = "、" if self.language == "zh" else ", "
        return Markup(comma).join(self.weight_decay(label, key) for label in labels)

    def label_of(self, value: float) -> str:
        """The label of a λ."""
        return weight_decay_label(value)

    def derived_percent(self, view: VariantView, key: str) -> Markup:
        """A share of the config in percent."""
        value = _reach(view, key)
        return Markup('<data data-setting="{}" value="{}">{}</data>').format(
            f"{view.prefix}/{key}", repr(value), self._percent(value)
        )

    def setting(self, view: VariantView, key: str) -> Markup:
        """A number of the config by its dotted key."""
        value = _reach(view, key)
        text = f"{value:,}" if isinstance(value, int) else f"{value:.12g}"
        return Markup('<data data-setting="{}" value="{}">{}</data>').format(
            f"{view.prefix}/{key}", repr(value), text
        )

    def derived(self, key: str, value: float) -> Markup:
        """A number that follows from the config alone."""
        whole = float(value).is_integer() and abs(value) < LARGE
        text = f"{int(value):,}" if whole else format_number(value, decimals(value))
        return Markup('<data data-setting="{}" value="{}">{}</data>').format(key, repr(value), text)

    def ratio(self, above: str, below: str) -> Markup:
        """How many times one fact is of another, in two digits."""
        quotient = find(self.facts, above)["value"] / find(self.facts, below)["value"]
        places = max(0, 1 - floor(log10(abs(quotient))))
        rounded = float(f"{quotient:.1e}")
        text = f"{rounded:,.0f}" if LARGE > rounded >= 10 else format_number(quotient, places)
        return Markup('<data data-fact="{}" data-over="{}" value="{}">{}</data>').format(
            above, below, repr(quotient), text
        )

    def percent_off(self, ratio: str, signed: bool = False) -> Markup:
        """How far a ratio is from one, in percent."""
        share = find(self.facts, ratio)["value"] - 1
        share = share if signed else abs(share)
        return Markup('<data data-fact="{}" data-less="1" value="{}">{}</data>').format(
            ratio, repr(share), self._percent(share)
        )

    def times(self, key: str, inverse: bool = False) -> Markup:
        """A ratio, or how many times the other way round, in two or three digits."""
        value = find(self.facts, key)["value"]
        if value is None or (inverse and not value):
            return self.fact(key)
        value = 1 / value if inverse else value
        rounded = float(f"{value:.1e}") if value >= 10 else value
        text = f"{rounded:,.0f}" if LARGE > rounded >= 10 else format_number(value, decimals(value) - 1 or 1)
        turned = Markup(' data-inverse="1"') if inverse else ""
        return Markup('<data data-fact="{}"{} value="{}">{}</data>').format(key, turned, repr(value), text)

    def squared(self, key: str) -> Markup:
        """The square of a fact: of a length, what it adds to a squared error."""
        value = find(self.facts, key)["value"] ** 2
        return Markup('<data data-fact="{}" data-squared="1" value="{}">{}</data>').format(
            key, repr(value), format_number(value, decimals(value))
        )

    def points(self, key: str) -> Markup:
        """A difference of shares in points, without its sign."""
        value = abs(find(self.facts, key)["value"])
        return Markup('<data data-fact="{}" data-size="1" value="{}">{:.1f}</data>').format(
            key, repr(value), 100 * value
        )

    def titled(self, name: str) -> str:
        """What the page calls a study; one that is still without any training has only its name."""
        found = next((study.study for study in self.studies if study.name == name), None)
        return name if found is None else found.titled(self.language)

    def percent(self, key: str) -> Markup:
        """A share in percent."""
        value = find(self.facts, key)["value"]
        return self.fact(key) if value is None else _data(key, value, self._percent(value))

    def percent_estimate(self, key: str) -> Markup:
        """A share and its interval in percent."""
        fact = find(self.facts, key)
        if fact["value"] is None or fact["low"] is None:
            return Markup("{} {}").format(self.percent(key), self.interval(key))
        numbers = fact["value"], fact["low"], fact["high"]
        places = max(map(_percent_places, numbers))
        text, *texts = (self._percent(number, places) for number in numbers)
        interval = _interval(numbers[1:], texts)
        return Markup('<span class="estimate">{} {}</span>').format(_data(key, fact["value"], text), interval)

    def total(self, quantity: str) -> Markup:
        """The sum of a count over all variants of all studies."""
        count = sum(view.value(quantity) or 0 for study in self.studies for view in study.variants)
        return Markup('<data data-sum="{}" value="{}">{}</data>').format(quantity, count, f"{count:,}")

    def count_of(self, key: str) -> Markup:
        """On how many seeds a fact rests."""
        n = find(self.facts, key)["n"]
        return Markup("–") if n is None else self.derived(f"{key}#n", n)

    def _percent(self, share: float, places: int | None = None) -> str:
        text = f"{100 * share:,.{_percent_places(share) if places is None else places}f}".replace("-", MINUS)
        return f"{text}%" if self.language == "zh" else f"{text}\u202f%"


def _percent_places(share: float) -> int:
    """Decimal places of a share in percent; certainty is not what a bootstrap can show, so no end is rounded to."""
    points = abs(100 * share)
    if 0 < points < 0.1 or 99.9 < points < 100:
        return 2
    return 0 if not points or (points >= 10 and abs(points - round(points)) < 0.05) else 1


def _reach(view: VariantView, key: str) -> Any:
    value: Any = view.variant
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _interval(bounds: tuple[float, float], texts: list[str], key: str | None = None) -> Markup:
    """Both bounds of a fact; `key` names it where nothing beside the interval does."""
    low, high = (
        Markup('<data data-bound="{}" value="{}">{}</data>').format(name, repr(bound), text)
        for name, bound, text in zip(("low", "high"), bounds, texts, strict=True)
    )
    named = Markup(' data-fact="{}"').format(key) if key else ""
    return Markup('<span class="interval"{}>[{},&nbsp;{}]</span>').format(named, low, high)


def _data(key: str, value: Any, text: str) -> Markup:
    raw = value if isinstance(value, str) else repr(value)
    return Markup('<data data-fact="{}" value="{}">{}</data>').format(key, raw, text)
