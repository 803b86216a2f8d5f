"""Whose a job is: a mark in Slurm's comment, decaybench:FOLDER:RUN:OUTPUTS:QUESTION, each a digest."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from decaybench.jobs.slurm.commands import Queue
from decaybench.jobs.slurm.states import ENDED

MARK = "decaybench"


def digest(*words: str) -> str:
    """A short name for words."""
    return hashlib.sha256("\0".join(words).encode(errors="surrogateescape")).hexdigest()[:16]


@dataclass(frozen=True)
class RunMark:
    """The mark of one run of Snakemake in a folder."""

    folder: str
    run: str = field(default_factory=lambda: secrets.token_hex(8))

    @classmethod
    def of(cls, folder: Path) -> RunMark:
        """The mark of a new run in this folder."""
        return cls(digest(os.path.realpath(folder)))

    def comment(self, outputs: str, question: str) -> str:
        """The comment of a job."""
        return ":".join([MARK, self.folder, self.run, outputs, question])

    def of_folder(self, rows: Queue) -> set[str]:
        """Jobs of any run in this folder."""
        return {job for job, row in rows.items() if row.comment.startswith(f"{MARK}:{self.folder}:")}

    def of_run(self, rows: Queue) -> set[str]:
        """Jobs of this run."""
        return {job for job, row in rows.items() if row.comment.startswith(f"{MARK}:{self.folder}:{self.run}:")}

    def left_by_others(self, rows: Queue, followed: set[str]) -> dict[str, dict[str, str]]:
        """Jobs of this folder that are not followed and have not ended: outputs → id → question."""
        found: dict[str, dict[str, str]] = {}
        for job in self.of_folder(rows) - followed:
            words = rows[job].comment.split(":")
            if len(words) == 5 and rows[job].state not in ENDED:
                found.setdefault(words[3], {})[job] = words[4]
        return found
