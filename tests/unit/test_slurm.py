"""What the follower of Slurm's jobs makes of Slurm's answers, with stand-ins for Slurm's commands."""

import os
import signal
import time
from pathlib import Path

import pytest

from decaybench.jobs.slurm import commands, follower, options, refusals, states
from decaybench.jobs.slurm.follower import Follower, Job
from decaybench.jobs.slurm.marks import RunMark

COMMANDS = {
    "squeue": """#!/bin/sh
echo asked >> squeue.calls
test -e killed && kill -9 $$
test -e down && { echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2; exit 1; }
cat queue 2>/dev/null
exit 0
""",
    "sbatch": """#!/bin/sh
test -e refusal && { cat refusal >&2; exit 1; }
for word in "$@"; do echo "$word" >> sbatch.words; done
cat > sbatch.script
echo 42
""",
    "scancel": "#!/bin/sh\nshift\necho $* >> cancelled\n: > queue\n",
    "sacct": "#!/bin/sh\ncat accounted || exit 1\n",
}
POLICY = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"


class Heard:
    """Keeps what a follower tells."""

    def __init__(self):
        self.said, self.ended, self.taken, self.stopped = [], [], [], []

    def say(self, text):
        self.said.append(text)

    def submitted(self, job):
        self.taken.append(job.slurm_id)

    def succeeded(self, job):
        self.ended.append((job.name, "COMPLETED", ""))

    def failed(self, job, state, text):
        self.ended.append((job.name, state, text))

    def refused(self, text):
        self.stopped.append(text)


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """A folder with stand-ins on the PATH, and a function that says what is in the queue."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in COMMANDS.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    states.LOGS.mkdir(parents=True)

    def fill(*rows):
        Path("queue").write_text("".join(f"{'|'.join(row)}\n" for row in rows))

    return fill


def job(number="7", name="train-a-0000", **keys):
    return Job(name, keys.pop("outputs", name), "question", ["--parsable"], "#!/bin/sh\n", slurm_id=number, **keys)


def following(*jobs):
    found = Follower(RunMark("folder"), Heard(), poll_seconds=0.0)
    found.under_way = list(jobs)
    return found


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("PENDING", None), ("RUNNING", None), ("COMPLETING", None), ("SUSPENDED", None), ("REQUEUED", None),
        ("COMPLETED", "COMPLETED"), ("FAILED", "FAILED"), ("CANCELLED", "CANCELLED"), ("TIMEOUT", "TIMEOUT"),
        ("OUT_OF_MEMORY", "OUT_OF_MEMORY"), ("DEADLINE", "DEADLINE"),
    ],
)  # fmt: skip
def test_a_job_is_over_only_when_slurm_says_so(queue, state, verdict):
    queue(("7", state, "None", "n1", ""))
    run = following(job())
    run.look()
    assert [ended[1] for ended in run.events.ended] == ([verdict] if verdict else [])
    assert len(run.under_way) == (verdict is None)


@pytest.mark.parametrize("state", ["PREEMPTED", "NODE_FAIL", "BOOT_FAIL"])
def test_what_is_no_fault_of_the_job_is_submitted_again_without_a_word_to_snakemake(queue, state, monkeypatch):
    monkeypatch.setattr(follower, "MOST_INTERRUPTIONS", 1)
    queue(("7", state, "None", "n1", ""), ("42", state, "None", "n2", ""))
    run = following(job())
    run.look()
    assert run.events.ended == []
    run.submit_some()
    assert [followed.slurm_id for followed in run.under_way] == ["42"]
    run.look()  # a job that always ends so is given back in the end
    assert run.events.ended[0][1] == state


@pytest.mark.parametrize("fault", ["down", "killed", "unreadable"])
def test_silence_means_running_but_not_for_ever(queue, monkeypatch, fault):
    run = following(job())
    if fault == "unreadable":
        Path("queue").write_text("slurm is upgraded today\n")
    else:
        Path(fault).touch()
    run.look()
    run.look()
    assert run.events.ended == []
    assert len(run.events.said) == 1 and run.events.said[0].startswith("Slurm does not answer; waiting for it (")
    monkeypatch.setattr(follower, "SILENT_SECONDS", -1.0)
    run.look()
    assert "Slurm has not answered for" in run.events.ended[0][2]


def test_a_missing_or_hanging_command_has_not_answered(queue, monkeypatch):
    monkeypatch.setattr(commands, "ANSWER_SECONDS", 0.2)
    Path("bin/squeue").write_text("#!/bin/sh\nexec sleep 9\n")
    assert "timed out" in commands.queue()
    Path("bin/squeue").unlink()
    monkeypatch.setenv("PATH", "bin")
    assert "cannot be run" in commands.queue()


def test_no_fault_of_its_own_ends_the_thread(queue, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    run = following(job())
    monkeypatch.setattr(run, "look", lambda: 1 / 0)
    run.thread.start()
    end = time.monotonic() + 10
    while not run.events.said and time.monotonic() < end:
        pass
    assert run.thread.is_alive()
    assert run.events.said[0] == "ZeroDivisionError while following jobs, going on: division by zero"
    run.close()
    assert not run.thread.is_alive()
    assert Path("cancelled").read_text() == "7\n"


def test_a_job_that_slurm_forgot_is_judged_by_accounting_or_the_end_of_its_log_else_lost_after_a_while(
    queue, monkeypatch
):
    queue()
    for number, code in (("1", 0), ("2", 3)):
        (states.LOGS / f"train-{number}-{number}.log").write_text(f"some words\n{states.EXIT_LINE}{code}\n")
    (states.LOGS / "train-3-3.log").write_text("some words\n")
    Path("accounted").write_text("4|CANCELLED by 1000\n5|COMPLETED\n")
    run = following(*(job(number, number) for number in "12345"))
    run.look()
    assert {ended[:2] for ended in run.events.ended} == {
        ("1", "COMPLETED"), ("2", "FAILED"), ("4", "CANCELLED"), ("5", "COMPLETED"),
    }  # fmt: skip
    monkeypatch.setattr(follower, "LOST_SECONDS", -1.0)
    run.look()
    assert run.events.ended[-1][:2] == ("3", "UNKNOWN")


def test_why_a_job_failed_is_said_with_its_name_node_and_last_lines(queue):
    queue(("9", "FAILED", "None", "n2", ""))
    log = states.LOGS / "train-a-0001-9.log"
    log.write_text("first\nslurmstepd: error: Job 9 exceeded memory limit, being killed\n")
    run = following(job("9", "train-a-0001"))
    run.look()
    ((name, state, said),) = run.events.ended
    assert (name, state) == ("train-a-0001", "OUT_OF_MEMORY")
    assert said.startswith("Slurm job 9 (train-a-0001) ended as OUT_OF_MEMORY on n2: it needed more than the mem_mb")
    assert "    first" in said
    assert "ended as OUT_OF_MEMORY" in log.read_text()


def test_all_jobs_share_one_question(queue):
    queue(*((str(number), "RUNNING", "None", "n1", "") for number in range(50)))
    run = following(*(job(str(number)) for number in range(50)))
    run.look()
    assert len(run.under_way) == 50
    assert Path("squeue.calls").read_text().count("asked") == 1


def test_reasons_of_waiting_are_said_once_and_again_when_they_change(queue):
    run = following(job("7"), job("8"))
    for reason in ("Priority", "Priority", "None", "Resources", "Priority"):
        queue(("7", "PENDING", reason, "", ""), ("8", "RUNNING", "None", "n1", ""))
        run.look()
    assert run.events.said == [f"1 of 2 jobs wait in Slurm's queue: {reason}" for reason in ("Priority", "Resources")]


def test_jobs_that_would_wait_for_ever_are_cancelled_and_end_the_run_when_the_others_have_ended(queue):
    queue(("7", "PENDING", "PartitionTimeLimit", "", ""), ("8", "RUNNING", "None", "n1", ""))
    run = following(job("7"), job("8", "other"))
    run.look()
    assert not Path("cancelled").exists()  # a controller that has just started may say so of any job
    run.look()
    assert Path("cancelled").read_text() == "7\n"
    assert not run.events.stopped
    assert "train:runtime" in run.events.said[0]
    queue(("8", "COMPLETED", "None", "n1", ""))
    run.look()
    (line,) = run.events.stopped
    assert line.startswith("train-a-0000 would wait for ever (PartitionTimeLimit). To go on: set a smaller runtime")


@pytest.mark.parametrize(
    ("message", "jobs_in_queue", "passing", "what_to_set"),
    [
        ("sbatch: error: Unable to contact slurm controller (connect failure)", False, True, ""),
        ("Slurm temporarily unable to accept job, sleeping and retrying.", False, True, ""),
        ("QOSMaxSubmitJobPerUserLimit sbatch: error: " + POLICY, False, True, ""),
        (POLICY, True, True, ""),
        (POLICY, False, False, "slurm_qos"),
        ("QOSMaxWallDurationPerJobLimit sbatch: error: " + POLICY, True, False, "train:runtime"),
        ("QOSMaxCpuPerJobLimit sbatch: error: " + POLICY, True, False, "train:mem_mb"),
        ("Invalid account or account/partition combination specified", True, False, "slurm_account"),
        ("Invalid qos specification", True, False, "SBATCH_QOS"),
        ("invalid partition specified: nope", True, False, "slurm_partition"),
        ("Invalid feature specification", True, False, "slurm_constraint"),
        ("Memory specification can not be satisfied", True, False, "train:mem_mb"),
        ("Invalid generic resource (gres) specification", True, False, "train:gpu"),
        ("Requested reservation is invalid", True, False, "slurm_reservation"),
        ("the lua plugin of this site wants something else", True, False, "docs/cluster.md"),
    ],
)
def test_refusals_are_told_apart(message, jobs_in_queue, passing, what_to_set):
    assert refusals.passes(message, jobs_in_queue) is passing
    assert what_to_set in refusals.advice(message)


def test_a_passing_refusal_waits_and_a_permanent_one_ends_the_run_after_the_first_job(queue):
    run = following()
    run.waiting = [job("", "first"), job("", "second")]
    Path("refusal").write_text("sbatch: error: Unable to contact slurm controller\n")
    run.submit_some()
    assert len(run.waiting) == 2 and not run.events.stopped
    assert "asking again" in run.events.said[0]
    run._submit_at = 0.0
    Path("refusal").write_text("sbatch: error: invalid partition specified: nope\n")
    for _ in range(2):
        run.submit_some()
        run.look()
    (line,) = run.events.stopped
    assert "Slurm refuses first: sbatch: error: invalid partition specified: nope. To go on: set" in line
    assert "\n" not in line


def test_a_job_left_by_a_killed_head_is_followed_or_makes_way(queue):
    old = RunMark("folder")
    queue(
        ("5", "COMPLETED", "None", "n1", old.comment("same", "question")),
        ("6", "RUNNING", "None", "n1", old.comment("same", "question")),
        ("8", "RUNNING", "None", "n1", old.comment("changed", "another")),
        ("9", "RUNNING", "None", "n1", RunMark("elsewhere").comment("new", "question")),
    )
    run = following()
    run.waiting = [job("", "a", outputs="same"), job("", "b", outputs="changed"), job("", "c", outputs="new")]
    run.submit_some()
    assert [followed.slurm_id for followed in run.under_way] == ["6", "42", "42"]
    assert "a is under way already as Slurm job 6: following it" in run.events.said
    assert Path("cancelled").read_text() == "8\n"


def test_leaving_cancels_this_run_alone_also_a_job_whose_number_was_lost(queue):
    run = following(job("7"))
    run._unsure = True
    queue(
        ("7", "PENDING", "None", "", "overwritten"),
        ("8", "PENDING", "None", "", run.mark.comment("x", "y")),
        ("9", "PENDING", "None", "", RunMark("folder").comment("x", "y")),
    )
    Path("bin/scancel").write_text(
        "#!/bin/sh\nshift\necho $* >> cancelled\ntest -e again && : > queue\ntouch again\n"
    )
    run.cancel_all()
    assert set(Path("cancelled").read_text().split()) == {"7", "8"}
    assert run.events.said[-1] == "no job of this run is left in Slurm's queue"


def test_stop_may_be_called_while_a_signal_is_handled(queue):
    run = following()
    run.thread.start()
    signal.signal(signal.SIGALRM, lambda *_: run.stop())
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    end = time.monotonic() + 5
    while run.thread.is_alive() and time.monotonic() < end:
        run.add(job(""))
        run.waiting.clear()
    assert not run.thread.is_alive()


# --- what sbatch is asked for ----------------------------------------------------------------------


def test_resources_become_options_by_their_plain_or_prefixed_names():
    resources = {
        "mem_mb": 900, "runtime": 7, "slurm_partition": "short", "account": "lab", "slurm_qos": "low",
        "constraint": "zen4", "reservation": "mine", "clusters": "east", "gpu": 2, "gpu_model": "a100",
        "gres": "shard:1", "slurm_extra": "--nice=5 --exclude='a b'",
    }  # fmt: skip
    words = set(options.options(resources, threads=3))
    assert words >= {
        "--mem=900M", "--time=7", "--partition=short", "--account=lab", "--qos=low", "--constraint=zen4",
        "--reservation=mine", "--clusters=east", "--gres=shard:1,gpu:a100:2", "--nice=5", "--exclude=a b",
        "--cpus-per-task=3", "--no-requeue",
    }  # fmt: skip
    bare = options.options({"mem_mb": 900, "gpu": 0, "slurm_extra": ""}, threads=1)
    assert not [word for word in bare if word.startswith(("--gres", "--account", "--qos"))]
    assert options.unknown(resources) == set()
    assert options.unknown({"mem_mb": 1, "tmpdir": "/tmp", "disk_mb": 5, "slurm_nodelist": "n1", "colour": 3}) == {
        "slurm_nodelist", "colour",
    }  # fmt: skip


def test_a_head_inside_of_a_job_hands_no_limits_on_but_what_people_set(queue, monkeypatch):
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "7")
    monkeypatch.setenv("SBATCH_ACCOUNT", "lab")
    monkeypatch.setenv("SBATCH_ARRAY_INX", "1-9")
    assert "SBATCH_ACCOUNT=lab" in commands.ask("env").output
    assert not {"SLURM_MEM_PER_NODE", "SBATCH_ARRAY_INX"} & {
        line.partition("=")[0] for line in commands.ask("env").output.splitlines()
    }
