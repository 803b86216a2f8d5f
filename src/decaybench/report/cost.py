"""What a step costs with and without decay, as the machine at hand timed it; every text carries data-machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from decaybench.report.svg import inline


@dataclass(frozen=True)
class StepView:
    """One kind of step at one size."""

    row: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """none, optimizer or loss."""
        return str(self.row["kind"])

    @property
    def verdict(self) -> str:
        """Whether "costs no more than no decay" held."""
        return str(self.row["verdict"])

    @property
    def weights(self) -> Markup:
        """Weights of the model."""
        return self._marked("weights", f"{self.row['weights']:,}")

    @property
    def microseconds(self) -> Markup:
        """Geometric mean of the time of a step."""
        return self._marked("microseconds", f"{self.row['microseconds']:,.0f}")

    @property
    def kilobytes(self) -> Markup:
        """The most memory that a step holds beyond what it found."""
        return self._marked("peak_bytes", f"{self.row['peak_bytes'] / 1000:,.1f}")

    @property
    def ratio(self) -> Markup:
        """Time as a multiple of a step without decay, with its interval."""
        number, low, high = (f"{self.row[key]:.2f}" for key in ("ratio", "low", "high"))
        return Markup("{} {}").format(self._marked("ratio", number), self._marked("interval", f"[{low}, {high}]"))

    def _marked(self, key: str, text: str) -> Markup:
        place = f"cost.{self.row['weights']}.{self.kind}.{key}"
        return Markup('<data data-machine="{}" value="{}">{}</data>').format(place, text, text)


def step_views(timings: Mapping[str, Any]) -> list[StepView]:
    """The steps that were timed, the smallest model first, without decay first."""
    order = {"none": 0, "optimizer": 1, "loss": 2}
    rows = sorted(timings.get("cost", []), key=lambda row: (row["weights"], order[row["kind"]]))
    return [StepView(row) for row in rows if row["low"] is not None]


def machine_figures(
    timings: Mapping[str, Any], gettext: Callable[[str], str]
) -> Callable[[str, str, str], Markup | None]:
    """What draws a figure of the machine, by its name, title and description; None where there is none."""

    def drawing(name: str, title: str, description: str) -> Markup | None:
        text = timings.get("figures", {}).get(name)
        plain = " ".join(Markup(description).striptags().split())
        return inline(text, "timings.json", title, plain, gettext) if text else None

    return drawing
