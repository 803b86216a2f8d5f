"""However a run is left, its jobs leave with it; a job that stays behind does not pretend to have worked."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from .conftest import ROOT, quick, until

pytestmark = pytest.mark.xdist_group("slurm")
LATER = ("--until", "train", "--default-resources", "slurm_extra=--begin=now+1hour")
STOP = [sys.executable, "-m", "decaybench.jobs.slurm.cli", "stop"]


def waiting(place):
    return len(place.cluster.jobs("PENDING"))


def queued(place, count, seconds=60):
    """A head whose jobs all wait."""
    head = place.start(*LATER)
    until(lambda: waiting(place) == count, seconds, f"{count} jobs wait")
    return head


@pytest.mark.limit(90)
def test_three_hundred_waiting_jobs_cost_nothing_and_two_ctrl_c_leave_none(workplace):
    place = workplace(quick("many", 300))
    head = queued(place, 300)
    before, started = head.cpu_seconds(), time.monotonic()
    time.sleep(15)
    assert (head.cpu_seconds() - before) / (time.monotonic() - started) < 0.05
    assert head.text.count("jobs wait in Slurm's queue: BeginTime") == 1
    started = time.monotonic()
    for _ in range(2):
        os.killpg(head.process.pid, signal.SIGINT)  # as a terminal does: the whole group
        time.sleep(0.05)
    until(lambda: waiting(place) == 0, 10, "the queue is empty")
    assert head.wait(20) != 0
    assert time.monotonic() - started < 20
    assert "Traceback" not in head.text
    assert head.text.count("no job of this run is left in Slurm's queue") == 1


@pytest.mark.limit(60)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_a_head_that_is_told_to_end_cancels_its_jobs(workplace, how):
    place = workplace(quick("some", 6))
    head = queued(place, 6)
    head.process.send_signal(how)
    until(lambda: waiting(place) == 0, 10, "the queue is empty")
    assert head.wait(20) != 0
    assert not place.blocks()


@pytest.mark.limit(60)
def test_ctrl_c_while_jobs_are_submitted_leaves_none(workplace):
    place = workplace(quick("many", 200))
    head = place.start(*LATER)
    until(lambda: waiting(place) > 20, 30, "some jobs wait")
    os.killpg(head.process.pid, signal.SIGINT)
    assert head.wait(20) != 0
    assert head.text.count("Submitted job") < 200
    assert waiting(place) == 0


@pytest.mark.limit(60)
def test_scancel_of_a_head_that_is_itself_a_job_cancels_its_jobs(workplace):
    place = workplace(quick("some", 6))
    sbatch = ["sbatch", "--parsable", "--mem=1000", f"--chdir={ROOT}", f"--output={place.path}/head.txt"]
    words = ["--directory", str(place.path), "--configfile", str(place.path / "mine.yaml"), *LATER]
    job = place.cluster.ask(*sbatch, str(ROOT / "profiles" / "slurm" / "head.sh"), *words).strip()
    until(lambda: waiting(place) == 6, 40, "six jobs wait")
    place.cluster.ask("scancel", job)
    until(lambda: waiting(place) == 0 and not place.cluster.jobs("RUNNING"), 15, "the queue is empty")
    assert "no job of this run is left" in (place.path / "head.txt").read_text()


@pytest.mark.limit(90)
def test_what_a_killed_head_has_left_is_stopped_or_fails_loudly(workplace):
    place, other = workplace(quick("some", 6), name="left"), workplace(quick("other", 2), name="other")
    queued(place, 6).kill()
    queued(other, 8)
    done = subprocess.run([*STOP, str(place.path)], env=place.cluster.environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"cancelled 6 jobs of {place.path}\n"), done.stderr
    assert waiting(other) == 2
    # A job that starts when its head has ended in order, and has taken its notes with it.
    other.started[-1].kill()
    (notes,) = (other.path / ".snakemake").glob("tmp.*")
    shutil.rmtree(notes)
    job = next(iter(other.cluster.jobs("PENDING")))
    other.cluster.ask("scontrol", "update", f"JobId={job}", "StartTime=now")
    until(lambda: job in other.cluster.jobs("FAILED"), 40, "the job has failed")
    (log,) = other.slurm_logs(f"*-{job}.log")
    assert "the Snakemake that wanted this job has ended; nothing was done" in log.read_text()
    assert not other.blocks()
