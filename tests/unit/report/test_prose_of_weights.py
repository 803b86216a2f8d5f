"""What the page says of weights, remedies and timings turns with the facts, and no odd config leaves a hole."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from pages import build, facts_of, read
from test_prose import said, section, words  # noqa: F401

from decaybench.report import findings
from decaybench.report.cost import StepView
from decaybench.report.render import WordingError, page_text
from decaybench.report.sections import Page
from decaybench.report.studies import study_views

WORDED = {
    "spread": ("spread", findings.SPREADS),
    "kept": ("kept", findings.KEPT),
    "longer": ("longer", findings.LONGER),
    "zeros": ("zeros", findings.ZEROS),
    "signs": ("signs", findings.SIGNS),
    "memorised": ("memorised", findings.MEMORIES),
    "matched": ("matched", findings.EQUALS),
    "more_rows": ("more_rows", findings.MORE_ROWS),
    "filters": ("filters", findings.FILTERS),
    "sharpness": ("sharpness", findings.SHARPNESS),
    "course": ("course", findings.COURSES),
    "razor_short": ("razor", findings.RAZORS),
    "fixed_short": ("fixed", findings.TERMS),
    "rerun_short": ("rerun", findings.RERUNS),
    "reach_short": ("reach", findings.REACHES),
    "dearer": ("verdict", ("supported", "refuted", "inconclusive")),
}


def test_every_outcome_has_its_own_wording(words, monkeypatch):  # noqa: F811
    studies, module = words
    named, page = {study.name: study for study in studies}, Page(studies)
    subjects = {
        "spread": (page.scattered,),
        **dict.fromkeys(("kept", "longer", "zeros", "signs"), (page.traced[0],)),
        "memorised": (named["digits"].base,),
        "matched": (page.remedied, "early_stopping"),
        "more_rows": (page.remedied,),
        **dict.fromkeys(("filters", "sharpness"), (page.filtered,)),
        "course": ([named["rivals"].base, named["rivals"].variants[-1]],),
        "razor_short": (page.weighed,),
        "fixed_short": (named["article"].base, "3"),
        "rerun_short": (page.published,),
        "reach_short": (page.optimizers[1], page.optimizers[0]),
        "dearer": (StepView({"kind": "loss", "weights": 5, "ratio": 1.0, "low": 1.0, "high": 1.0}),),
    }
    for macro, (finding, outcomes) in WORDED.items():
        texts = []
        for outcome in outcomes:
            monkeypatch.setattr(findings, finding, lambda *a, outcome=outcome: outcome)
            texts.append(said(getattr(module, macro), *subjects[macro]))
        monkeypatch.setattr(findings, finding, lambda *a: "surprise")
        with pytest.raises(WordingError):
            getattr(module, macro)(*subjects[macro])
        monkeypatch.undo()
        spoken = [text for text in texts if text]
        assert len(spoken) >= len(outcomes) - 1, macro
        assert len(set(spoken)) == len(spoken), macro


def set_fact(facts, key, value, half=0.0):
    facts[key].update(value=value, low=value - half, high=value + half)


PROSE = {
    "en": {"directions": "sorts by direction", "reversed": "Against what theory",
           "forgets": "as scattered after training", "narrows": "draws the weights together",
           "worse": "more on new rows", "better": "less on new rows",
           "alike": "cannot be told apart on new rows", "same": "by another name", "apart": "different filters here",
           "by_heart": "keeps mistakes from being learnt", "more_by_heart": "More wrong labels",
           "freer": "does not hold the fit down", "dearer": "no cure here"},
    "zh": {"directions": "挑的是方向", "reversed": "与理论的预期相反", "forgets": "训练后与训练前一样分散",
           "narrows": "让权重聚拢", "worse": "上高出", "better": "上低了",
           "alike": "与选定的衰减在新样本上分不出高下", "same": "换了名字的衰减", "apart": "两种滤波器：",
           "by_heart": "不再死记错误", "more_by_heart": "错误标签反而更多",
           "freer": "唯独增加样本不靠压住拟合", "dearer": "单靠增加样本不管用"},
}  # fmt: skip


def turned(tiny, tmp_path, language, where, change):
    config, results = tiny
    shutil.copytree(results, tmp_path / "results")
    facts = facts_of(results)
    change(facts, Page(study_views(config, facts)))
    (tmp_path / "results" / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    return section(page_text(config, language, tmp_path / "results"), where)


@pytest.mark.parametrize(("strong", "weak", "wanted"), [(0.9, 0.2, "directions"), (0.2, 0.9, "reversed")])
def test_what_decay_spares_turns_with_its_intervals(tiny, tmp_path, language, strong, weak, wanted):
    def change(facts, page):
        for view in page.traced:
            for name, value in (("strong", strong), ("weak", weak)):
                set_fact(facts, view.id(findings.told(view), f"weight_kept_{name}"), value, 0.01)

    text = turned(tiny, tmp_path, language, "which-weights", change)
    assert [name for name in ("directions", "reversed") if PROSE[language][name] in text] == [wanted]


@pytest.mark.parametrize(("first", "wanted"), [(1.0, "forgets"), (0.5, "narrows")])
def test_whether_the_start_is_still_there_turns_with_the_spread(tiny, tmp_path, language, first, wanted):
    def change(facts, page):
        view = page.scattered
        set_fact(facts, f"{view.prefix}/weights/start_spread", 1.0, 0.01)
        set_fact(facts, view.id(view.first, "weight_spread"), first, 0.01)
        set_fact(facts, view.id(findings.told(view), "weight_spread"), 0.1, 0.01)

    text = turned(tiny, tmp_path, language, "which-weights", change)
    assert [name for name in ("forgets", "narrows") if PROSE[language][name] in text] == [wanted]


@pytest.mark.parametrize(
    ("value", "half", "wanted"), [(0.1, 0.01, "worse"), (-0.1, 0.01, "better"), (0.01, 0.1, "alike")]
)
def test_equal_freedom_turns_with_the_paired_difference(tiny, tmp_path, language, value, half, wanted):
    def change(facts, page):
        for kind in ("early_stopping", "dropout"):
            set_fact(facts, f"{page.remedied.prefix}/remedies/{kind}/difference_at_equal_dof", value, half)

    text = turned(tiny, tmp_path, language, "cures", change)
    assert [name for name in ("worse", "better", "alike") if PROSE[language][name] in text] == [wanted]


@pytest.mark.parametrize(("gap", "wanted"), [(0.01, "same"), (0.6, "apart")])
def test_the_kinship_of_the_filters_turns_with_their_gap(tiny, tmp_path, language, gap, wanted):
    text = turned(
        tiny, tmp_path, language, "cures",
        lambda facts, page: set_fact(facts, f"{page.filtered.prefix}/filters/gap", gap, 0.001),
    )  # fmt: skip
    assert [name for name in ("same", "apart") if PROSE[language][name] in text] == [wanted]


@pytest.mark.parametrize(("rows", "wanted"), [(0.001, "freer"), (9.0, "dearer")])
def test_more_rows_turn_with_their_loss(tiny, tmp_path, language, rows, wanted):
    text = turned(
        tiny, tmp_path, language, "cures",
        lambda facts, page: set_fact(facts, f"{page.remedied.prefix}/remedies/more_data/test_loss", rows, rows / 10),
    )  # fmt: skip
    assert [name for name in ("freer", "dearer") if PROSE[language][name] in text] == [wanted]


@pytest.mark.parametrize(("before", "after", "wanted"), [(0.9, 0.1, "by_heart"), (0.1, 0.9, "more_by_heart")])
def test_what_is_known_by_heart_turns_with_its_intervals(tiny, tmp_path, language, before, after, wanted):
    def change(facts, page):
        for label, value in (("0", before), ("0.01", after)):
            set_fact(facts, f"digits/base/{label}/memorised", value, 0.01)

    text = turned(tiny, tmp_path, language, "real-data", change)
    assert [name for name in ("by_heart", "more_by_heart") if PROSE[language][name] in text] == [wanted]


def test_the_timings_stand_in_one_element_of_the_machine(texts, pages, language):
    (figure,) = (f for f in pages[language].all("figure") if "data-machine" in f.attributes)
    assert next(figure.all("title")).attributes["id"] == "machine-cost-title"
    outside = re.sub(r"<figure data-machine.*?</figure>", "", texts[language], flags=re.DOTALL)
    assert "machine-cost" not in outside


ZERO = {
    "name": "own",
    "task": {"kind": "gaussian_linear", "n_train": 6, "n_validation": 8, "n_test": 8, "n_features": 12},
    "model": {"init_std": 0, "bias_init_std": 0},
    "training": {"epochs": 5, "batch_size": 6, "record_every": 1, "learning_rate": 0.01},
    "grid": {"weight_decay": [0, 1], "seeds": 2},
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "there"),
    [
        ({}, True),
        ({"grid": {"weight_decay": [0, 1], "seeds": 1}}, True),
        ({"grid": {"weight_decay": [0.5, 2], "seeds": 2}}, True),
        ({"grid": {"weight_decay": [1], "seeds": 2}}, False),
        ({"training": {"epochs": 60, "batch_size": 6, "learning_rate": 50.0}}, False),
        ({"training": {"optimizer": "adam", "epochs": 2}}, False),
    ],
    ids=["two λ", "one seed", "no zero", "one λ", "all diverged", "adam"],
)
def test_a_users_study_has_the_section_where_its_weights_can_be_had(tmp_path, language, changes, there):
    config = build({"studies": [ZERO | changes]}, tmp_path)
    page = read(page_text(config, language, tmp_path))
    assert ("which-weights" in {s.attributes["id"] for s in page.all("section")}) == there


def test_no_figure_of_the_machine_leaves_no_hole(tiny, tmp_path, language):
    config, results = tiny
    shutil.copytree(results, tmp_path / "results")
    timings = tmp_path / "results" / "timings.json"
    timings.write_text(json.dumps(json.loads(timings.read_text()) | {"figures": {}}), encoding="utf-8")
    page = read(page_text(config, language, tmp_path / "results"))
    assert not [f for f in page.all("figure") if "data-machine" in f.attributes]
