"""Any valid config ends with a complete page: one λ, one seed, all diverged, no zero, many studies, odd strings."""

from __future__ import annotations

import copy
import json
import shutil

import pytest
from pages import TINY, build, facts_of, read

from decaybench.analysis import findings
from decaybench.analysis.studies import study_views
from decaybench.config.parsing import parse_config
from decaybench.report.page import Page
from decaybench.report.render import page_text

SMALL = {
    "name": "small",
    "task": {"kind": "gaussian_linear", "n_train": 6, "n_validation": 8, "n_test": 8, "n_features": 4},
    "training": {"epochs": 2, "learning_rate": 0.01},
    "grid": {"weight_decay": [0, 1], "seeds": 3},
}  # fmt: skip


def page_of(tmp_path, language="en", **changes):
    study = copy.deepcopy(SMALL)
    for key, value in changes.items():
        if key in ("task", "model", "training", "grid"):
            study[key] = {**study.get(key, {}), **value}  # type: ignore[dict-item]
        else:
            study[key] = value
    config = build({"studies": [study]}, tmp_path, figures=False)
    return read(page_text(config, language, tmp_path))


def sections(page):
    return [s.attributes["id"] for s in page.all("section")]


OWN = ["answer", "overfitting", "step", "choosing", "verdict", "check", "behind"]


def test_a_users_own_study_gets_its_sections(tmp_path, language):
    page = page_of(tmp_path, language)
    assert sections(page) == OWN
    shown = [f for f in page.all("figure") if "data-machine" not in f.attributes]
    assert all(figure.attributes["id"].endswith("claims-forest") for figure in shown)  # no study has any
    links = [a.attributes["href"] for a in page.all("a") if a.attributes["href"].startswith("#")]
    ids = {e.attributes["id"] for e in page.all() if "id" in e.attributes}
    assert {link[1:] for link in links} <= ids


NEGATIVE = {"en": "the factor is negative", "zh": "因子为负"}
MULTIPLIED = {"en": "multiplies them by", "zh": "先把它们乘以"}
NOT_ONE = {"en": "whatever λ is", "zh": "与 λ 的大小无关"}


@pytest.mark.parametrize(
    ("training", "said", "unsaid"),
    [
        ({}, [MULTIPLIED], [NEGATIVE, NOT_ONE]),
        ({"learning_rate": 0.3}, [MULTIPLIED, NEGATIVE], [NOT_ONE]),
        ({"optimizer": "adamw", "learning_rate": 0.3}, [MULTIPLIED, NEGATIVE], [NOT_ONE]),
        ({"optimizer": "adam"}, [NOT_ONE], [NEGATIVE, MULTIPLIED]),
    ],
    ids=["sgd", "beyond one", "adamw", "adam"],
)
def test_what_is_said_of_a_step_follows_the_recipe(tmp_path, language, training, said, unsaid):
    page = page_of(tmp_path, language, grid={"weight_decay": [0, 1, 5]}, training=training)
    text = next(s for s in page.all("section") if s.attributes["id"] == "step").text()
    assert all(words[language] in text for words in said), text
    assert not any(words[language] in text for words in unsaid), text


START = {"variants": {"zero": {"model.init_std": 0, "model.bias_init_std": 0}}}


def test_without_any_decay_nothing_is_said_of_decay(tmp_path, language):
    text = page_of(tmp_path, language, grid={"weight_decay": [0]}, **START).text()
    assert {"en": "decay was never switched on", "zh": "从未用过衰减"}[language] in text
    assert {"en": "every decay that was compared does worse", "zh": "比较过的衰减都更差"}[language] not in text


@pytest.mark.parametrize(("as_good", "wanted"), [([0.0], "chose_zero"), ([0.0, 1.0], "zero_tied")])
def test_no_decay_is_best_only_where_an_interval_says_so(tiny, as_good, wanted):
    config, results = tiny
    facts = facts_of(results)
    facts["noisy/base/chosen/weight_decay"]["value"] = 0.0
    facts["noisy/base/as_good/weight_decay"]["value"] = as_good
    facts["noisy/base/open/weight_decay"]["value"] = []
    (view,) = (study.base for study in study_views(config, facts) if study.name == "noisy")
    assert findings.effect(view) == wanted


def test_the_study_in_front_is_one_that_can_tell_weight_decays_apart(tiny):
    config, results = tiny
    facts = facts_of(results)
    assert Page(study_views(config, facts)).lead.name == "starts"
    for key in facts:
        if key.startswith("starts/base/") and key.endswith("/test_loss"):
            facts[key].update(value=None, low=None, high=None)
    assert Page(study_views(config, facts)).lead.name == "noisy"


def test_one_weight_decay(tmp_path, language):
    text = page_of(tmp_path, language, grid={"weight_decay": [0.5]}).text()
    assert {"en": "there was nothing to choose", "zh": "无从选择"}[language] in text


def test_one_seed_says_why_there_is_no_interval(tmp_path, language):
    text = page_of(tmp_path, language, grid={"seeds": 1}).text()
    assert {"en": "no interval: one seed has no spread", "zh": "没有区间：只有一次重复，看不出波动"}[language] in text
    assert {"en": "Chance cannot be ruled out", "zh": "不能排除偶然"}[language] in text


def test_a_grid_without_zero(tmp_path, language):
    text = page_of(tmp_path, language, grid={"weight_decay": [0.1, 1]}).text()
    assert {"en": "no training without decay", "zh": "没有不衰减的训练可以对照"}[language] in text


def test_all_diverged(tmp_path, language):
    page = page_of(tmp_path, language, training={"learning_rate": 50.0, "epochs": 60})
    assert sections(page) == ["answer", "check", "behind"]
    assert facts_of(tmp_path)["small/base/n_diverged"]["value"] == 6
    assert {"en": "no training stayed finite", "zh": "没有一次训练保持有限"}[language] in page.text()
    table = next(t for t in page.all("table") if next(t.all("caption")).attributes["id"] == "incomplete-caption")
    assert "6" in [cell.text() for cell in table.all("td")]


def test_one_diverged_weight_decay_is_named(tmp_path, language):
    page = page_of(
        tmp_path, language, grid={"weight_decay": [0, 1, 5000]}, training={"learning_rate": 0.05, "epochs": 60}
    )
    assert facts_of(tmp_path)["small/base/n_diverged"]["value"] == 3
    assert "5000" in next(s for s in page.all("section") if s.attributes["id"] == "answer").text()


@pytest.mark.parametrize("kind", ["polynomial", "breast_cancer", "modular_addition"])
def test_every_kind_of_task(tmp_path, kind, language):
    sizes = {"n_train": 12, "n_validation": 12, "n_test": 12}
    study = {**SMALL, "task": {"kind": kind, **sizes}, "model": {"kind": "mlp", "hidden": [3]}}
    if kind == "polynomial":
        study["model"] = {"kind": "linear"}
    config = build({"studies": [study]}, tmp_path, figures=False)
    page = read(page_text(config, language, tmp_path))
    assert "answer" in sections(page) and "practice" not in sections(page)  # the answer is on their data


def test_chinese_only(tiny):
    config, results = tiny
    own = parse_config({**TINY, "report": {"languages": ["zh"]}})
    page = read(page_text(own, "zh", results))
    assert not [a for a in page.all("a") if a.attributes["href"].startswith("report.")]
    assert [a for a in read(page_text(config, "zh", results)).all("a") if a.attributes["href"] == "report.en.html"]


def test_strings_from_outside_are_escaped(tiny, tmp_path, language):
    config, results = tiny
    shutil.copytree(results, tmp_path / "results")
    evil = "</code></pre><script>alert(1)</script><img src=x onerror=alert(1)>"
    manifest = json.loads((results / "manifest.json").read_text())
    manifest["versions"]["numpy"] = evil
    manifest["config"]["studies"][0]["name"] = evil
    manifest["config_sha256"] = "<script>alert(1)"
    manifest["git"] = {"commit": "<b>" * 4, "changed": True}
    (tmp_path / "results" / "manifest.json").write_text(json.dumps(manifest))
    facts = facts_of(results)
    facts["starts/base/0/test_loss"].update(low=None, high=None, method=f"none: {evil}")
    (tmp_path / "results" / "facts.json").write_text(json.dumps(facts))
    text = page_text(config, language, tmp_path / "results")
    assert text.count("<script") == 1 and "<script>alert" not in text and "<img" not in text and "<b>" not in text
    assert "&lt;script&gt;" in text
    read(text)


def test_missing_cells_are_counted(tiny, tmp_path, language):
    config, results = tiny
    shutil.copytree(results, tmp_path / "results")
    facts = facts_of(results)
    facts["noisy/base/n_cells"]["value"] -= 7
    (tmp_path / "results" / "facts.json").write_text(json.dumps(facts))
    page = read(page_text(config, language, tmp_path / "results"))
    table = next(t for t in page.all("table") if next(t.all("caption")).attributes["id"] == "incomplete-caption")
    assert "7" in [cell.text() for cell in table.all("td")]


def test_without_timings_and_manifest(tiny, tmp_path, language):
    config, results = tiny
    shutil.copytree(results, tmp_path / "results")
    for name in ("timings.json", "manifest.json"):
        (tmp_path / "results" / name).unlink()
    read(page_text(config, language, tmp_path / "results"))


def test_what_a_variant_changes_stands_as_in_a_config(tmp_path, language):
    changes = {
        "training.loss": None,
        "training.decay_bias": True,
        "grid.weight_decay": [0.0, 0.5],
        "model": {"kind": "mlp", "hidden": [3], "dropout": 0.5},
    }
    text = page_of(tmp_path, language, variants={"other": changes}).text()
    for said in (
        "training.loss: null", "training.decay_bias: true", "grid.weight_decay: [0.0, 0.5]",
        "model: {kind: mlp, hidden: [3], dropout: 0.5}",
    ):  # fmt: skip
        assert said in text
