"""A fact has the unit of what it measures, and a share stays a share."""

import pytest

from decaybench.analysis.facts import study_facts

from .tables import cells_of, study_of, wobble

DIGITS = {"kind": "digits", "n_train": 30, "n_validation": 10, "n_test": 10}
GRID = {"weight_decay": [0, 1], "seeds": 6}


def facts_of(task, values):
    study = study_of(task=task, grid=GRID)
    return {key.removeprefix("a/base/"): fact for key, fact in study_facts(study, cells_of(study, values)).items()}


@pytest.mark.parametrize(
    ("task", "loss_unit"),
    [
        ({"n_train": 8, "n_features": 16, "n_validation": 4, "n_test": 4}, "squared target units"),
        ({"kind": "diabetes", "n_train": 30, "n_validation": 10, "n_test": 10}, "squared target units"),
        (DIGITS, "nats"),
    ],
    ids=["drawn", "splits", "classes"],
)
def test_metrics_and_their_differences_share_a_unit(task, loss_unit):
    facts = facts_of(
        task,
        lambda variant, decay, seed: {
            "test_accuracy": 0.9 - 0.1 * decay,
            "train_accuracy": 1.0,
            "validation_accuracy": 0.8,
            "weight_norm": wobble(seed) / (1 + decay),
        },
    )
    for name, fact in facts.items():
        if name.endswith(("_wins", "_needed_seeds")):
            assert fact["unit"] == "seeds", name
        elif name.endswith(("_ratio", "/regret", "_to_chosen", "_to_mean")):
            assert fact["unit"] == "times", name
        elif name.endswith(("_norm", "_norm_geometric")) and not name.startswith("baseline"):  # that one is a loss
            assert fact["unit"] == "weight units", name
        elif "accuracy" in name:
            assert fact["unit"] == "share", name
        elif name.endswith(("_loss", "_loss_geometric", "_gap", "_median")):
            assert fact["unit"] == loss_unit, name
    assert {"1/weight_norm_ratio", "1/test_accuracy_difference", "1/test_loss_ratio"} <= set(facts)


@pytest.mark.parametrize("right", [(1.0, 1.0, 1.0, 0.6, 1.0, 1.0), (0.0, 0.0, 0.4, 0.0, 0.0, 0.0)])
def test_no_interval_of_a_share_leaves_0_to_100_percent(right):
    def values(variant, decay, seed):
        accuracy = right[seed] if decay else 1 - right[seed]
        return {f"{split}_accuracy": accuracy for split in ("train", "validation", "test")}

    facts = facts_of(DIGITS, values)
    ends = set()
    for name in (name for name in facts if "accuracy" in name and facts[name]["low"] is not None):
        fact = facts[name]
        least = -1.0 if name.endswith("_difference") else 0.0
        assert least <= fact["low"] <= fact["value"] <= fact["high"] <= 1.0, (name, fact)
        ends |= {fact["low"], fact["high"]}
    assert {0.0, 1.0} <= ends and ends & {-1.0, 1.0}  # the interval of the mean alone would reach beyond
