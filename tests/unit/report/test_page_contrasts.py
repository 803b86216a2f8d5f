"""What the page sets side by side differs in the one thing that it names, at one λ, from the same seeds."""

from __future__ import annotations

from typing import Any

import pytest

from decaybench.analysis import findings
from decaybench.analysis.studies import StudyView, study_views
from decaybench.cells.grid import weight_decay_label
from decaybench.config import Config
from decaybench.config.parsing import parse_config
from decaybench.report.page import Page

STILL = {"init_std": 0, "bias_init_std": 0}
COMBOS: dict[str, Any] = {
    "name": "combos", "task": {"n_train": 40, "n_features": 60, "noise_std": 0.1}, "model": STILL,
    "training": {"batch_size": 400}, "grid": {"weight_decay": [0, 1], "seeds": 6},
}  # fmt: skip
ZERO = {"model.init_std": 0, "model.bias_init_std": 0}


def config_of(*studies: dict[str, Any]) -> Config:
    return parse_config({"studies": list(studies)})


def facts_of(config: Config, losses: dict[str, float] | None = None) -> dict[str, Any]:
    """Facts with narrow intervals: a test loss of 1, or what `losses` says of a variant; the largest λ is chosen."""
    facts = {}
    for study in config.studies:
        for variant in study.resolved():
            grid, prefix = sorted(variant.grid.weight_decay), f"{study.name}/{variant.name}"
            level, n = (losses or {}).get(variant.name, 1.0), variant.grid.n_seeds
            keys = [f"{weight_decay_label(w)}/{metric}" for w in grid for metric in ("test_loss", "weight_norm")]
            for key in [*keys, "early_stopping/test_loss", "early_stopping/epoch"]:
                facts[f"{prefix}/{key}"] = {"value": level, "low": 0.9 * level, "high": 1.1 * level, "n": n,
                                            "unit": "squared target units", "method": ""}  # fmt: skip
            facts[f"{prefix}/early_stopping/weight_decay"] = {"value": grid[0]}
            facts[f"{prefix}/chosen/weight_decay"] = {"value": grid[-1]}
            facts[f"{prefix}/n_seeds"] = {"value": n}
    return facts


def views_of(*studies: dict[str, Any], losses: dict[str, float] | None = None) -> list[StudyView]:
    config = config_of(*studies)
    return study_views(config, facts_of(config, losses))


# --- the start -------------------------------------------------------------------------------------


def started(zero: dict[str, Any], losses: dict[str, float] | None = None, **keys: Any) -> Page:
    study = {"name": "s", "grid": {"weight_decay": [0, 1, 10], "seeds": 6}, **keys, "variants": {"zero": zero}}
    return Page(views_of(study, losses=losses))


def test_the_zero_start_is_held_against_the_random_one_at_one_weight_decay():
    page = started({**ZERO, "grid.weight_decay": [0.5, 1, 10]}, {"zero": 0.1})
    assert page.started is page.studies[0] and page.started.start_label == "1"
    assert findings.start_costs(page.started) == "costs"


@pytest.mark.parametrize(
    "change",
    [
        {"grid.weight_decay": [5]}, {"grid.seeds": [7, 8]}, {"grid.seeds": 3}, {"training.epochs": 3},
        {"training.loss": "half_mse"}, {"task.n_train": 30},
    ],
)  # fmt: skip
def test_without_a_common_weight_decay_seeds_and_recipe_starts_are_not_compared(change):
    page = started({**ZERO, **change})
    assert page.started is None and findings.start_costs(page.studies[0]) == "unknown"


def test_a_zero_start_that_cannot_be_compared_still_shows_what_decay_does_to_it():
    assert started({**ZERO, "grid.seeds": 3}).studies[0].fair.name == "zero"
    assert started({**ZERO, "training.epochs": 3}).studies[0].fair.name == "base"


def test_two_copies_of_a_start_are_one():
    study = {"name": "s", "grid": {"weight_decay": [0, 1], "seeds": 6},
             "variants": {"zero": ZERO, "again": {**ZERO, "training.in_span": False}}}  # fmt: skip
    assert [view.name for view in views_of(study)[0].starts] == ["base", "zero"]


def test_a_copy_that_can_be_compared_stands_in_for_one_that_cannot():
    study = {"name": "s", "grid": {"weight_decay": [0, 1], "seeds": 6},
             "variants": {"apart": {**ZERO, "grid.seeds": [50]}, "other-grid": {**ZERO, "grid.weight_decay": [5]},
                          "zero": ZERO}}  # fmt: skip
    assert [view.name for view in views_of(study)[0].starts] == ["base", "zero"]
    assert views_of(study)[0].zero_start.name == "zero"


def test_what_the_drawn_bias_costs_is_read_off_a_start_that_differs_in_it_alone():
    def fixed(change):
        study = {"name": "s", "grid": {"weight_decay": [0, 3], "seeds": 6}, "variants": {"fixed": change}}
        page = Page(views_of(study))
        return None if page.fixed_bias is None else page.fixed_bias.name

    assert fixed({"model.bias_init_std": 0}) == "fixed"
    assert fixed({"model.bias_init_std": 0, "model.init_std": 0.1}) is None
    assert fixed({"model.bias_init_std": 0, "model.bias_init": 7}) is None
    assert fixed({"model.bias_init_std": 0, "grid.seeds": 3}) is None


def test_the_version_from_scratch_is_that_recipe_and_no_other():
    def scratch(change):
        study = {"name": "s", "grid": {"weight_decay": [0, 3], "seeds": 6}, "variants": {"half": change}}
        page = Page(views_of(study))
        return None if page.from_scratch is None else page.from_scratch.name

    assert scratch({"training.loss": "half_mse", "model.bias_init_std": 0}) == "half"
    assert scratch({"training.loss": "half_mse", "task.n_train": 40}) is None


# --- rows, optimizers, every weight ----------------------------------------------------------------


def test_numbers_of_rows_are_compared_once_each_on_the_same_seeds():
    variants = {"more": {"task.n_train": 80}, "again": {"task.n_train": 80, "training.record_every": 100},
                "most": {"task.n_train": 160}, "apart": {"task.n_train": 320, "grid.seeds": [9]},
                "decayed": {"task.n_train": 320, "grid.weight_decay": [1]}}  # fmt: skip
    assert [view.name for view in Page(views_of({**COMBOS, "variants": variants})).rows] == ["base", "more", "most"]


def test_optimizers_are_compared_once_each_on_the_same_seeds_and_grid():
    adam = {"training.optimizer": "adam"}
    variants = {"adam": adam, "again": {**adam, "training.record_every": 100},
                "adamw": {"training.optimizer": "adamw", "grid.seeds": 3}}  # fmt: skip
    page = Page(views_of({**COMBOS, "variants": variants}))
    assert [view.name for view in page.optimizers] == ["base", "adam"]
    other = {"adam": {**adam, "grid.weight_decay": [0, 5]}, "fast": {**adam, "training.learning_rate": 0.1}}
    assert not Page(views_of({**COMBOS, "variants": other})).optimizers


def test_every_weight_is_a_test_only_where_the_base_trains_in_the_span():
    def name(change, **training):
        study = {"name": "s", "training": training, "grid": {"weight_decay": [0, 1], "seeds": 3},
                 "variants": {"all": change}}  # fmt: skip
        view = views_of(study)[0].every_weight
        return None if view is None else view.name

    assert name({"training.in_span": False, "training.record_every": 100}) == "all"
    assert name({"training.in_span": False, "training.epochs": 3}) is None
    assert name({"training.in_span": False}, in_span=False) is None
