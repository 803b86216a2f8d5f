"""Words turn when facts turn: the page is made again from facts that were changed."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from pages import facts_of, read

from decaybench.analysis import findings
from decaybench.analysis.studies import study_views
from decaybench.analysis.variants import VariantView
from decaybench.config import Study
from decaybench.figures import FIGURES
from decaybench.report.page import Page
from decaybench.report.render import page_text


def changed(tiny, tmp_path, change):
    """The results with other facts and claims."""
    config, results = tiny
    shutil.copytree(results, tmp_path / "results")
    facts = facts_of(results)
    claims = json.loads((results / "claims.json").read_text(encoding="utf-8"))
    change(facts, claims)
    for name, content in (("facts", facts), ("claims", claims)):
        (tmp_path / "results" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path / "results", config


def section(text, name):
    return next(s for s in read(text).all("section") if s.attributes["id"] == name).text()


def box(text, name):
    return next(d for d in read(text).all("details") if d.attributes.get("id") == name).text()


def only(config, *names):
    return config.model_copy(update={"studies": [s for s in config.studies if s.name in names]})


def told(phrases, language, text):
    return [name for name, words in phrases.items() if words[language] in text]


EFFECT = {
    "lower": {"en": "lower than without decay", "zh": "比不衰减低"},
    "higher": {"en": "higher than without decay", "zh": "比不衰减高"},
    "within": {"en": "within 5 % of the one without", "zh": "与不衰减相差不到 5%"},
    "open": {"en": "lowers the test error by 5 % is open", "zh": "是否让测试误差降低 5%，尚无定论"},
}


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [(0.5, 0.7, "lower"), (1.4, 1.6, "higher"), (0.98, 1.02, "within"), (0.9, 1.1, "open")],
)
def test_the_effect_turns_with_its_interval(tiny, tmp_path, language, low, high, wanted):
    def change(facts, claims):
        chosen = facts["noisy/base/chosen/weight_decay"]["value"]
        facts[f"noisy/base/{chosen:g}/test_loss_ratio"].update(low=low, high=high, value=(low + high) / 2)

    results, config = changed(tiny, tmp_path, change)
    text = page_text(only(config, "noisy"), language, results)
    for place in (section(text, "answer"), next(read(text).all("header")).text(), box(text, "study-noisy")):
        assert told(EFFECT, language, place) == [wanted]


STANDING = {
    "sure": {"en": "no other λ is as good", "zh": "没有别的 λ 能与它相当"},
    "all": {"en": "Any λ of this grid will do", "zh": "这些 λ 取哪个都行"},
    "open": {"en": "would do as well is open", "zh": "是否与它相当尚无定论"},
}


@pytest.mark.parametrize(
    ("as_good", "open_", "wanted"),
    [([2.0], [], "sure"), ([0.0, 0.5, 2.0, 30.0], [], "all"), ([2.0], [0.5], "open")],
)
def test_the_choice_turns_with_how_the_weight_decays_stand(tiny, tmp_path, language, as_good, open_, wanted):
    def change(facts, claims):
        prefix = "noisy/base"
        facts[f"{prefix}/chosen/weight_decay"]["value"] = 2.0
        facts[f"{prefix}/chosen/edge"]["value"] = None
        facts[f"{prefix}/as_good/weight_decay"]["value"] = as_good
        facts[f"{prefix}/open/weight_decay"]["value"] = open_
        rest = [value for value in (0.0, 0.5, 30.0) if value not in [*as_good, *open_]]
        facts[f"{prefix}/worse/weight_decay"]["value"] = rest

    results, config = changed(tiny, tmp_path, change)
    text = page_text(only(config, "noisy"), language, results)
    assert told(STANDING, language, section(text, "answer")) == [wanted]


VERDICTS = {
    "held": {"en": "held", "zh": "成立"},
    "failed": {"en": "did not hold", "zh": "不成立"},
    "partly": {"en": "held in part", "zh": "部分成立"},
    "open": {"en": "open", "zh": "未定"},
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_verdicts_turn(tiny, tmp_path, language, verdict):
    def change(facts, claims):
        for claim in claims:
            claim["verdict"] = verdict

    results, config = changed(tiny, tmp_path, change)
    page = read(page_text(config, language, results))
    items = [e for e in page.all("li") if e.attributes.get("id", "").startswith("claim-")]
    chips = [e.text() for item in items for e in item.all("span") if "chip" in e.classes()]
    assert len(chips) == len(items) >= 5 and set(chips) == {VERDICTS[verdict][language]}


def test_every_judged_claim_has_its_counts_and_every_setting_its_outcome(tiny, texts, language):
    claims = json.loads((tiny[1] / "claims.json").read_text(encoding="utf-8"))
    page, facts = read(texts[language]), facts_of(tiny[1])
    for claim in claims:
        settings = claim["regimes"] + [r for group in claim["apart"] for r in group["regimes"]]
        if all(r["outcome"] == "not judged" for r in claim["regimes"]):
            continue
        (item,) = (e for e in page.all("li") if e.attributes.get("id") == f"claim-{claim['id']}")
        named = {e.attributes["data-fact"] for e in item.all("data")}
        assert {f"claims/{claim['id']}/n_held", f"claims/{claim['id']}/n_settings"} <= named
        for outcome in ("failed", "reversed", "open"):
            key = f"claims/{claim['id']}/n_{outcome}"
            assert (key in named) == bool(facts[key]["value"])
        for setting in settings:
            assert setting["label"][language] in box(texts[language], f"study-{setting['study']}")


def test_the_start_is_the_cause_only_where_it_costs(tiny, tmp_path, language):
    said = {"en": "that was not overfitting", "zh": "却不是过拟合"}[language]

    def equal(facts, claims):
        for key in ("starts/base/0/test_loss", "starts/zero-init/0/test_loss"):
            facts[key].update(value=1.0, low=0.99, high=1.01)

    assert said in section(page_text(tiny[0], language, tiny[1]), "start")
    results, config = changed(tiny, tmp_path, equal)
    assert said not in section(page_text(config, language, results), "start")


@pytest.mark.parametrize("picked", [0.0, 1e9, None])
def test_the_razor_turns_with_what_the_evidence_picks(tiny, picked):
    facts = facts_of(tiny[1])
    prefix = Page(study_views(tiny[0], facts)).weighed.prefix
    facts[f"{prefix}/evidence/weight_decay"]["value"] = picked
    (view,) = (study.base for study in study_views(tiny[0], facts) if study.base.prefix == prefix)
    assert findings.razor(view) == {0.0: "less", 1e9: "more", None: "unknown"}[picked]


def test_the_term_that_decay_fixes_is_the_one_that_falls_most(tiny):
    facts = facts_of(tiny[1])
    for term, before, after in (("ridge", 5.0, 1.0), ("forgotten_start", 3.0, 2.5), ("slow_bias", 1.0, 1.0)):
        facts[f"article/base/0/theory_{term}"]["value"] = before
        facts[f"article/base/3/theory_{term}"]["value"] = after
    (view,) = (study.base for study in study_views(tiny[0], facts) if study.name == "article")
    assert findings.fixed(view, "3") == "ridge" and findings.left(view, "3") == "forgotten_start"


@pytest.mark.parametrize(
    ("low", "high", "wanted"), [(1.2, 1.4, "worse"), (0.6, 0.8, "better"), (0.98, 1.02, "alike"), (0.9, 1.2, "open")]
)
def test_equal_freedom_turns_with_the_paired_ratio(tiny, low, high, wanted):
    facts = facts_of(tiny[1])
    facts["rivals/base/remedies/dropout/ratio_at_equal_dof"].update(low=low, high=high, value=(low + high) / 2)
    (view,) = (study.base for study in study_views(tiny[0], facts) if study.name == "rivals")
    assert findings.matched(view, "dropout") == wanted


@pytest.mark.parametrize(("before", "after", "wanted"), [(0.9, 0.2, "forgets"), (0.2, 0.9, "learns")])
def test_what_is_known_by_heart_turns_with_its_intervals(tiny, before, after, wanted):
    facts = facts_of(tiny[1])
    for label, value in (("0", before), ("0.01", after)):
        facts[f"digits/base/{label}/memorised"].update(value=value, low=value - 0.01, high=value + 0.01)
    (view,) = (study.base for study in study_views(tiny[0], facts) if study.name == "digits")
    assert findings.memorised(view) == wanted


def test_the_article_is_known_by_its_recipe_not_its_name():
    def view(raw):
        study = Study.model_validate({"name": "whatever", **raw})
        return VariantView("whatever", study.resolved()[0], {})

    assert view({}).repeats_article
    assert view({"training": {"loss": "mse", "record_every": 20}}).repeats_article
    assert not view({"training": {"loss": "half_mse"}}).repeats_article
    assert not view({"task": {"n_train": 21}}).repeats_article


def test_a_study_is_called_by_its_title_in_the_language_of_the_page(tiny, language):
    config, results = tiny
    titles = {"en": "a story of two starts", "zh": "两种初值"}
    studies = [s.model_copy(update={"title": titles}) if s.name == "starts" else s for s in config.studies]
    own = config.model_copy(update={"studies": [s for s in studies if s.name in ("starts", "noisy")]})
    text = page_text(own, language, results)
    other = titles["zh" if language == "en" else "en"]
    assert titles[language] in next(read(text).all("h1")).text() and other not in text
    assert "noisy" in text  # a study without a title keeps its name


def scaled(facts, claims):
    """Every measured number another one; λ, counts and verdicts as they were."""
    kept = re.compile(
        r"weight_decay$|/n_|try_next|/epoch|degree|same_norm/(better|worse)$|filters/steps|_wins|needed"
    )
    for key, fact in facts.items():
        if kept.search(key) or key.startswith(("claims/", "identities/")):
            continue
        for part in ("value", "low", "high"):
            if isinstance(fact[part], float):
                fact[part] = 1.37 * fact[part] + 0.01


def descriptions(text):
    """The alternative text of every figure of a page, by its id."""
    found = [e for e in read(text).all("desc") if e.attributes.get("id", "").endswith("-desc")]
    return {e.attributes["id"].removesuffix("-desc"): e.text() for e in found}


def test_what_is_said_of_a_figure_follows_the_facts(tiny, tmp_path, texts, language):
    results, config = changed(tiny, tmp_path, scaled)
    before, after = descriptions(texts[language]), descriptions(page_text(config, language, results))
    assert before.keys() == after.keys()
    kinds = {name for name in FIGURES if any(key.endswith(f"-{name}") for key in before)}
    assert len(kinds) >= 10
    for key, said_before in before.items():
        if not key.startswith("machine-") and "claims_forest" not in key:  # which tells counts, and these stayed
            assert re.search(r"\d", said_before), key
            assert said_before != after[key], key


def test_a_link_to_a_figure_leads_to_it(texts, pages, language):
    ids = {e.attributes["id"] for e in pages[language].all("figure") if "id" in e.attributes}
    links = {
        a.attributes["href"][1:] for a in pages[language].all("a") if a.attributes["href"].startswith("#figure-")
    }
    assert links and links <= ids
