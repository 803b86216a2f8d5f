"""An edit of any file of the package changes the digest of exactly the stages that use it.

What a stage uses is found by running it on small studies; what an edit changes, by editing each file of a copy.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import decaybench
from decaybench.config.known import with_tables
from decaybench.config.parsing import parse_config
from decaybench.jobs.plan import STAGES, Work
from decaybench.provenance import code
from decaybench.tasks import MODULES as TASKS

pytestmark = pytest.mark.xdist_group("fingerprint")  # what is run once serves all tests here

HERE, PACKAGE = Path(__file__).parent, Path(decaybench.__file__).parent
SHORT = {"training": {"epochs": 2}, "grid": {"weight_decay": [0, 1], "seeds": 2}}
RECIPES = {  # every kind of task and of model
    "gaussian": {"task": {"n_train": 6, "n_features": 9}},
    "polynomial": {"task": {"kind": "polynomial", "n_train": 8, "degree": 3}},
    "diabetes": {"task": {"kind": "diabetes", "n_train": 20, "degree": 1}},
    "biopsies": {"task": {"kind": "breast_cancer", "n_train": 20}},
    "digits": {"task": {"kind": "digits", "n_train": 20}},
    "modular": {
        "task": {"kind": "modular_addition", "modulus": 5, "n_train": 10, "n_validation": 5, "n_test": 5},
        "model": {"kind": "mlp", "hidden": [4]},
    },
    "table": {
        "task": {"kind": "table", "path": "sklearn:linnerud", "target": "Weight"},
        "training": {"optimizer": "exact"},
    },
    "own": {"task": {"n_train": 6, "n_features": 9}, "model": {"kind": "module", "factory": "my_net:net"}},
}
DRAWN = ("polynomial",)  # which figures a study has makes no difference: all are asked
CONFIG = with_tables(
    parse_config({"studies": [{"name": name, **SHORT, **keys} for name, keys in RECIPES.items()]}), Path()
)
STUDIES = {study.name: study for study in CONFIG.studies}
OF_ONE = {"train": tuple(STUDIES), "analyse": tuple(STUDIES), "draw": DRAWN, "slides": DRAWN}
OF_ONE |= {"splits": ("table",), "refit": ("table",)}
OF_ALL = ("cost", "judge", "render")
JOBS = [
    *((stage, [name]) for stage in OF_ONE for name in OF_ONE[stage]),
    *((stage, list(STUDIES)) for stage in OF_ALL),
]
TESTED = [" ".join([stage, *names]) for stage, names in JOBS]

# Used by stages, but no part of their digests.
LEFT_OUT = {
    "cli.py": "hands a job's words on to the stage",
    "tasks/table/looking.py": "looks at tables; what it finds stands in the job's words",
    "console.py": "decides how letters are printed, in no file",
    "config/": "all that it decides stands in the job's words, which Snakemake compares",
    "provenance/code.py": "computes digests",
    "provenance/own_code.py": "computes digests",
}


def arguments_of(stage, name=None):
    """The words of a job in the folder where all of them run."""
    if stage == "train":
        work = Work(STUDIES[name])
        ((block, seeds),) = work.blocks.items()
        cut = ["--seeds", f"{seeds[0]}-{seeds[-1]}", "--seeds-per-block", str(work.own)]
        return ["--study", work.block(block), *cut, "--output", f"{name}/blocks/{block}.parquet"]
    if stage == "splits":
        return ["--study", STUDIES[name].to_json(), "--output", f"{name}/splits.parquet"]
    if stage == "refit":
        return ["--study", STUDIES[name].to_json(), "--cells", f"{name}/cells.parquet", "--output", f"{name}/model"]
    if name:
        return ["--study", STUDIES[name].to_json(), "--folder", name]
    if stage == "cost":
        return ["--output", "_machine/timings.json"]
    return ["--config", CONFIG.to_json(), "--results", "."]


def asked(script, content, folder, *words, **environment):
    done = subprocess.run(
        [sys.executable, str(HERE / script), *words],
        input=json.dumps(content),
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def whole_name(file):
    """The folder of templates for each of its files: which of them a page needs, its facts decide."""
    read = [folder for folders in code.READ_BY.values() for folder in folders]
    return next((folder for folder in read if file.removeprefix("decaybench/").startswith(folder)), file)


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """The files of the package that each stage uses."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "my_net.py").write_text("from torch import nn\n\nnet = nn.Linear\n")
    jobs = [(" ".join([s, *names]), [s, *arguments_of(s, *names if s in OF_ONE else ())]) for s, names in JOBS]
    return {name: set(files) for name, files in asked("what_runs.py", jobs, folder).items()}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package and of a user's module, and what every edit there changes."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, folder / "decaybench", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "my_net.py").write_text("from torch import nn\n\nnet = nn.Linear\n")
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    return folder, digests_in(folder, {whole_name(path): path for path in files}.values())


def digests_in(folder, edit):
    studies = {name: study.model_dump_json() for name, study in STUDIES.items()}
    content = {"studies": studies, "stages": JOBS, "edit": list(edit)}
    return asked("what_edits_change.py", content, folder, str(folder), PYTHONPATH=str(folder))


def changed_by(copy, edited):
    return set(copy[1]["changed"][edited])


@pytest.mark.parametrize("stage", TESTED)
def test_an_edit_changes_the_digests_of_exactly_the_stages_that_use_the_file(stage, used, copy):
    files = {whole_name(path.partition("/")[2]): names for path, names in copy[1]["changed"].items() if "/" in path}
    watched = {path for path, names in files.items() if stage in names}
    runs = {whole_name(path) for path in used[stage] if not path.startswith(tuple(LEFT_OUT))}
    assert runs - watched == set(), "an edit of these leaves old results"
    # Whether a stage makes data again, the recipe decides: the tasks of its studies count in any case.
    named, *studies = stage.split()
    tasks = {f"tasks/{TASKS[STUDIES[name].task.kind].rpartition('.')[2]}.py" for name in studies}
    assert watched - runs <= (tasks if named != "train" else set())


def test_all_stages_are_tested():
    assert {stage for stage, _ in JOBS} == set(STAGES)
    assert {study.task.kind for study in STUDIES.values()} == set(TASKS) - {"arrays"}  # of no config


ALL = {f"cells {name}" for name in STUDIES}
MLP = {"cells digits", "cells biopsies", "cells modular"}  # a linear model of classes is a network
LINEAR = {"cells gaussian", "cells polynomial", "cells diabetes"}
IN_KEYS = {
    "decaybench/learning/linear.py": LINEAR | {"cells table"},
    "decaybench/learning/full_batch.py": LINEAR | {"cells table"},
    "decaybench/learning/mlp.py": MLP,
    "decaybench/learning/networks.py": MLP | {"cells own", "cells table"},
    "decaybench/learning/module.py": {"cells own"},
    "my_net.py": {"cells own"},
    "decaybench/learning/loop.py": ALL,
    "decaybench/tasks/streams.py": ALL,
    "decaybench/cells/tables.py": ALL,
    "decaybench/tasks/gaussian_linear.py": {"cells gaussian", "cells own"},
    "decaybench/tasks/polynomial.py": {"cells polynomial"},
    "decaybench/tasks/modular_addition.py": {"cells modular"},
    "decaybench/tasks/table/splitting.py": {"cells table"},
    "decaybench/learning/exact.py": {"cells table"},
    "decaybench/tasks/bundled.py": {"cells diabetes", "cells digits", "cells biopsies"},
    "decaybench/config/models.py": set(),
    "decaybench/learning/run.py": set(),
    "decaybench/stages/train.py": set(),
    "decaybench/provenance/machine.py": set(),
    "decaybench/theory/wishart.py": set(),
}


@pytest.mark.parametrize(("edited", "changed"), IN_KEYS.items(), ids=IN_KEYS)
def test_cells_are_trained_again_when_the_code_of_their_numbers_changes(edited, changed, copy):
    assert {name for name in changed_by(copy, edited) if name.startswith("cells ")} == changed


def test_an_edit_of_the_theory_of_ridge_analyses_and_judges_again(copy):
    stages = {name.split()[0] for name in changed_by(copy, "decaybench/theory/wishart.py")}
    assert {"analyse", "judge"} <= stages and not stages & {"train", "cells"}


def test_touched_files_another_place_and_other_caches_change_nothing(copy, tmp_path):
    folder, before = copy
    elsewhere = tmp_path / "else where"
    shutil.copytree(folder, elsewhere)
    for path in elsewhere.rglob("*.py"):
        os.utime(path, (1, 1))
    (elsewhere / "decaybench" / "theory" / "__pycache__").mkdir()
    (elsewhere / "decaybench" / "theory" / "__pycache__" / "ridge.cpython-311.pyc").write_bytes(b"old")
    (elsewhere / "decaybench" / "report" / "templates" / ".page.html.j2.swp").write_bytes(b"an editor's")
    assert digests_in(elsewhere, edit=())["before"] == before["before"]


def test_a_module_that_has_moved_is_missed():
    with pytest.raises(LookupError, match=r"decaybench\.theory\.gone: there is no such module"):
        code.fingerprint("decaybench.theory.gone")


# --- imports ---------------------------------------------------------------------------------------

SPELLINGS = {
    "import a.b.c": {"a.b.c"},
    "import a.b as other, c": {"a.b", "c"},
    "from a import b, c as d": {"a", "a.b", "a.c"},
    "from . import x": {"pkg.sub", "pkg.sub.x"},
    "from .x import y": {"pkg.sub.x", "pkg.sub.x.y"},
    "from .. import x": {"pkg", "pkg.x"},
    "from ..x.y import z": {"pkg.x.y", "pkg.x.y.z"},
    "from ... import x": set(),
    "def f():\n  with g():\n    import a": {"a"},
    "try:\n  import a\nexcept ImportError:\n  import b\nelse:\n  import c\nfinally:\n  import d": {*"abcd"},
    "match 1:\n  case 1:\n    import a": {"a"},
    "class A:\n  async def f(self):\n    async for x in y:\n      import a": {"a"},
    "if TYPE_CHECKING:\n  import a\nelse:\n  import b": {"b"},
    "if typing.TYPE_CHECKING:\n  import a": set(),
    "if x:\n  pass\nelif y:\n  import a": {"a"},
    "def broken(": set(),
    "text = '''\nimport a\n'''": set(),
}


@pytest.mark.parametrize(("text", "names"), SPELLINGS.items())
def test_every_spelling_of_an_import_is_read(text, names):
    assert code.source(text.encode(), "pkg.sub.module", False).imports == names


def test_dots_in_a_package_count_from_itself():
    assert code.source(b"from . import x\nfrom .. import y", "pkg.sub", True).imports == {
        "pkg.sub", "pkg.sub.x", "pkg", "pkg.y",
    }  # fmt: skip
    assert code.source(b"__all__ = ['x', 'Y']", "pkg.sub", True).imports == {"pkg.sub.x", "pkg.sub.Y"}


def test_packages_above_run_too():
    sources = {name: code.source(text, name, "." not in name) for name, text in {
        "a": b"from a import d", "a.b": b"import a.c", "a.c": b"", "a.d": b"", "a.e": b"",
    }.items()}  # fmt: skip
    assert set(code.closure(["a.b"], sources.get)) == {"a", "a.b", "a.c", "a.d"}
