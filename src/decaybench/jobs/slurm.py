"""Hand jobs to Slurm and follow them: the commands that Snakemake's cluster-generic executor calls.

    decaybench-slurm submit JOBSCRIPT    prints the id of the job
    decaybench-slurm status ID           prints running, success or failed, and on stderr why it failed

The status is called once a job and poll, so this imports the standard library alone and asks Slurm for all jobs
of a person at once. An answer is never guessed: silence means running, until patience ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from decaybench.console import never_fail

LOGS = Path("logs", "slurm")
PROPERTIES = "# properties = "
EXIT_LINE = "decaybench-slurm: exit code "
MARK = "decaybench"
SUCCEEDED = {"COMPLETED"}
FAILED = {
    "FAILED": "its command failed",
    "CANCELLED": "someone cancelled it",
    "TIMEOUT": "it ran longer than the runtime that it had asked for",
    "OUT_OF_MEMORY": "it needed more than the mem_mb that it had asked for",
    "NODE_FAIL": "its node failed",
    "BOOT_FAIL": "its node did not start",
    "DEADLINE": "it missed its deadline",
    "PREEMPTED": "another job took its place",
    "REVOKED": "another cluster took it",
    "LAUNCH_FAILED": "its node could not start it",
    "RECONFIG_FAIL": "its node could not be configured",
}
# What sbatch says when asking again later may help.
PASSING = re.compile(
    r"unable to contact|timed out|connection refused|connection reset|temporarily|zero bytes|try again|"
    r"slurm backup controller|communication|no route|submit limit|unexpected message|not responding",
    re.IGNORECASE,
)
OVER_MEMORY = re.compile(r"exceeded (step|job)?\s*memory limit|oom.kill", re.IGNORECASE)
FRESH_SECONDS = 2.0  # answers younger than that are shared between the jobs of one poll
ANSWER_SECONDS = 20.0  # how long one command of Slurm may take
LOST_SECONDS = 60.0  # how long an answering Slurm may not know a job
SUBMIT_SECONDS = float(os.environ.get("DECAYBENCH_SLURM_SUBMIT_SECONDS", 900))  # of trying to submit one job
SILENT_SECONDS = float(os.environ.get("DECAYBENCH_SLURM_SILENT_SECONDS", 7200))  # of a Slurm that does not answer


class SlurmError(RuntimeError):
    """Slurm refused; the message says what and why in one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    never_fail()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if len(words) != 2 or words[0] not in ("submit", "status"):
        print("usage: decaybench-slurm submit JOBSCRIPT | status ID", file=sys.stderr)
        return 2
    try:
        print(submit(Path(words[1])) if words[0] == "submit" else status(words[1]), flush=True)
    except (SlurmError, OSError) as error:
        print(f"decaybench-slurm: {error}", file=sys.stderr)
        return 1
    return 0


# --- asking Slurm ----------------------------------------------------------------------------------


def ask(*command: str, script: str | None = None) -> tuple[int, str, str]:
    """Exit code, output and errors of a command of Slurm; one that hangs or is missing has failed."""
    # A head process inside of a Slurm job must not hand its own limits on.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SLURM_") or k == "SLURM_CONF"}
    try:
        done = subprocess.run(command, input=script or "", capture_output=True, encoding="utf-8", env=environment,
                              errors="surrogateescape", timeout=ANSWER_SECONDS)  # fmt: skip
    except subprocess.TimeoutExpired:
        return 1, "", f"{command[0]} timed out after {ANSWER_SECONDS:.0f} s"
    except OSError as error:
        raise SlurmError(f"{command[0]} cannot be run ({error.strerror}); is this a node of the cluster?") from None
    return done.returncode, done.stdout, " ".join(done.stderr.split())


@dataclass
class Queue:
    """What Slurm last said about a person's jobs, kept between calls; times are seconds of the clock."""

    asked: float = 0.0
    silent_since: float | None = None
    jobs: dict[str, list[str]] = field(default_factory=dict)  # id → state, node, comment
    lost_since: dict[str, float] = field(default_factory=dict)

    @classmethod
    def now(cls, fresh: bool = False) -> Queue:
        """The answer; asked for anew when that is wanted or the last one is old."""
        queue = cls._kept()
        age = time.time() - queue.asked
        if fresh or not 0 <= age <= FRESH_SECONDS:
            queue._ask(long_ago=age > 600)
        return queue

    def _ask(self, long_ago: bool) -> None:
        code, answer, _ = ask("squeue", "-h", "-t", "all", "-u", str(os.getuid()), "-o", "%A|%T|%N|%k")
        self.asked = time.time()
        if code == 0:
            rows = [line.split("|", 3) for line in answer.splitlines()]
            self.jobs = {row[0].strip(): row[1:] for row in rows if len(row) == 4}
            self.silent_since = None
        elif self.silent_since is None or long_ago:
            self.silent_since = self.asked
        self.keep()

    def live(self, mark: str) -> dict[str, str]:
        """Jobs that have not ended and whose comment starts with `mark`, as id → comment."""
        ended = SUCCEEDED | FAILED.keys()
        return {
            job: said for job, (state, _, said) in self.jobs.items() if said.startswith(mark) and state not in ended
        }

    def keep(self) -> None:
        path = self._path()
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        beside.write_text(json.dumps(asdict(self)), encoding="utf-8")
        beside.replace(path)

    @classmethod
    def _kept(cls) -> Queue:
        try:
            return cls(**json.loads(cls._path().read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return cls()

    @staticmethod
    def _path() -> Path:
        """On the head's own disk: a shared file system has better things to do."""
        folder = Path(tempfile.gettempdir(), f"decaybench-slurm-{os.getuid()}")
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"{_digest(str(Path.cwd()), os.environ.get('SLURM_CONF', ''))}.json"


# --- submitting ------------------------------------------------------------------------------------


def submit(jobscript: Path) -> str:
    """The id of the Slurm job that runs a jobscript of Snakemake.

    A job for the same outputs that an earlier, killed Snakemake has left in the queue is followed when its
    parameters are the same, and cancelled otherwise. While Slurm does not answer, it is asked again.
    """
    lines = jobscript.read_text(encoding="utf-8").splitlines()
    (properties,) = (json.loads(line.removeprefix(PROPERTIES)) for line in lines if line.startswith(PROPERTIES))
    name = job_name(properties)
    place = f"{MARK}:{_digest(str(Path.cwd()), *properties['output'])}:"
    mark = place + _digest(properties["rule"], json.dumps(properties["params"], sort_keys=True))
    LOGS.mkdir(parents=True, exist_ok=True)
    command = ["sbatch", *options(properties), f"--job-name={name}", f"--comment={mark}"]
    script = "\n".join(
        [
            "#!/bin/sh",
            f"trap 'echo {EXIT_LINE}$?' EXIT",
            *(line for line in lines if not line.startswith(("#!", PROPERTIES))),
            "",
        ]
    )
    give_up = time.monotonic() + SUBMIT_SECONDS
    queue = Queue.now()
    pause = 1.0
    while True:
        for job, said in queue.live(place).items():
            if said == mark:
                print(f"{name} is under way already as Slurm job {job}: following it", file=sys.stderr)
                return job
            ask("scancel", job)
        code, answer, message = ask(*command, script=script)
        if code == 0:
            return answer.partition(";")[0].strip()
        if not PASSING.search(message) or time.monotonic() > give_up:
            raise SlurmError(f"sbatch refused {name}: {message}")
        print(f"{name}: {message}; asking again in {pause:.0f} s", file=sys.stderr)
        time.sleep(pause)
        pause = min(2 * pause, 15)
        queue = Queue.now(fresh=True)  # sbatch may have been heard although its answer was lost


def job_name(properties: Mapping[str, Any]) -> str:
    """What squeue and the log call a job: its rule and wildcards."""
    return "-".join([properties["rule"], *map(str, properties.get("wildcards", {}).values())])


def options(properties: Mapping[str, Any]) -> list[str]:
    """What sbatch is asked for. A job is never requeued by Slurm: Snakemake tries again, with more of everything."""
    resources = properties["resources"]
    asked = [
        "--parsable", "--no-requeue", "--nodes=1", "--ntasks=1", f"--cpus-per-task={properties.get('threads', 1)}",
        f"--output={LOGS}/%x-%j.log",
    ]  # fmt: skip
    for key, option in (
        ("mem_mb", "--mem={}M"),
        ("runtime", "--time={}"),
        ("slurm_account", "--account={}"),
        ("slurm_partition", "--partition={}"),
    ):
        if resources.get(key):
            asked.append(option.format(resources[key]))
    if resources.get("gpu"):
        asked.append("--gres=" + ":".join(filter(None, ["gpu", resources.get("gpu_model"), str(resources["gpu"])])))
    return asked + shlex.split(str(resources.get("slurm_extra", "")))


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:20]


# --- following -------------------------------------------------------------------------------------


def status(job: str) -> str:
    """running, success or failed. Says on stderr, and at the end of the job's log, why a job failed."""
    queue = Queue.now()
    state, node, _ = queue.jobs.get(job, ["", "", ""])
    if not state and queue.silent_since is None:
        state = _accounted(job) or _logged(job)
    verdict = _verdict(state)
    if verdict == "failed":
        _say_why(job, state, node, FAILED[state])
    if state:
        return verdict
    now = time.time()
    if queue.silent_since is not None:
        silent = now - queue.silent_since
        if silent <= SILENT_SECONDS:
            return "running"
        _say_why(job, "UNKNOWN", "", f"Slurm has not answered for {silent / 60:.0f} minutes")
        return "failed"
    since = queue.lost_since.setdefault(job, now)
    queue.keep()
    if now - since <= LOST_SECONDS:
        return "running"
    _say_why(job, "UNKNOWN", "", f"Slurm has not known it for {now - since:.0f} s, and its log has no end")
    return "failed"


def _verdict(state: str) -> str:
    if state in SUCCEEDED:
        return "success"
    return "failed" if state in FAILED else "running"


def _accounted(job: str) -> str:
    """The state that the accounting has of a job that the controller has forgotten; "" where there is none."""
    try:
        code, answer, _ = ask("sacct", "-n", "-X", "-P", "-j", job, "-o", "State")
    except SlurmError:
        return ""
    words = answer.split()  # "CANCELLED by 1000"
    return words[0].rstrip("+") if code == 0 and words else ""


def _logged(job: str) -> str:
    """The state of a forgotten job by the last line of its log; "" when the log has no end."""
    for path in _logs_of(job):
        last = path.read_text(encoding="utf-8", errors="replace").rstrip().rpartition("\n")[2]
        if last.startswith(EXIT_LINE):
            return "COMPLETED" if last.removeprefix(EXIT_LINE) == "0" else "FAILED"
    return ""


def _logs_of(job: str) -> list[Path]:
    return sorted(LOGS.glob(f"*-{job}.log"))


def _say_why(job: str, state: str, node: str, why: str) -> None:
    name, tail, where = "", "", ""
    for path in _logs_of(job):
        name = f" ({path.name.removesuffix(f'-{job}.log')})"
        lines = path.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
        if OVER_MEMORY.search("\n".join(lines[-20:])):
            why = FAILED["OUT_OF_MEMORY"]  # without cgroups Slurm calls it FAILED or CANCELLED
        where, tail = f"; its log {path} ends with", "".join(f"\n    {line}" for line in lines[-10:])
    sentence = f"Slurm job {job}{name} ended as {state}{f' on {node}' if node else ''}: {why}"
    print(f"{sentence}{where}{tail}", file=sys.stderr, flush=True)
    for path in _logs_of(job):
        with path.open("a", encoding="utf-8") as log:
            log.write(f"decaybench-slurm: {sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
