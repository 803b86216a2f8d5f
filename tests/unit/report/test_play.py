"""Around the slider: a sentence for every λ that says what the facts say."""

from __future__ import annotations

import json
import shutil

import pytest
from pages import facts_of, read

from decaybench.analysis import findings
from decaybench.analysis.studies import study_views
from decaybench.report.render import page_text

SAYS = {
    "en": {"best": "choose this λ", "as_good": "As good as", "open": "is open", "too_little": "Too little decay",
           "too_much": "Too much decay", "unknown": "Too few repeats"},
    "zh": {"best": "选中的就是它", "as_good": "选出的", "open": "是否与", "too_little": "衰减太少",
           "too_much": "衰减太多", "unknown": "重复太少"},
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


def test_the_sentence_that_is_shown_is_the_one_of_the_smallest_weight_decay(tiny, pages, language):
    for study in study_views(tiny[0], facts_of(tiny[1])):
        player = players(pages[language])[study.name]
        (shown,) = (e for e in player.all("p") if "moment" in e.classes())
        assert shown.text() == sentences(player)[study.base.first]


@pytest.mark.parametrize(("as_good", "wanted"), [([0.0, 2.0], "as_good"), ([2.0], "too_little")])
def test_the_sentence_turns_with_the_facts(tiny, tmp_path, language, as_good, wanted):
    config, results = tiny
    shutil.copytree(results, tmp_path / "results")
    facts = facts_of(results)
    facts["noisy/base/chosen/weight_decay"]["value"] = 2.0
    facts["noisy/base/as_good/weight_decay"]["value"] = as_good
    facts["noisy/base/worse/weight_decay"]["value"] = [value for value in (0.0, 30.0) if value not in as_good]
    facts["noisy/base/open/weight_decay"]["value"] = [0.5]
    (tmp_path / "results" / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    page = read(page_text(config, language, tmp_path / "results"))
    said = sentences(players(page)["noisy"])
    assert SAYS[language][wanted] in said["0"] and SAYS[language]["best"] in said["2"]
    assert SAYS[language]["too_much"] in said["30"] and SAYS[language]["open"] in said["0.5"]
