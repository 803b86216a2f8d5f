"""A verdict follows the data: each claim is shown data for it and against it, and must say so."""

import numpy as np
import pytest

from decaybench.analysis import prediction
from decaybench.analysis.claim_facts import claim_facts
from decaybench.analysis.claims import CLAIMS
from decaybench.analysis.experiment import Experiment
from decaybench.analysis.statistics import Estimate
from decaybench.analysis.verdicts import judge, overall, regime_verdict
from decaybench.cells.recipe import steps_of
from decaybench.tasks import generate
from decaybench.theory.spectral import state_after

from .tables import SMALL, case_of, cells_of, config_of, history_of, wobble

SEEDS = 24
CLAIM = {claim.id: claim for claim in CLAIMS}
GRID = {"weight_decay": [0, 0.3], "seeds": SEEDS}
SWEEP = {"weight_decay": [0, 0.1, 1, 3, 10], "seeds": SEEDS}


def rows(rises):
    """More rows change the gap and the test loss by a factor 2, for the better or the worse."""
    config = config_of(task=SMALL, grid=GRID, variants={"more": {"task.n_train": 64}})

    def values(variant, decay, seed):
        worse = (variant.name == "more") == rises
        return {"test_loss": (2.0 if worse else 1.0) * wobble(seed), "train_loss": 0.1, "validation_loss": 1 - decay}

    return case_of(config, values)


def course(rises):
    """Test loss after the minimum of the validation loss doubles, or hardly rises."""
    config = config_of(task=SMALL, grid=GRID, training={"epochs": 10, "record_every": 1})

    def losses(variant, decay, seed, epoch):
        late = max(0, epoch - 5) / 5
        unseen = wobble(seed) * (1 + max(0, 5 - epoch) / 5 + (late if rises else 0.01 * wobble(7 * seed) * late))
        return 1 / (1 + epoch), unseen, unseen

    return case_of(config, lambda *_: {}, losses)


def decay(helps):
    config = config_of(task=SMALL, grid=GRID)
    return case_of(
        config, lambda variant, decay, seed: {"test_loss": (1.5 if (decay == 0) == helps else 1.0) * wobble(seed)}
    )


def dropped(helps):
    config = config_of(task=SMALL, grid={"weight_decay": [0], "seeds": SEEDS}, variants={"d": {"model.dropout": 0.5}})

    def values(variant, decay, seed):
        return {"test_loss": (1.0 if (variant.name == "d") == helps else 1.5) * wobble(seed)}

    return case_of(config, values)


def balance(turns):
    config = config_of(task=SMALL, grid=SWEEP)

    def values(variant, decay, seed):
        unseen = {0: 2.0, 0.1: 1.5, 1: 1.0, 3: 1.5, 10: 2.0} if turns else dict.fromkeys(SWEEP["weight_decay"], 1.0)
        return {
            "train_loss": 0.1 + decay,
            "test_loss": unseen[decay] * wobble(seed) * wobble(seed + int(10 * decay)),
            "validation_loss": unseen[decay],
        }

    return case_of(config, values)


def null_space(exact):
    config = config_of(task=SMALL, grid=SWEEP, training={"in_span": False})

    def values(variant, decay, seed):
        law = (1 - variant.training.learning_rate * decay) ** steps_of(variant)
        return {
            "null_space_norm": 4 * law * (1 if exact else 1 + 1e-6 * wobble(seed)),
            "initial_null_space_norm": 4.0,
        }

    return case_of(config, values)


def growth(moves):
    config = config_of(task=SMALL, grid=SWEEP)
    return case_of(
        config,
        lambda variant, decay, seed: {
            "init_norm": 2.0,
            "weight_norm": wobble(seed) * (4 / (1 + decay) if moves else 2),
        },
    )


def occam(ordered):
    config = config_of(task=SMALL, grid=SWEEP)

    def values(variant, decay, seed):
        size = 1 / (1 + decay)
        return {"weight_norm": size, "train_loss": 0.0, "test_loss": (size if ordered else 1 / size) * wobble(seed)}

    return case_of(config, values)


def training_only(plain):
    """Reported losses of really trained weights, without or with the penalty in them."""
    config = config_of(task=SMALL, grid=GRID, training={"batch_size": 8})

    def values(variant, decay, seed):
        data = generate(variant.task, seed)
        weights, bias = prediction.initial_state(variant, seed)
        state = state_after(*data.train, weights, bias, weight_decay=decay, learning_rate=0.003, steps=100)
        loss = np.mean((data.test.inputs @ state.weights[0] + state.bias[0] - data.test.targets) ** 2)
        return {"test_loss": loss + (0 if plain else decay / 2 * np.sum(state.weights[0] ** 2))}

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


def groups(differ):
    config = config_of(task=SMALL, grid=GRID, variants={"d": {"training.decay_bias": True}})
    return case_of(
        config, lambda variant, decay, seed: {"bias": wobble(seed) * (0.5 if variant.name == "d" and differ else 1)}
    )


WORLDS = {
    "overfits-when-data-are-scarce": lambda true: rows(not true),
    "training-too-long-hurts": course,
    "early-stopping-helps": course,
    "more-data-helps": lambda true: rows(not true),
    "l2-helps": decay,
    "dropout-helps": dropped,
    "lambda-balances": balance,
    "each-step-shrinks-w": null_space,
    "w-may-grow-or-shrink": growth,
    "smaller-weights-are-simpler": occam,
    "only-in-training": training_only,
    "biases-need-not-be-decayed": biases,
    "parameter-groups-differ": groups,
}


def verdicts(name, case):
    return [regime["verdict"] for regime in judge([CLAIM[name]], case)[0]["regimes"]]


def test_every_claim_has_a_world_for_it_and_one_against_it():
    assert set(WORLDS) == set(CLAIM)


@pytest.mark.parametrize("name", WORLDS)
def test_a_verdict_flips_when_the_data_flip(name):
    true, false = (verdicts(name, WORLDS[name](truth)) for truth in (True, False))
    # The factor that the text prints is wrong in a world where the other one holds.
    assert true == (["supported", "refuted"] if name == "each-step-shrinks-w" else ["supported"] * len(true))
    assert false == ["refuted"] * len(false)
    assert true and len(true) == len(false)


@pytest.mark.parametrize("name", WORLDS)
def test_a_claim_without_its_regime_is_not_judged_and_says_why(name):
    config = config_of(task={"kind": "breast_cancer"}, grid={"weight_decay": [1], "seeds": 3})
    judged = judge([CLAIM[name]], case_of(config, lambda *_: {"init_norm": 0.0}))[0]
    assert judged["verdict"] == "not judged" and judged["reason"] == CLAIM[name].needs


def test_one_seed_judges_nothing_and_crashes_nothing():
    config = config_of(task=SMALL, grid={"weight_decay": [0, 0.1, 1, 3, 10], "seeds": 1})
    case = case_of(config, lambda variant, decay, seed: {"test_loss": 1 + decay, "train_loss": 0.1 + decay})
    for entry in judge(CLAIMS, case):
        assert entry["verdict"] in ("inconclusive", "not judged")
        methods = [regime["method"] for regime in entry["regimes"] if regime["verdict"] != "not judged"]
        assert all("one seed" in method for method in methods)


def only(name, case):
    entry = judge([CLAIM[name]], case)[0]
    return entry, entry["regimes"]


def said(regime):
    return regime["verdict"], regime["estimate"], regime["low"], regime["high"], regime["p_adjusted"]


NOTHING_SAID = ("not judged", None, None, None, None)


def test_a_run_that_ends_before_the_turn_is_not_judged():
    """End over end is 1 whatever the data are: no test took place."""
    config = config_of(task=SMALL, grid=GRID, training={"epochs": 10, "record_every": 1})

    def falling(variant, decay, seed, epoch):
        return 1 / (1 + epoch), 2 - epoch / 10, (2 - epoch / 10) * wobble(seed)

    case = case_of(config, lambda *_: {}, falling)
    entry, (regime,) = only("training-too-long-hurts", case)
    assert said(regime) == NOTHING_SAID and "ends before the turn" in regime["reason"]["en"]
    assert entry["verdict"] == "not judged" and entry["reason"] == regime["reason"]
    entry, (regime,) = only("early-stopping-helps", case)  # no seed would have stopped
    assert said(regime) == NOTHING_SAID and "same number" in regime["reason"]["en"]
    assert claim_facts([entry])[f"claims/{entry['id']}/{regime['id']}/estimate"]["value"] is None


def test_a_regime_that_is_not_judged_leaves_the_others_and_their_levels_alone():
    config = config_of(task=SMALL, grid=GRID, training={"epochs": 10, "record_every": 1})
    case = case_of(config, lambda variant, decay, seed: {"test_loss": (1.5 if decay == 0 else 1.0) * wobble(seed)})
    alone = judge([CLAIM["l2-helps"]], case)[0]
    beside, unjudged = judge([CLAIM["l2-helps"], CLAIM["early-stopping-helps"]], case)
    assert unjudged["verdict"] == "not judged" and beside == alone
    assert overall(["supported", "not judged"]) == "supported"
    assert overall(["not judged"]) == "not judged"


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

    _, (regime,) = only("l2-helps", case_of(config, values))
    assert said(regime) == NOTHING_SAID and "0 to the precision" in regime["reason"]["en"]


def test_a_small_loss_above_the_resolution_is_a_loss():
    config = config_of(task=SMALL, grid=GRID)
    _, (regime,) = only(
        "l2-helps",
        case_of(
            config, lambda variant, decay, seed: {"test_loss": (1e-12 if decay else 1e-13) * wobble(7 * seed + 1)}
        ),
    )
    assert regime["verdict"] == "refuted" and regime["estimate"] == pytest.approx(0.1)


def test_a_training_loss_that_begins_at_zero_rises_and_one_that_stays_there_is_not_judged():
    config = config_of(task=SMALL, grid=SWEEP)
    unseen = {0: 2.0, 0.1: 1.5, 1: 1.0, 3: 1.5, 10: 2.0}

    def values(last):
        return lambda variant, decay, seed: {
            "train_loss": last if decay == 10 else 1e-30,
            "test_loss": unseen[decay] * wobble(seed),
            "validation_loss": unseen[decay],
        }

    _, (regime,) = only("lambda-balances", case_of(config, values(0.1)))
    assert regime["verdict"] == "supported" and 1.4 < regime["estimate"] < 2.1
    _, (regime,) = only("lambda-balances", case_of(config, values(1e-29)))
    assert said(regime) == NOTHING_SAID


def test_what_cannot_vary_is_not_judged():
    sweep = config_of(task=SMALL, grid=SWEEP)
    same_norms = case_of(sweep, lambda variant, decay, seed: {"weight_norm": 1.0, "test_loss": 1 + decay})
    assert [said(regime) for regime in only("smaller-weights-are-simpler", same_norms)[1]] == [NOTHING_SAID] * 2
    pair = config_of(task=SMALL, grid=GRID, variants={"d": {"training.decay_bias": True}})
    no_bias = case_of(pair, lambda *_: {"bias": 0.0})
    assert said(only("parameter-groups-differ", no_bias)[1][0]) == NOTHING_SAID
    assert said(only("biases-need-not-be-decayed", no_bias)[1][0]) == NOTHING_SAID
    more = config_of(task=SMALL, grid=GRID, variants={"more": {"task.n_train": 64}})
    no_gap = case_of(more, lambda *_: {"test_loss": 0.0, "train_loss": 0.0})
    assert said(only("overfits-when-data-are-scarce", no_gap)[1][0]) == NOTHING_SAID


def test_the_law_is_judged_where_it_leaves_something_to_see():
    """ηλ = 1 leaves nothing after one step; ηλ = 1.5 flips the sign, and the norm follows |1 − ηλ|^T."""
    config = config_of(
        task=SMALL,
        grid={"weight_decay": [0, 0.1, 10, 15], "seeds": SEEDS},
        training={"in_span": False, "learning_rate": 0.1, "batch_size": 8, "epochs": 5, "record_every": 1},
    )

    def values(variant, decay, seed):
        return {"null_space_norm": 4 * abs(1 - 0.1 * decay) ** 5, "initial_null_space_norm": 4.0}

    _, (regime, _) = only("each-step-shrinks-w", case_of(config, values))
    assert regime["verdict"] == "supported" and regime["high"] < 1e-12
    config = config_of(
        task=SMALL, grid={"weight_decay": [0, 10], "seeds": SEEDS}, training=config.studies[0].training
    )
    assert only("each-step-shrinks-w", case_of(config, values))[1] == []  # λ = 0 alone says nothing of decay


def test_a_study_that_diverged_whole_is_not_judged():
    config = config_of(task=SMALL, grid=SWEEP, training={"batch_size": 8})
    assert {entry["verdict"] for entry in judge(CLAIMS, case_of(config, lambda *_: {"diverged": True}))} == {
        "not judged"
    }


def test_the_same_training_in_two_studies_is_one_regime():
    config = config_of(task=SMALL, grid=GRID)
    twice = config.model_copy(
        update={"studies": [config.studies[0], config.studies[0].model_copy(update={"name": "b"})]}
    )
    study = config.studies[0]
    cells = cells_of(study, lambda variant, decay, seed: {"test_loss": (1 + (decay == 0)) * wobble(seed)})
    history = history_of(study, lambda *_: (1.0, 1.0, 1.0))
    fewer = cells[cells["seed"] < 10]
    for first, second, best in ((cells, fewer, "a"), (fewer, cells, "b"), (cells, cells, "a")):
        case = Experiment.of(twice, {"a": first, "b": second}, {"a": history, "b": history})
        assert [regime["study"] for regime in judge([CLAIM["l2-helps"]], case)[0]["regimes"]] == [best]


def test_more_claims_ask_for_more_certainty():
    """The same regime has a wider interval when others are judged beside it."""
    config = config_of(task=SMALL, grid=SWEEP)

    def values(variant, decay, seed):
        return {"test_loss": 1 + 0.3 * np.random.default_rng([seed, int(10 * decay)]).standard_normal()}

    case = case_of(config, values)
    alone = judge([CLAIM["l2-helps"]], case)[0]["regimes"][0]
    among = next(entry for entry in judge(CLAIMS, case) if entry["id"] == "l2-helps")["regimes"][0]
    assert alone["level"] == pytest.approx(0.95) and among["level"] > 0.97
    assert among["low"] < alone["low"] and among["high"] > alone["high"]
    assert among["p_adjusted"] >= alone["p_adjusted"]


@pytest.mark.parametrize(
    ("low", "high", "direction", "verdict"),
    [
        (1.1, 1.3, 1, "supported"), (1.0, 1.3, 1, "inconclusive"), (0.5, 1.0, 1, "refuted"),
        (None, None, 1, "inconclusive"),
        (1.1, 1.3, -1, "refuted"), (0.5, 1.0, -1, "supported"),
        (1.0, 1.3, -1, "inconclusive"), (1.05, 1.3, 1, "inconclusive"),
    ],
)  # fmt: skip
def test_an_interval_decides(low, high, direction, verdict):
    assert regime_verdict(Estimate(1.0, low, high, 30, ""), 1.05, direction) == verdict


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ([], "not judged"), (["supported"] * 2, "supported"), (["refuted"], "refuted"),
        (["inconclusive"], "inconclusive"),
        (["supported", "refuted"], "partly"), (["supported", "inconclusive"], "partly"),
        (["refuted", "inconclusive"], "refuted"),
    ],
)  # fmt: skip
def test_partly_is_said_across_regimes_only(verdicts, whole):
    assert overall(verdicts) == whole


def test_claims_are_facts_under_their_regime():
    claims = judge(CLAIMS, rows(False))
    facts = claim_facts(claims)
    regimes = next(entry for entry in claims if entry["id"] == "more-data-helps")["regimes"]
    assert [regime["id"] for regime in regimes] == ["a/base", "a/base#2"]
    estimate = facts["claims/more-data-helps/a/base#2/estimate"]
    assert (estimate["value"], estimate["low"]) == (regimes[1]["estimate"], regimes[1]["low"])
    assert facts["claims/more-data-helps/n_supported"]["value"] == 2


def test_every_claim_is_declared_in_both_languages():
    for claim in CLAIMS:
        for text in (claim.sentence, claim.statistic, claim.would_change, claim.needs):
            assert set(text) == {"en", "zh"} and all(text.values())
