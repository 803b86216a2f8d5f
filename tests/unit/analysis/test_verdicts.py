"""A verdict follows the data: each sentence is shown data for it and against it, and must say so."""

import numpy as np
import pytest

from decaybench.analysis.claim_facts import claim_facts
from decaybench.analysis.claims import CLAIMS
from decaybench.analysis.experiment import Experiment
from decaybench.analysis.verdicts import judge, verdict_of

from .tables import SMALL, case_of, cells_of, config_of, history_of, wobble

SEEDS = 24
CLAIM = {claim.id: claim for claim in CLAIMS}
GRID = {"weight_decay": [0, 0.3], "seeds": SEEDS}
SWEEP = {"weight_decay": [0, 0.1, 1, 3, 10], "seeds": SEEDS}


def apart(seed, *place):
    """A spread that differs between the trainings of one seed, so that their ratio varies, too."""
    return 1 + 0.003 * np.random.default_rng([seed, *(int(10 * part) for part in place)]).standard_normal()


ZERO = {"init_std": 0.0, "bias_init_std": 0.0}  # else the error may be that of the start


def rows(helps):
    """With decay more rows halve or double the test loss; what decay gains goes, or stays."""
    config = config_of(task=SMALL, model=ZERO, grid=GRID, variants={"more": {"task.n_train": 64}})

    def values(variant, decay, seed):
        more = variant.name == "more"
        level = 0.5 if more == helps else 1.0
        excess = 1.5 if more != helps and decay == 0 else 1.0
        own = apart(seed, decay, more)
        return {"test_loss": level * excess * own, "validation_loss": excess * own}

    return case_of(config, values)


def course(rises):
    """Test loss after the minimum of the validation loss doubles, or hardly rises."""
    config = config_of(task=SMALL, grid=GRID, training={"epochs": 10, "record_every": 1})

    def losses(variant, decay, seed, epoch):
        late = max(0, epoch - 5) / 5
        unseen = wobble(seed) * (1 + max(0, 5 - epoch) / 5 + (late if rises else 0.01) * wobble(7 * seed) * late)
        return 1 / (1 + epoch), unseen, unseen

    return case_of(config, lambda *_: {}, losses)


def decay(helps):
    config = config_of(task=SMALL, model=ZERO, grid=GRID)
    return case_of(
        config,
        lambda variant, decay, seed: {"test_loss": (1.5 if (decay == 0) == helps else 1.0) * apart(seed, decay)},
    )


def dropped(helps):
    config = config_of(task=SMALL, grid={"weight_decay": [0], "seeds": SEEDS}, variants={"d": {"model.dropout": 0.5}})

    def values(variant, decay, seed):
        return {"test_loss": (1.0 if (variant.name == "d") == helps else 1.5) * apart(seed, variant.name == "d")}

    return case_of(config, values)


def biases(free):
    """Decaying the bias, too, changes next to nothing, or helps by half."""
    config = config_of(task=SMALL, grid=GRID, variants={"d": {"training.decay_bias": True}})
    return case_of(
        config,
        lambda variant, decay, seed: {
            "test_loss": wobble(seed) * ((1.0 if free else 0.5) * wobble(5 * seed) if variant.name == "d" else 1)
        },
    )


def lengths(shrinks):
    """λ shortens the weights, or lengthens them: it always leaves the fit less free."""
    config = config_of(task=SMALL, model=ZERO, grid=SWEEP)
    return case_of(
        config,
        lambda variant, decay, seed: {
            "weight_norm": wobble(seed) * (1 + decay) ** (-1 if shrinks else 1),
            "validation_loss": (1 + abs(decay - 3)) * wobble(seed),
        },
    )


WORLDS = {
    "overfits-when-data-are-scarce": rows,
    "training-too-long-hurts": course,
    "early-stopping-helps": course,
    "more-data-helps": rows,
    "l2-helps": decay,
    "dropout-helps": dropped,
    "smaller-weights-are-simpler": lengths,
    "biases-need-not-be-decayed": biases,
}
AGAINST = {"failed", "reversed"}


def outcomes(name, case):
    return [setting["outcome"] for setting in judge([CLAIM[name]], case)[0]["regimes"]]


def test_every_claim_has_a_world_for_it_and_one_against_it():
    assert set(WORLDS) == set(CLAIM) and len(CLAIM) == 8


@pytest.mark.parametrize("name", WORLDS)
def test_a_verdict_flips_when_the_data_flip(name):
    for_it, against = (judge([CLAIM[name]], WORLDS[name](truth))[0] for truth in (True, False))
    assert {setting["outcome"] for setting in for_it["regimes"]} == {"held"} and for_it["verdict"] == "held"
    assert {setting["outcome"] for setting in against["regimes"]} <= AGAINST and against["verdict"] == "failed"
    assert against["regimes"]


@pytest.mark.parametrize("name", WORLDS)
def test_a_claim_without_its_setting_is_not_judged_and_says_why(name):
    config = config_of(task={"kind": "breast_cancer"}, grid={"weight_decay": [1], "seeds": 3})
    judged = judge([CLAIM[name]], case_of(config, lambda *_: {"init_norm": 0.0}))[0]
    assert judged["verdict"] == "not judged" and judged["reason"] == CLAIM[name].needs


def test_one_seed_judges_nothing_and_crashes_nothing():
    config = config_of(task=SMALL, grid={"weight_decay": [0, 0.1, 1, 3, 10], "seeds": 1})
    case = case_of(config, lambda variant, decay, seed: {"test_loss": 1 + decay, "train_loss": 0.1 + decay})
    for entry in judge(CLAIMS, case):
        assert entry["verdict"] in ("open", "not judged")
        for setting in entry["regimes"]:
            assert setting["outcome"] == "not judged" or "one seed" in setting["method"]


# --- from settings to a word -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantifier", "found", "verdict"),
    [
        ("always", ["held", "held", "open"], "held"),
        ("always", ["held", "reversed"], "partly"),
        ("always", ["failed", "open"], "failed"),
        ("always", ["open"], "open"),
        ("often", ["held", "held", "reversed", "open", "open"], "held"),
        ("often", ["held", "failed"], "failed"),
        ("often", ["open", "open"], "open"),
        ("can", ["held", "failed", "reversed", "open"], "held"),
        ("can", ["failed", "open"], "open"),
        ("can", ["failed", "reversed"], "failed"),
        ("often", [], "not judged"),
        ("can", ["not judged"], "not judged"),
    ],
)
def test_a_sentence_is_judged_by_how_often_it_means_to_hold(quantifier, found, verdict):
    assert verdict_of(quantifier, found, [True] * len(found)) == verdict


@pytest.mark.parametrize("quantifier", ["always", "often", "can"])
@pytest.mark.parametrize("found", [["held"], ["held", "held", "failed"], ["held", "reversed", "held", "held"]])
def test_more_testing_never_hurts_a_claim(quantifier, found):
    before = verdict_of(quantifier, found, [True] * len(found))
    assert verdict_of(quantifier, [*found, "open", "open"], [True] * len(found) + [False] * 2) == before


def test_one_instance_that_holm_does_not_confirm_neither_denies_nor_establishes():
    assert verdict_of("can", ["held", "failed"], [False, True]) == "open"
    assert verdict_of("always", ["held", "failed"], [True, False]) == "open"
    assert verdict_of("always", ["held", "failed"], [True, True]) == "partly"


def test_many_settings_ask_a_single_instance_for_more_certainty():
    """One p of 0.03 among others establishes nothing; alone it does."""
    from decaybench.analysis.verdicts import Measurement, firm

    config = config_of(task=SMALL, model=ZERO, grid=GRID)
    results = decay(True).variants[0]
    assert config.studies[0].name == results.study
    random = np.random.default_rng(0).standard_normal(30)
    sample = (random - random.mean()) / random.std(ddof=1)
    weak = Measurement(results, {}, np.log(1.05) + (2.25 + 0 * sample + sample * np.sqrt(30)) * 0.01)
    nothing = Measurement(results, {}, np.log(1.05) + sample)
    claim = CLAIM["l2-helps"]
    assert firm(claim, [(weak, "held")]) == [True]
    assert firm(claim, [(weak, "held"), *[(nothing, "open")] * 4])[0] is False


# --- what says nothing -----------------------------------------------------------------------------


def only(name, case):
    entry = judge([CLAIM[name]], case)[0]
    return entry, entry["regimes"]


def said(setting):
    return setting["outcome"], setting["estimate"], setting["low"], setting["high"], setting["wins"]


NOTHING_SAID = ("not judged", None, None, None, None)


def test_a_run_that_ends_before_the_turn_is_not_judged():
    """End over end is 1 whatever the data are: no test took place."""
    config = config_of(task=SMALL, grid=GRID, training={"epochs": 10, "record_every": 1})

    def falling(variant, decay, seed, epoch):
        return 1 / (1 + epoch), 2 - epoch / 10, (2 - epoch / 10) * wobble(seed)

    case = case_of(config, lambda *_: {}, falling)
    entry, (setting,) = only("training-too-long-hurts", case)
    assert said(setting) == NOTHING_SAID and "ends before the turn" in setting["reason"]["en"]
    assert entry["verdict"] == "not judged" and entry["reason"] == setting["reason"]
    entry, (setting,) = only("early-stopping-helps", case)
    assert said(setting) == NOTHING_SAID and "nothing to avoid" in setting["reason"]["en"]
    assert claim_facts([entry])[f"claims/{entry['id']}/{setting['id']}/estimate"]["value"] is None


@pytest.mark.parametrize("zero", [0.0, 1e-45, 1e-12])
@pytest.mark.parametrize("above", [True, False])
def test_no_ratio_is_taken_of_a_loss_that_is_zero_to_the_precision_of_the_arithmetic(zero, above):
    """float32 cross-entropy of a network that interpolates: 0 in one seed would decide any geometric mean."""
    config = config_of(
        task={"kind": "breast_cancer", "n_train": 50, "n_validation": 5, "n_test": 5},
        model={"kind": "mlp", "hidden": [4]},
        grid=GRID,
    )

    def values(variant, decay, seed):
        return {"test_loss": zero if seed == 3 and (decay == 0) == above else 0.1 * wobble(seed)}

    _, (setting,) = only("l2-helps", case_of(config, values))
    assert said(setting) == NOTHING_SAID and "0 to the precision" in setting["reason"]["en"]


def test_a_small_loss_above_the_resolution_is_a_loss():
    config = config_of(task=SMALL, model=ZERO, grid=GRID)

    def values(variant, decay, seed):
        return {"test_loss": (1e-12 if decay else 1e-13) * wobble(7 * seed + 1) * (1 + 0.01 * (seed % 3) * decay)}

    _, (setting,) = only("l2-helps", case_of(config, values))
    assert setting["outcome"] == "reversed" and setting["estimate"] == pytest.approx(0.1, rel=0.02)


def test_what_cannot_vary_is_not_judged():
    pair = config_of(task=SMALL, grid=GRID, variants={"d": {"training.decay_bias": True}})
    assert said(only("biases-need-not-be-decayed", case_of(pair, lambda *_: {}))[1][0]) == NOTHING_SAID
    both = config_of(task=SMALL, model=ZERO, grid=GRID)
    assert said(only("l2-helps", case_of(both, lambda *_: {}))[1][0]) == NOTHING_SAID


def test_the_random_start_is_judged_under_its_own_heading():
    config = config_of(task=SMALL, model={"init_std": 1.0}, grid=GRID)
    case = case_of(config, lambda _, decay, seed: {"test_loss": (9.0 if decay == 0 else 1.0) * apart(seed, decay)})
    entry = judge([CLAIM["l2-helps"]], case)[0]
    assert entry["regimes"] == [] and entry["verdict"] == "not judged" and set(entry["counts"].values()) == {0}
    (group,) = entry["apart"]
    assert [setting["outcome"] for setting in group["regimes"]] == ["not judged"] or "forgets" in group["heading"][
        "en"
    ]
    facts = claim_facts([entry])
    assert "claims/l2-helps/apart/a/base/estimate" in facts and "claims/l2-helps/a/base/estimate" not in facts


def test_two_starts_of_one_fit_are_equally_free_however_long_their_weights():
    config = config_of(
        task=SMALL,
        model=ZERO,
        grid={"weight_decay": [0.3], "seeds": SEEDS},
        variants={"far": {"model.init_std": 1.0}},
    )
    case = case_of(
        config, lambda variant, decay, seed: {"weight_norm": (5.0 if variant.name == "far" else 1.0) * wobble(seed)}
    )
    entry, (setting,) = only("smaller-weights-are-simpler", case)
    assert (setting["outcome"], setting["estimate"], setting["low"]) == ("failed", 1.0, None)
    assert entry["verdict"] == "failed"


def test_a_study_that_diverged_whole_is_not_judged():
    config = config_of(task=SMALL, grid=SWEEP, training={"batch_size": 8})
    assert {entry["verdict"] for entry in judge(CLAIMS, case_of(config, lambda *_: {"diverged": True}))} == {
        "not judged"
    }


def test_the_same_training_in_two_studies_is_one_setting():
    config = config_of(task=SMALL, model=ZERO, grid=GRID)
    twice = config.model_copy(
        update={"studies": [config.studies[0], config.studies[0].model_copy(update={"name": "b"})]}
    )
    study = config.studies[0]
    cells = cells_of(study, lambda variant, decay, seed: {"test_loss": (1 + (decay == 0)) * wobble(seed)})
    history = history_of(study, lambda *_: (1.0, 1.0, 1.0))
    fewer = cells[cells["seed"] < 10]
    for first, second, best in ((cells, fewer, "a"), (fewer, cells, "b"), (cells, cells, "a")):
        case = Experiment.of(twice, {"a": first, "b": second}, {"a": history, "b": history})
        assert [setting["study"] for setting in judge([CLAIM["l2-helps"]], case)[0]["regimes"]] == [best]


# --- what is written -------------------------------------------------------------------------------


def test_claims_are_facts_under_their_setting():
    claims = judge(CLAIMS, rows(True))
    facts = claim_facts(claims)
    entry = next(entry for entry in claims if entry["id"] == "more-data-helps")
    settings = entry["regimes"]
    assert [setting["id"] for setting in settings] == ["a/base", "a/base#2"]
    estimate = facts["claims/more-data-helps/a/base#2/estimate"]
    assert (estimate["value"], estimate["low"]) == (settings[1]["estimate"], settings[1]["low"])
    assert facts["claims/more-data-helps/n_held"]["value"] == entry["counts"]["held"] == 2
    assert facts["claims/more-data-helps/a/base/wins"] == {
        "value": SEEDS, "low": None, "high": None, "n": SEEDS, "unit": "seeds", "method": "as the sentence says",
    }  # fmt: skip


def test_an_open_setting_says_what_would_settle_it():
    config = config_of(task=SMALL, model=ZERO, grid=GRID)

    def values(variant, decay, seed):
        random = np.random.default_rng([seed, int(10 * decay)])
        return {"test_loss": (1.1 if decay == 0 else 1.0) * np.exp(0.2 * random.standard_normal())}

    entry, (setting,) = only("l2-helps", case_of(config, values))
    assert setting["outcome"] == "open" and entry["verdict"] == "open" and setting["needed"] > SEEDS
    assert claim_facts([entry])["claims/l2-helps/a/base/needed"]["value"] == setting["needed"]


def test_every_claim_is_declared_in_both_languages():
    for claim in CLAIMS:
        for text in (claim.sentence, claim.scope, claim.statistic, claim.would_change, claim.needs):
            assert set(text) == {"en", "zh"} and all(text.values())
