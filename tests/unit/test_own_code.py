"""Own modules are trained again when a file of the project that they import changes; nothing is run to see that."""

import importlib.machinery
import importlib.metadata
import importlib.util
import os
import py_compile
import subprocess
import sys
import zipfile

import pytest
from oracles import study_of

from decaybench.jobs.plan import unwatched
from decaybench.learning import code_of
from decaybench.provenance import own_code as module
from decaybench.provenance.code import PACKAGE

NET = "from torch import nn\n\nnet = nn.Linear\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty folder in which jobs run."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return folder


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def study_with(factory):
    return study_of(model={"kind": "module", "factory": factory})


def code(factory):
    module._own_code.cache_clear()
    return code_of(study_with(factory).resolved()[0])


# name: (files, factory, files whose edit counts)
LAYOUTS = {
    "a file": ({"my_net.py": NET}, "my_net:net", {"my_net.py"}),
    "a package's __init__": ({"nets/__init__.py": NET, "nets/other.py": ""}, "nets:net", {"nets/__init__.py"}),
    "a submodule": (
        {"nets/__init__.py": "", "nets/deep/__init__.py": "", "nets/deep/net.py": NET, "nets/deep/other.py": ""},
        "nets.deep.net:net",
        {"nets/__init__.py", "nets/deep/__init__.py", "nets/deep/net.py"},
    ),
    "a folder without __init__": ({"nets/net.py": NET, "nets/other.py": ""}, "nets.net:net", {"nets/net.py"}),
    "folders without __init__ in each other": ({"a/b/net.py": "from a.c import x\n", "a/c/x.py": ""}, "a.b.net:net",
                                               {"a/b/net.py", "a/c/x.py"}),
    "helpers of helpers": (
        {"my_net.py": "import one\n", "one.py": "from two import x as y\n", "two.py": "import my_net\n", "x.py": ""},
        "my_net:net",
        {"my_net.py", "one.py", "two.py"},
    ),
    "relative imports": (
        {"p/__init__.py": "", "p/net.py": "from . import a\nfrom .q.b import x\n", "p/a.py": "from .. import p\n",
         "p/q/__init__.py": "from ..c import *\n", "p/q/b.py": "", "p/c.py": "", "p/d.py": ""},
        "p.net:net",
        {"p/__init__.py", "p/net.py", "p/a.py", "p/q/__init__.py", "p/q/b.py", "p/c.py"},
    ),
    "a module as a name of its package": (
        {"p/__init__.py": "", "p/a.py": "", "p/b.py": "", "my_net.py": "from p import a, nothing\n"},
        "my_net:net",
        {"my_net.py", "p/__init__.py", "p/a.py"},
    ),
    "all that a package names": (
        {"p/__init__.py": "__all__ = ['a']\n", "p/a.py": "", "p/b.py": "", "my_net.py": "from p import *\n"},
        "my_net:net",
        {"my_net.py", "p/__init__.py", "p/a.py"},
    ),
    "an import inside a function": (
        {"my_net.py": "def net(i, o):\n  try:\n    import a\n  except ImportError:\n    from b import c\n",
         "a.py": "", "b.py": "", "c.py": ""},
        "my_net:net",
        {"my_net.py", "a.py", "b.py"},
    ),
    "for type checkers only": (
        {"my_net.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\n", "a.py": ""},
        "my_net:net",
        {"my_net.py"},
    ),
    "a helper called as a module of Python": (
        {"my_net.py": "import statistics, colorsys, time\n", "colorsys.py": "", "time.py": ""},
        "my_net:net",
        {"my_net.py", "colorsys.py"},  # time is built in, and no file is ever taken for it
    ),
    "a package before a file of its name": (
        {"net.py": "", "net/__init__.py": NET}, "net:net", {"net/__init__.py"},
    ),
    "a file that Python cannot read": ({"my_net.py": "import a\ndef (\n", "a.py": ""}, "my_net:net", {"my_net.py"}),
    "a file that stops whoever runs it": (
        {"my_net.py": "import a\nraise SystemExit('run')\n", "a.py": "1 / 0\n"}, "my_net:net", {"my_net.py", "a.py"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_exactly_the_files_that_a_factory_runs_count(layout, project):
    files, factory, counted = LAYOUTS[layout]
    write(project, files)
    loaded = set(sys.modules)
    before = code(factory)
    changed = set()
    for name, text in files.items():
        (project / name).write_text(text + "\n# edited\n")
        if code(factory) != before:
            changed.add(name)
        (project / name).write_text(text)
    assert changed == counted
    assert code(factory) == before
    assert set(sys.modules) == loaded, "something was imported"
    assert unwatched([study_with(factory)]) == []


def test_a_new_file_that_hides_another_counts(project, monkeypatch):
    write(project.parent, {"shared/helper.py": ""})
    monkeypatch.setenv("PYTHONPATH", str(project.parent / "shared"))
    write(project, {"my_net.py": "import helper\n"})
    before = code("my_net:net")
    write(project.parent, {"shared/helper.py": "# edited"})
    edited = code("my_net:net")
    write(project, {"helper.py": "# edited, too"})
    assert len({before, edited, code("my_net:net")}) == 3


def test_place_and_time_of_files_count_nothing(project, monkeypatch):
    files = {"nets/net.py": "from . import a\n", "nets/a.py": ""}
    write(project, files)
    before = code("nets.net:net")
    os.utime(project / "nets" / "a.py", (1, 1))
    assert code("nets.net:net") == before
    elsewhere = project.parent / "else where"
    write(elsewhere, files)
    monkeypatch.chdir(elsewhere)
    assert code("nets.net:net") == before


def test_what_is_installed_counts_by_its_version(project, monkeypatch):
    write(project, {"my_net.py": "import sklearn.linear_model\nfrom torch import nn\n"})
    before = code("my_net:net")
    module._own_code.cache_clear()
    assert module.own_code("my_net:net").modules == ()
    monkeypatch.setattr(module, "version_of", lambda library: f"{library}==another".encode())
    assert code("my_net:net") != before
    assert code("sklearn.linear_model:Ridge") != code("torch.nn:Linear")


def test_a_factory_that_imports_this_package_counts_what_that_runs(project):
    write(
        project, {"my_net.py": f"from {PACKAGE}.theory.ridge import expected_ridge\nfrom {PACKAGE} import nothing\n"}
    )
    assert f"{PACKAGE}.theory.ridge" in module.own_code("my_net:net").modules


def test_an_editable_installation_is_watched(project, monkeypatch):
    """Its finder knows a folder that is on no path."""
    outside = project.parent / "outside"
    write(
        outside,
        {"my_package/__init__.py": "", "my_package/net.py": "from my_package import a\n", "my_package/a.py": ""},
    )

    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name != "my_package":
                return None
            return importlib.util.spec_from_file_location(name, outside / "my_package" / "__init__.py")

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    before = code("my_package.net:net")
    write(outside, {"my_package/a.py": "# edited"})
    assert code("my_package.net:net") != before


def test_an_archive_on_the_path_is_watched(project, monkeypatch):
    archive = project / "nets.zip"
    monkeypatch.setenv("PYTHONPATH", str(archive))
    codes = []
    for text in ("", "# edited"):
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("my_net.py", "import a\n")
            file.writestr("a.py", text)
        importlib.invalidate_caches()
        codes.append(code("my_net:net"))
    assert codes[0] != codes[1]


def test_what_cannot_be_watched_is_said_in_a_line(project):
    write(project, {"hidden.py": "import a\n", "a.py": ""})
    py_compile.compile(str(project / "hidden.py"), cfile=str(project / "compiled.pyc"))
    (line,) = unwatched([study_with("compiled:net")])
    assert line.startswith("model.factory: compiled:net: ") and "compiled.pyc is compiled" in line
    before = code("compiled:net")
    (project / "compiled.pyc").write_bytes((project / "compiled.pyc").read_bytes() + b"\0")
    assert code("compiled:net") != before
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    (project / f"extension{suffix}").write_bytes(b"\x7fELF")
    (line,) = unwatched([study_with("extension:net")])
    assert f"extension{suffix} is compiled, so an edit of what it imports trains nothing again" in line
    (line,) = unwatched([study_with("nowhere.at_all:net")])
    assert line.startswith(f"model.factory: nowhere.at_all:net: no source of nowhere.at_all is found from {project}")


def test_an_unreadable_file_does_not_break_the_reading(project):
    write(project, {"my_net.py": "import a\n", "a.py": ""})
    (project / "b.py").symlink_to("b.py")
    (project / "my_net.py").write_text("import a, b\n")
    (project / "a.py").chmod(0)
    assert code("my_net:net")
    assert code("a:net")


ASK = """
import sys
from decaybench.learning import code_of
from decaybench.config import Study
print(code_of(Study.model_validate_json(sys.argv[1]).resolved()[0]))
"""


def test_whoever_asks_finds_the_same_code(project, monkeypatch):
    """The head that plans, the command of a job, and a node, however they were started."""
    root = project.parent / "root"
    write(root, {"my_net.py": "import helper, json\n", "helper.py": "", "ask.py": ASK})
    write(project.parent, {"start/helper.py": "# another", "start/ask.py": ASK})
    monkeypatch.setenv("PYTHONPATH", str(root))
    study = study_with("my_net:net").model_dump_json()
    asks = [["-c", ASK, study], [str(root / "ask.py"), study], [str(project.parent / "start" / "ask.py"), study]]
    told = [subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True) for words in asks]
    assert {answer.stdout.strip() for answer in told} == {code("my_net:net")}
    before = code("my_net:net")
    write(root, {"helper.py": "# edited"})
    assert code("my_net:net") != before


def test_without_own_modules_nobody_lists_what_is_installed():
    """That takes longer than all the rest of the planning."""
    done = subprocess.run(
        [sys.executable, "-c", "import importlib.metadata as m; m.packages_distributions = None\n" + ASK,
         study_of().model_dump_json()],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
