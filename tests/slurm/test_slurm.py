"""From a laptop to a cluster: the same command, the same bytes, on a Slurm that behaves."""

import json
import re
import time

import pytest

from tests.workflow.test_workflow import tables

from .conftest import moody, quick, until

pytestmark = pytest.mark.xdist_group("slurm")
TRAIN = ("--until", "train")
NETWORK = {
    "name": "net",
    "task": {"kind": "digits", "n_train": 60, "n_validation": 50, "n_test": 50},
    "model": {"kind": "mlp", "hidden": [8]},
    "training": {"epochs": 3, "learning_rate": 0.1},
    "grid": {"weight_decay": [0, 0.01], "seeds": 4},
    "seeds_per_block": 2,
}


@pytest.mark.limit(240)
def test_a_cluster_of_several_nodes_makes_the_bytes_of_one_machine_and_nearly_as_soon(workplace):
    here, there = (workplace(quick("lin", 4), NETWORK, name=name) for name in ("hier", "auf dem Cluster λ"))
    started = time.monotonic()
    here.run(profile=None)
    alone = time.monotonic() - started
    started = time.monotonic()
    there.run()
    assert time.monotonic() - started < 2 * alone + 60  # the machine may have other things to do by now
    assert tables(there.path / "results") == tables(here.path / "results")
    assert len({run["node"] for run in there.timings()}) >= 2
    assert {run["node"] for run in there.timings()} <= set(there.cluster.nodes)
    for run in there.timings():
        assert {"device", "threads", "seconds", "peak_memory_mb", "cpu", "cells"} <= run.keys()
    # Files a block: itself, its log, its benchmark, Slurm's log, and Snakemake's record of it.
    files = [path for path in there.path.rglob("*") if path.is_file()]
    assert len(files) <= 30 * len(there.blocks())
    # More nodes cut the same cells otherwise, and find them all again.
    before = tables(there.path / "results")
    there.run("--config", "nodes=4")
    logs = [path.read_text() for path in there.path.glob("logs/net/train-*x*.log")]
    assert len(logs) == 4
    assert all("; 0 to train" in log for log in logs)
    assert tables(there.path / "results") == before


@pytest.mark.limit(240)
def test_slurm_hands_each_job_a_gpu_of_its_own_and_the_trainer_takes_it(workplace):
    place = workplace(moody("gpus", 4, "says_gpu"))
    place.mood("waits")
    head = place.start("--until", "analyse", profile="slurm-gpu")
    until(lambda: len(list(place.path.glob("gpu-*"))) == 4, 90, "four jobs train at once")
    place.mood("fine")
    assert head.wait(60) == 0, head.text
    notes = [path.read_text().split() for path in place.path.glob("gpu-*")]
    assert len({(node, seen) for node, _, seen in notes}) == 4
    assert {seen for _, _, seen in notes} == {"0", "1"}
    # The trainer names no number and takes no lock: "cuda" is the first of those that it is let see.
    assert {chosen for _, chosen, _ in notes} == {"cuda"}
    recorded = [(run["node"], run["gpu"]) for runs in place.trained().values() for run in json.loads(runs)]
    assert sorted(recorded) == sorted((node, seen) for node, _, seen in notes)


@pytest.mark.limit(240)
def test_a_killed_snakemake_goes_on_with_the_jobs_that_it_left(workplace):
    place = workplace(quick("quick", 2), moody("waits", 3))
    place.mood("waits")
    head = place.start(*TRAIN)
    until(lambda: len(place.blocks()) == 2 and len(place.cluster.jobs()) >= 3, 60, "two blocks done, three under way")
    finished = place.trained()
    head.kill()
    place.run("--unlock", limit=30)
    again = place.start(*TRAIN)
    followed = re.compile(r"^train-waits-\d+ is under way already as Slurm job \d+: following it$", re.MULTILINE)
    until(lambda: len(followed.findall(again.text)) == 3, 60, "the jobs left behind are followed")
    place.mood("fine")
    assert again.wait(90) == 0, again.text
    assert len(place.slurm_logs("train-waits-*.log")) == 3
    assert finished.items() <= place.trained().items()
    submitted = place.slurm_logs("*.log")
    place.run(*TRAIN, limit=30)
    assert place.slurm_logs("*.log") == submitted
    # Snakemake has lost its notes of these jobs, and a changed parameter is noticed all the same.
    slower = {"epochs": 2, "batch_size": 8, "learning_rate": 0.02}
    place.configure([quick("quick", 2, training=slower), moody("waits", 3, training=slower)])
    assert place.run("-n", limit=30).jobs("train") == 5


@pytest.mark.limit(60)
def test_job_arrays_are_refused_in_one_line(workplace):
    place = workplace(quick("quick", 1))
    for profile in ("slurm-plugin", "slurm"):
        head = place.start("--slurm-array-jobs", "all", profile=profile)
        assert head.wait(60) != 0
        assert re.search(r"^.*--slurm-array-jobs: refused; .*$", head.text, re.MULTILINE), head.text
    assert not place.blocks()
