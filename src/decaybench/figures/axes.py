"""Scales and ticks: λ on a logarithmic axis with a place for 0, losses on one without minor ticks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from decaybench.analysis.results import FloatArray
from decaybench.cells.grid import weight_decay_label
from decaybench.figures import labels, style
from decaybench.figures.canvas import panel_height, text_width

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LONG_LABEL = 6  # letters; a λ with a longer name gets a tick but no name
MANY_TICKS = 16


class Places(Protocol):
    """An x axis that knows where its values stand."""

    def position(self, values: FloatArray, /) -> FloatArray:
        """Places of values, any shape."""
        ...


@dataclass(frozen=True)
class WeightDecayAxis:
    """Where λ stand: at log10 λ, and 0 left of a break."""

    grid: tuple[float, ...]

    @property
    def positive(self) -> FloatArray:
        return np.array([value for value in sorted(self.grid) if value > 0])

    @property
    def step(self) -> float:
        """The usual distance of neighbours."""
        logs = np.log10(self.positive)
        return float(np.median(np.diff(logs))) if len(logs) > 1 else 1.0

    @property
    def zero(self) -> float:
        """The place of 0."""
        if not len(self.positive):
            return 0.0
        logs = np.log10(self.positive)
        return float(logs[0] - max(1.3 * self.step, 0.14 * (logs[-1] - logs[0])))

    def position(self, weight_decay: FloatArray) -> FloatArray:
        """Places of λ, any shape."""
        values = np.asarray(weight_decay, dtype=np.float64)
        return np.where(values > 0, np.log10(np.where(values > 0, values, 1.0)), self.zero)

    def set_up(self, axes: Axes) -> None:
        """Limits, ticks and, where the grid has 0 and more, the break."""
        places = self.position(np.array(sorted(self.grid)))
        low, high = float(places[0]), float(places[-1])
        margin = max(0.05 * (high - low), 0.3 * self.step) if high > low else 0.5
        axes.set_xlim(low - margin, high + margin)
        width = axes.get_position().width * style.WIDTH
        shown = self._labelled(width / (high - low + 2 * margin))
        ticks = sorted(self.grid) if len(self.grid) <= MANY_TICKS else sorted(shown)
        axes.xaxis.set_major_locator(FixedLocator([float(p) for p in self.position(np.array(ticks))]))
        axes.xaxis.set_minor_locator(NullLocator())
        names = [weight_decay_label(value) if value in shown else "" for value in ticks]
        axes.xaxis.set_major_formatter(FuncFormatter(lambda _, index: names[index or 0]))
        if len(places) > 1 and 0.0 in self.grid:
            self._draw_break(axes, width / (high - low + 2 * margin))

    def _labelled(self, scale: float) -> set[float]:
        """Values whose names fit side by side: 0 and the ends first, then powers of ten, then the rest.

        Where too few values have short names, powers of ten between them are named instead.
        """
        short = [value for value in sorted(self.grid) if len(weight_decay_label(value)) <= LONG_LABEL]
        positive = self.positive
        if len(self.grid) > MANY_TICKS or len(short) < min(2, len(self.grid)):
            decades = range(ceil(log10(positive[0]) - 1e-9), floor(log10(positive[-1]) + 1e-9) + 1)
            inside = [float(f"1e{exponent}") for exponent in decades]
            short = [value for value in self.grid if value == 0] + (inside or [float(positive[0])])
        ends = [value for value in (0.0, short[-1], short[0]) if value in short]
        powers = [value for value in short if value > 0 and log10(value) == round(log10(value))]
        taken: list[tuple[float, float]] = []
        shown = set()
        for value in dict.fromkeys([*ends, *powers, *short]):
            middle = float(self.position(np.array(value))) * scale
            half = text_width(weight_decay_label(value), style.TICK) / 2 + 3.5
            if all(middle + half <= left or middle - half >= right for left, right in taken):
                taken.append((middle - half, middle + half))
                shown.add(value)
        return shown

    def _draw_break(self, axes: Axes, scale: float) -> None:
        middle = (self.zero + float(np.log10(self.positive[0]))) / 2
        for shift in (-1.6 / scale, 1.6 / scale):
            axes.plot(
                middle + shift, 0, marker=[(-0.5, -1), (0.5, 1)], markersize=7, linestyle="none", clip_on=False,
                color=style.MUTED.light, markeredgewidth=0.8, transform=axes.get_xaxis_transform(),
            )  # fmt: skip


def log_limits(values: Sequence[FloatArray], decades: float = 8.0) -> tuple[float, float]:
    """Limits of a logarithmic axis around all positive finite values, at most so many decades of them."""
    joined = np.concatenate([np.ravel(v) for v in values]) if values else np.empty(0)
    joined = joined[np.isfinite(joined) & (joined > 0)]
    if not len(joined):
        return 0.5, 2.0
    high = float(joined.max())
    low = max(float(joined.min()), high * 10**-decades)
    margin = max(0.06 * log10(high / low), 0.04)
    return low / 10**margin, high * 10**margin


def typical(values: FloatArray) -> FloatArray:
    """From the least value to one that all but one in two hundred stay below: runs may lie far out, upwards."""
    finite = values[np.isfinite(values)]
    return np.quantile(finite, [0.0, 0.995]) if len(finite) else finite


def log_axis(axes: Axes, limits: tuple[float, float]) -> None:
    """A logarithmic y axis with few ticks."""
    axes.set_yscale("log")
    axes.set_ylim(*limits)
    ticks = log_ticks(*limits, height=panel_height(axes))
    _set_ticks(axes, ticks, log_names(ticks))


def linear_axis(axes: Axes, limits: tuple[float, float]) -> None:
    """A linear y axis with a handful of ticks."""
    axes.set_ylim(*limits)
    room = max(2, int(panel_height(axes) / 28))
    ticks = [
        float(t)
        for t in MaxNLocator(room, steps=[1, 2, 2.5, 5, 10]).tick_values(*limits)
        if limits[0] <= t <= limits[1]
    ]
    _set_ticks(axes, ticks, [f"{tick:,.6g}".replace("-", "−") for tick in ticks])


def share_axis(axes: Axes, limits: tuple[float, float]) -> None:
    """A linear y axis of shares."""
    axes.set_ylim(*limits)
    ticks = [
        float(t)
        for t in MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(*limits)
        if limits[0] <= t <= min(limits[1], 1)
    ]
    _set_ticks(axes, ticks, [f"{tick:.3g}" for tick in ticks])


def epoch_axis(axes: Axes, last: float) -> None:
    """A linear x axis of epochs."""
    axes.set_xlim(0, last)
    width = axes.get_position().width * style.WIDTH

    def fits(tick: float) -> bool:
        """Whether the name stays clear of the neighbouring panel."""
        return tick / last * width + text_width(f"{tick:,.0f}", style.TICK) / 2 < width + 10

    ticks = [float(tick) for tick in MaxNLocator(3, integer=True).tick_values(0, last) if 0 <= tick <= last]
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if fits(tick)]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,.0f}"))


def _set_ticks(axes: Axes, ticks: list[float], names: list[str]) -> None:
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    formatter: Callable[[float, int | None], str] = lambda _, index: names[index or 0]  # noqa: E731
    axes.yaxis.set_major_formatter(FuncFormatter(formatter))


def log_ticks(low: float, high: float, height: float) -> list[float]:
    """Ticks at powers of ten, or at 1, 2 and 5, or even ones, whichever gives a handful between the limits."""
    room = max(2, int(height / 20))
    decades = [10.0**k for k in range(ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9) + 1)]
    if len(decades) >= 3:
        stride = ceil(len(decades) / room)
        return decades[(len(decades) - 1) % stride :: stride]
    for digits in ((1, 2, 5), (1, 3), (1, 1.5, 2, 3, 5, 7)):
        powers = range(floor(log10(low)), ceil(log10(high)) + 1)
        ticks = [digit * 10.0**k for k in powers for digit in digits if low <= digit * 10.0**k <= high]
        if 3 <= len(ticks) <= room:
            return ticks
    if len(decades) == 2:
        return decades
    even = MaxNLocator(max(2, room - 1)).tick_values(low, high)
    return [float(tick) for tick in even if low <= tick <= high]


def log_names(ticks: Sequence[float]) -> list[str]:
    """Plain numbers while they are short, else powers of ten; with as many digits as tell them apart."""
    plain = bool(ticks) and ticks[0] * 1.000001 >= 1e-3 and ticks[-1] < 1e5
    names: list[str] = []
    for digits in range(2, 10):
        names = [f"{tick:,.{digits + 4}g}" if plain else _power(tick, digits) for tick in ticks]
        if len(set(names)) == len(names):
            break
    return names


def _power(tick: float, precision: int) -> str:
    digits, _, exponent = f"{tick:.{precision}e}".partition("e")
    power = f"10{str(int(exponent)).translate(SUPERSCRIPTS)}"
    mantissa = f"{float(digits):.{precision + 1}g}"
    if int(exponent) == 0:
        return mantissa
    return power if mantissa == "1" else f"{mantissa}·{power}"


def mark_chosen(axes: Axes, x: float, named: bool) -> None:
    """A vertical line at the λ that was chosen on validation rows."""
    axes.axvline(x, color=style.ACCENT.light, linewidth=1.0, linestyle=style.DOTTED, zorder=1.5)
    if not named:
        return
    left, right = axes.get_xlim()
    on_left = (x - left) / (right - left) > 0.5
    axes.annotate(
        labels.CHOSEN, (x, 1), xycoords=axes.get_xaxis_transform(), xytext=(-4 if on_left else 4, 1),
        textcoords="offset points", ha="right" if on_left else "left", va="top", color=style.ACCENT.light,
    )  # fmt: skip
