"""What a person may rely on when jobs, nodes and Slurm itself fail."""

import copy
import re
import time

import pytest

from tests.workflow.test_workflow import tables

from .conftest import moody, quick, until

pytestmark = pytest.mark.xdist_group("slurm")


def test_jobs_that_fail_are_named_and_the_next_call_makes_all_good(workplace):
    grid = {"weight_decay": [0, 1], "seeds": 1}
    place = workplace(quick("good", 1), moody("raises", 1, "raises", grid=grid))
    place.run("--until", "collect")
    # A block that had two cells is to have a third; one job takes too much memory, one too much time.
    place.configure(
        [
            quick("good", 1),
            moody("raises", 1, "raises", grid={**grid, "weight_decay": [0, 1, 2]}),
            moody("greedy", 1, "greedy"),
            moody("slow", 1, "slow"),
        ]
    )
    finished = place.trained()
    place.mood("bad")
    head = place.start("--retries", "0", "--set-resources", "train:runtime=1")
    assert head.wait(200) != 0
    for name, end in (
        ("raises", r"FAILED on n\d: its command failed"),
        ("greedy", r"(OUT_OF_MEMORY|FAILED|CANCELLED) on n\d: it needed more than the mem_mb"),
        ("slow", r"TIMEOUT on n\d: it ran longer"),
    ):
        sentence = re.compile(rf"Slurm job \d+ \(train-{name}-0000\) ended as {end}")
        assert sentence.search(head.text), head.text
        assert sentence.search(place.slurm_logs(f"train-{name}-0000-*.log")[-1].read_text())
    assert "ValueError: this module was never meant to be" in head.text
    place.mood("fine")
    place.run()
    assert len(place.blocks()) == 4
    assert "2 of 3 cells are there; 1 to train" in (place.path / "logs" / "raises" / "train-0000.log").read_text()
    good = {path: runs for path, runs in finished.items() if "good" in path}
    assert good and good.items() <= place.trained().items()


def test_a_run_outlives_scancel_dead_daemons_a_crashed_node_and_an_absent_controller(workplace):
    studies = [quick("quick", 2), moody("waits", 4)]
    local, place = workplace(*copy.deepcopy(studies), name="local"), workplace(*studies, name="faults")
    cluster = place.cluster
    place.mood("waits")
    head = place.start()
    until(lambda: len(place.blocks()) == 2 and len(cluster.jobs()) == 4, 90, "two blocks done, four under way")
    finished = place.trained()
    jobs = cluster.jobs()
    by_node = {node: [job for job, said in jobs.items() if said.endswith(node)] for node in cluster.nodes}
    # Slurm may have put all four on two nodes: the one that is cancelled leaves another on its node.
    cancelled = max(by_node.values(), key=len).pop()
    crashed, daemonless = [node for node in cluster.nodes if by_node[node]][:2]
    cluster.ask("scancel", cancelled)
    cluster.crash(crashed)
    cluster.kill_daemon(daemonless)
    cluster.stop_controller()
    away = time.monotonic()
    local.run(profile=None)
    time.sleep(max(0.0, away + 40 - time.monotonic()))
    assert head.process.poll() is None
    place.mood("fine")
    cluster.start_controller()
    for node in (crashed, daemonless):
        cluster.start_daemon(node)
    if head.wait(180) != 0:
        place.run()
    assert tables(place.path / "results") == tables(local.path / "results")
    assert finished.items() <= place.trained().items()
    assert len(place.blocks()) == 6
    until(lambda: set(cluster.states()) == {"idle"}, 60, "all nodes are back")
