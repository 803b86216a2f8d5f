"""The choice of λ on tables whose answer is known."""

import numpy as np
import pytest

from decaybench.analysis.facts import study_facts
from decaybench.analysis.selection import choose, optimum_interval
from decaybench.tasks import generate

from .tables import cells_of, study_of, wobble

GRID = np.array([0.0, 0.1, 1.0, 10.0])
SEEDS = 40


def losses(means, noise=0.01, seed=0):
    random = np.random.default_rng(seed)
    return (
        np.asarray(means) + noise * random.standard_normal((SEEDS, len(means))) + random.standard_normal((SEEDS, 1))
    )


def test_a_clear_winner_is_chosen_and_alone():
    choice = choose(GRID, losses([3, 2, 1, 2]), losses([3, 2, 1, 2], seed=1), None)
    assert choice.chosen == choice.oracle == 1.0
    assert choice.as_good == [1.0]
    assert choice.probability_best == {0.0: 0.0, 0.1: 0.0, 1.0: 1.0, 10.0: 0.0}
    assert choice.edge is None and choice.try_next == []
    assert choice.regret.value == 0.0


def test_alike_losses_leave_several_as_good():
    same = losses([1, 1, 1, 5], noise=0.2)
    assert choose(GRID, same, same, None).as_good == [0.0, 0.1, 1.0]


def test_pairing_tells_apart_what_the_spread_between_seeds_hides():
    table = losses([1.0, 1.05, 1.1, 1.2])
    assert table.std(axis=0).min() > 0.5
    assert choose(GRID, table, table, None).as_good == [0.0]


def test_one_standard_error_takes_the_largest_decay_that_may_be_as_good():
    validation = losses([1.2, 1.0, 1.05, 9.0])
    assert validation.std(axis=0, ddof=1)[1] / np.sqrt(SEEDS) > 0.06
    assert choose(GRID, validation, validation, None).one_se == 1.0


@pytest.mark.filterwarnings("error")
def test_the_choice_does_not_depend_on_the_unit():
    small = np.abs(losses([3, 2, 1, 1.001]))
    one, other = (choose(GRID, table, table, None) for table in (small, 1e200 * small))
    assert (other.chosen, other.one_se, other.as_good) == (one.chosen, one.one_se, one.as_good)


def test_regret_is_paid_on_test_rows():
    choice = choose(GRID, losses([2, 1, 2, 3]), losses([2, 1, 0.5, 3], seed=2), None)
    assert (choice.chosen, choice.oracle) == (0.1, 1.0)
    assert choice.regret.low <= 0.5 <= choice.regret.high and choice.regret.low > 0.4


def test_the_end_of_the_grid_is_a_warning_with_the_next_values():
    falling = losses([4, 3, 2, 1])
    assert choose(GRID, falling, falling, None).edge == "high"
    assert choose(GRID, falling, falling, None).try_next == [30.0, 90.0, 270.0]
    rising = losses([1, 2, 3], seed=3)
    choice = choose(GRID[1:], rising, rising, None)
    assert (choice.edge, choice.try_next) == ("low", pytest.approx([0.1 / 27, 0.1 / 9, 0.1 / 3], rel=2e-3))
    assert choose(GRID[:3], rising, rising, None).try_next == []  # nothing lies below zero


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
    choice = choose(GRID, falling, falling, None, limits)
    assert (choice.try_next, choice.capped_by) == (advised, capped_by)
    assert choice.cap == (None if capped_by is None else limits[capped_by])
    rising = losses([1, 2, 3, 4])
    assert choose(GRID, rising, rising, None, limits).capped_by is None


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
    # Where every λ lost a seed, what is compared may have lost some, too.
    found, _ = facts_at_the_edge(lost={(0, 1), (1, 2), (10, 3)}, grid=EDGE)
    assert (found["try_next"], found["capped_by"]) == ([], "diverged")


def test_one_seed_and_one_decay_are_enough():
    choice = choose(np.array([0.3]), np.array([[2.0]]), np.array([[3.0]]), None)
    assert choice.chosen == choice.one_se == 0.3 and choice.as_good == [0.3] and choice.edge is None


def test_the_interval_of_an_optimum_holds_it():
    assert optimum_interval(GRID, losses([3, 2, 1, 2])) == (1.0, 1.0)
    low, high = optimum_interval(GRID, losses([3, 1, 1, 3], noise=0.5))
    assert (low, high) == (0.1, 1.0)
