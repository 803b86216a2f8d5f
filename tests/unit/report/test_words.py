"""Words: a message for every outcome, one catalogue a language, no number that no fact or setting names."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import write_po
from pages import facts_of, read

import decaybench.report as report
from decaybench.analysis import findings
from decaybench.analysis.studies import study_views
from decaybench.figures import FIGURES, FIGURES_OF_ALL, labels
from decaybench.report.catalogue import SHOWN, catalogue, gettext_of
from decaybench.report.numbers import Numbers
from decaybench.report.page import Page
from decaybench.report.render import WordingError, make_environment, page_text
from decaybench.report.sections import BOXES, SECTIONS

ROOT = Path(report.__file__).parent
FIELDS = re.compile(r"\{\w+\}|%\(\w+\)s")


def messages() -> set[str]:
    """Every text that the page may translate."""
    found = {*labels.ALL, *SHOWN, *FIGURES.values(), *FIGURES_OF_ALL.values()}
    options = {  # as the page reads its templates
        "extensions": "jinja2.ext.i18n,jinja2.ext.do",
        "silent": "false",
        "trimmed": "true",
        "newstyle_gettext": "true",
    }
    for path in ROOT.rglob("*.j2"):
        with path.open("rb") as handle:
            found |= {m[1] for m in extract("jinja2.ext:babel_extract", handle, options=options)}
    for path in ROOT.glob("*.py"):
        with path.open("rb") as handle:
            found |= {m[1] for m in extract("python", handle, keywords={"N_": None})}
    return found


def test_the_catalogue_is_complete_and_nothing_in_it_is_fuzzy_or_dead():
    entries = {m.id: m for m in catalogue("zh") if m.id}
    wanted = messages()
    assert len(wanted) > 400
    assert wanted - set(entries) == set() and set(entries) - wanted == set()
    for text, entry in entries.items():
        assert entry.string and not entry.fuzzy, text
        assert sorted(set(FIELDS.findall(text))) == sorted(set(FIELDS.findall(entry.string))), text


def test_every_section_is_one_template_with_a_title_and_a_body():
    files = {path.relative_to(ROOT / "templates").as_posix() for path in (ROOT / "templates" / "sections").iterdir()}
    assert files == {section.template for section in (*SECTIONS, *BOXES)}
    for name in files:
        text = (ROOT / "templates" / name).read_text(encoding="utf-8")
        assert "{% macro title()" in text and "{% macro body()" in text, name


def test_a_third_language_is_one_catalogue(tiny, texts, tmp_path, monkeypatch):
    """A made-up language that writes every message in brackets: whatever is not in them is no message."""
    made_up = Catalog(locale="eo")
    for text in sorted(messages()):
        made_up.add(text, f"⟦{text}⟧")
    folder = tmp_path / "eo" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "decaybench.po").open("wb") as handle:
        write_po(handle, made_up)
    monkeypatch.setattr("decaybench.report.catalogue.LOCALE", tmp_path)
    page = read(page_text(tiny[0], "eo", tiny[1]))
    assert next(page.all("html")).attributes["lang"] == "eo"
    bare = []
    for element in page.all():
        if element.tag in ("p", "h2", "caption", "figcaption", "summary"):
            text = re.sub(r"⟦[^⟦⟧]*⟧", "", re.sub(r"⟦[^⟦⟧]*⟧", "", re.sub(r"⟦[^⟦⟧]*⟧", "", element.text(untold))))
            if re.search(r"[A-Za-z]{4}", text):
                bare.append((element.tag, text[:80]))
    assert bare == []


def untold(element) -> bool:
    """What no catalogue translates: code, names of studies, files and works, the article's own sentences."""
    return (
        element.attributes.get("href", "").endswith((".csv", ".parquet"))
        or element.tag in ("code", "math", "cite", "q", "svg", "output")
        or {"name", "reference", "setting"} & element.classes()
        or element.tag == "h3"
        or "data-machine" in element.attributes
    )


# Numbers that no fact names, as they stand in messages: levels, bars, ranges of practice, and parts of formulas.
CONSTANTS = (
    r"95 %|80 %|\b9?5 percent|\b5 %|1/n|1/m|1 − [ηρμ]\w*|10⁻⁴ to 10⁻¹|0\.1 to 10|s²\(|from 20 repeats|"
    r"λ = 0(?![.\d])|ηλ < 1|below 1\b|reaches 1\b|Left of 1\b|g is 2|1 for half|Try 0|scikit-learn|L2\b|"
    r"alpha = 0|variance 1|probabilities sum to 1"
)


def test_no_number_stands_in_prose_that_no_fact_or_setting_names(pages):
    exempt = {"data", "code", "pre", "svg", "math", "cite", "style", "script", "output", "q"}

    def bound(element):
        return (
            element.tag in exempt
            or {"section-number", "name", "reference", "references", "setting"} & element.classes()
            or "data-machine" in element.attributes
            or "data-fact" in element.attributes
        )

    for name in ("header", "main", "footer"):
        text = next(pages["en"].all(name)).text(bound)
        text = re.sub(CONSTANTS, "", text)
        assert not re.search(r".{0,60}[0-9].{0,20}", text), re.search(r".{0,60}[0-9].{0,20}", text)


# --- a message for every outcome -----------------------------------------------------------------------

GIVEN = {  # macros that are given the outcome
    "effect_word": findings.EFFECTS,
    "standing": findings.STANDINGS,
    "verdict": (*findings.VERDICTS, "reversed"),
    "cure": findings.NAMED_CURES,
}
FOUND = {  # macros that ask for it: the finding, and its outcomes
    "effect": ("effect", findings.EFFECTS),
    "shape": ("shape", findings.SHAPES),
    "certainty": ("certainty", findings.CERTAINTIES),
    "edge": ("edge", findings.EDGES),
    "capped": ("cap", findings.CAPS),
    "step": ("step", findings.STEPS),
    "alone": ("alone", findings.ALONE),
    "moment": ("moment", findings.MOMENTS),
    "accuracy": ("accuracy_effect", findings.EFFECTS),
    "against_mean": ("against_mean", findings.BASELINES),
    "one_se": ("one_se", findings.ONE_SE),
    "rows_help": ("rows_help", findings.ROWS_HELP),
    "razor": ("razor", findings.RAZORS),
    "length": ("length", findings.LENGTHS),
    "fixed": ("fixed", findings.TERMS),
    "left": ("left", findings.TERMS),
    "travels": ("travels", findings.TRAVELS),
    "kept": ("kept", findings.KEPT),
    "longer": ("longer", findings.LONGER),
    "zeros": ("zeros", findings.ZEROS),
    "signs": ("signs", findings.SIGNS),
    "spread": ("spread", findings.SPREADS),
    "memorised": ("memorised", findings.MEMORIES),
    "matched": ("matched", findings.EQUALS),
    "more_rows": ("more_rows", findings.MORE_ROWS),
    "course": ("course", findings.COURSES),
    "filters": ("filters", findings.FILTERS),
    "sharpness": ("sharpness", findings.SHARPNESS),
    "dearer": ("dearer", findings.COSTS),
}
SILENT = {"inside", "low_zero", "none", "nothing", "unknown", "mixed"}  # where a macro may say nothing
ALIKE = {"accuracy": 5, "spread": 4}  # macros with fewer messages than outcomes


@pytest.fixture
def words(tiny, language):
    """The macros over real facts."""
    config, results = tiny
    facts = facts_of(results)
    facts["starts/base/3/n_diverged"] = {**facts["starts/base/n_diverged"], "value": 1}
    facts["starts/base/chosen/cap"] = {**facts["starts/base/chosen/weight_decay"], "value": 3.0}
    facts["starts/base/one_se/test_loss_ratio"] = {**facts["starts/base/3/test_loss_ratio"]}
    facts["digits/base/0.01/test_accuracy_wins"] = {**facts["digits/base/0.01/test_loss_wins"]}
    facts["digits/base/chosen/weight_decay"]["value"] = 0.01
    for key, fact in facts.items():
        if key.startswith("rivals/base/remedies/") and key.endswith(("ratio_at_equal_dof", "test_loss_ratio")):
            fact.update(value=1.2, low=1.1, high=1.3)
    for name in ("", "_wins"):
        facts[f"starts/base/0/test_loss_to_mean{name}"] = facts["starts/base/3/test_loss_" + (name[1:] or "ratio")]
    studies = study_views(config, facts)
    environment = make_environment(language)
    environment.globals.update(Numbers(facts, studies, language, gettext_of(language)).helpers())
    environment.globals.update(page=Page(studies), facts=facts)
    return studies, environment.get_template("words.html.j2").module


def said(macro, *arguments) -> str:
    return read(str(macro(*arguments))).text()


def test_every_outcome_has_a_message_of_its_own(words, monkeypatch):
    studies, module = words
    for macro, outcomes in GIVEN.items():
        texts = [said(getattr(module, macro), outcome) for outcome in outcomes]
        assert all(texts) and len(set(texts)) == len(texts), macro
        with pytest.raises(WordingError):
            getattr(module, macro)("surprise")
    named, page = {study.name: study for study in studies}, Page(studies)
    starts, rivals = named["starts"].base, named["rivals"].base
    step = SimpleNamespace(weights="200", ratio="1.1", kind="loss", verdict="supported")
    subjects = {
        "moment": (starts, "3"), "accuracy": (named["digits"].base,), "against_mean": (starts, "0"),
        "rows_help": (named["starts"],), "razor": (page.weighed,), "length": (page.misled,),
        "fixed": (named["article"].base, "3"), "left": (named["article"].base, "3"),
        "travels": (page.optimizers[1], page.optimizers[0]), "kept": (page.paths,), "longer": (page.paths,),
        "zeros": (page.paths,), "signs": (named["noisy"].base,), "spread": (starts,),
        "memorised": (named["digits"].base,), "matched": (rivals, "dropout"), "more_rows": (rivals,),
        "course": (page.rows or [starts, starts],), "filters": (page.filtered,), "sharpness": (page.filtered,),
        "dearer": (step,),
    }  # fmt: skip
    for macro, (finding, outcomes) in FOUND.items():
        texts, subject = [], subjects.get(macro, (starts,))
        for outcome in outcomes:
            monkeypatch.setattr(findings, finding, lambda *a, outcome=outcome: outcome)
            texts.append(said(getattr(module, macro), *subject))
        monkeypatch.setattr(findings, finding, lambda *a: "surprise")
        with pytest.raises(WordingError):
            getattr(module, macro)(*subject)
        monkeypatch.undo()
        spoken = [text for text, outcome in zip(texts, outcomes, strict=True) if text or outcome not in SILENT]
        assert all(spoken), (macro, texts)
        assert len(set(spoken)) >= ALIKE.get(macro, len(spoken)), (macro, texts)


def test_every_pace_of_decay_has_a_message_of_its_own(words):
    studies, module = words
    view = next(study.base for study in studies if study.name == "starts")
    texts = [said(module.pace, view, outcome, ["0.3", "3"]) for outcome in findings.PACES]
    assert all(texts) and len(set(texts)) == len(texts)
    with pytest.raises(WordingError):
        module.pace(view, "surprise", ["3"])


@pytest.mark.parametrize("called", [{}, {"en": "coins", "zh": "硬币"}], ids=["unnamed", "named"])
def test_data_of_a_new_kind_have_words(words, language, called):
    """A task that says nothing of its data is told by its examples."""
    _, module = words
    task = SimpleNamespace(kind="coin", n_train=30, called=called)
    text = said(module.data, SimpleNamespace(prefix="coin/base", variant=SimpleNamespace(task=task)))
    assert "30" in text and called.get(language, "") in text
