"""What a page can rely on when it puts the figures into itself."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from made_up_results import CLASSES, LINEAR, draw, texts, write_results

from decaybench.analysis.results import StudyResults
from decaybench.figures import FIGURES, MODULES, labels
from decaybench.figures.drawing import draw_study
from decaybench.figures.style import MAX_MARKS, PALETTE, VECTOR_MARKS

DRAW = """
import sys; from pathlib import Path
from decaybench.config import Study; from decaybench.figures.drawing import draw_slides, draw_study
folder = Path(sys.argv[1])
study = Study.model_validate_json((folder / "study.json").read_text())
files, output = [folder / name for name in ("facts.json", "cells.parquet", "series.parquet")], Path(sys.argv[2])
draw_study(study, *files, output / "figures")
draw_slides(study, *files, output / "slides")
"""
MANY_DOTS = LINEAR | {
    "grid": {"weight_decay": [0, 0.01, 0.1, 1, 3, 10, 30], "seeds": 40},
    "variants": {"zero-init": {"model.init_std": 0}, "large-init": {"model.init_std": 2}, "the-same": {}},
}
HUNDREDS = LINEAR | {"grid": {"weight_decay": [0, 0.1, 1], "seeds": 55}}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The figures of two studies, by study and figure."""
    folders = {keys["name"]: tmp_path_factory.mktemp(keys["name"]) for keys in (LINEAR, CLASSES)}
    return {
        f"{keys['name']}-{name}": svg
        for keys in (LINEAR, CLASSES)
        for name, svg in draw(StudyResults.read(*write_results(folders[keys["name"]], keys))).items()
    }


def test_two_processes_draw_the_same_bytes(tmp_path: Path) -> None:
    write_results(tmp_path, HUNDREDS)
    runs = []
    for name, hash_seed in (("first", "1"), ("second", "2")):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": "1"}
        subprocess.run([sys.executable, "-c", DRAW, tmp_path, tmp_path / name], check=True, env=environment)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        runs.append(
            [(str(f.relative_to(tmp_path / name)), hashlib.sha256(f.read_bytes()).hexdigest()) for f in files]
        )
    assert runs[0] == runs[1]
    drawn = [
        "explorer", "explorer_losses", "loss_by_weight_decay", "loss_curves", "overfitting", "published_norms",
        "start_terms", "weight_histogram", "weight_norm",
    ]  # fmt: skip
    slides = [f"slides/{name}.{ending}" for name in drawn for ending in ("csv", "png", "svg")]
    assert {name for name, _ in runs[0]} == {*(f"figures/{name}.svg" for name in drawn), *slides}


def test_ids_are_unique_in_a_page_and_references_stay_within_a_figure(both: dict[str, str]) -> None:
    ids = {name: re.findall(r'\bid="([^"]*)"', svg) for name, svg in both.items()}
    everywhere = [identifier for own in ids.values() for identifier in own]
    assert len(everywhere) == len(set(everywhere)) > 20
    for name, svg in both.items():
        references = {a or b for a, b in re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', svg)}
        assert references == set(ids[name]) - {name}, name
        assert name in ids[name]


def test_nothing_of_a_figure_leaks_to_the_page(both: dict[str, str]) -> None:
    for name, svg in both.items():
        assert svg.startswith("<svg "), name
        assert not re.search(r"<style|<\?xml|<!DOCTYPE|<metadata|<!--|<script", svg), name
        root = svg[: svg.index(">")]
        assert "viewBox=" in root, name
        assert not re.search(r" (width|height)=", root), name


def test_every_colour_is_a_variable_with_its_light_value(both: dict[str, str]) -> None:
    known = {f"var({colour.variable}, {colour.light})" for colour in PALETTE}
    for name, svg in both.items():
        used = set(re.findall(r"var\(--(?!figure-font)[^)]*\)", svg))
        assert used <= known, name
        bare = re.sub(r"var\([^)]*\)|url\(#[^)]*\)|href=\"[^\"]*\"", "", svg)
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb\(", bare), name


def test_every_word_is_listed_or_the_studys_own(both: dict[str, str]) -> None:
    own = {"base", *CLASSES["variants"], "1e-05"}
    words = {text for svg in both.values() for text in texts(svg) if any(letter.isalpha() for letter in text)}
    assert {text for text in words if labels.parse(text) is None} <= own
    assert {"train", "test", "seeds: 3", "λ = 0"} <= words


def test_a_label_gives_back_its_template_and_its_fields() -> None:
    assert labels.parse("weight decay λ") == ("weight decay λ", {})
    assert labels.parse("λ = 1e-05 (chosen)") == (labels.PANEL_CHOSEN, {"weight_decay": "1e-05"})
    assert labels.parse("seeds: 198–200") == (labels.SEEDS, {"n": "198–200"})
    assert labels.parse("zero-init") is None


@pytest.mark.parametrize("keys", [MANY_DOTS, HUNDREDS], ids=["thousands", "hundreds"])
def test_many_dots_become_one_picture_a_panel_within_the_budget(tmp_path: Path, keys: dict[str, Any]) -> None:
    data = StudyResults.read(*write_results(tmp_path, keys, noise=0.6))
    drawn = draw(data)
    assert max(len(svg.encode()) for svg in drawn.values()) <= 60_000
    panels = 2 * min(4, len(data.variants))
    assert drawn["loss_by_weight_decay"].count("<image ") == panels
    marks = 2 * len(data.cells)
    sampled = any(text.startswith("dots: ") for text in texts(drawn["loss_by_weight_decay"]))
    assert sampled == (marks > MAX_MARKS)
    assert marks > VECTOR_MARKS


def test_few_dots_stay_vectors(both: dict[str, str]) -> None:
    assert not any("<image " in svg for svg in both.values())


def test_the_folder_is_replaced_whole_or_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results, output = write_results(tmp_path, LINEAR), tmp_path / "figures"
    output.mkdir()
    (output / "stale.svg").write_text("<svg/>")
    for name in set(FIGURES) - {"loss_curves"}:
        monkeypatch.delitem(FIGURES, name)
    monkeypatch.setitem(FIGURES, "broken", None)
    monkeypatch.setitem(MODULES, "broken", "decaybench.figures.nowhere")
    with pytest.raises(ModuleNotFoundError):
        draw_study(*results, output)
    assert [path.name for path in output.iterdir()] == ["stale.svg"]
    monkeypatch.delitem(FIGURES, "broken")
    draw_study(*results, output)
    assert sorted(path.name for path in output.iterdir()) == ["loss_curves.svg"]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_the_table_of_figures_imports_no_drawing_library() -> None:
    heavy = "{'matplotlib', 'seaborn', 'pandas', 'torch'}"
    code = f"import sys; import decaybench.figures, decaybench.figures.style; print({heavy} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "set()"
