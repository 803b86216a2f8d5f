"""Files for slides: plain colours, a picture of 300 dots an inch, and the numbers that are drawn."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from made_up_results import CLASSES, LINEAR, write_results
from PIL import Image

from decaybench.cells.grid import weight_decay_label
from decaybench.figures import NARROW_TOO, style
from decaybench.figures.drawing import draw_slides, draw_study
from decaybench.figures.layout import NARROW, WIDE


@pytest.fixture(scope="module", params=[LINEAR, CLASSES], ids=["linear", "classes"])
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slides")
    results = write_results(folder, request.param)
    draw_study(*results, folder / "figures")
    draw_slides(*results, folder / "slides")
    return folder


def test_every_figure_of_the_page_has_all_three(drawn: Path) -> None:
    figures = {path.stem for path in (drawn / "figures").glob("*.svg") if not path.stem.endswith(NARROW.suffix)}
    slides = {path.name for path in (drawn / "slides").iterdir()}
    assert len(figures) >= 4
    assert slides == {f"{name}.{ending}" for name in figures for ending in ("svg", "png", "csv")}


def test_the_svg_needs_no_page(drawn: Path) -> None:
    for path in (drawn / "slides").glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        assert "var(--" not in text and "data-at" not in text, path
        assert not re.search(r"<dc:date|Matplotlib v", text), path


def test_the_picture_is_300_dots_an_inch_on_white(drawn: Path) -> None:
    for path in (drawn / "slides").glob("*.png"):
        with Image.open(path) as picture:
            width = WIDE.width if path.stem in NARROW_TOO else style.WIDTH
            assert abs(picture.width - width / 72 * 300) <= 1
            assert picture.convert("RGBA").getpixel((1, 1)) == (255, 255, 255, 255)


def test_the_table_holds_the_facts_that_are_drawn(drawn: Path) -> None:
    facts = json.loads((drawn / "facts.json").read_text(encoding="utf-8"))
    study = json.loads((drawn / "study.json").read_text())["name"]
    checked = 0
    for path in (drawn / "slides").glob("*.csv"):
        table = pd.read_csv(path)
        assert len(table) and not table.duplicated().any(), path
        means = table[(table["axis"] == "weight_decay") & table["seed"].isna() & table["low"].notna()]
        for row in means.itertuples():
            fact = facts[f"{study}/{row.variant}/{weight_decay_label(row.weight_decay)}/{row.series}"]
            assert (row.value, row.low, row.high) == pytest.approx((fact["value"], fact["low"], fact["high"]))
            checked += 1
    assert checked > 20


def test_every_run_that_is_a_dot_is_a_row(drawn: Path) -> None:
    cells = pd.read_parquet(drawn / "cells.parquet")
    table = pd.read_csv(drawn / "slides" / "loss_by_weight_decay.csv")
    dots = table[table["seed"].notna() & (table["series"] == "test_loss")]
    merged = dots.merge(cells, on=["variant", "weight_decay", "seed"])
    assert len(merged) == len(cells) == len(dots)
    assert merged["value"].to_numpy() == pytest.approx(merged["test_loss"].to_numpy())


def test_only_the_lit_weight_decay_is_strong_in_a_still_picture(drawn: Path) -> None:
    text = (drawn / "slides" / "explorer.svg").read_text(encoding="utf-8")
    faint, lit = (len(re.findall(rf'id="ghost[^"]*:{state}"', text)) for state in ("off", "on"))
    assert lit == 2 and faint > 2
    assert text.count("stroke-opacity: 0.2") >= faint
    assert not re.search(r'id="mark[^"]*:off"', text)
