"""Only what differs in the one thing named is compared, on one scale, at common λ and common seeds."""

import doctest

import pytest

from decaybench.analysis import contrasts
from decaybench.analysis.claims import CLAIMS
from decaybench.analysis.experiment import Experiment
from decaybench.analysis.facts import study_facts
from decaybench.analysis.regimes import row_pairs
from decaybench.analysis.verdicts import judge

from .tables import SMALL, case_of, cells_of, config_of, history_of, study_of, wobble

DIGITS = {"kind": "digits", "n_train": 20, "n_validation": 20, "n_test": 20}
NET = {"kind": "mlp", "hidden": [4]}


def variants_of(**keys):
    return {variant.name: variant for variant in study_of(**keys).resolved()}


def differs(key, change, also=(), **keys):
    found = variants_of(variants={"other": change}, **keys)
    return contrasts.differs_only_in(found["base"], found["other"], key, also)


def test_examples_in_docstrings_are_true():
    assert doctest.testmod(contrasts).attempted >= 6
    assert not doctest.testmod(contrasts).failed


@pytest.mark.parametrize(
    ("key", "change", "also", "wanted"),
    [
        ("task.n_train", {"task.n_train": 16}, (), True),
        ("task.n_train", {"task.n_train": 16, "training.epochs": 7}, (), False),
        ("task.n_train", {"task.n_train": 16, "training.learning_rate": 0.1}, ("training.learning_rate",), True),
        ("task.n_train", {"training.learning_rate": 0.1}, ("training.learning_rate",), False),
        ("task.n_train", {"task.n_train": 16, "training.record_every": 50, "training.in_span": False}, (), True),
        ("task.n_train", {"task.n_train": 16, "task.n_test": 9, "task.n_validation": 9}, (), True),
        ("task.n_train", {"task.n_train": 16, "grid.seeds": 3, "grid.weight_decay": [7]}, (), True),
        ("training.loss", {"training.loss": "mse"}, (), False),
        ("training.loss", {"training.loss": "half_mse"}, (), True),
        ("training.batch_size", {"training.batch_size": 3}, (), True),
        (contrasts.START, {"model.init_std": 0, "model.bias_init_std": 0}, (), True),
        (contrasts.START, {"model.init_std": 0, "model.dropout": 0.5}, (), False),
        ("training", {"training.optimizer": "adam", "training.epochs": 3}, (), True),
        ("model.dropout", {"model": NET}, (), False),
        ("model", {"model": NET}, (), True),
        ("task", {"task": DIGITS}, (), False),  # and so do the losses
        ("model.dropout", {}, (), False),
    ],
)
def test_differs_only_in(key, change, also, wanted):
    assert differs(key, change, also) is wanted


def test_a_batch_of_more_than_all_rows_is_the_full_batch():
    full = {"training": {"batch_size": 8}}
    assert not differs("training.batch_size", {"training.batch_size": 400}, **full)
    assert differs("training.batch_size", {"training.batch_size": 7}, **full)
    assert differs("task.n_train", {"task.n_train": 40, "training.batch_size": 40}, **full)
    assert differs("task.n_train", {"task.n_train": 40}, **full)


def test_where_splits_share_a_pool_their_sizes_move_the_rows_of_the_others():
    change = {"task.n_train": 30, "task.n_test": 10}
    assert not differs("task.n_train", change, task=DIGITS, model=NET)
    assert differs("task.n_train", {"task.n_train": 30}, task=DIGITS, model=NET)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"training.loss": "mse"}, False),
        ({"task": {"kind": "breast_cancer"}}, False),
        ({"task": {"kind": "diabetes"}}, False),
        ({"task.label_noise": 0.4, "training.optimizer": "adam"}, True),
    ],
)
def test_losses_have_one_unit_or_are_not_compared(change, wanted):
    found = variants_of(task=DIGITS, model=NET, variants={"other": change})
    assert contrasts.same_loss(found["base"], found["other"]) is wanted
    squared = variants_of(task={"kind": "diabetes"}, variants={"poly": {"task": {"kind": "polynomial"}},
                          "half": {"training.loss": "half_mse"}})  # fmt: skip
    assert not contrasts.same_loss(squared["base"], squared["poly"])
    assert contrasts.same_loss(squared["base"], squared["half"])


def test_families_hold_one_of_each_value_the_likest_to_the_first():
    found = variants_of(
        variants={
            "fast": {"training.learning_rate": 0.1},
            "more-fast": {"task.n_train": 40, "training.learning_rate": 0.1},
            "more": {"task.n_train": 40},
            "again": {"task.n_train": 40, "training.record_every": 100},
            "fewer": {"task.n_train": 4},
            "alone": {"task.n_train": 40, "training.epochs": 9},
        }
    )

    def names(also=()):
        return [[v.name for v in family] for family in contrasts.families(list(found.values()), "task.n_train", also)]

    assert names() == [["fewer", "base", "more"], ["fast", "more-fast"]]
    assert names({"training.learning_rate"}) == [["fewer", "base", "more"]]


def test_the_articles_recipe_is_known_by_what_decides_its_numbers():
    found = variants_of(
        task={}, variants={
            "scratch": {"training.loss": "half_mse", "model.bias_init_std": 0}, "more": {"task.n_train": 21},
            "watched": {"training.record_every": 1, "training.in_span": False, "task.n_test": 5000},
        },
    )  # fmt: skip
    assert [name for name, variant in found.items() if contrasts.is_articles(variant)] == ["base", "watched"]
    assert [name for name, v in found.items() if contrasts.is_articles(v, "half_mse", 0.0)] == ["scratch"]


# --- facts -----------------------------------------------------------------------------------------

TWO = {"weight_decay": [0, 1], "seeds": 12}


def facts_of(study, values, losses=lambda *_: (1.0, 1.0, 1.0)):
    return study_facts(study, cells_of(study, values), history_of(study, losses))


def shorter_and_worse(variant, decay, seed):
    """Whatever is not the base has shorter weights and predicts worse."""
    other = variant.name != "base"
    return {"weight_norm": 0.9 if other else 1.0, "test_loss": (3.0 if other else 1.0) * wobble(seed)}


def misleads(change, **keys):
    study = study_of(variants={"other": change}, **{"grid": TWO} | keys)
    return facts_of(study, shorter_and_worse).get("a/base/same_norm/ratio")


@pytest.mark.parametrize("change", [{"training.loss": "mse"}, {"model": {"kind": "mlp", "hidden": [99]}}])
def test_lengths_and_losses_of_two_kinds_are_never_a_pair(change):
    assert misleads(change, task=DIGITS, model=NET) is None


@pytest.mark.parametrize("change", [{"model": NET}, {"training.record_every": 1, "grid.weight_decay": [0, 5]}, {}])
def test_two_models_and_two_copies_of_one_training_are_no_pair(change):
    assert misleads(change) is None


def test_two_trainings_of_one_model_on_one_scale_are_a_pair():
    assert misleads({"model.init_std": 0.3})["value"] == pytest.approx(3)
    assert misleads({"training.optimizer": "adam"})["value"] == pytest.approx(3)
    assert misleads({"training.loss": "half_mse"})["value"] == pytest.approx(3)


def test_a_pair_is_measured_on_the_seeds_that_both_have():
    study = study_of(grid=TWO, variants={"other": {"model.init_std": 0.3, "grid.seeds": [8, 9, 10, 11, 12, 13]}})

    def values(variant, decay, seed):
        # Beyond the common seeds the other would be longer by far.
        norm = 0.9 if variant.name == "other" else 1.0
        return {"weight_norm": norm if 8 <= seed < 12 else 9.0, "test_loss": 3.0 if variant.name == "other" else 1.0}

    facts = facts_of(study, values)
    assert facts["a/base/same_norm/ratio"]["n"] == 4
    assert facts["a/base/same_norm/worse/weight_norm"]["value"] == pytest.approx(0.9)
    assert facts["a/base/same_norm/better/weight_norm"]["value"] == pytest.approx(1.0)
    assert misleads({"model.init_std": 0.3, "grid.seeds": [50, 51]}) is None


def test_degrees_are_compared_at_one_weight_decay_on_common_seeds():
    study = study_of(
        task={"kind": "polynomial", "degree": 8}, grid={"weight_decay": [0, 1], "seeds": 6},
        variants={
            "degree-1": {"task.degree": 1, "grid.weight_decay": [1, 3]},
            "degree-3": {"task.degree": 3, "grid.seeds": 4},
            "apart": {"task.degree": 10, "grid.seeds": [70, 71]},
            "wrong": {"task.degree": 5, "training.epochs": 3},
        },
    )  # fmt: skip
    facts = facts_of(study, lambda v, decay, seed: {"validation_loss": 2 - decay / 2 + (3 - v.task.degree) ** 2})
    assert {key for key in facts if key.endswith("/validation") and "degree/" in key} == {
        "a/base/degree/validation", *(f"a/base/degree/{degree}/validation" for degree in (1, 3, 8))
    }  # fmt: skip
    for criterion in ("validation", "validation_with_decay"):
        assert facts[f"a/base/degree/1/{criterion}"]["value"] == pytest.approx(1.5 + 4)  # at λ = 1, which all have
    assert facts["a/base/degree/validation"]["n"] == 4


def test_degrees_without_a_common_weight_decay_are_not_compared():
    study = study_of(
        task={"kind": "polynomial", "degree": 8}, grid={"weight_decay": [0], "seeds": 6},
        variants={"one": {"task.degree": 1, "grid.weight_decay": [1]}, "three": {"task.degree": 3}},
    )  # fmt: skip
    assert not [key for key in facts_of(study, lambda *_: {}) if "/degree/" in key]


# --- claims ----------------------------------------------------------------------------------------


def judged(claim, config, values):
    (entry,) = (e for e in judge(CLAIMS, case_of(config, values)) if e["id"] == claim)
    return entry["regimes"]


@pytest.mark.parametrize(
    ("change", "n"),
    [({}, [12]), ({"grid.seeds": [9, 10, 11, 12]}, [3]), ({"grid.seeds": [40, 41]}, []), ({"training.epochs": 3}, []),
     ({"grid.weight_decay": [1]}, [])],
)  # fmt: skip
def test_pairs_of_a_claim_stand_on_common_seeds(change, n):
    config = config_of(task=SMALL, grid={"weight_decay": [0], "seeds": 12},
                       variants={"other": {"model.dropout": 0.5, **change}})  # fmt: skip
    assert [r["n"] for r in judged("dropout-helps", config, lambda v, d, s: {"test_loss": wobble(s)})] == n


def test_rates_of_dropout_are_ranked_on_common_seeds():
    """Rate 0.2 looks best on seeds that only it has; where all have run 0.5 is better."""
    config = config_of(
        task=SMALL, grid={"weight_decay": [0], "seeds": 4},
        variants={"some": {"model.dropout": 0.2, "grid.seeds": 40}, "half": {"model.dropout": 0.5}},
    )  # fmt: skip

    def values(variant, decay, seed):
        level = 0.1 if seed >= 4 else {"some": 2.0, "half": 1.0}.get(variant.name, 3.0)
        return {"validation_loss": level, "test_loss": level * wobble(seed)}

    (regime,) = judged("dropout-helps", config, values)
    assert (regime["variant"], regime["n"]) == ("half", 4)


def test_more_rows_are_those_that_share_seeds_and_differ_in_nothing_else():
    config = config_of(
        task=SMALL, grid={"weight_decay": [0], "seeds": 6},
        variants={
            "more": {"task.n_train": 40}, "again": {"task.n_train": 40, "training.record_every": 100},
            "apart": {"task.n_train": 80, "grid.seeds": [30, 31]},
            "longer": {"task.n_train": 160, "training.epochs": 7},
        },
    )  # fmt: skip
    case = case_of(config, lambda *_: {})
    assert [(few.variant.name, more.variant.name) for few, more in row_pairs(case)] == [("base", "more")]
    cells = cells_of(config.studies[0], lambda v, d, seed: {"test_loss": v.task.n_train * wobble(seed)})
    experiment = Experiment.of(config, {"a": cells}, {"a": history_of(config.studies[0], lambda *_: (1.0, 1.0, 1.0))})
    for claim in ("more-data-helps", "overfits-when-data-are-scarce"):
        entry = next(judge([each], experiment)[0] for each in CLAIMS if each.id == claim)
        settings = [*entry["regimes"], *(setting for group in entry["apart"] for setting in group["regimes"])]
        assert [setting["n"] for setting in settings] == [6]


def test_degrees_that_share_only_no_decay_have_no_evidence():
    study = study_of(
        task={"kind": "polynomial", "degree": 8}, grid={"weight_decay": [0, 3], "seeds": 6},
        model={"init_std": 0, "bias_init_std": 0}, training={"batch_size": 20},
        variants={"one": {"task.degree": 1, "grid.weight_decay": [0, 1]}, "three": {"task.degree": 3}},
    )  # fmt: skip
    facts = facts_of(study, lambda v, d, s: {"validation_loss": wobble(s)})
    assert facts["a/base/degree/validation"]["n"] == 6
    assert "a/base/degree/evidence" not in facts
