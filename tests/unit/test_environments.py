"""Environments are built from the checkout itself: no package of our name is taken from an index."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ENVS = ROOT / "workflow" / "envs"
CONDA_NAMES = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base", "snakemake": "snakemake-minimal"}


def names_and_bounds(requirements):
    """["torch>=2.4"] as {"torch": ">=2.4"}; extras are left out."""
    pattern = re.compile(r"([A-Za-z0-9_.-]+)(?:\[[^]]*\])?\s*(.*)")
    return {match[1]: match[2] for match in map(pattern.fullmatch, requirements) if match}


def test_the_conda_environment_holds_the_libraries_of_the_package_and_not_itself():
    conda = yaml.safe_load((ENVS / "decaybench.yaml").read_text())["dependencies"]
    assert all(isinstance(name, str) for name in conda), "nothing from pip: Snakemake copies this file elsewhere"
    there = names_and_bounds(conda)
    wanted = names_and_bounds(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])
    wanted.pop("snakemake-executor-plugin-cluster-generic", None)  # of the head process
    for name, bounds in wanted.items():
        assert there.get(CONDA_NAMES.get(name, name)) == bounds, name
    assert "decaybench" not in there


def test_conda_installs_decaybench_from_the_checkout_that_the_workflow_names(tmp_path):
    (tmp_path / "python").write_text('#!/bin/sh\nprintf "%s\\n" "$@" > asked\n')
    (tmp_path / "python").chmod(0o755)
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "DECAYBENCH_ROOT": "/a clone"}
    script = ENVS / "decaybench.post-deploy.sh"
    subprocess.run(["bash", str(script)], cwd=tmp_path, env=environment, check=True, timeout=20)
    words = (tmp_path / "asked").read_text().splitlines()
    assert words[:3] == ["-m", "pip", "install"] and words[-1] == "/a clone"


def test_the_container_copies_what_an_installation_reads_and_nothing_else(tmp_path):
    copied = re.findall(r"^    (\S+) /opt/decaybench/\1$", (ENVS / "decaybench.def").read_text(), re.MULTILINE)
    for name in copied:
        subprocess.run(["cp", "-r", str(ROOT / name), str(tmp_path)], check=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        ".",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("decaybench-*.whl")
    inside = zipfile.ZipFile(wheel).namelist()
    assert "snakemake_executor_plugin_decaybench_slurm/__init__.py" in inside
    assert any(name.startswith("decaybench/report/templates/") for name in inside)
    assert not [name for name in inside if name.startswith(("tests/", "results/"))]


@pytest.mark.parametrize("file", ["decaybench.yaml", "decaybench.def", "decaybench.post-deploy.sh"])
def test_no_index_is_asked_for_decaybench(file):
    text = re.sub(r"#.*", "", (ENVS / file).read_text())
    assert not re.search(r"(install|-)\s+decaybench\b", text)
