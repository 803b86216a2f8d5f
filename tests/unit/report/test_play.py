"""Around the slider: a sentence for every λ that says what the facts say, words that lead to their definition."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from pages import facts_of, read

from decaybench.report import findings
from decaybench.report.render import page_text
from decaybench.report.sections import PATHS
from decaybench.report.studies import study_views

SAYS = {
    "en": {"best": "choose this one", "as_good": "cannot tell it from", "too_little": "Too little decay",
           "too_much": "Too much decay", "unknown": "Too few runs"},
    "zh": {"best": "选中的就是它", "as_good": "分不出两者的高下", "too_little": "衰减太弱", "too_much": "衰减太强",
           "unknown": "训练次数太少"},
}  # fmt: skip


def players(page):
    return {e.attributes["data-study"]: e for e in page.all("div") if "player" in e.classes()}


def sentences(player):
    return {e.attributes["data-at"]: e.text() for e in player.all("li") if "data-at" in e.attributes}


def test_every_study_with_more_than_one_weight_decay_has_a_player(tiny, pages, language):
    studies = study_views(tiny[0], facts_of(tiny[1]))
    found = players(pages[language])
    assert set(found) == {study.name for study in studies if len(study.base.measured) > 1}
    assert next(iter(found)) == "cubic"  # the one whose fit can be seen
    for study in studies:
        said = sentences(found[study.name])
        assert list(said) == study.base.measured
        for label, text in said.items():
            outcome = findings.moment(study.base, label)
            assert [name for name, words in SAYS[language].items() if words in text] == [outcome], (study.name, label)


def test_the_sentence_that_is_shown_is_the_one_of_the_chosen_weight_decay(tiny, pages, language):
    for study in study_views(tiny[0], facts_of(tiny[1])):
        player = players(pages[language])[study.name]
        (shown,) = (e for e in player.all("p") if "moment" in e.classes())
        assert shown.text() == sentences(player)[study.base.chosen]


@pytest.mark.parametrize(("as_good", "wanted"), [([0.0, 2.0], "as_good"), ([2.0], "too_little")])
def test_the_sentence_turns_with_the_facts(tiny, tmp_path, language, as_good, wanted):
    config, results = tiny
    shutil.copytree(results, tmp_path / "results")
    facts = facts_of(results)
    facts["noisy/base/chosen/weight_decay"]["value"] = 2.0
    facts["noisy/base/as_good/weight_decay"]["value"] = as_good
    (tmp_path / "results" / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    page = read(page_text(config, language, tmp_path / "results"))
    said = sentences(players(page)["noisy"])
    assert SAYS[language][wanted] in said["0"] and SAYS[language]["best"] in said["2"]
    assert SAYS[language]["too_much"] in said["30"]


def test_words_of_the_field_lead_to_their_definition_and_show_it(pages, language):
    page = pages[language]
    definitions = {}
    for dt in page.all("dt"):
        if "id" in dt.attributes:
            siblings = [e for e in dt.parent.children if not isinstance(e, str)]
            definitions[dt.attributes["id"]] = siblings[siblings.index(dt) + 1].text()
    terms = [a for a in page.all("a") if "term" in a.classes()]
    assert len(terms) >= 8
    for term in terms:
        assert term.attributes["title"] == definitions[term.attributes["href"][1:]], term.text()


def test_each_reader_has_a_way_through_sections_that_are_there(pages, language):
    page = pages[language]
    (paths,) = (e for e in page.all("ul") if "paths" in e.classes())
    sections = {e.attributes["id"] for e in page.all("section")}
    ways = [[a.attributes["href"][1:] for a in item.all("a")] for item in paths.all("li")]
    assert len(ways) == len(PATHS) == 3
    assert all(len(way) >= 4 and set(way) <= sections for way in ways)
    assert all(not re.search("→$", item.text()) for item in paths.all("li"))
