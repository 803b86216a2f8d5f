"""The figure that the slider moves: every measured λ is in it, one is lit, nothing lies between measured values."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from made_up_results import LINEAR, draw, write_results

from decaybench.analysis.results import StudyResults

CUBIC = {
    "name": "cubic",
    "task": {"kind": "polynomial", "n_train": 12, "degree": 6},
    "model": {"init_std": 0, "bias_init_std": 0},
    "training": {"learning_rate": 0.05, "batch_size": 12, "epochs": 40},
    "grid": {"weight_decay": [0, 0.1, 1], "seeds": 3},
}


def explorer(folder: Path, keys: dict, **options) -> tuple[StudyResults, str]:
    data = StudyResults.read(*write_results(folder, keys, **options))
    return data, "".join(draw(data, name).get(name, "") for name in ("explorer", "explorer_losses"))


def groups(svg: str) -> list[tuple[str, set[str]]]:
    return [(at, set(names.split())) for at, names in re.findall(r'<g data-at="([^"]*)" class="([^"]*)"', svg)]


@pytest.mark.parametrize("keys", [LINEAR, CUBIC], ids=["linear", "polynomial"])
def test_every_weight_decay_can_be_lit_and_the_smallest_one_is(tmp_path: Path, keys: dict) -> None:
    _, svg = explorer(tmp_path, keys)
    found = groups(svg)
    assert {at for at, _ in found} == {f"{value:g}" for value in keys["grid"]["weight_decay"]}
    assert {at for at, names in found if "on" in names} == {f"{min(keys['grid']['weight_decay']):g}"}
    for at in {at for at, _ in found}:
        roles = [names - {"on"} for place, names in found if place == at]
        assert {"ghost"} in roles and {"mark"} in roles, at
        assert ({"ghost", "veil"} in roles) == (keys is LINEAR)  # a fit gives nothing away, a test loss does


def test_what_is_not_lit_is_faint_or_hidden_without_a_style_sheet(tmp_path: Path) -> None:
    _, svg = explorer(tmp_path, LINEAR)
    for opening in re.findall(r"<g data-at=[^>]*>", svg):
        shown = " on" in opening
        assert (' opacity="0.2"' in opening) == (not shown and "ghost" in opening)
        assert (' visibility="hidden"' in opening) == (not shown and "mark" in opening)


def test_the_answer_can_be_veiled(tmp_path: Path) -> None:
    _, svg = explorer(tmp_path, LINEAR)
    assert svg.count('class="veil"') == 1
    assert svg.index("lines-explorer_losses") < svg.index('class="veil"')


def test_a_diverged_weight_decay_is_no_stop(tmp_path: Path) -> None:
    _, svg = explorer(tmp_path, LINEAR, diverged=lambda weight_decay, seed: weight_decay == 10)
    assert {at for at, _ in groups(svg)} == {"0", "0.1", "1", "3"}


def test_one_weight_decay_has_nothing_to_move_between(tmp_path: Path) -> None:
    _, svg = explorer(tmp_path, LINEAR | {"grid": {"weight_decay": [1], "seeds": 3}})
    assert svg == ""


def test_of_many_weight_decays_the_ends_and_the_chosen_one_stay(tmp_path: Path) -> None:
    many = [0, *(round(10 ** (k / 8), 6) for k in range(-24, 9))]
    data, svg = explorer(tmp_path, LINEAR | {"grid": {"weight_decay": many, "seeds": 2}})
    stops = {float(at) for at, _ in groups(svg)}
    assert len(stops) <= 14 and stops <= set(many)
    assert {0.0, max(many), data.base.chosen_weight_decay} <= stops
    assert len(svg.encode()) <= 60_000
