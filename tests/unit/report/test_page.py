"""The page as a document: complete, offline, bound to facts, the same in both languages."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import itertools
import json
import re
import subprocess
import sys
from collections import Counter

from pages import facts_of

from decaybench.cli import main
from decaybench.report.references import WORKS
from decaybench.report.render import page_text, render
from decaybench.report.sections import BOXES, SECTIONS


def test_the_verb_writes_the_page(tiny, texts, tmp_path, language):
    config, results = tiny
    page = tmp_path / "page.html"
    arguments = ["render", "--config", config.to_json(), "--language", language]
    assert main([*arguments, "--results", str(results), "--output", str(page)]) == 0
    assert page.read_text(encoding="utf-8") == texts[language]


def test_two_renders_are_identical(tiny, tmp_path, language):
    for name in ("one", "two"):
        render(tiny[0], language, tiny[1], tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_failed_render_leaves_the_old_page(tiny, tmp_path, monkeypatch):
    page = tmp_path / "page.html"
    page.write_text("old")
    monkeypatch.setattr("decaybench.report.render.page_text", lambda *a: "half \ud800")
    with contextlib.suppress(UnicodeEncodeError):
        render(tiny[0], "en", tiny[1], page)
    assert page.read_text() == "old"
    assert list(tmp_path.iterdir()) == [page]


def test_rendering_needs_no_torch():
    code = (
        "import sys, decaybench.report.render as r; sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def fact_of(element):
    """The fact that a number names: itself, the interval that it bounds, or the estimate that the interval is of."""
    for place in (element, element.parent, next(element.parent.parent.all("data"))):
        if "data-fact" in place.attributes:
            return place.attributes["data-fact"]
    raise AssertionError(f"{element.text()} names no fact")


# What is shown of a fact in place of its value.
TURNED = {
    "data-inverse": lambda value: 1 / value,
    "data-squared": lambda value: value**2,
    "data-size": abs,
    "data-less": lambda value: abs(value - 1),
}


def test_every_number_is_the_fact_it_names(tiny, pages, language):
    facts = facts_of(tiny[1])
    elements = list(pages[language].all("data"))
    bounds = [e for e in elements if "data-bound" in e.attributes]
    assert all("interval" in e.parent.classes() for e in bounds) and len(bounds) > 100
    bound = [e for e in elements if "data-fact" in e.attributes] + bounds
    assert len(bound) > 200
    for element in bound:
        fact = facts[fact_of(element)]
        value = fact[element.attributes.get("data-bound", "value")]
        for name, turn in TURNED.items():
            if name in element.attributes:
                value = turn(value)
        if isinstance(value, list):
            assert float(element.attributes["value"]) in value
        elif isinstance(value, float | int):
            assert float(element.attributes["value"]) == value
        shown = element.text().replace(",", "").replace("−", "-")
        if "data-size" in element.attributes:
            continue  # in points
        if re.fullmatch(r"-?[\d.]+", shown) and not isinstance(value, list) and value:
            assert abs(float(shown) - value) <= 0.06 * abs(value) + 10 ** -len(shown.partition(".")[2])


def test_languages_carry_the_same_facts_and_values(pages):
    def numbers(page):
        return Counter(tuple(sorted(e.attributes.items())) for e in page.all("data"))

    assert numbers(pages["en"]) == numbers(pages["zh"])
    assert len(numbers(pages["en"])) > 100


def test_languages_have_the_same_bones(pages):
    def bones(page):
        return [
            (e.tag, e.attributes.get("id"))
            for e in page.all()
            if re.fullmatch(r"h\d|section|table|figure|details", e.tag)
        ]

    assert bones(pages["en"]) == bones(pages["zh"])


def test_sections_are_in_order_and_everything_that_is_linked_is_there(pages, language):
    page = pages[language]
    names = [s.attributes["id"] for s in page.all("section")]
    assert names == [section.name for section in SECTIONS if section.name != "answer"] + ["behind"]
    assert [e.attributes["id"] for e in page.all("details") if "box" in e.classes()][-len(BOXES) :] == [
        box.name for box in BOXES
    ]
    links = [a.attributes["href"] for a in page.all("a")]
    ids = {e.attributes["id"] for e in page.all() if "id" in e.attributes}
    assert {f"#{name}" for name in names} <= set(links)
    assert all(link[1:] in ids for link in links if link.startswith("#"))


def test_every_study_has_a_box_with_its_recipe_every_weight_decay_and_its_command(tiny, pages, language):
    for study in tiny[0].studies:
        (box,) = (e for e in pages[language].all("details") if e.attributes.get("id") == f"study-{study.name}")
        assert "open" not in box.attributes
        assert f"snakemake results/{study.name}/facts.json" in box.text()
        for variant in study.resolved():
            caption = f"losses-{study.name}-{variant.name}-caption"
            (table,) = (t for t in box.all("table") if next(t.all("caption")).attributes["id"] == caption)
            assert len(list(table.all("tr"))) == 1 + len(variant.grid.weight_decay)


def test_ids_are_unique_and_references_hold(pages, language):
    ids = Counter(e.attributes["id"] for e in pages[language].all() if "id" in e.attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    for element in pages[language].all():
        for key in ("aria-labelledby", "aria-describedby"):
            assert all(name in ids for name in element.attributes.get(key, "").split())


def test_headings_never_skip_a_level(pages, language):
    levels = [int(e.tag[1]) for e in pages[language].all() if re.fullmatch(r"h[1-6]", e.tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_tables_have_captions_and_scopes(pages, language):
    tables = list(pages[language].all("table"))
    assert len(tables) > 5
    for table in tables:
        assert len(next(table.all("caption")).text()) > {"en": 10, "zh": 5}[language]
        assert all(th.attributes.get("scope") in ("col", "row") for th in table.all("th"))
        columns = {
            sum(int(c.attributes.get("colspan", 1)) for c in row.children if not isinstance(c, str))
            for row in table.all("tr")
        }
        assert len(columns) == 1


def test_tables_scroll_in_named_boxes(pages, language):
    boxes = [e for e in pages[language].all() if e.attributes.get("role") == "region"]
    assert all(box.attributes["tabindex"] == "0" for box in boxes)
    names = [box.attributes.get("aria-label") or box.attributes["aria-labelledby"] for box in boxes]
    assert len(set(names)) == len(names) > 5
    for table in pages[language].all("table"):
        assert table.parent.attributes.get("role") == "region"


def test_figures_speak_the_language_of_the_page(pages, language):
    figures = list(pages[language].all("svg"))
    assert len(figures) >= 10
    for svg in figures:
        assert svg.attributes["role"] == "img"
        title, description = next(svg.all("title")).text(), next(svg.all("desc")).text()
        assert len(title) > 3 and re.search(r"\d", description) and "<" not in description
        drawn = svg.attributes.get("id", "").startswith("all-") or title.startswith(("Time of a step", "一步的时间"))
        if not drawn:  # the others stand in
            assert ("训练轮次" in svg.text()) == (language == "zh")
            assert "zero-init" in svg.text()


def test_the_page_asks_for_nothing(texts, pages, language):
    page = pages[language]
    (policy,) = [m.attributes["content"] for m in page.all("meta") if "http-equiv" in m.attributes]
    assert policy.startswith("default-src 'none'")
    (script,) = page.all("script")
    source = script.children[0]
    assert script.attributes == {} and len(source.encode()) <= 15_000
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert not list(page.all("link"))
    names = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r"https?://[^\"'\s<]+", texts[language])) <= names | {work.link for work in WORKS.values()}
    for element in page.all():  # links to the literature are followed by readers, never by the page
        assert not {"src", "srcset", "data", "action"} & set(element.attributes), element.tag


def test_the_page_says_its_language_and_has_landmarks(pages, language):
    page = pages[language]
    assert next(page.all("html")).attributes["lang"] == {"en": "en", "zh": "zh-CN"}[language]
    assert len(next(page.all("title")).text()) > 4
    for tag in ("header", "nav", "main", "footer"):
        assert len(list(page.all(tag))) == 1
    assert next(page.all("a")).attributes["href"] == "#main"


def test_no_host_name_and_machine_facts_are_marked(tiny, texts, pages, language):
    manifest = json.loads((tiny[1] / "manifest.json").read_text())
    nodes = {
        run["node"] for runs in json.loads((tiny[1] / "timings.json").read_text())["runs"].values() for run in runs
    }
    for node in {*nodes, manifest["machine"]["node"]}:
        assert f">{node}<" not in texts[language] and f" {node} " not in texts[language]
    marked = " ".join(e.text() for e in pages[language].all() if "data-machine" in e.attributes)
    assert manifest["versions"]["numpy"] in marked


def test_another_machine_changes_only_what_is_marked(tiny, tmp_path, language):
    import shutil

    shutil.copytree(tiny[1], tmp_path / "results")
    path = tmp_path / "results" / "timings.json"
    timings = json.loads(path.read_text())
    for runs in timings["runs"].values():
        for run in runs:
            run.update(cpu="Another CPU", seconds=run["seconds"] * 7 + 1, peak_memory_mb=99_999, node="elsewhere")
    run["instruction_set"] = "older"  # a mixture of processors is named
    path.write_text(json.dumps(timings))
    here, there = (page_text(tiny[0], language, results) for results in (tiny[1], tmp_path / "results"))
    assert 'data-machine="runs.mixed"' in there and 'data-machine="runs.mixed"' not in here

    def unmarked(text):
        return re.sub(r"<(data|span|figure|td|div) data-machine.*?</\1>", "", text)

    assert unmarked(here) == unmarked(there)
