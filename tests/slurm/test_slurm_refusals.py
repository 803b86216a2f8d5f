"""What Slurm will never do ends a run at once with one line that says what to set; what passes is waited for."""

import re
import time

import pytest

from .accounting import missing_accounting
from .cluster import Cluster
from .conftest import needs, quick, until

pytestmark = pytest.mark.xdist_group("slurm")
TRAIN = ("--until", "train")


@pytest.fixture(scope="module")
def accounts():
    needs(missing_accounting(), "slurmdbd mariadb-server")
    made = Cluster(accounts=True)
    try:
        made.start()
        for what in (
            "qos brief MaxWallDurationPerJob=2 Flags=DenyOnLimit",
            "qos lasting MaxWallDurationPerJob=2",
            "qos narrow MaxSubmitJobsPerUser=2",
        ):
            made.ask("sacctmgr", "-i", "add", *what.split())
        made.ask("sacctmgr", "-i", "modify", "user", made.user, "set", "qos+=brief,lasting,narrow,normal")
        until(lambda: "narrow" in made.ask("scontrol", "show", "assoc_mgr", "flags=qos"), 20, "Slurm knows them")
        yield made
    finally:
        made.stop()


def ends_with_one_line(place, words, said, what_to_set, **environment):
    """The run ends soon, has trained nothing, left nothing, and says once what to set."""
    started = time.monotonic()
    head = place.start(*TRAIN, *words, **environment)
    assert head.wait(30) != 0
    assert time.monotonic() - started < 25
    (line,) = [line for line in head.text.splitlines() if "To go on: " in line]
    assert re.search(said, line), line
    assert what_to_set in line
    assert "Trying to restart" not in head.text
    assert len(head.text.splitlines()) < 60, head.text
    assert not place.cluster.jobs("PENDING") and not place.blocks()


@pytest.mark.limit(40)
@pytest.mark.parametrize(
    ("words", "said", "what_to_set"),
    [
        (["--default-resources", "slurm_partition=nope"], "invalid partition", "SBATCH_PARTITION"),
        (["--default-resources", "slurm_constraint=avx9000"], "Invalid feature", "slurm_constraint"),
        (["--set-resources", "train:mem_mb=99000"], "Memory specification can not be satisfied", "train:mem_mb"),
        (["--default-resources", "slurm_partition=brief", "--set-resources", "train:runtime=600"],
         r"train-few-000\d.* would wait for ever \(PartitionTimeLimit\)", "train:runtime"),
    ],
)  # fmt: skip
def test_what_no_waiting_removes_ends_the_run_after_the_first_block(workplace, words, said, what_to_set):
    ends_with_one_line(workplace(quick("few", 4)), words, said, what_to_set)


@pytest.mark.limit(150)
def test_accounts_and_qualities_of_service(accounts, workplace):
    place = workplace(quick("few", 4), cluster=accounts)
    ends_with_one_line(place, [], "Invalid account", "SBATCH_ACCOUNT", SBATCH_ACCOUNT="nope")
    ends_with_one_line(place, ["--default-resources", "slurm_qos=nope"], "Invalid qos", "slurm_qos")
    for name, said in (("brief", "Slurm refuses"), ("lasting", "would wait for ever")):
        ends_with_one_line(place, ["--default-resources", f"qos={name}"], f"{said}.*QOSMaxWall", "train:runtime")
    # A queue that is full empties: four jobs where two may wait, on a cluster chosen by name.
    words = ("--default-resources", "slurm_qos=narrow", "clusters=decaybench", "--retries", "0")
    head = place.run(*TRAIN, *words, limit=90)
    assert len(place.blocks()) == 4
    assert head.text.count("Slurm takes no job for now: ") >= 1
    assert "QOSMaxSubmitJobPerUserLimit" in head.text


@pytest.mark.limit(60)
def test_settings_reach_slurm_from_where_people_put_them_and_unknown_ones_are_named_once(workplace):
    place = workplace(quick("few", 2))
    words = ("partition=brief", "constraint=zen", "gres=gpu:1", "colour=red", "slurm_extra=--begin=now+1hour")
    place.start(*TRAIN, "--default-resources", *words, "--set-resources", "train:runtime=2", SBATCH_WCKEY="mine")
    cluster = place.cluster
    until(lambda: len(cluster.jobs("PENDING")) == 2, 40, "two jobs wait")
    asked = cluster.ask("squeue", "-h", "-O", "Partition,Feature,tres-per-node,WCKey").splitlines()
    assert [line.split() for line in asked] == [["brief", "zen", "gres:gpu:1", "mine"]] * 2
    (line,) = [line for line in place.started[-1].text.splitlines() if "colour" in line]
    assert "sbatch is not asked for it" in line
