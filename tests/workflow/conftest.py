"""Runs of the real workflow on small configs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]

SMALL = {
    "studies": [
        {
            "name": "small",
            "task": {"kind": "gaussian_linear", "n_train": 8, "n_features": 20, "n_validation": 10, "n_test": 10},
            "training": {"epochs": 4, "record_every": 2, "learning_rate": 0.01, "batch_size": 4},
            "grid": {"weight_decay": [0, 1], "seeds": 4},
            "seeds_per_block": 2,
        }
    ],
    "report": {"languages": ["en"]},
}


class Run:
    """A finished Snakemake call."""

    def __init__(self, done: subprocess.CompletedProcess):
        self.code = done.returncode
        self.text = done.stdout + done.stderr

    def jobs(self, rule: str) -> int:
        """How many jobs of a rule the run had, from its table of job counts."""
        for line in self.text.splitlines():
            words = line.split()
            if len(words) == 2 and words[0] == rule and words[1].isdigit():
                return int(words[1])
        return 0


@pytest.fixture
def workplace(tmp_path):
    """A folder with a config, and a function that runs the workflow of this checkout there."""

    class Workplace:
        path = tmp_path
        config = SMALL

        def run(self, *words: str, config=None, cwd=ROOT, environment=None) -> Run:
            chosen = config or self.config
            (tmp_path / "mine.yaml").write_text(yaml.safe_dump(chosen, allow_unicode=True), encoding="utf-8")
            command = [
                str(Path(sys.executable).parent / "snakemake"),
                "--directory", str(tmp_path), "--configfile", str(tmp_path / "mine.yaml"), *words,
            ]  # fmt: skip
            done = subprocess.run(
                command,
                cwd=cwd,
                capture_output=True,
                text=True,
                timeout=300,
                env={**os.environ, **(environment or {})},
            )
            return Run(done)

        def results(self, *parts: str) -> Path:
            return tmp_path.joinpath("results", *parts)

    return Workplace()


@pytest.fixture
def own_checkout(tmp_path_factory):
    """A copy of the checkout whose code may be edited; the environment is told to import from it."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("src", "workflow", "profiles", "config", "Snakefile"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, copy / name)
    return copy
