"""A config means the same to `snakemake` as to `decaybench plan`, with any path and locale."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import yaml

from .conftest import ROOT, SMALL

SNAKEMAKE = str(Path(sys.executable).parent / "snakemake")
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def planned(folder: Path, *words: str) -> tuple[int, str]:
    command = [SNAKEMAKE, "--directory", str(folder), "-n", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_a_key_that_stands_twice_is_refused_with_its_line(tmp_path):
    fine, twice, in_json = tmp_path / "fine.yaml", tmp_path / "twice.yaml", tmp_path / "twice.json"
    fine.write_text("studies:\n  - name: a\n")
    twice.write_text("studies:\n  - name: first\nnodes: 2\nstudies:\n  - name: second\n")
    in_json.write_text('{"studies":\n [{"name": "a", "grid": {"seeds": 1,\n "seeds": 2}}]}')
    for files in ([twice], [fine, twice], [twice, fine]):
        code, text = planned(tmp_path, "--configfile", *map(str, files))
        assert code == 1
        assert f"config: {twice}: studies: line 4: stands twice, first in line 1; keep one" in text
    code, text = planned(tmp_path, "--configfile", str(in_json))
    assert code == 1
    assert f"config: {in_json}: studies[0].grid.seeds: line 3: stands twice, first in line 2" in text
    assert planned(tmp_path, "--configfile", str(fine))[0] == 0
    assert not (tmp_path / "results").exists()


def test_a_name_that_yaml_misreads_wants_quotes_and_the_command_line_still_overrides(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("studies:\n  - name: no\n    grid: {seeds: 2}\n")
    code, text = planned(tmp_path, "--configfile", str(path))
    assert code == 1
    assert f'{path}: studies[0].name: line 2: no is read by YAML as false; quote it: "no"' in text
    path.write_text('x-seeds: &seeds {seeds: 200}\nstudies:\n  - name: "no"\n    grid: *seeds\n')
    code, text = planned(tmp_path, "--configfile", str(path), "--config", "nodes=10")
    assert code == 0
    assert "train 16" in " ".join(text.split())  # eight blocks of 25 would be too few for ten machines


def test_any_path_reaches_the_page_and_free_keys_change_nothing(workplace):
    study = copy.deepcopy(SMALL["studies"][0])
    study["task"] = {"kind": "diabetes", "degree": 1}
    study["variants"] = {"more": {"task.n_train": 80}}
    folder = workplace.path / "un été à Zürich"
    folder.mkdir()
    own = {**SMALL, "studies": [study], "pathvars": {"results": "mes résultats λ", "logs": "my logs"}}
    words = ("--directory", str(folder))
    run = workplace.run(*words, config=own)
    assert run.code == 0, run.text
    results = folder / "mes résultats λ"
    page = (results / "report.en.html").read_text(encoding="utf-8")
    for sizes in (
        "n_train: 60, n_validation: 191, n_test: 191",
        "n_train: 80, task.n_validation: 181, task.n_test: 181",
    ):
        assert sizes in page
    assert list((folder / "my logs").rglob("analyse.log"))
    assert set(pd.read_parquet(results / "small" / "cells.parquet")["variant"]) == {"base", "more"}
    assert "x-" not in json.loads((results / "manifest.json").read_text(encoding="utf-8"))["config"]
    again = workplace.run(*words, config={"x-free": [yaml.safe_load("2024-01-01"), None], **own})
    assert again.code == 0, again.text
    assert "Nothing to be done" in again.text


def test_a_locale_without_letters_reaches_the_page(workplace):
    own = {**SMALL, "pathvars": {"results": "my results"}}
    run = workplace.run(config=own, environment=C_LOCALE)
    assert run.code == 0, run.text
    assert "λ" in (workplace.path / "my results" / "report.en.html").read_text(encoding="utf-8")
