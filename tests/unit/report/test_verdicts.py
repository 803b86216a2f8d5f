"""The newer sections turn with their facts: verdicts, evidence, theory, cures, optimizers."""

from __future__ import annotations

import json
import shutil

import pytest
from pages import facts_of, read

from decaybench.report import findings
from decaybench.report.render import page_text
from decaybench.report.sections import Page
from decaybench.report.studies import study_views
from decaybench.report.verdicts import claim_views, failed


def changed(tiny, tmp_path, change):
    """The results with other facts and claims."""
    config, results = tiny
    shutil.copytree(results, tmp_path / "results")
    facts, claims = facts_of(results), json.loads((results / "claims.json").read_text(encoding="utf-8"))
    change(facts, claims)
    (tmp_path / "results" / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    (tmp_path / "results" / "claims.json").write_text(json.dumps(claims), encoding="utf-8")
    return config, tmp_path / "results"


def judge_all(verdict):
    def change(facts, claims):
        for claim in claims:
            if not claim["regimes"]:
                continue
            claim["verdict"] = facts[f"claims/{claim['id']}/verdict"]["value"] = verdict
            for regime in claim["regimes"]:
                regime["verdict"] = verdict
                facts[f"claims/{claim['id']}/{regime['id']}/verdict"]["value"] = verdict

    return change


def element(text, name):
    return next(e for e in read(text).all() if e.attributes.get("id") == name)


GLYPHS = {"supported": "✓", "refuted": "✗", "inconclusive": "?"}


@pytest.mark.parametrize("verdict", GLYPHS)
def test_verdicts_and_the_first_screen_turn(tiny, tmp_path, language, verdict):
    config, results = changed(tiny, tmp_path, judge_all(verdict))
    text = page_text(config, language, results)
    overview = next(element(text, "verdicts").all("table"))
    rows = [row for row in overview.all("tr") if any("chip" in e.classes() for e in row.all())]
    assert len(rows) > 5
    chips = [next(e for e in row.all() if "chip" in e.classes()).text() for row in rows]
    assert {chip[0] for chip in chips} == {GLYPHS[verdict]}
    cards = next(element(text, "summary").all("ul"))
    named = [a for a in cards.all("a") if a.attributes["href"] == "#verdicts"]
    assert bool(named) == (verdict == "refuted")


def test_every_judged_claim_and_regime_is_on_the_page(tiny, pages, language):
    claims = json.loads((tiny[1] / "claims.json").read_text(encoding="utf-8"))
    section = next(s for s in pages[language].all("section") if s.attributes["id"] == "verdicts")
    words = " ".join(section.text().split())
    commands = {code.text() for code in section.all("code")}
    estimates = {e.attributes["data-fact"] for e in section.all("data") if "data-fact" in e.attributes}
    for claim in claims:
        assert " ".join(claim["sentence"][language].split()) in words
        if not claim["regimes"]:
            assert " ".join(claim["reason"][language].split()) in words
        for regime in claim["regimes"]:
            assert f"claims/{claim['id']}/{regime['id']}/estimate" in estimates
            assert regime["rerun"] in commands


def test_a_claim_refuted_outright_is_named_before_one_refuted_in_part():
    def claim(name, overall, *verdicts):
        return {
            "id": name,
            "verdict": overall,
            "regimes": [{"id": str(i), "verdict": v} for i, v in enumerate(verdicts)],
        }

    claims = [claim("a", "partly", "supported", "refuted", "refuted"), claim("b", "refuted", "refuted"),
              claim("c", "supported", "supported"), claim("d", "not judged")]  # fmt: skip
    views = claim_views(claims, {f"claims/{c['id']}/verdict": {} for c in claims})
    assert failed(views).id == "b"
    assert failed([views[0], views[2]]).id == "a"
    assert failed(views[2:]) is None


def page_with(tiny, change):
    facts = facts_of(tiny[1])
    change(facts)
    return Page(study_views(tiny[0], facts))


def test_the_razor_turns_with_what_the_evidence_picks(tiny):
    for picked, wanted in ((0.0, "less"), (1e9, "more"), (None, "unknown")):
        prefix = Page(study_views(tiny[0], facts_of(tiny[1]))).weighed.prefix

        def change(facts, picked=picked, prefix=prefix):
            facts[f"{prefix}/evidence/weight_decay"]["value"] = picked
            facts[f"{prefix}/oracle/weight_decay"]["value"] = 1.0
            facts[f"{prefix}/as_good/weight_decay"]["value"] = [1.0]

        views = {v.prefix: v for s in page_with(tiny, change).studies for v in s.variants}
        assert findings.razor(views[prefix]) == wanted


def test_one_large_distance_puts_theory_off(tiny):
    def change(facts):
        facts["starts/base/0/theory_z"]["value"] = -9.0

    assert findings.theory(page_with(tiny, change).predicted) == "off"
    assert findings.theory([]) == "nothing"


def test_cures_stand_in_the_order_of_their_losses(tiny, tmp_path, language):
    def change(facts, claims):
        facts["rivals/base/0/test_loss"].update(value=1e-6, low=5e-7, high=2e-6)

    for folder, results in (("as-is", tiny), ("changed", changed(tiny, tmp_path, change))):
        section = element(page_text(results[0], language, results[1]), "cures")
        table = next(section.all("table")).all("tr")  # the first: remedies at their best settings come later
        keys = [next(row.all("data")) and list(row.all("data")) for row in table if list(row.all("data"))]
        losses = [
            float(e.attributes["value"])
            for row in keys
            for e in row
            if "test_loss" in e.attributes.get("data-fact", "") and "data-bound" not in e.attributes
        ]
        assert len(losses) >= 4 and losses == sorted(losses)
        assert (losses[0] == 1e-6) == (folder == "changed")


@pytest.mark.parametrize(("factor", "wanted"), [(10, "less"), (0.01, "more"), (1, "same")])
def test_the_reach_of_an_optimizer_turns_with_its_norm(tiny, factor, wanted):
    def change(facts):
        plain = facts["rivals/base/5/weight_norm"]
        plain.update(low=0.9 * plain["value"], high=1.1 * plain["value"])
        facts["rivals/adam/5/weight_norm"].update({k: factor * plain[k] for k in ("value", "low", "high")})

    base, adam = page_with(tiny, change).optimizers[:2]
    assert findings.reach(adam, base) == wanted


def test_the_term_that_decay_fixes_is_the_one_that_falls_most(tiny):
    def change(facts):
        for term, before, after in (("ridge", 5.0, 1.0), ("forgotten_start", 3.0, 2.5), ("slow_bias", 1.0, 1.0)):
            facts[f"article/base/0/theory_{term}"]["value"] = before
            facts[f"article/base/3/theory_{term}"]["value"] = after

    view = next(s for s in page_with(tiny, change).studies if s.name == "article").base
    assert (findings.fixed(view, "3"), findings.left(view, "3")) == ("ridge", "forgotten_start")
