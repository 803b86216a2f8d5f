"""Snakemake's side: jobs become scripts for the follower, and signals become a cancelled queue."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import threading
from collections import Counter, defaultdict
from pathlib import Path
from types import FrameType
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings, SharedFSUsage

from decaybench.jobs.slurm.follower import Follower, Job
from decaybench.jobs.slurm.marks import RunMark, digest
from decaybench.jobs.slurm.options import LOGS, clusters, options, unknown
from decaybench.jobs.slurm.states import EXIT_LINE

common_settings = CommonSettings(
    non_local_exec=True, implies_no_shared_fs=False, job_deploy_sources=False,
    auto_deploy_default_storage_provider=False,
)  # fmt: skip
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The folder is removed when the head ends in order. A job that starts later must not end as if it had done its work.
SCRIPT = """#!/bin/sh
trap 'echo {exit_line}$?' EXIT
tries=0
until test -d {head}; do
    tries=$((tries + 1))
    test $tries -gt 10 && {{ echo "decaybench-slurm: the Snakemake that wanted this job has ended; nothing was done"; exit 1; }}
    sleep 1
done
{command} || exit $?
for output in {outputs}; do
    test -e "$output" || {{ echo "decaybench-slurm: ended without making $output"; exit 1; }}
done
"""  # noqa: E501


class Executor(RemoteExecutor):
    """Snakemake's executor `decaybench-slurm`."""

    def __post_init__(self) -> None:
        if shutil.which("sbatch") is None:
            raise WorkflowError("there is no sbatch on the PATH; is this a node of the cluster?")
        # What a job ran out of, by its outputs: the next attempt gets more of that alone.
        self.ran_out: dict[str, Counter[str]] = defaultdict(Counter)
        self.warned: set[str] = set()
        self.interrupted = False
        self.handlers: dict[signal.Signals, Any] = {}
        LOGS.mkdir(parents=True, exist_ok=True)
        seconds = self.workflow.remote_execution_settings.seconds_between_status_checks
        self.follower = Follower(RunMark.of(Path.cwd()), self, seconds)
        self.follower.thread.start()

    def _wait_thread(self) -> None:
        """The follower looks after jobs; Snakemake's own thread has nothing to do."""

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> Any:
        """Never called, since `_wait_thread` is the follower's."""
        raise NotImplementedError

    # --- towards Slurm -----------------------------------------------------------------------------

    def run_jobs(self, jobs: list[Any]) -> None:
        """Give jobs to the follower. Snakemake says what they are when Slurm has taken them."""
        self._take_signals()
        for job in jobs:
            self.run_job(job)

    def run_job(self, job: Any) -> None:
        outputs = digest(*map(str, job.output))
        resources = self._resources(job, self.ran_out[outputs])
        self._warn_of(unknown(resources))
        made = [shlex.quote(str(file)) for file in job.output if not getattr(file, "is_storage", False)]
        shared = SharedFSUsage.INPUT_OUTPUT in self.workflow.storage_settings.shared_fs_usage
        head = shlex.quote(self.tmpdir if shared else ".")
        script = SCRIPT.format(
            exit_line=EXIT_LINE, head=head, command=self.format_job_exec(job), outputs=" ".join(made)
        )
        params = {} if job.is_group() else dict(job.params.items())
        question = digest(job.name, json.dumps(params, sort_keys=True, default=str))
        wildcards = [] if job.is_group() else [str(value) for value in job.wildcards_dict.values()]
        self.follower.add(
            Job("-".join([job.name, *wildcards]), outputs, question, options(resources, job.threads), script,
                clusters(resources), SubmittedJobInfo(job))
        )  # fmt: skip

    def get_job_exec_prefix(self, job: Any) -> str:
        shared = self.workflow.storage_settings.assume_common_workdir
        return f"cd {shlex.quote(self.workflow.workdir_init)}" if shared else ""

    @staticmethod
    def _resources(job: Any, ran_out: Counter[str]) -> dict[str, Any]:
        """Resources as of the first attempt, and more of what the job has run out of."""
        attempt = job.attempt

        def at(attempts: int) -> dict[str, Any]:
            job.attempt = attempts  # drops what was computed for another
            return dict(job.resources.items())

        found = at(1)
        for name, state in (("mem_mb", "OUT_OF_MEMORY"), ("runtime", "TIMEOUT")):
            if ran_out[state]:
                found[name] = at(1 + ran_out[state]).get(name)
        job.attempt = attempt
        return found

    def _warn_of(self, names: set[str]) -> None:
        for name in sorted(names - self.warned):
            self.logger.warning(f"resource {name}: sbatch is not asked for it (slurm_extra takes any option)")
        self.warned |= names

    # --- from the follower -------------------------------------------------------------------------

    def say(self, text: str) -> None:
        self.logger.warning(text)

    def submitted(self, job: Job) -> None:
        job.origin.external_jobid = job.slurm_id
        if job.interruptions:
            return
        self.printjob(job.origin.job)
        self.logger.info(f"Submitted job {job.origin.job.jobid} with external jobid '{job.slurm_id}'.")
        self.report_job_submission(job.origin)

    def succeeded(self, job: Job) -> None:
        self.report_job_success(job.origin)

    def failed(self, job: Job, state: str, text: str) -> None:
        self.ran_out[job.outputs][state] += 1
        self.logger.error(text)
        self.report_job_error(job.origin)

    def refused(self, text: str) -> None:
        self.workflow.scheduler.executor_error_callback(WorkflowError(text))

    # --- leaving -----------------------------------------------------------------------------------

    def _take_signals(self) -> None:
        """As soon as there is something to cancel: Snakemake takes SIGTERM after it has made its executor."""
        if self.handlers or threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:  # as nohup wants it
                self.handlers[number] = before
                signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """The first one cancels everything; the next ones, while that is done, change nothing."""
        if not self.follower.closing:
            self.interrupted = True
            self.follower.stop()
            raise KeyboardInterrupt

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]) -> None:
        """Whatever Snakemake thinks is active: the follower knows, and `shutdown` waits for it."""

    def shutdown(self) -> None:
        self.follower.close()
        if not self.interrupted and threading.current_thread() is threading.main_thread():
            for number, before in self.handlers.items():
                signal.signal(number, before)
        super().shutdown()
