"""The choice of λ on tables whose answer is known."""

import numpy as np
import pytest

from decaybench.analysis.facts import study_facts
from decaybench.analysis.selection import Sampling, choose, optimum_interval
from decaybench.tasks import generate

from .tables import cells_of, study_of, wobble

GRID = np.array([0.0, 0.1, 1.0, 10.0])
SEEDS = 40


def losses(centres, noise=0.01, seed=0):
    """Losses [SEEDS, λ] with geometric means near `centres`; seeds differ far more than λ does within one."""
    random = np.random.default_rng(seed)
    within, between = random.standard_normal((SEEDS, len(centres))), random.standard_normal((SEEDS, 1))
    return np.asarray(centres) * np.exp(noise * within + between)


def test_a_clear_winner_is_chosen_and_alone():
    choice = choose(GRID, losses([3, 2, 1, 2]), losses([3, 2, 1, 2], seed=1))
    assert choice.chosen == choice.oracle == 1.0
    assert choice.standing("worse") == [0.0, 0.1, 10.0] and choice.standing("as good", "open") == []
    assert [candidate.lowest for candidate in choice.candidates] == [0, 0, SEEDS, 0]
    assert choice.edge is None and choice.try_next == [] and choice.regret is None
    assert choice.candidates[0].to_chosen.interval.value == pytest.approx(np.log(3), abs=0.01)


def test_a_decay_is_as_good_where_it_costs_less_than_five_percent_for_sure():
    choice = choose(GRID, losses([1.02, 1, 1.10, 1.05]), losses([1, 1, 1, 1]))
    assert [candidate.standing for candidate in choice.candidates] == ["as good", "chosen", "worse", "open"]
    assert choice.candidates[3].to_chosen.price.seeds > SEEDS


def test_pairing_tells_apart_what_the_spread_between_seeds_hides():
    table = losses([1.0, 1.1, 1.2, 1.3])
    assert table.std(axis=0).min() > 0.5
    assert choose(GRID, table, table).standing("worse") == [0.1, 1.0, 10.0]


def test_a_decay_that_helps_in_one_split_in_a_hundred_is_no_winner_of_the_mean():
    """An arithmetic mean follows the worst seed; the ratio within a seed does not."""
    table = losses([1, 1.2, 9, 9])
    table[0, 0] *= 1000
    assert table.mean(axis=0).argmin() == 1 and choose(GRID, table, table).chosen == 0.0


def test_one_standard_error_takes_the_largest_decay_that_may_be_as_good_and_says_what_it_costs():
    validation = losses([1.2, 1.0, 1.05, 9.0])
    choice = choose(GRID, validation, losses([2, 1, 1.3, 5], seed=3))
    assert np.log(validation).std(axis=0, ddof=1)[1] / np.sqrt(SEEDS) > 0.06
    assert choice.one_se == 1.0 and choice.one_se_price.outcome == "worse"
    assert choice.one_se_price.interval.value == pytest.approx(np.log(1.3), abs=0.01)


@pytest.mark.filterwarnings("error")
def test_the_choice_does_not_depend_on_the_unit():
    small = losses([3, 2, 1, 1.001])
    one, other = (choose(GRID, table, table) for table in (small, 1e200 * small))
    assert (other.chosen, other.one_se, other.standing("as good")) == (
        one.chosen,
        one.one_se,
        one.standing("as good"),
    )
    assert one.standing("as good") == [10.0]


def test_regret_is_paid_on_test_rows():
    choice = choose(GRID, losses([2, 1, 2, 3]), losses([2, 1, 0.5, 3], seed=2))
    assert (choice.chosen, choice.oracle, choice.regret.outcome) == (0.1, 1.0, "worse")
    assert choice.regret.interval.low <= np.log(2) <= choice.regret.interval.high


def test_the_end_of_the_grid_is_a_warning_with_the_next_values():
    falling = losses([4, 3, 2, 1])
    assert choose(GRID, falling, falling).edge == "high"
    assert choose(GRID, falling, falling).try_next == [30.0, 90.0, 270.0]
    rising = losses([1, 2, 3], seed=3)
    choice = choose(GRID[1:], rising, rising)
    assert (choice.edge, choice.try_next) == ("low", pytest.approx([0.1 / 27, 0.1 / 9, 0.1 / 3], rel=2e-3))
    assert choose(GRID[:3], rising, rising).try_next == []  # nothing lies below zero


@pytest.mark.parametrize(
    ("limits", "advised", "capped_by"),
    [
        ({}, [30.0, 90.0, 270.0], None),
        ({"learning_rate": 333.3, "stability": 600.0}, [30.0, 90.0, 270.0], None),
        ({"learning_rate": 100.0, "stability": 90.0}, [30.0], "stability"),
        ({"learning_rate": 30.0}, [], "learning_rate"),
        ({"learning_rate": 50.0, "diverged": 20.0}, [], "diverged"),
        ({"learning_rate": 5.0}, [], "learning_rate"),
    ],
)
def test_no_decay_is_advised_that_training_cannot_reach(limits, advised, capped_by):
    falling = losses([4, 3, 2, 1])
    choice = choose(GRID, falling, falling, limits=limits)
    assert (choice.try_next, choice.capped_by) == (advised, capped_by)
    assert choice.cap == (None if capped_by is None else limits[capped_by])
    rising = losses([1, 2, 3, 4])
    assert choose(GRID, rising, rising, limits=limits).capped_by is None


def test_a_decay_at_which_some_seeds_diverged_is_compared_on_the_others_and_never_chosen():
    table = losses([3, 2, 1, 0.5])
    table[[4, 7, 9], 3] = np.nan
    choice = choose(GRID, table, table)
    assert choice.chosen == 1.0 and choice.edge == "high"
    last = choice.candidates[-1]
    assert (last.n_diverged, last.to_chosen.n, last.standing, last.lowest) == (3, SEEDS - 3, "as good", 0)
    table[:, 3] = np.nan
    assert choose(GRID, table, table).standing("not compared") == [10.0]


def test_a_seed_that_diverges_everywhere_tells_no_decay_from_another():
    table = losses([3, 2, 1, 2])
    table[5] = np.nan
    choice = choose(GRID, table, table)
    assert choice.chosen == 1.0 and [candidate.n_diverged for candidate in choice.candidates] == [1] * 4
    table[6, 2:], table[7, :2] = np.nan, np.nan
    assert choose(GRID, table, table) is None


def test_losses_of_zero_are_ranked_not_divided():
    table = losses([1, 1, 3, 9], noise=0.3)
    table[: SEEDS // 2 + 1, 0] = 0.0
    table[0, 1] = 1e-300  # below the resolution, too
    choice = choose(GRID, table, table, Sampling(resolution=1e-8))
    assert choice.by_median and choice.chosen == 0.0
    assert choice.candidates[2].standing == "worse" and choice.candidates[2].to_chosen.estimate.value is None
    assert "0 to the precision" in choice.candidates[2].to_chosen.estimate.method
    splits = choose(GRID, table, table, Sampling(1e-8, validation=0.3, test=0.3))
    assert splits.standing("open") == [0.1, 1.0, 10.0]


def test_splits_of_one_data_set_are_less_sure():
    table = losses([1.3, 1.0, 1.2, 1.3], noise=0.1)
    assert choose(GRID, table, table).standing("worse") == [0.0, 1.0, 10.0]
    few_rows = choose(GRID, table, table, Sampling(validation=20.0, validation_rows=90))
    assert few_rows.standing("open") == [0.0, 1.0, 10.0]
    assert few_rows.candidates[0].to_chosen.price.seeds is None and few_rows.candidates[0].to_chosen.price.rows > 90


def facts_at_the_edge(lost=(), **keys):
    """Facts of a study whose validation loss falls with λ; lost: pairs of λ and seed that diverged."""
    study = study_of(**keys)
    cells = cells_of(
        study,
        lambda variant, decay, seed: {
            "validation_loss": wobble(seed) / (1 + decay),
            "diverged": (decay, seed) in lost,
        },
    )
    facts = study_facts(study, cells)
    return {
        name: facts.get(f"a/base/chosen/{name}", {}).get("value") for name in ("try_next", "cap", "capped_by")
    }, facts


EDGE = {"weight_decay": [0, 1, 10], "seeds": 6}
NETWORK = {"kind": "mlp", "hidden": [4]}
DIGITS = {"kind": "digits", "n_train": 30, "n_validation": 10, "n_test": 10}


@pytest.mark.parametrize(
    ("keys", "advised", "capped_by"),
    [
        ({"training": {"learning_rate": 0.003}}, [30, 90, 270], None),
        ({"training": {"learning_rate": 0.005}}, [30, 90], "learning_rate"),
        ({"training": {"learning_rate": 0.1}, "task": DIGITS, "model": NETWORK}, [], "learning_rate"),
        ({"training": {"learning_rate": 0.1}, "task": DIGITS}, [], "learning_rate"),
        ({"training": {"learning_rate": 0.1, "optimizer": "adamw"}}, [], "learning_rate"),
        ({"training": {"learning_rate": 0.1, "optimizer": "adam"}}, [30, 90, 270], None),
    ],
    ids=["room", "part of it", "network", "softmax", "adamw", "adam"],
)
def test_advice_stays_below_the_reach_of_the_learning_rate(keys, advised, capped_by):
    found, _ = facts_at_the_edge(grid=EDGE, **keys)
    assert (found["try_next"], found["capped_by"]) == (advised, capped_by)
    rate = keys["training"]["learning_rate"]
    assert found["cap"] == (None if capped_by is None else pytest.approx(1 / rate))
    assert all(decay * rate < 1 for decay in found["try_next"]) or keys["training"].get("optimizer") == "adam"


def test_advice_stays_below_the_limit_of_stability():
    """η close to 2/h leaves less room for λ than ηλ < 1 would."""
    task = {"n_train": 20, "n_features": 60, "n_validation": 4, "n_test": 4}
    found, _ = facts_at_the_edge(task=task, grid=EDGE, training={"learning_rate": 0.075, "batch_size": 20})
    assert found["capped_by"] == "stability" and 0 < found["cap"] < 1 / 0.075
    largest = max(
        2 / 20 * np.linalg.eigvalsh(x @ x.T + 1)[-1]
        for x in (generate(study_of(task=task).task, seed).train.inputs for seed in range(6))
    )
    assert found["cap"] == pytest.approx(2 / 0.075 - largest, abs=0.5)


def test_a_decay_at_which_a_training_diverged_caps_the_advice_and_is_counted():
    grid = {"weight_decay": [0, 1, 10, 20], "seeds": 6}
    found, facts = facts_at_the_edge(lost={(20, 3)}, grid=grid)
    assert found == {"try_next": [], "cap": 20.0, "capped_by": "diverged"}
    assert facts["a/base/20/n_diverged"]["value"] == 1 and "a/base/10/n_diverged" not in facts
    grid = {"weight_decay": [0, 1, 10, 100], "seeds": 6}
    assert facts_at_the_edge(lost={(100, seed) for seed in range(6)}, grid=grid)[0]["try_next"] == [30, 90]
    # At the low end, likewise.
    rising = study_of(grid={"weight_decay": [0.01, 0.1, 1], "seeds": 6})
    lost_below = cells_of(
        rising,
        lambda variant, decay, seed: {
            "validation_loss": wobble(seed) + decay,
            "diverged": (decay, seed) == (0.01, 2),
        },
    )
    chosen = study_facts(rising, lost_below)
    assert chosen["a/base/chosen/weight_decay"]["value"] == 0.1
    assert chosen["a/base/chosen/try_next"]["value"] == pytest.approx([0.1 / 9, 0.1 / 3], rel=2e-3)
    # Where every λ lost a seed of its own, none is chosen.
    found, facts = facts_at_the_edge(lost={(0, 1), (1, 2), (10, 3)}, grid=EDGE)
    assert found["try_next"] is None and "a/base/chosen/weight_decay" not in facts


def test_one_seed_and_one_decay_are_enough():
    choice = choose(np.array([0.3]), np.array([[2.0]]), np.array([[3.0]]))
    assert choice.chosen == choice.one_se == choice.oracle == 0.3 and choice.edge is None
    assert [candidate.standing for candidate in choice.candidates] == ["chosen"]


def test_the_interval_of_an_optimum_holds_it():
    assert optimum_interval(GRID, losses([3, 2, 1, 2])) == (1.0, 1.0)
    low, high = optimum_interval(GRID, losses([3, 1, 1, 3], noise=0.5))
    assert (low, high) == (0.1, 1.0)
