"""The choice of λ on tables whose answer is known."""

import numpy as np
import pytest

from decaybench.analysis.selection import choose, optimum_interval

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


def test_one_seed_and_one_decay_are_enough():
    choice = choose(np.array([0.3]), np.array([[2.0]]), np.array([[3.0]]), None)
    assert choice.chosen == choice.one_se == 0.3 and choice.as_good == [0.3] and choice.edge is None


def test_the_interval_of_an_optimum_holds_it():
    assert optimum_interval(GRID, losses([3, 2, 1, 2])) == (1.0, 1.0)
    low, high = optimum_interval(GRID, losses([3, 1, 1, 3], noise=0.5))
    assert (low, high) == (0.1, 1.0)
