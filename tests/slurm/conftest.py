"""Runs of the workflow on a real Slurm of three virtual nodes, which all these tests share.

Without Slurm they are skipped; DECAYBENCH_REQUIRE_SLURM=1 makes them obligatory. Nothing waits for ever: each run has
a limit, at which its whole session of processes is ended.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from decaybench.cells.tables import block_runs, read_block

from .cluster import Cluster, missing_programs

ROOT = Path(__file__).parents[2]
SNAKEMAKE = str(Path(sys.executable).parent / "snakemake")

# Modules that behave as the file `mood` says: what a job does wrong is then no matter of its code.
MOODY = """
import os
import time
from pathlib import Path

import torch
from torch import nn

from decaybench.learning import device


def mood():
    return Path("mood").read_text() if Path("mood").exists() else "fine"


def make(n_features, n_outputs):
    end = time.monotonic() + 150
    while mood() == "waits" and time.monotonic() < end:
        time.sleep(0.1)
    return nn.Linear(n_features, n_outputs)


def says_gpu(n_features, n_outputs):
    with device.claimed(torch.device("cuda")) as chosen:
        seen = os.environ.get("CUDA_VISIBLE_DEVICES", "none")
        note = Path("gpu-" + os.environ["SLURM_JOB_ID"])
        note.write_text(os.environ["SLURMD_NODENAME"] + " " + str(chosen) + " " + seen)
    return make(n_features, n_outputs)


def raises(n_features, n_outputs):
    if mood() == "bad":
        raise ValueError("this module was never meant to be")
    return nn.Linear(n_features, n_outputs)


def greedy(n_features, n_outputs):
    if mood() == "bad":
        hoard = bytearray(4_000_000_000)
        hoard[::4096] = b"x" * len(hoard[::4096])
        time.sleep(60)
    return nn.Linear(n_features, n_outputs)


def slow(n_features, n_outputs):
    if mood() == "bad":
        time.sleep(150)
    return nn.Linear(n_features, n_outputs)
"""


def moody(name: str, seeds: int, factory: str = "make", **keys: Any) -> dict[str, Any]:
    """A study of one seed a block that trains a module of MOODY."""
    return {
        "name": name,
        "task": {"kind": "gaussian_linear", "n_train": 8, "n_features": 5, "n_validation": 10, "n_test": 10},
        "model": {"kind": "module", "factory": f"moody:{factory}"},
        "training": {"epochs": 2, "batch_size": 8, "learning_rate": 0.01},
        "grid": {"weight_decay": [0, 1], "seeds": seeds},
        "seeds_per_block": 1,
        **keys,
    }


def quick(name: str, seeds: int, **keys: Any) -> dict[str, Any]:
    """A study of one seed a block that trains at once."""
    return moody(name, seeds, model={"kind": "linear"}, **keys)


class Head:
    """A Snakemake under way, in a session of its own."""

    def __init__(self, command: list[str], environment: dict[str, str], output: Path):
        self.output = output
        with output.open("wb") as out:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def text(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def wait(self, limit: float) -> int:
        """The exit code; at the limit everything is ended and the test fails."""
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"not done after {limit:.0f} s:\n{self.text[-3000:]}")

    def kill(self) -> None:
        """SIGKILL, as by a machine that goes down: its jobs stay in the queue."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def cpu_seconds(self) -> float:
        """Of the process and its children that have ended."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")

    def jobs(self, rule: str) -> int:
        """How many jobs of a rule the run had, from its table of job counts."""
        found = re.search(rf"^{rule}\s+(\d+)$", self.text, re.MULTILINE)
        return int(found[1]) if found else 0


class Workplace:
    """A folder with a config, in which this checkout's workflow runs."""

    def __init__(self, path: Path, cluster: Cluster, studies: list[dict[str, Any]]):
        self.path, self.cluster, self.heads = path, cluster, 0
        self.started: list[Head] = []
        path.mkdir(parents=True)
        (path / "moody.py").write_text(MOODY)
        self.configure(studies)

    def configure(self, studies: list[dict[str, Any]]) -> None:
        config = {"studies": studies, "report": {"languages": ["en"]}}
        (self.path / "mine.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")

    def mood(self, mood: str) -> None:
        (self.path / "mood.part").write_text(mood)
        (self.path / "mood.part").replace(self.path / "mood")

    def command(self, *words: str, profile: str | None = "slurm") -> list[str]:
        chosen = ["--profile", str(ROOT / "profiles" / profile)] if profile else []
        return [
            SNAKEMAKE, *chosen, "--snakefile", str(ROOT / "Snakefile"), "--directory", str(self.path),
            "--configfile", str(self.path / "mine.yaml"), *words,
        ]  # fmt: skip

    def start(
        self, *words: str, profile: str | None = "slurm", before: Sequence[str] = (), **environment: str
    ) -> Head:
        """Start Snakemake with these words, through the command `before`."""
        self.heads += 1
        head = Head(
            [*before, *self.command(*words, profile=profile)], {**self.cluster.environment, **environment},
            self.path / f"head-{self.heads}.txt",
        )  # fmt: skip
        self.started.append(head)
        return head

    def run(self, *words: str, profile: str | None = "slurm", limit: float = 120) -> Head:
        head = self.start(*words, profile=profile)
        code = head.wait(limit)
        assert code == 0, head.text[-3000:]
        return head

    def blocks(self) -> list[Path]:
        return sorted(self.path.glob("results/*/blocks/*.parquet"))

    def trained(self) -> dict[str, str]:
        """What each block says of the runs that trained it: their node, seconds and memory tell them apart."""
        return {str(path): json.dumps(block_runs(read_block(path))) for path in self.blocks()}

    def timings(self) -> list[dict[str, Any]]:
        content = json.loads((self.path / "results" / "timings.json").read_text())
        return [run for runs in content["runs"].values() for run in runs]

    def slurm_logs(self, pattern: str) -> list[Path]:
        """Logs called NAME-JOB.log, the newest last. Not by name: job 10 comes after job 6."""
        logs = (self.path / "logs" / "slurm").glob(pattern)
        return sorted(logs, key=lambda log: int(log.stem.rpartition("-")[2]))


def until(happened: Callable[[], Any], seconds: float, what: str) -> None:
    """Wait for something to happen; fail when it does not."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            pytest.fail(f"after {seconds:.0f} s still not: {what}")
        time.sleep(0.1)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "limit(seconds): a test of Slurm that takes longer has failed")


@pytest.fixture(autouse=True)
def limit(request: pytest.FixtureRequest) -> Iterator[None]:
    """Ends a test that hangs, whatever it waits for."""
    mark = request.node.get_closest_marker("limit")
    assert mark, "each test of Slurm says its limit"

    def late(*_: Any) -> None:
        pytest.fail(f"not done after {mark.args[0]} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(mark.args[0])
    yield
    signal.alarm(0)


def needs(missing: list[str], packages: str) -> None:
    """Skip where programs are missing; fail where they must not be."""
    if missing:
        reason = f"there is no Slurm here ({', '.join(missing)} missing; apt-get install {packages})"
        if os.environ.get("DECAYBENCH_REQUIRE_SLURM") == "1":
            pytest.fail(f"DECAYBENCH_REQUIRE_SLURM=1, but {reason}")
        pytest.skip(reason)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    needs(missing_programs(), "slurmctld slurmd slurm-client munge")
    made = Cluster()
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def workplace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Workplace]]:
    """Makes workplaces, on the cluster of all tests when no other is given, and ends what still runs in them."""
    made: list[Workplace] = []

    def make(*studies: dict[str, Any], name: str = "ein Ordner für λ", cluster: Cluster | None = None) -> Workplace:
        where = cluster or request.getfixturevalue("cluster")
        made.append(Workplace(tmp_path / name, where, list(studies)))
        return made[-1]

    yield make
    for place in made:
        for head in place.started:
            head.kill()
    for cluster in {place.cluster for place in made}:
        left = [job for state in ("PENDING", "RUNNING") for job in cluster.jobs(state)]
        if left:
            cluster.ask("scancel", *left)
            until(lambda on=cluster: not on.jobs("RUNNING"), 30, "the jobs of a failed test are gone")
