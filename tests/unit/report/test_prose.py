"""The prose: no bare digit, a wording for every outcome, words that turn when facts turn, nothing untranslated."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from babel.messages.extract import extract
from pages import facts_of, read

import decaybench.report as report
from decaybench.config import Study
from decaybench.figures import FIGURES, labels
from decaybench.report import findings
from decaybench.report.catalogue import SHOWN, catalogue
from decaybench.report.render import WordingError, make_environment, page_text
from decaybench.report.sections import SECTIONS, Page
from decaybench.report.studies import study_views

ROOT = Path(report.__file__).parent
EXEMPT = {"data", "code", "pre", "svg", "math", "style", "cite"}


def carries_numbers(element):
    return (
        element.tag in EXEMPT
        or {"section-number", "name"} & element.classes()
        or "data-machine" in element.attributes
        or "data-fact" in element.attributes
    )


def test_no_bare_digit_in_prose(pages, language):
    page = pages[language]
    for name in [*(s.attributes["id"] for s in page.all("section")), "header", "nav", "footer"]:
        section = next(e for e in page.all() if name in (e.attributes.get("id"), e.tag))
        text = section.text(carries_numbers)
        for name_with_digit in ("L2",):
            text = text.replace(name_with_digit, "")
        assert not re.search(r".{0,40}[0-9].{0,20}", text), re.search(r".{0,40}[0-9].{0,20}", text)


def messages() -> set[str]:
    """Every text that the page may translate."""
    found = {*labels.ALL, *SHOWN, *filter(None, FIGURES.values())}
    for path in ROOT.rglob("*.j2"):
        with path.open("rb") as handle:
            options = {"extensions": "jinja2.ext.i18n,jinja2.ext.do", "silent": "false"}
            found |= {m[1] for m in extract("jinja2.ext:babel_extract", handle, options=options)}
    for path in ROOT.glob("*.py"):
        with path.open("rb") as handle:
            found |= {m[1] for m in extract("python", handle, keywords={"N_": None})}
    return found


def test_the_catalogue_is_complete_and_nothing_in_it_is_fuzzy_or_dead():
    entries = {m.id: m for m in catalogue("zh") if m.id}
    wanted = messages()
    assert len(wanted) > 50
    assert wanted - set(entries) == set() and set(entries) - wanted == set()
    for text, entry in entries.items():
        assert entry.string and not entry.fuzzy, text
        fields = re.compile(r"\{\w+\}|%\(\w+\)s")
        assert sorted(fields.findall(text)) == sorted(fields.findall(entry.string)), text


def test_every_section_has_prose_in_both_languages():
    files = {path.relative_to(ROOT / "templates").as_posix() for path in (ROOT / "templates" / "sections").iterdir()}
    for section in SECTIONS:
        shared, *_ = both = [section.templates(language) for language in ("en", "zh")]
        own = {templates[1] for templates in both}
        assert files & {shared[0], *own} in ({shared[0]}, own)
        files -= {shared[0], *own}
    assert not files


OUTCOMES = {
    "effect_word": findings.EFFECTS,
    "start_title": findings.STARTS,
    "verdict_word": findings.VERDICTS,
    "degree_word": findings.DEGREES,
    "term_name": findings.TERMS,
    "cure_name": findings.NAMED_CURES,
}
WORDED = {
    "effect": ("effect", findings.EFFECTS),
    "shape": ("shape", findings.SHAPES),
    "shape_short": ("shape", findings.SHAPES),
    "gap": ("gap", findings.GAPS),
    "gap_short": ("gap", findings.GAPS),
    "certainty": ("certainty", findings.CERTAINTIES),
    "edge": ("edge", findings.EDGES),
    "capped": ("cap", findings.CAPS),
    "capped_short": ("cap", findings.CAPS),
    "step": ("step", findings.STEPS),
    "alone": ("alone", findings.ALONE),
    "moment": ("moment", findings.MOMENTS),
    "norm": ("norm", findings.NORMS),
    "norm_short": ("norm", findings.NORMS),
    "null_share": ("null_share", findings.NULL_SHARES),
    "start": ("start_against_decay", findings.STARTS),
    "accuracy": ("accuracy_effect", findings.EFFECTS),
    "against_mean": ("against_mean", findings.BASELINES),
    "razor": ("razor", findings.RAZORS),
    "length": ("length", findings.LENGTHS),
    "theory": ("theory", findings.THEORIES),
    "rerun": ("rerun", findings.RERUNS),
    "fixed": ("fixed", findings.TERMS),
    "left": ("left", findings.TERMS),
    "lead": ("lead", findings.LEADS),
    "reach": ("reach", findings.REACHES),
}
SILENT = {"inside", "low_zero", "none"}


@pytest.fixture
def words(tiny, language, monkeypatch):
    """The wording macros of a language, over real facts."""
    config, results = tiny
    from decaybench.report.catalogue import gettext_of
    from decaybench.report.numbers import Numbers

    facts = facts_of(results)
    facts["starts/base/3/n_diverged"] = {**facts["starts/base/n_diverged"], "value": 1}
    facts["starts/base/chosen/cap"] = {**facts["starts/base/chosen/weight_decay"], "value": 3.0}
    studies = study_views(config, facts)
    environment = make_environment(language)
    environment.globals.update(Numbers(facts, studies, language, gettext_of(language)).helpers())
    environment.globals["findings"] = findings
    return studies, environment.get_template(f"words.{language}.html.j2").module


def said(macro, *arguments) -> str:
    return read(str(macro(*arguments))).text()


@pytest.mark.parametrize("called", [{}, {"en": "coins", "zh": "硬币"}], ids=["unnamed", "named"])
def test_data_of_a_new_kind_have_words(words, language, called):
    """A task that says nothing of its data is told by its rows."""
    _, module = words
    task = SimpleNamespace(kind="coin", n_train=30, called=called)
    text = said(module.data, SimpleNamespace(prefix="coin/base", variant=SimpleNamespace(task=task)))
    assert "30" in text and called.get(language, "") in text


def test_every_outcome_has_its_own_wording(words, monkeypatch):
    studies, module = words
    for macro, outcomes in OUTCOMES.items():
        texts = [said(getattr(module, macro), outcome) for outcome in outcomes]
        assert all(texts) and len(set(texts)) == len(texts), macro
        with pytest.raises(WordingError):
            getattr(module, macro)("surprise")
    named = {study.name: study for study in studies}
    starts, page = named["starts"], Page(studies)
    subjects = {
        "start": (starts,),
        "moment": (starts.base, "3"),
        "accuracy": (named["digits"].base,),
        "against_mean": (starts.base, "0"),
        "razor": (page.weighed,),
        "length": (page.misled,),
        "theory": (page.predicted,),
        "rerun": (page.published,),
        "fixed": (named["article"].base, "3"),
        "left": (named["article"].base, "3"),
        "lead": (page.cures,),
        "reach": (page.optimizers[1], page.optimizers[0]),
    }
    for macro, (finding, outcomes) in WORDED.items():
        texts, subject = [], subjects.get(macro, (starts.base,))
        for outcome in outcomes:
            monkeypatch.setattr(findings, finding, lambda *a, outcome=outcome: outcome)
            texts.append(said(getattr(module, macro), *subject))
        monkeypatch.setattr(findings, finding, lambda *a: "surprise")
        with pytest.raises(WordingError):
            getattr(module, macro)(*subject)
        monkeypatch.undo()
        spoken = [text for text, outcome in zip(texts, outcomes, strict=True) if outcome not in SILENT and text]
        assert len(spoken) >= len(outcomes) - 2
        if macro != "accuracy":
            assert len(set(spoken)) == len(spoken), macro


def test_every_pace_of_decay_has_its_own_wording(words):
    studies, module = words
    for name in ("starts", "rivals"):
        view = next(study.base for study in studies if study.name == name)
        texts = [said(module.pace, view, outcome, ["0.3", "5"]) for outcome in findings.PACES]
        assert all(texts) and len(set(texts)) == len(texts)
        with pytest.raises(WordingError):
            module.pace(view, "surprise", ["5"])


def test_both_languages_know_the_same_words():
    names = [
        set(re.findall(r"{% macro (\w+\(.*?\))", (ROOT / "templates" / f"words.{language}.html.j2").read_text()))
        for language in ("en", "zh")
    ]
    assert names[0] == names[1]


def mutated(tiny, tmp_path, change):
    """The study `noisy` with other facts."""
    config, results = tiny
    shutil.copytree(results, tmp_path / "results")
    facts = facts_of(results)
    change(facts)
    (tmp_path / "results" / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    return tmp_path / "results", config


def section(text: str, name: str) -> str:
    return next(s for s in read(text).all("section") if s.attributes["id"] == name).text()


PROSE = {
    "en": {"lower": "lower. Within a seed", "higher": "higher. Within a seed", "none": "do not show that decay helps",
           "u": "U-shaped", "flat": "see no difference", "sure": "No other value", "falls": "get shorter",
           "rises": "get longer", "start": "not overfitting that decay cures", "decay": "more than erase the start"},
    "zh": {"lower": "，降低了", "higher": "反而升高了", "none": "不足以说明衰减有用",
           "u": "呈 U 形", "flat": "各个 λ 之间看不出差别", "sure": "没有别的值能与它相比", "falls": "确实变短了",
           "rises": "反而变长了", "start": "并不是被衰减治好的过拟合", "decay": "不只是抹掉初值"},
}  # fmt: skip


def only_noisy(config):
    return config.model_copy(update={"studies": [s for s in config.studies if s.name == "noisy"]})


@pytest.mark.parametrize(
    ("low", "high", "wanted"), [(-0.2, -0.1, "lower"), (0.1, 0.2, "higher"), (-0.1, 0.1, "none")]
)
def test_the_effect_turns_with_its_interval(tiny, tmp_path, language, low, high, wanted):
    def change(facts):
        chosen = facts["noisy/base/chosen/weight_decay"]["value"]
        key = f"noisy/base/{chosen:g}/test_loss_difference"
        facts[key].update(low=low, high=high, value=(low + high) / 2 or 0.01)

    results, config = mutated(tiny, tmp_path, change)
    text = section(page_text(only_noisy(config), language, results), "how-much")
    assert [name for name in ("lower", "higher", "none") if PROSE[language][name] in text] == [wanted]


@pytest.mark.parametrize(("as_good", "wanted"), [([2.0], "u"), ([0.0, 0.5, 2.0, 30.0], "flat")])
def test_the_shape_turns_with_the_set_of_equals(tiny, tmp_path, language, as_good, wanted):
    def change(facts):
        facts["noisy/base/chosen/weight_decay"]["value"] = 2.0
        facts["noisy/base/as_good/weight_decay"]["value"] = as_good
        facts["noisy/base/chosen/edge"]["value"] = None

    results, config = mutated(tiny, tmp_path, change)
    text = page_text(only_noisy(config), language, results)
    found = [name for name in ("u", "flat") if PROSE[language][name] in section(text, "how-much")]
    assert found == [wanted]
    assert (PROSE[language]["sure"] in section(text, "choice")) == (wanted == "u")


@pytest.mark.parametrize("wanted", ["falls", "rises"])
def test_the_norm_turns_with_its_interval(tiny, tmp_path, language, wanted):
    def change(facts):
        fact = facts["noisy/base/30/weight_norm_difference"]
        size = 1.0 if wanted == "rises" else -1.0
        fact.update(value=size, low=size - 0.1, high=size + 0.1)

    results, config = mutated(tiny, tmp_path, change)
    text = section(page_text(only_noisy(config), language, results), "small-weights")
    assert [name for name in ("falls", "rises") if PROSE[language][name] in text] == [wanted]


@pytest.mark.parametrize(("factor", "wanted"), [(100.0, "start"), (0.01, "decay")])
def test_the_first_screen_turns_when_the_zero_start_loses(tiny, tmp_path, language, factor, wanted):
    def change(facts):
        zero = facts["starts/zero-init/0/test_loss"]
        chosen = facts["starts/base/chosen/weight_decay"]["value"]
        fact = facts[f"starts/base/{chosen:g}/test_loss"]
        fact.update({key: zero[key] * factor for key in ("value", "low", "high")})

    results, config = mutated(tiny, tmp_path, change)
    text = section(page_text(config, language, results), "summary")
    assert [name for name in ("start", "decay") if PROSE[language][name] in text] == [wanted]


def test_what_did_not_help_is_among_the_first_cards(tiny, tmp_path):
    def change(facts):
        for label in ("0.5", "2", "30"):
            facts[f"noisy/base/{label}/test_loss_difference"].update(low=0.1, value=0.2, high=0.3)

    results, config = mutated(tiny, tmp_path, change)
    cards = findings.cards(study_views(config, facts_of(results)))
    assert cards[0][0] == "start"
    outcomes = [findings.effect(study.fair) for kind, study in cards if kind == "effect"]
    assert "higher" in outcomes
    assert sorted(outcomes, key=lambda outcome: outcome in findings.GOOD) == outcomes


def test_many_helped_studies_do_not_hide_one_that_was_hurt():
    class Fake:
        def __init__(self, outcome):
            self.outcome, self.zero_start, self.fair = outcome, None, self

    fakes = [Fake("lower")] * 9 + [Fake("higher")]
    original = findings.effect
    findings.effect = lambda view: view.outcome  # type: ignore[assignment]
    try:
        cards = findings.cards(fakes)  # type: ignore[arg-type]
    finally:
        findings.effect = original
    assert len(cards) == 6 and cards[0][1].outcome == "higher"


def test_the_article_is_known_by_its_recipe_not_its_name():
    def view(raw):
        study = Study.model_validate({"name": "whatever", **raw})
        from decaybench.report.variants import VariantView

        return VariantView("whatever", study.resolved()[0], {})

    assert view({}).repeats_article
    assert view({"training": {"loss": "mse", "record_every": 20}}).repeats_article
    assert not view({"training": {"loss": "half_mse"}}).repeats_article
    assert not view({"task": {"n_train": 21}}).repeats_article


def scaled(facts):
    """Every measured number another one; λ, counts and verdicts as they were."""
    kept = re.compile(r"weight_decay$|/n_|try_next|/epoch|degree|same_norm/(better|worse)$|filters/steps")
    for key, fact in facts.items():
        if kept.search(key) or key.startswith("claims/"):
            continue
        for part in ("value", "low", "high"):
            if isinstance(fact[part], float):
                fact[part] = 1.37 * fact[part] + 0.01


def descriptions(text: str) -> dict[str, str]:
    """The alternative text of every figure of a page, by its id."""
    found = [e for e in read(text).all("desc") if e.attributes.get("id", "").endswith("-desc")]
    return {e.attributes["id"].removesuffix("-desc"): e.text() for e in found}


def test_what_is_said_of_a_figure_follows_the_facts(tiny, tmp_path, texts, language):
    results, config = mutated(tiny, tmp_path, scaled)
    before, after = descriptions(texts[language]), descriptions(page_text(config, language, results))
    assert before.keys() == after.keys()
    kinds = {name for name, title in FIGURES.items() if title and any(key.endswith(f"-{name}") for key in before)}
    assert len(kinds) >= 10
    for key, said_before in before.items():
        if not key.startswith("machine-"):
            assert re.search(r"\d", said_before), key
            assert said_before != after[key], key


def test_captions_follow_the_facts(tiny, tmp_path, texts, language):
    def captions(text):
        return list(read(text).all("figcaption"))

    results, config = mutated(tiny, tmp_path, scaled)
    checked = 0
    for one, other in zip(captions(texts[language]), captions(page_text(config, language, results)), strict=True):
        named = [e.attributes.get("data-fact", "/n_") for e in one.all("data")]
        if any("/n_" not in name and "weight_decay" not in name for name in named):
            assert one.text() != other.text()
            checked += 1
    assert checked >= 6
