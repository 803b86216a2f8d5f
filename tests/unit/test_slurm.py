"""What the submit and status commands make of Slurm's answers, with stand-ins for Slurm's commands."""

import json
import os
import time
from pathlib import Path

import pytest

from decaybench.jobs import slurm

SQUEUE = """#!/bin/sh
test -e down && { echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2; exit 1; }
echo asked >> squeue.calls
cat queue 2>/dev/null
exit 0
"""
SBATCH = """#!/bin/sh
test -e down && { rm down; echo "sbatch: error: Unable to contact slurm controller" >&2; exit 1; }
test -e refuse && { echo "sbatch: error: invalid partition specified: nope" >&2; exit 1; }
for word in "$@"; do echo "$word" >> sbatch.words; done
cat > sbatch.script
echo "42;cluster"
"""
PROPERTIES = {
    "rule": "train",
    "wildcards": {"study": "λ", "block": "0003"},
    "output": ["results/λ/blocks/0003.parquet"],
    "params": {"spec": "{}"},
    "threads": 1,
    "resources": {
        "mem_mb": 900,
        "runtime": 7,
        "slurm_partition": "short",
        "slurm_extra": "--qos=low --exclude='a b'",
    },
}


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A folder with stand-ins on the PATH, and a function that says what is in the queue."""
    commands = tmp_path / "bin"
    commands.mkdir()
    scancel, sacct = '#!/bin/sh\necho "$1" >> cancelled\n', "#!/bin/sh\ncat accounted || exit 1\n"
    for name, text in {"squeue": SQUEUE, "sbatch": SBATCH, "scancel": scancel, "sacct": sacct}.items():
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(slurm, "FRESH_SECONDS", -1.0)
    monkeypatch.chdir(tmp_path)

    def queue(*rows):
        (tmp_path / "queue").write_text("".join(f"{'|'.join(row)}\n" for row in rows))

    return queue


def jobscript(tmp_path, **changes):
    path = tmp_path / "snakejob.train.3.sh"
    path.write_text(f"#!/bin/sh\n# properties = {json.dumps({**PROPERTIES, **changes})}\ncd . && true\n")
    return path


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("PENDING", "running"), ("RUNNING", "running"), ("COMPLETING", "running"), ("SUSPENDED", "running"),
        ("REQUEUED", "running"), ("COMPLETED", "success"), ("FAILED", "failed"), ("CANCELLED", "failed"),
        ("TIMEOUT", "failed"), ("NODE_FAIL", "failed"), ("OUT_OF_MEMORY", "failed"), ("PREEMPTED", "failed"),
        ("BOOT_FAIL", "failed"), ("DEADLINE", "failed"),
    ],
)  # fmt: skip
def test_a_job_is_over_only_when_slurm_says_so(cluster, state, verdict):
    cluster(("7", state, "n1", ""))
    assert slurm.status("7") == verdict


def test_silence_means_running_but_not_for_ever(cluster, tmp_path, monkeypatch, capfd):
    cluster(("7", "RUNNING", "n1", ""))
    assert slurm.status("7") == "running"
    (tmp_path / "down").touch()
    assert slurm.status("8") == "running"
    monkeypatch.setattr(slurm, "SILENT_SECONDS", -1.0)
    assert slurm.status("8") == "failed"
    assert "Slurm has not answered" in capfd.readouterr().err
    assert slurm.status("7") == "running"  # what it last said holds


def test_a_job_that_slurm_forgot_is_judged_by_the_end_of_its_log_else_lost_after_a_while(cluster, monkeypatch):
    cluster()
    slurm.LOGS.mkdir(parents=True)
    for job, code in (("1", 0), ("2", 3)):
        (slurm.LOGS / f"train-a-0000-{job}.log").write_text(f"some words\n{slurm.EXIT_LINE}{code}\n")
    (slurm.LOGS / "train-a-0000-3.log").write_text("some words\n")
    assert (slurm.status("1"), slurm.status("2"), slurm.status("3")) == ("success", "failed", "running")
    monkeypatch.setattr(slurm, "LOST_SECONDS", -1.0)
    assert slurm.status("3") == "failed"
    Path("accounted").write_text("CANCELLED by 1000\n")
    assert slurm.status("1") == "failed"
    Path("accounted").write_text("COMPLETED\n")
    assert slurm.status("3") == "success"


def test_why_a_job_failed_is_said_with_its_name_node_and_last_lines(cluster, capfd):
    cluster(("9", "TIMEOUT", "n2", ""))
    slurm.LOGS.mkdir(parents=True)
    log = slurm.LOGS / "train-a-0001-9.log"
    log.write_text("first\nlast words\n")
    assert slurm.status("9") == "failed"
    said = capfd.readouterr().err
    assert said.startswith("Slurm job 9 (train-a-0001) ended as TIMEOUT on n2: it ran longer than the runtime")
    assert "    last words" in said
    assert "ended as TIMEOUT" in log.read_text()


def test_all_jobs_of_one_poll_share_one_question(cluster, monkeypatch, tmp_path):
    monkeypatch.setattr(slurm, "FRESH_SECONDS", 30.0)
    cluster(*((str(job), "RUNNING", "n1", "") for job in range(50)))
    assert {slurm.status(str(job)) for job in range(50)} == {"running"}
    assert (tmp_path / "squeue.calls").read_text().count("asked") == 1


def test_sbatch_is_asked_for_what_the_rule_wants(cluster, tmp_path):
    assert slurm.submit(jobscript(tmp_path)) == "42"
    words = (tmp_path / "sbatch.words").read_text().splitlines()
    wanted = {"--mem=900M", "--time=7", "--partition=short", "--cpus-per-task=1", "--job-name=train-λ-0003"}
    assert wanted | {"--no-requeue", "--qos=low", "--exclude=a b"} <= set(words)
    assert not [word for word in words if word.startswith(("--gres", "--account"))]
    script = (tmp_path / "sbatch.script").read_text()
    assert "cd . && true" in script
    assert "properties" not in script


def test_gpus_are_asked_for_by_their_resource(cluster, tmp_path):
    slurm.submit(jobscript(tmp_path, resources={"gpu": 2, "gpu_model": "a100"}))
    assert "--gres=gpu:a100:2" in (tmp_path / "sbatch.words").read_text()


def test_an_absent_controller_is_asked_again_and_a_refusal_is_one_line(cluster, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    (tmp_path / "down").touch()
    assert slurm.submit(jobscript(tmp_path)) == "42"
    assert "asking again" in capfd.readouterr().err
    (tmp_path / "refuse").touch()
    assert slurm.main(["submit", str(jobscript(tmp_path))]) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line == "decaybench-slurm: sbatch refused train-λ-0003: sbatch: error: invalid partition specified: nope"


def test_a_job_left_by_a_killed_snakemake_is_followed_or_makes_way(cluster, tmp_path, capfd):
    slurm.submit(jobscript(tmp_path))
    (comment,) = (w for w in (tmp_path / "sbatch.words").read_text().splitlines() if w.startswith("--comment="))
    (tmp_path / "sbatch.words").unlink()
    mark = comment.removeprefix("--comment=")
    cluster(("5", "COMPLETED", "n1", mark), ("6", "RUNNING", "n1", mark))
    assert slurm.submit(jobscript(tmp_path)) == "6"
    assert not (tmp_path / "sbatch.words").exists()
    assert "following it" in capfd.readouterr().err
    assert slurm.submit(jobscript(tmp_path, params={"spec": "other"})) == "42"
    assert (tmp_path / "cancelled").read_text() == "6\n"
    assert slurm.submit(jobscript(tmp_path, output=["elsewhere"])) == "42"
    assert (tmp_path / "cancelled").read_text() == "6\n"
