"""The choice of λ of one variant as facts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from decaybench.analysis.effects import decision_facts, ratio_fact
from decaybench.analysis.fact import Fact, plain_fact
from decaybench.analysis.reach import limits
from decaybench.analysis.selection import Candidate, Choice, Sampling, choose
from decaybench.analysis.splits import correction, rows_used
from decaybench.analysis.statistics import FloatArray
from decaybench.cells.grid import weight_decay_label
from decaybench.config import Variant

Facts = Iterator[tuple[str, Fact]]
STANDINGS = {
    "as_good": ("as good", "validation loss at most 5 % above that of the chosen λ, by the interval of the ratio"),
    "worse": ("worse", "validation loss more than 5 % above that of the chosen λ, by the interval of the ratio"),
    "open": ("open", "the interval of the ratio to the chosen λ holds 1.05"),
    "not_compared": ("not compared", "no seed has both this λ and the chosen one"),
}


def choice_facts(variant: Variant, cells: pd.DataFrame, resolution: float) -> Facts:
    """Which λ validation data choose, how every other stands against it, and what the choice costs on test data."""
    choice = choice_of(variant, cells, resolution)
    if choice is None:
        return
    n = int(cells["seed"].nunique())
    by = f"lowest {'median' if choice.by_median else 'geometric mean'} validation loss"
    yield "chosen/weight_decay", plain_fact(choice.chosen, "λ", by, n)
    yield "one_se/weight_decay", plain_fact(choice.one_se, "λ", "largest within one standard error", n)
    yield "oracle/weight_decay", plain_fact(choice.oracle, "λ", "lowest geometric mean test loss", n)
    for name, cost in (("chosen/regret", choice.regret), ("one_se/test_loss_ratio", choice.one_se_price)):
        same = plain_fact(1.0, "times", "the same λ", n)
        yield name, same if cost is None else ratio_fact(cost)
    for name, (standing, method) in STANDINGS.items():
        wanted = [standing, "chosen"] if standing == "as good" else [standing]
        yield f"{name}/weight_decay", plain_fact(choice.standing(*wanted), "λ", method, n)  # type: ignore[arg-type]
    for candidate in choice.candidates:
        yield from _candidate_facts(candidate, n)
    yield "chosen/edge", plain_fact(choice.edge, "end of the grid", by, n)
    yield "chosen/try_next", plain_fact(choice.try_next, "λ", "a factor 3 a step beyond the end", n)
    if choice.cap is not None:
        yield "chosen/cap", plain_fact(choice.cap, "λ", f"no advice reaches it: {choice.capped_by}", n)
        yield "chosen/capped_by", plain_fact(choice.capped_by, "limit of λ", "the smallest of those known", n)


def _candidate_facts(candidate: Candidate, n: int) -> Facts:
    label = weight_decay_label(candidate.weight_decay)
    yield f"{label}/lowest", plain_fact(candidate.lowest, "seeds", "lowest validation loss of all λ in the seed", n)
    if candidate.to_chosen is not None:
        yield f"{label}/validation_loss_to_chosen", ratio_fact(candidate.to_chosen)
        yield from decision_facts(f"{label}/validation_loss_to_chosen", candidate.to_chosen)


def choice_of(variant: Variant, cells: pd.DataFrame, resolution: float) -> Choice | None:
    """The choice from the cells of one variant; None where no λ can be chosen."""
    if not len(cells):
        return None
    validation, test = (_table(cells, metric) for metric in ("validation_loss", "test_loss"))
    grid = validation.columns.to_numpy(np.float64)
    sampling = Sampling(
        resolution, correction(variant, "validation"), correction(variant, "test"),
        rows_used(variant, "validation"), rows_used(variant, "test"),
    )  # fmt: skip
    choice = choose(grid, _values(validation), _values(test), sampling)
    if choice is None or choice.edge is None:
        return choice
    # Only at an edge are the limits asked for.
    lost = cells.loc[cells["diverged"], "weight_decay"]
    reach = limits(variant, cells, [choice.chosen]) if choice.edge == "high" else {}
    below = lost[lost <= choice.chosen]
    floor = float(below.max()) if choice.edge == "low" and len(below) else -np.inf
    return choose(grid, _values(validation), _values(test), sampling, reach, floor)


def _table(cells: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Seeds × λ; NaN where a cell diverged."""
    table = cells.assign(**{metric: cells[metric].where(~cells["diverged"])})
    return table.pivot(index="seed", columns="weight_decay", values=metric)


def _values(table: pd.DataFrame) -> FloatArray:
    return table.to_numpy(np.float64)
