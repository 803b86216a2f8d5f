"""One thread that submits jobs, asks Slurm about all of them at once, and cancels what is left at the end.

An answer is never guessed: silence means running, until patience ends. No fault of Slurm, of a disk or of a child
process ends this thread.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from decaybench.jobs.slurm import commands, refusals, states
from decaybench.jobs.slurm.leaving import CANCEL_SECONDS, cancel_live
from decaybench.jobs.slurm.marks import RunMark

SUBMIT_SECONDS = 3.0  # of submitting before jobs under way are looked at again
PAUSE_SECONDS = 15.0  # at most, between two tries to submit
LOST_SECONDS = 60.0  # how long an answering Slurm may not know a job
SILENT_SECONDS = float(os.environ.get("DECAYBENCH_SLURM_SILENT_SECONDS", 7200))  # of a Slurm that does not answer
REPEAT_SECONDS = 600.0  # until a reason of waiting that had gone is said again
MOST_INTERRUPTIONS = 10  # of one job, by preemption or its nodes


@dataclass(eq=False)
class Job:
    """A job of Snakemake on its way through Slurm."""

    name: str
    outputs: str  # digest: another job with the same one makes the same files
    question: str  # digest of what it is asked
    options: list[str]
    script: str
    cluster: str = ""
    origin: Any = None  # what the events' listener knows it by
    slurm_id: str = ""
    interruptions: int = 0
    lost_since: float | None = None


class Events(Protocol):
    """Who is told. Every method is called from the follower's thread."""

    def say(self, text: str) -> None: ...
    def submitted(self, job: Job) -> None: ...
    def succeeded(self, job: Job) -> None: ...
    def failed(self, job: Job, state: str, text: str) -> None: ...
    def refused(self, text: str) -> None: ...  # Slurm will never take such a job, and nothing is under way


@dataclass
class Follower:
    """Jobs given to `add` are submitted and followed until `close`, which cancels what has not ended."""

    mark: RunMark
    events: Events
    poll_seconds: float = 3.0
    waiting: list[Job] = field(default_factory=list)
    under_way: list[Job] = field(default_factory=list)
    refusal: str = ""  # why the run must end

    def __post_init__(self) -> None:
        # SimpleQueue may be put to by a handler of signals, whatever its thread was just doing.
        self._inbox: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._queue: commands.Queue = {}
        self._clusters: set[str] = set()
        self._silent_since: float | None = None
        self._submit_at, self._pause, self._said_refusal = 0.0, 1.0, ""
        self._reasons: dict[str, float] = {}  # when each was last seen
        self._waited_for: set[str] = set()
        self._told = False  # that the run must end
        self._accounting_at = 0.0
        self._unsure = False  # whether Slurm may have a job whose number was lost
        self.closing = False
        self.thread = threading.Thread(target=self._run, name="decaybench-slurm", daemon=True)

    def add(self, job: Job) -> None:
        """Submit and follow a job, as soon as the thread runs."""
        self._inbox.put(job)

    def stop(self) -> None:
        """Cancel everything soon. May be called by a handler of signals."""
        self.closing = True
        self._inbox.put(None)

    def close(self) -> None:
        """Cancel everything that has not ended, and return when that is done."""
        self.stop()
        if self.thread.is_alive():
            self.thread.join(CANCEL_SECONDS + 2 * commands.ANSWER_SECONDS)

    def _run(self) -> None:
        next_look = 0.0
        while not self.closing:
            self._guarded(self._receive, 0.0 if self._can_submit() else max(0.0, next_look - time.monotonic()))
            if not self.closing:
                self._guarded(self.submit_some)
            if not self.closing and time.monotonic() >= next_look:
                self._guarded(self.look)
                next_look = time.monotonic() + self.poll_seconds
        self._guarded(self.cancel_all)

    def _guarded(self, step: Callable[..., None], *arguments: Any) -> None:
        try:
            step(*arguments)
        except Exception as error:
            try:
                self.events.say(f"{type(error).__name__} while following jobs, going on: {error}")
            finally:
                time.sleep(1)

    def _receive(self, seconds: float) -> None:
        try:
            found = self._inbox.get(timeout=max(seconds, 0.01))
            while True:
                if found is not None:
                    self.waiting.append(found)
                    self._clusters |= set(found.cluster.split(","))
                found = self._inbox.get_nowait()
        except queue.Empty:
            return

    def _can_submit(self) -> bool:
        return bool(self.waiting) and not self.refusal and time.monotonic() >= self._submit_at

    # --- submitting --------------------------------------------------------------------------------

    def submit_some(self) -> None:
        """Submit what waits, for a few seconds; jobs that an earlier, killed Snakemake has left are followed."""
        if not self._can_submit() or not self._ask_queue():
            return
        left = self.mark.left_by_others(self._queue, {job.slurm_id for job in self.under_way})
        end = time.monotonic() + SUBMIT_SECONDS
        while self.waiting and not self.closing and time.monotonic() < end:
            if not self._submit(self.waiting[0], left.get(self.waiting[0].outputs, {})):
                return
            self.waiting.pop(0)

    def _submit(self, job: Job, left: dict[str, str]) -> bool:
        """Whether Slurm has the job now."""
        job.lost_since = None
        for slurm_id, question in left.items():
            if question == job.question:
                job.slurm_id = slurm_id
                self._taken(job)
                self.events.say(f"{job.name} is under way already as Slurm job {slurm_id}: following it")
                return True
        commands.cancel(left)
        comment = self.mark.comment(job.outputs, job.question)
        answer = commands.ask("sbatch", *job.options, f"--job-name={job.name}", f"--comment={comment}",
                              script=job.script)  # fmt: skip
        number = answer.output.partition(";")[0].strip()
        if answer.code == 0 and number.isdigit():
            job.slurm_id = f"{number};{answer.output.strip().partition(';')[2]}" if job.cluster else number
            self._taken(job)
            return True
        self._not_taken(job, answer.errors or f"sbatch's answer cannot be read: {answer.output[:80]}")
        return False

    def _taken(self, job: Job) -> None:
        self.under_way.append(job)
        self._pause, self._said_refusal = 1.0, ""
        self.events.submitted(job)

    def _not_taken(self, job: Job, message: str) -> None:
        self._unsure = True  # sbatch may have been heard although its answer was lost
        live = any(row.state not in states.ENDED for row in self._queue.values())
        if not refusals.passes(message, live):
            self._refuse(f"Slurm refuses {job.name}: {message}. To go on: {refusals.advice(message)}")
            return
        if message != self._said_refusal:
            self._said_refusal = message
            self.events.say(f"Slurm takes no job for now: {message}; asking again until it does")
        self._submit_at = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, PAUSE_SECONDS)

    def _refuse(self, text: str) -> None:
        self.refusal = text
        if self.under_way:
            self.events.say(f"{text}. Submitting nothing more; waiting for {len(self.under_way)} jobs under way")

    # --- following ---------------------------------------------------------------------------------

    def look(self) -> None:
        """Ask Slurm about all jobs, and tell what has changed."""
        if self.under_way and self._ask_queue():
            self._look_at_jobs()
        if self.refusal and not self.under_way and not self._told:
            self._told = True
            self.events.refused(self.refusal)

    def _look_at_jobs(self) -> None:
        unknown = [job.slurm_id for job in self.under_way if job.slurm_id not in self._queue]
        accounted = self._ask_accounting(unknown)
        waiting: Counter[str] = Counter()
        ended: list[tuple[Job, str, str, str]] = []
        still: list[Job] = []
        for job in self.under_way:
            row = self._queue.get(job.slurm_id)
            state = row.state if row else accounted.get(job.slurm_id, "") or states.logged(job.slurm_id)
            why = "" if state else self._lost(job)
            if state in states.ENDED or why:
                ended.append((job, state or "UNKNOWN", row.node if row else "", why))
                continue
            still.append(job)
            if row and row.state == "PENDING":
                waiting[row.reason] += 1
        self.under_way = still
        for job, state, node, why in ended:
            self._ended(job, state, node, why)
        self._say_reasons(waiting)

    def _ended(self, job: Job, state: str, node: str, why: str) -> None:
        if state in states.SUCCEEDED:
            self.events.succeeded(job)
            return
        state = states.cause(job.slurm_id, state)
        said = states.sentence(job.slurm_id, job.name, state, node, why)
        if state in states.INTERRUPTED and job.interruptions < MOST_INTERRUPTIONS:
            job.interruptions += 1
            self.events.say(f"{said}; it is submitted again")
            self.waiting.append(job)
        else:
            self.events.failed(job, state, said + states.tail(job.slurm_id))

    def _lost(self, job: Job) -> str:
        """Why a job that an answering Slurm does not know is given up; "" while there is hope."""
        now = time.monotonic()
        job.lost_since = job.lost_since or now
        lost = now - job.lost_since
        return f"Slurm has not known it for {lost:.0f} s, and its log has no end" if lost > LOST_SECONDS else ""

    def _ask_accounting(self, unknown: list[str]) -> dict[str, str]:
        if not unknown or time.monotonic() < self._accounting_at:
            return {}
        self._accounting_at = time.monotonic() + self.poll_seconds
        return dict(commands.accounted(unknown))

    def _ask_queue(self) -> bool:
        """Whether Slurm answered. Says once when it does not, and gives its jobs up after long silence."""
        answer, now = commands.queue(self._clusters), time.monotonic()
        if not isinstance(answer, str):
            if self._silent_since is not None:
                self.events.say(f"Slurm answers again after {now - self._silent_since:.0f} s")
            self._queue, self._silent_since = answer, None
            return True
        if self._silent_since is None:
            self._silent_since = now
            self.events.say(f"Slurm does not answer; waiting for it ({answer})")
        elif now - self._silent_since > SILENT_SECONDS:
            given_up, self.under_way = self.under_way, []
            for job in given_up:
                why = f"Slurm has not answered for {(now - self._silent_since) / 60:.0f} minutes"
                self._ended(job, "UNKNOWN", "", why)
        self._submit_at = now + self.poll_seconds
        return False

    def _say_reasons(self, waiting: Counter[str]) -> None:
        """Why jobs wait, once when it changes; a reason that no waiting removes ends the run."""
        now = time.monotonic()
        for reason, count in waiting.items():
            if refusals.never_starts(reason) and not self.refusal:
                if reason in self._waited_for:  # twice: Slurm may not have seen all its nodes yet
                    self._give_up(reason)
            elif reason not in ("None", "") and now - self._reasons.get(reason, -REPEAT_SECONDS) >= REPEAT_SECONDS:
                self.events.say(f"{count} of {len(self.under_way)} jobs wait in Slurm's queue: {reason}")
            self._reasons[reason] = now
        self._waited_for = set(waiting)

    def _give_up(self, reason: str) -> None:
        those = {number for number, row in self._queue.items() if (row.state, row.reason) == ("PENDING", reason)}
        hopeless = [job for job in self.under_way if job.slurm_id in those]
        commands.cancel(job.slurm_id for job in hopeless)
        self.under_way = [job for job in self.under_way if job not in hopeless]
        jobs = f"{hopeless[0].name} and {len(hopeless) - 1} more" if hopeless[1:] else hopeless[0].name
        self._refuse(f"{jobs} would wait for ever ({reason}). To go on: {refusals.advice(reason)}")

    # --- leaving -----------------------------------------------------------------------------------

    def cancel_all(self) -> None:
        """Cancel all jobs of this run, by their numbers and by the run's mark, until the queue has none."""
        known = [job.slurm_id for job in self.under_way]
        if not known and not self._unsure:
            return
        commands.cancel(known)
        if known:
            self._say_if_possible(f"cancelling the {len(known)} jobs of this run")
        left = cancel_live(lambda rows: self.mark.of_run(rows) | (set(known) & rows.keys()), self._clusters)
        if known or left:
            self._say_if_possible(left or "no job of this run is left in Slurm's queue")

    def _say_if_possible(self, text: str) -> None:
        with contextlib.suppress(Exception):  # the terminal may have gone, and jobs must be cancelled all the same
            self.events.say(text)
