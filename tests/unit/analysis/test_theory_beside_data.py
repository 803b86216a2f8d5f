"""Real trained cells of modest size against theory, and what is computed from data drawn again."""

from functools import cache, partial

import numpy as np
import pytest
from oracles import cells_of, study_of

from decaybench.analysis import prediction, smoothers
from decaybench.analysis.facts import study_facts
from decaybench.analysis.occam import same_norm_facts
from decaybench.analysis.published import published, published_facts
from decaybench.cells.tables import CELL_COLUMNS
from decaybench.learning.block import train_cells
from decaybench.tasks import generate
from decaybench.tasks.polynomial import features, true_curve
from decaybench.theory.conventions import population_risk
from decaybench.theory.dynamics import finite_time_risk
from decaybench.theory.evidence import eigen_coordinates, log_evidence

from . import tables

NOISY = {
    "task": {"n_train": 100, "noise_std": 0.1},
    "model": {"init_std": 0, "bias_init_std": 0},
    "training": {"learning_rate": 0.025, "batch_size": 100, "epochs": 1500, "record_every": 1500},
    "grid": {"weight_decay": [0, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50], "seeds": 200},
}


@cache
def trained(name):
    """A study and its cells.parquet, really trained."""
    study = {
        "article": lambda: study_of(
            grid={"weight_decay": [0, 0.01, 0.1, 0.3, 1, 3, 10, 30, 100], "seeds": 200},
            variants={
                "zero-bias": {"model.bias_init_std": 0},
                "from-scratch": {"training.loss": "half_mse", "model.bias_init_std": 0},
                "zero-init": {"model.init_std": 0, "model.bias_init_std": 0},
            },
        ),
        "all-weights": lambda: study_of(
            training={"in_span": False}, grid={"weight_decay": [0, 0.1, 1, 3, 10], "seeds": 10}
        ),
        "noise-limited": lambda: study_of(**NOISY),
    }[name]()
    rows, _ = train_cells(cells_of(study))
    return study, rows.select(list(CELL_COLUMNS)).to_pandas()


def variant_of(study, name="base"):
    return next(variant for variant in study.resolved() if variant.name == name)


@pytest.mark.parametrize(("study", "name"), [("article", "zero-bias"), ("noise-limited", "base")])
def test_measured_means_are_within_two_standard_errors_and_one_and_a_half_percent_of_the_closed_form(study, name):
    made, cells = trained(study)
    own = cells[cells["variant"] == name]
    table = own.pivot(index="seed", columns="weight_decay", values="test_loss")
    predicted = prediction.predict(variant_of(made, name), list(table.columns), list(table.index))
    assert predicted.method == prediction.CLOSED_FORM and len(table) == 200
    errors = table.std().to_numpy() / np.sqrt(200)
    assert (np.abs(table.mean().to_numpy() - predicted.test_loss) <= 2 * errors + 0.015 * predicted.test_loss).all()
    # A test that could not fail would be no test: a tenth more noise or signal would be seen.
    assert (
        np.abs(table.mean().to_numpy() - 1.3 * predicted.test_loss) > 2 * errors + 0.015 * predicted.test_loss
    ).any()


def test_the_null_space_decays_as_the_law_says_where_all_weights_are_trained():
    _, cells = trained("all-weights")
    left = cells["null_space_norm"] / cells["initial_null_space_norm"]
    law = (1 - 0.003 * cells["weight_decay"]) ** cells["steps"]
    assert np.abs(left / law - 1).max() < 1e-8


def test_the_evidence_at_the_true_noise_is_highest_within_005_decades_of_the_best_decay():
    study, _ = trained("noise-limited")
    variant = variant_of(study)
    fine = np.logspace(-1, 2, 601)
    curve = np.zeros_like(fine)
    for seed in range(200):
        inputs, targets = generate(variant.task, seed).train
        coordinates = smoothers._eigen_coordinates(smoothers.span_of(inputs).coordinates, targets)
        curve += log_evidence(*coordinates, fine * 100 / 2, 0.1).log_evidence
    assert abs(np.log10(fine[curve.argmax()] / prediction.optimal_weight_decay(variant))) < 0.05


def test_with_the_noise_fitted_too_the_evidence_finds_the_best_decay():
    study, cells = trained("noise-limited")
    facts = study_facts(study, cells)
    assert abs(np.log10(facts["a/base/evidence/optimum"]["value"] / 2)) < 0.1
    assert facts["a/base/evidence/optimum"]["low"] < 2 < facts["a/base/evidence/optimum"]["high"]
    assert facts["a/base/evidence/edge"]["value"] is None
    assert facts["a/base/leave_one_out/weight_decay"]["value"] in (1.0, 2.0)
    assert facts["a/base/near_ridge/weight_decay"]["value"] == NOISY["grid"]["weight_decay"][1:]
    assert abs(facts["a/base/theory/largest_z"]["value"]) < 3
    assert facts["a/base/baseline/noise_floor"]["value"] == pytest.approx(0.01)


def test_leave_one_out_and_evidence_are_silent_where_the_trained_cell_is_not_ridge():
    study, cells = trained("article")
    facts = study_facts(study, cells)
    for name in ("leave_one_out", "evidence"):
        chosen = facts[f"a/base/{name}/weight_decay"]
        assert chosen["value"] is None and chosen["method"].startswith("none: 0 of")


def test_our_norms_are_those_of_the_162_published_runs():
    study, cells = trained("article")
    for name, version in (("base", "concise"), ("from-scratch", "from-scratch")):
        facts = dict(published_facts(variant_of(study, name), cells[cells["variant"] == name]))
        for decay in ("0", "3"):
            z, theirs = facts[f"{decay}/published_z"], facts[f"{decay}/published_mean"]
            assert version in theirs["method"] and abs(z["value"]) < 3
            values = cells[(cells["variant"] == name) & (cells["weight_decay"] == float(decay))]["weight_norm"]
            error = np.sqrt(values.var() / len(values) + facts[f"{decay}/published_sd"]["value"] ** 2 / theirs["n"])
            assert z["value"] == pytest.approx((values.mean() - theirs["value"]) / error)


def test_only_the_same_training_is_held_against_the_published_runs():
    study, cells = trained("article")
    own = cells[cells["variant"] == "zero-bias"]
    assert not list(published_facts(variant_of(study, "zero-bias"), own))  # neither version: MSE, but no random bias
    assert {result["version"] for result in published()} == {"from-scratch", "concise"}


def test_the_start_is_most_of_the_variance_without_decay_and_none_with_much():
    study, cells = trained("article")
    facts = study_facts(study, cells)
    assert facts["a/base/0/variance_share_start"]["value"] > 0.6
    assert facts["a/zero-bias/100/variance_share_data"]["value"] > 0.9


def test_equal_norms_can_predict_differently():
    """Weights that are no longer than others can predict worse: the norm does not know where they point.

    The pair must not differ in the bias, which the norm leaves out.
    """
    study, cells = trained("article")
    by_variant = dict(iter(cells.groupby("variant")))
    facts = dict(same_norm_facts(study, by_variant))
    better, worse = facts["same_norm/better/weight_norm"]["value"], facts["same_norm/worse/weight_norm"]["value"]
    assert worse <= better < 1.5 * worse
    assert facts["same_norm/ratio"]["low"] > 1.1
    sides = {facts[f"same_norm/{side}"]["value"].split("/")[0] for side in ("worse", "better")}
    assert "base" not in sides and "zero-init" in sides
    assert not dict(same_norm_facts(study, {name: by_variant[name] for name in ("base", "zero-init")}))


def test_the_exact_law_is_that_of_a_plain_loop():
    """The law's population risk, for a polynomial that cannot express the cubic, by steps and by quadrature."""
    study = study_of(
        task={"kind": "polynomial", "degree": 2, "n_train": 9}, model={"init_std": 0.3},
        training={"learning_rate": 0.05, "batch_size": 9, "epochs": 40}, grid={"weight_decay": [0.5], "seeds": 3},
    )  # fmt: skip
    variant = variant_of(study)
    predicted = prediction.predict(variant, [0.5], [0, 1, 2])
    assert predicted.method == prediction.EXACT_LAW
    for row, seed in enumerate(predicted.seeds):
        inputs, targets = generate(variant.task, seed).train
        weights, bias = prediction.initial_state(variant, seed)
        for _ in range(40):
            residual = inputs @ weights + bias - targets
            weights = weights - 0.05 * (2 / 9 * inputs.T @ residual + 0.5 * weights)
            bias -= 0.05 * 2 / 9 * residual.sum()
        x = np.linspace(-1, 1, 20_001)
        miss = features(x, 2) @ weights + bias - true_curve(x)
        risk = 0.3**2 + np.trapezoid(miss**2, x) / 2
        assert predicted.per_seed[row, 0] == pytest.approx(risk, rel=1e-6)


def test_the_closed_form_knows_that_batches_are_reshuffled():
    """Without that it would be 5 to 10 % off at a large λ, from a random bias."""
    variant = variant_of(study_of())
    law = partial(
        finite_time_risk, [10.0], 400, n_train=20, n_features=200, true_weight_norm_squared=0.02, noise_std=0.01,
        learning_rate=0.003, initial_weight_second_moment=1.0, initial_bias_error=1 + 0.05**2,
    )  # fmt: skip
    predicted = prediction.predict(variant, [10.0], [0]).test_loss
    assert predicted == pytest.approx(law(batch_size=5).total)
    assert abs(predicted / law().total - 1) > 0.03


def test_the_truth_of_gaussian_data_has_the_noise_as_its_risk():
    truth = prediction.truth_of(study_of().task)
    assert population_risk(truth.weights, truth.bias, truth.weights, truth.bias, 0.01) == pytest.approx(1e-4)


@pytest.mark.parametrize("n_train", [12, 30])
def test_smoothers_agree_with_brute_force(n_train):
    study = study_of(task={**tables.SMALL, "n_train": n_train}, grid={"weight_decay": [0.2, 1, 4], "seeds": 8})
    variant = variant_of(study)
    found = smoothers.smoothers(variant, [0.2, 1, 4], range(8))
    inputs, targets = generate(variant.task, 3).train
    penalty = 1.0 * n_train / 2

    def ridge(x, y):
        centred = x - x.mean(axis=0)
        w = np.linalg.solve(centred.T @ centred + penalty * np.eye(x.shape[1]), centred.T @ (y - y.mean()))
        return w, y.mean() - x.mean(axis=0) @ w

    misses = []
    for row in range(n_train):
        keep = np.arange(n_train) != row
        w, b = ridge(inputs[keep], targets[keep])
        misses.append(targets[row] - inputs[row] @ w - b)
    assert found.leave_one_out_loss[3, 1] == pytest.approx(np.mean(np.square(misses)))
    assert found.weight_norm[3, 1] == pytest.approx(np.linalg.norm(ridge(inputs, targets)[0]))
    evidence = log_evidence(*eigen_coordinates(inputs, targets), penalty)
    assert found.evidence_fit[3, 1] == pytest.approx(evidence.fit[0])
    assert found.evidence_flexibility[3, 1] == pytest.approx(evidence.flexibility[0])
    centred = inputs - inputs.mean(axis=0)
    gram = centred @ centred.T
    dof = 1 + np.trace(np.linalg.solve(gram + penalty * np.eye(n_train), gram))
    assert found.effective_dof[3, 1] == pytest.approx(dof)


def test_the_sample_of_seeds_is_bounded_for_a_study_of_a_million_cells():
    study = study_of(grid={"weight_decay": [0, 1, 3], "seeds": 20_834})
    variant = variant_of(study)
    assert len(smoothers.smoothers(variant, [0, 1, 3], range(20_834)).seeds) <= 200
    wide = study_of(task={"n_train": 190, "noise_std": 0.1}, grid={"weight_decay": [0, 1], "seeds": 20_834})
    assert len(prediction.sample(variant_of(wide), 48, range(20_834))) <= 20
