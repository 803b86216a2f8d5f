"""Editing code retrains exactly the studies that run it. Edits are made to a copy of the package."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import decaybench

SOURCES = Path(decaybench.__file__).parent

# Prints the fingerprint of the training code of several recipes, and of two later stages, as JSON.
REPORT = """
import json, sys
import decaybench
from pathlib import Path
from decaybench.config.parsing import parse_config
from decaybench.learning import code_of
from decaybench.provenance.code import fingerprint

assert Path(decaybench.__file__).is_relative_to(sys.argv[1]), decaybench.__file__
RECIPES = {
    "gaussian": {}, "polynomial": {"task": {"kind": "polynomial"}}, "diabetes": {"task": {"kind": "diabetes"}},
    "softmax": {"task": {"kind": "digits"}}, "mlp": {"task": {"kind": "digits"}, "model": {"kind": "mlp"}},
    "gaussian-mlp": {"model": {"kind": "mlp"}},
    "modular": {"task": {"kind": "modular_addition"}, "model": {"kind": "mlp"}},
    "module": {"model": {"kind": "module", "factory": "my_net:net"}},
}
studies = parse_config({"studies": [{"name": name, **keys} for name, keys in RECIPES.items()]}).studies
codes = {study.name: code_of(study.resolved()[0]) for study in studies}
codes["collect"] = fingerprint("decaybench.cells.tables")
codes["templates"] = fingerprint("report/")
assert "torch" not in sys.modules
print(json.dumps(codes))
"""
LINEAR = {"gaussian", "polynomial", "diabetes"}
MLP = {"softmax", "mlp", "gaussian-mlp", "modular"}
ALL = {*LINEAR, *MLP, "module"}
STAGES = {"collect", "templates"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package and of a user's module, and what it reports."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(SOURCES, folder / "decaybench", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "my_net.py").write_text("from torch import nn\nnet = nn.Linear\n")
    return folder, codes_of(folder)


def codes_of(folder):
    result = subprocess.run(
        [sys.executable, "-c", REPORT, str(folder)],
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


EDITS = {
    "decaybench/learning/linear.py": LINEAR,
    "decaybench/learning/full_batch.py": LINEAR,
    "decaybench/learning/span.py": LINEAR | MLP,
    "decaybench/learning/mlp.py": MLP,
    "decaybench/learning/networks.py": MLP | {"module"},
    "decaybench/learning/module.py": {"module"},
    "my_net.py": {"module"},
    "decaybench/learning/loop.py": ALL,
    "decaybench/learning/optimizers.py": ALL,
    "decaybench/learning/batch.py": ALL,
    "decaybench/learning/block.py": ALL,
    "decaybench/learning/device.py": ALL,
    "decaybench/streams.py": ALL,
    "decaybench/cells.py": ALL | {"collect"},
    "decaybench/grid.py": ALL | {"collect"},
    "decaybench/tasks/gaussian_linear.py": {"gaussian", "gaussian-mlp", "module"},
    "decaybench/tasks/polynomial.py": {"polynomial"},
    "decaybench/tasks/modular_addition.py": {"modular"},
    "decaybench/tasks/bundled.py": {"diabetes", "softmax", "mlp"},
    "decaybench/config.py": set(),
    "decaybench/fingerprint.py": set(),
    "decaybench/cli.py": set(),
    "decaybench/workflow.py": set(),
    "decaybench/learning/record.py": set(),
    "decaybench/provenance.py": set(),
    "decaybench/figures/__init__.py": set(),
    "decaybench/analysis/facts.py": set(),
    "decaybench/theory/ridge.py": set(),
    "decaybench/report/new_template.html": {"templates"},
}


@pytest.mark.parametrize(("edited", "changed"), EDITS.items(), ids=EDITS)
def test_an_edit_changes_the_code_of_exactly_what_runs_it(edited, changed, copy):
    folder, before = copy
    path = folder / edited
    content = path.read_bytes() if path.exists() else None
    path.write_bytes((content or b"") + b"\n# edited\n")
    try:
        after = codes_of(folder)
    finally:
        path.unlink() if content is None else path.write_bytes(content)
    assert {name for name in before if after[name] != before[name]} == changed


def test_touching_files_changes_nothing(copy):
    folder, before = copy
    for path in folder.rglob("*.py"):
        os.utime(path, (1, 1))
    assert codes_of(folder) == before


def test_another_place_changes_nothing(copy, tmp_path):
    folder, before = copy
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert codes_of(tmp_path / "elsewhere") == before


def test_every_import_of_the_training_code_is_followed():
    """Relative imports are not followed, so none may stand in what trains."""
    for path in [*SOURCES.glob("*.py"), *SOURCES.glob("tasks/*.py"), *SOURCES.glob("learning/*.py")]:
        assert "from ." not in path.read_text(encoding="utf-8"), path
