"""Figures of all studies, and those with a layout for phones: what they say, and that nothing is cut or too small."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made_up_results import LINEAR, draw, texts

from decaybench.analysis.results import StudyResults
from decaybench.figures import NARROW_TOO, labels, paired_lines, practice_forest
from decaybench.figures.claims_forest import beyond
from decaybench.figures.drawing import figure_svg
from decaybench.figures.layout import LAYOUTS, NARROW, Layout
from decaybench.figures.of_all import draw_all

MakeData = Callable[..., StudyResults]
PATIENTS: dict[str, Any] = {
    "name": "patients", "title": {"en": "some patients"}, "task": {"kind": "diabetes"},
    "model": {"init_std": 0, "bias_init_std": 0}, "grid": {"weight_decay": [0, 0.1, 1], "seeds": 6},
}  # fmt: skip
ON_THE_SCREEN = 342.0  # pixels that a figure has on a page of 390


def setting(outcome: str, estimate: float | None) -> dict[str, Any]:
    return {"outcome": outcome, "estimate": estimate}


def claim(name: str, *settings: dict[str, Any], direction: str = "at least") -> dict[str, Any]:
    held = sum(own["outcome"] == "held" for own in settings)
    return {
        "id": name,
        "smallest_effect": 1.05,
        "direction": direction,
        "regimes": settings,
        "counts": {"held": held},
    }


CLAIMS = [
    claim("l2-helps", setting("held", 2.1), setting("open", 1.05), setting("failed", 1.0), setting("reversed", 0.5)),
    claim("more-data-helps", setting("held", 500.0), setting("not judged", None)),
    claim("dropout-helps", setting("not judged", None)),
    claim("of-ones-own", *[setting("held", 1.5)] * 3),
]


def written(tmp_path: Path, claims: list[dict[str, Any]], *studies: StudyResults) -> dict[str, str]:
    draw_all(claims, studies, tmp_path / "drawn")
    return {path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "drawn").glob("*.svg")}


def test_a_row_says_how_many_of_the_judged_settings_held(tmp_path: Path) -> None:
    drawn = written(tmp_path, CLAIMS)
    assert drawn.keys() == {"claims_forest", "claims_forest-narrow"}
    for svg in drawn.values():
        said = texts(svg)
        names = [text for text in said if text in (*labels.CLAIMS.values(), "of-ones-own")]
        counts = [text for text in said if re.fullmatch(r"\d+ of \d+", text)]
        assert names == ["L2 regularisation helps", "More data help", "of-ones-own"]
        assert counts == ["1 of 4", "1 of 1", "3 of 3"]
        assert labels.BEYOND_AXIS in said  # of 500
    assert labels.BEYOND_AXIS not in texts(written(tmp_path, CLAIMS[:1])["claims_forest"])


def test_right_of_the_line_is_as_the_sentence_says() -> None:
    least, less = claim("a"), claim("b", direction="less than")
    assert beyond(least, setting("held", 2.1)) == pytest.approx(2)
    assert beyond(less, setting("held", 0.525)) == pytest.approx(2)
    assert beyond(less, setting("reversed", 2.1)) == pytest.approx(0.5)


def test_without_a_judged_claim_and_collected_data_there_is_nothing(tmp_path: Path, study_data: MakeData) -> None:
    assert written(tmp_path, [CLAIMS[2]], study_data(LINEAR)) == {}


def test_a_collected_data_set_is_a_row_with_its_splits(tmp_path: Path, study_data: MakeData) -> None:
    patients = study_data(PATIENTS)
    (row,) = practice_forest.data_sets_of([study_data(LINEAR), patients])
    ratio, wins = (patients.facts[f"patients/base/1/test_loss_{name}"] for name in ("ratio", "wins"))
    assert (row.title, row.label, row.ratio, row.low, row.high) == (
        "some patients", "1", ratio["value"], ratio["low"], ratio["high"],
    )  # fmt: skip
    said = texts(written(tmp_path, [], patients)["practice_forest"])
    assert {"some patients", f"{wins['value']} of 6", "λ = 1 (chosen)"} <= set(said)


def test_where_no_decay_is_chosen_the_row_stays_at_one(study_data: MakeData) -> None:
    patients = study_data(PATIENTS)
    facts = {**patients.facts, "patients/base/chosen/weight_decay": {"value": 0.0}}
    (row,) = practice_forest.data_sets_of([replace(patients, facts=facts)])
    assert (row.label, row.ratio, row.low, row.wins) == ("0", 1.0, None, None)


def with_losses(data: StudyResults, by_seed: dict[int, tuple[float, float]]) -> StudyResults:
    """Test losses of some splits at λ = 0 and at 1."""
    cells: pd.DataFrame = data.cells.copy()
    for seed, losses in by_seed.items():
        for decay, loss in zip((0.0, 1.0), losses, strict=True):
            cells.loc[(cells["seed"] == seed) & (cells["weight_decay"] == decay), "test_loss"] = loss
    return replace(data, cells=cells)


def test_splits_that_got_worse_are_counted_and_dashed(study_data: MakeData) -> None:
    patients = study_data(PATIENTS)
    better = texts(draw(patients, "paired_lines")["paired_lines"])
    assert "better in 6 of 6 splits" in better and labels.WORSE_LINES not in better
    worse = texts(draw(with_losses(patients, {0: (1.0, 2.0), 1: (1.0, 1.0)}), "paired_lines")["paired_lines"])
    assert "better in 4 of 6 splits" in worse and labels.WORSE_LINES in worse


def test_paired_lines_need_collected_data_and_a_decay_that_is_chosen(study_data: MakeData) -> None:
    patients = study_data(PATIENTS)
    facts = {**patients.facts, "patients/base/chosen/weight_decay": {"value": 0.0}}
    assert paired_lines.applies(patients)
    assert not paired_lines.applies(replace(patients, facts=facts))
    assert not paired_lines.applies(study_data(LINEAR))


def started(data: StudyResults) -> StudyResults:
    """A study whose error at λ = 0 is 182, with 13.4² = 179.56 of it outside of the rows' span."""
    known = {
        "lines/base/0/test_loss": 182.0,
        "lines/base/0/null_space_norm": 13.4,
        "lines/zero-init/0/test_loss": 0.02,
    }
    return replace(data, facts={**data.facts, **{key: {"value": value, "n": 3} for key, value in known.items()}})


ZERO = {"variants": {"zero-init": {"model.init_std": 0}}}


def test_the_start_picture_says_which_share_of_the_error_training_never_touched(study_data: MakeData) -> None:
    said = texts(draw(started(study_data(LINEAR | ZERO)), "start_picture")["start_picture"])
    assert "20 of 200 directions: corrected by training" in said
    assert "180 of 200 directions: never touched" in said
    assert "180 of 182: in the directions never touched" in said
    assert "0.02: started from zero weights" in said


@pytest.mark.parametrize("keys", [{"model": {"init_std": 0}}, {"task": {"kind": "gaussian_linear", "n_train": 300}}])
def test_without_a_start_that_stays_there_is_no_picture(study_data: MakeData, keys: dict[str, Any]) -> None:
    assert draw(started(study_data(LINEAR | keys)), "start_picture") == {}


def test_very_many_directions_are_a_bar(study_data: MakeData) -> None:
    task = {"task": {"kind": "gaussian_linear", "n_features": 1000}}
    svg = draw(started(study_data(LINEAR | task)), "start_picture")["start_picture"]
    assert "20 of 1,000 directions: corrected by training" in texts(svg)
    assert svg.count("<path") < 20


def everything(tmp_path: Path, study_data: MakeData, layout: Layout) -> dict[str, str]:
    """Every figure that has the layout."""
    patients, lines = study_data(PATIENTS), started(study_data(LINEAR | ZERO))
    drawn = written(tmp_path, CLAIMS, patients)
    own = {name: figure_svg(name, data, layout) for data in (patients, lines) for name in NARROW_TOO}
    own |= {name: figure_svg(name, patients, layout) for name in ("paired_lines",)}
    chosen = {name: svg for name, svg in drawn.items() if name.endswith("narrow") == layout.narrow}
    return {name: svg for name, svg in (chosen | own).items() if svg is not None}


@pytest.mark.parametrize("layout", LAYOUTS, ids=["wide", "narrow"])
def test_texts_are_large_enough_listed_and_within_the_frame(
    tmp_path: Path, study_data: MakeData, layout: Layout
) -> None:
    figures = everything(tmp_path, study_data, layout)
    assert len(figures) == 4
    for name, svg in figures.items():
        root = ET.fromstring(svg)
        width, height = (float(part) for part in root.attrib["viewBox"].split()[2:])
        assert width == layout.width, name
        for node in root.iter("{http://www.w3.org/2000/svg}text"):
            size = float(re.findall(r"font-size: ([\d.]+)px", node.attrib["style"])[0])
            assert not layout.narrow or size * ON_THE_SCREEN / width >= 11, (name, node.text)
            if "x" in node.attrib:
                assert 0 <= float(node.attrib["x"]) <= width and 0 <= float(node.attrib["y"]) <= height, node.text
        words = {text for text in texts(svg) if any(letter.isalpha() for letter in text)}
        assert {text for text in words if labels.parse(text) is None} <= {"of-ones-own", "some patients"}, name


def test_a_figure_of_a_study_has_a_file_for_phones(study_data: MakeData) -> None:
    data = study_data(PATIENTS)
    wide, narrow = (figure_svg("paired_lines", data, layout) for layout in LAYOUTS)
    assert wide is not None and narrow is not None
    assert 'id="patients-paired_lines"' in wide and f'id="patients-paired_lines{NARROW.suffix}"' in narrow
