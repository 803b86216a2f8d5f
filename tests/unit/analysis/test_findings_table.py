"""findings.json: outcomes with the facts that they rest on, which move together."""

import copy

from decaybench.analysis.facts import study_facts
from decaybench.analysis.findings.table import study_findings

from .tables import cells_of, history_of, study_of, wobble

GRID = {"weight_decay": [0, 0.1, 1, 10], "seeds": 24}


def made(levels):
    study = study_of(grid=GRID, model={"init_std": 0.0, "bias_init_std": 0.0})

    def values(variant, decay, seed):
        own = levels[decay] * wobble(seed) * wobble(3 * seed + int(10 * decay))
        return {"validation_loss": own, "test_loss": own, "weight_norm": 1 / (1 + decay) * wobble(5 * seed)}

    facts = study_facts(study, cells_of(study, values), history_of(study, lambda *_: (1.0, 1.0, 1.0)))
    return study, facts


def by_id(study, facts):
    return {finding["id"]: finding for finding in study_findings(study, facts)}


def test_a_finding_names_what_it_rests_on_and_turns_with_it():
    study, facts = made({0: 2.0, 0.1: 1.5, 1: 1.0, 10: 1.5})
    before = by_id(study, facts)
    effect = before["a/base/effect"]
    assert effect["outcome"] == "lower" and "a/base/1/test_loss_ratio" in effect["facts"]
    assert all(key in facts for finding in before.values() for key in finding["facts"])
    changed = copy.deepcopy(facts)
    changed["a/base/1/test_loss_ratio"].update(value=1.2, low=1.1, high=1.3)
    after = by_id(study, changed)
    assert after["a/base/effect"]["outcome"] == "higher"
    turned = {key for key in before if before[key]["outcome"] != after.get(key, {}).get("outcome")}
    assert turned and all("a/base/1/test_loss_ratio" in before[key]["facts"] for key in turned)


def test_no_two_findings_answer_one_question_in_two_ways():
    study, facts = made({0: 2.0, 0.1: 1.5, 1: 1.0, 10: 1.5})
    found = study_findings(study, facts)
    assert len({finding["id"] for finding in found}) == len(found)
    standings = {finding["id"]: finding["outcome"] for finding in found if finding["id"].endswith("/standing")}
    listed = {name: facts[f"a/base/{name}/weight_decay"]["value"] for name in ("as_good", "worse", "open")}
    for key, outcome in standings.items():
        decay = float(key.split("/")[2])
        words = {"as_good": "as_good", "worse": "worse", "open": "open"}
        assert outcome == "chosen" or decay in listed[words[outcome]], (key, outcome, listed)
    assert standings["a/base/1/standing"] == "chosen"
