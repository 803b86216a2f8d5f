"""What a person may rely on when jobs, nodes and Slurm itself fail."""

import copy
import os
import re
import shlex
import shutil
import time

import pytest

from decaybench.cells.tables import read_block

from .conftest import ROOT, moody, quick, until

pytestmark = pytest.mark.xdist_group("slurm-faults")


def rows(place):
    """What has been trained, without the machines that did it."""
    return {path.relative_to(place.path): read_block(path).to_pylist() for path in place.blocks()}


def asked(place, study, what):
    """What the jobs of a study's only block asked for, the first one first; squeue's letter for it is `what`."""
    answer = place.cluster.ask("squeue", "-h", "-t", "all", "-o", f"%A %j {what}")
    rows = sorted((line.split() for line in answer.splitlines()), key=lambda row: int(row[0]))
    return [value for _, name, value in rows if name == f"train-{study}-0000"]


@pytest.mark.limit(260)
def test_jobs_that_fail_are_named_get_more_of_what_they_ran_out_of_and_the_next_call_makes_all_good(workplace):
    grid = {"weight_decay": [0, 1], "seeds": 1}
    place = workplace(quick("good", 1), moody("raises", 1, "raises", grid=grid), name="fails")
    place.run("--until", "train")
    # A block that had two cells is to have a third; one job takes too much memory, one too much time.
    more = {**grid, "weight_decay": [0, 1, 2]}
    studies = [moody("raises", 1, "raises", grid=more), moody("greedy", 1, "greedy"), moody("slow", 1, "slow")]
    place.configure([quick("good", 1), *studies])
    finished = place.trained()
    place.mood("bad")
    head = place.start("--retries", "1", "--set-resources", "train:runtime=attempt")
    until(lambda: len(asked(place, "slow", "%l")) == 2, 130, "the slow one is tried again")
    place.mood("fine")
    assert head.wait(60) != 0
    for name, end in (
        ("raises", r"FAILED on n\d: its command failed"),
        ("greedy", r"OUT_OF_MEMORY on n\d: it needed more than the mem_mb"),
        ("slow", r"TIMEOUT on n\d: it ran longer"),
    ):
        sentence = re.compile(rf"Slurm job \d+ \(train-{name}-0000\) ended as {end}")
        assert sentence.search(head.text), head.text
        logs = [log.read_text() for log in place.slurm_logs(f"train-{name}-0000-*.log")]
        assert any(map(sentence.search, logs))
    assert "ValueError: this module was never meant to be" in head.text
    # Twice as much of what it ran out of, and of that alone.
    sizes = {
        name: [int(size.rstrip("M")) for size in asked(place, name, "%m")] for name in ("raises", "greedy", "slow")
    }
    assert sizes["greedy"][1] == 2 * sizes["greedy"][0]
    assert sizes["raises"][1] == sizes["raises"][-1] and sizes["slow"][1] == sizes["slow"][0]
    assert asked(place, "slow", "%l") == ["1:00", "2:00"]
    assert asked(place, "greedy", "%l")[:2] == ["1:00", "1:00"]
    place.run("--until", "train")
    assert len(place.blocks()) == 4
    assert "2 of 3 cells are there; 1 to train" in (place.path / "logs" / "raises" / "train-0000.log").read_text()
    good = {path: runs for path, runs in finished.items() if "good" in path}
    assert good and good.items() <= place.trained().items()


@pytest.mark.limit(90)
def test_a_preempted_job_is_submitted_again_without_a_retry(workplace):
    place = workplace(moody("waits", 1))
    cluster = place.cluster
    place.mood("waits")
    head = place.start("--until", "train", "--retries", "0")
    until(lambda: "waits" in "".join(cluster.jobs().values()), 30, "the block is trained")
    cluster.ask("sbatch", "--partition=urgent", "--nodes=3", "--exclusive", "--wrap=sleep 2", "--output=/dev/null")
    until(lambda: "another job took its place; it is submitted again" in head.text, 30, "it was preempted")
    place.mood("fine")
    assert head.wait(60) == 0, head.text
    assert len(place.blocks()) == 1


SQUEUE = """#!/bin/sh
case "$(cat {mood})" in
killed) kill -9 $$;;
unreadable) echo "Slurm is upgraded today"; exit 0;;
esac
exec {squeue} "$@"
"""


# A head whose /tmp and /var/tmp are full, but for the folders that the tests themselves may have there.
FULL_TMP = """
mount --bind /tmp /mnt || exit 1
for full in /tmp /var/tmp; do mount -t tmpfs -o size=64k none $full || exit 1; done
until test "$1" = --; do
    mkdir -p "$1" && mount --bind "/mnt/${1#/tmp/}" "$1" || exit 1
    shift
done
shift
for full in /tmp /var/tmp; do head -c 99999 /dev/zero > $full/a 2> /dev/null; done
exec "$@"
"""


def full_tmp(*kept):
    """What to start a head by; nothing where only root could do it."""
    if os.geteuid() != 0:
        return []
    held = [str(path) for path in kept if str(path).startswith("/tmp/")]
    return ["unshare", "--mount", "sh", "-c", FULL_TMP, "sh", *held, "--"]


@pytest.mark.limit(120)
def test_killed_children_unreadable_answers_and_a_full_tmp_do_not_end_the_head(workplace, tmp_path):
    place = workplace(moody("waits", 2))
    place.mood("waits")
    shims, mood = tmp_path / "bin", tmp_path / "squeue-mood"
    shims.mkdir()
    mood.write_text("fine")
    real = shutil.which("squeue", path=place.cluster.environment["PATH"])
    (shims / "squeue").write_text(SQUEUE.format(mood=shlex.quote(str(mood)), squeue=real))
    (shims / "squeue").chmod(0o755)
    search = f"{shims}{os.pathsep}{place.cluster.environment['PATH']}"
    words = ("--until", "train", "--retries", "0")
    head = place.start(*words, before=full_tmp(place.cluster.folder, tmp_path, ROOT), PATH=search)
    until(lambda: len(place.cluster.jobs()) == 2, 40, "two jobs run")
    for fault in ("killed", "unreadable"):
        mood.write_text(fault)
        waited = head.text.count("Slurm does not answer")
        until(lambda waited=waited: head.text.count("Slurm does not answer") > waited, 20, f"{fault}: it is said")
        mood.write_text("fine")
        until(lambda waited=waited: head.text.count("Slurm answers again") > waited, 20, "Slurm answers again")
    place.mood("fine")
    assert head.wait(40) == 0, head.text
    assert len(place.blocks()) == 2


@pytest.mark.limit(280)
def test_a_run_outlives_scancel_dead_daemons_a_crashed_node_and_an_absent_controller(workplace):
    studies = [quick("quick", 2), moody("waits", 4)]
    local, place = workplace(*copy.deepcopy(studies), name="local"), workplace(*studies, name="faults")
    cluster = place.cluster
    place.mood("waits")
    head = place.start("--until", "train")
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
    local.run("--until", "train", profile=None)
    time.sleep(max(0.0, away + 25 - time.monotonic()))
    assert head.process.poll() is None
    place.mood("fine")
    cluster.start_controller()
    for node in (crashed, daemonless):
        cluster.start_daemon(node)
    assert head.wait(120) == 0, head.text
    assert rows(place) == rows(local)
    assert finished.items() <= place.trained().items()
    assert len(place.blocks()) == 6
    until(lambda: set(cluster.states()) == {"idle"}, 60, "all nodes are back")
