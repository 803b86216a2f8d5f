"""Which refusals pass when one waits, which do not, and what to set then."""

from __future__ import annotations

import re

# What sbatch says when asking again later may help.
PASSING = re.compile(
    r"unable to contact|timed out|connection refused|connection reset|temporarily|zero bytes|try again|"
    r"slurm backup controller|communication|no route|unexpected message|not responding|"
    r"partition .*(?:inactive|drain|down)|required partition not available",
    re.IGNORECASE,
)
# The limit's own name, which sbatch prints before the sentence that names them all.
LIMIT = re.compile(r"\b(?:QOS|Assoc|Max|Partition)\w*(?:Limit|PerJob|PerNode|PerUser|PerAccount|Satisfied)\w*")
POLICY = re.compile(r"accounting/qos policy", re.IGNORECASE)
# Limits that count jobs; as jobs end, there is room again.
COUNTS_JOBS = re.compile(r"Submit|MaxJobs|GrpJobs")
# Reasons of a waiting job that no waiting removes.
NEVER = re.compile(
    r"^(?:PartitionTimeLimit|PartitionNodeLimit|BadConstraints|InvalidAccount|InvalidQOS|"
    r"AccountNotAllowed|QOSNotAllowed|QOSMin\w+|(?:QOS|Assoc)(?:Max|Min)\w*(?:PerJob|PerNode|WallDuration)\w*)$"
)
ADVICE = (
    (r"qos\w*(?:cpu|mem|node|tres)|policy", "the QOS or account has a limit for one job that this exceeds: set"
     " --set-resources train:mem_mb=… train:runtime=…, or another --default-resources slurm_qos=…"),
    (r"time ?limit|wall", "set a smaller runtime (minutes): --set-resources train:runtime=…, or another"
     " --default-resources slurm_partition=… (`sinfo -s` shows their limits)"),
    (r"account(?!ing)", "set --default-resources slurm_account=… or SBATCH_ACCOUNT (`sacctmgr show assoc user=$USER`"
     " lists yours)"),
    (r"qos", "set --default-resources slurm_qos=… or SBATCH_QOS (`sacctmgr show assoc user=$USER format=qos`"
     " lists yours)"),
    (r"memory|node configuration|badconstraints|partition(?:config|nodelimit)", "no node has as much: set"
     " --set-resources train:mem_mb=…, or smaller blocks by a larger --config nodes=…, or other"
     " --default-resources (`sinfo -o '%P %N %m %c %G %f'` shows what nodes have)"),
    (r"feature|constraint", "set --default-resources slurm_constraint=… or SBATCH_CONSTRAINT (`sinfo -o '%N %f'`"
     " lists the features)"),
    (r"gres|generic resource", "no node has such a GPU: set --set-resources train:gpu=… (`sinfo -o '%N %G'` lists"
     " them)"),
    (r"reservation", "set --default-resources slurm_reservation=… (`scontrol show reservation` lists them)"),
    (r"partition", "set --default-resources slurm_partition=… or SBATCH_PARTITION (`sinfo -s` lists them)"),
)  # fmt: skip


def passes(message: str, jobs_in_queue: bool) -> bool:
    """Whether a refusal of sbatch may pass. Some Slurms name no limit: then it is full as long as jobs are in it."""
    if PASSING.search(message):
        return True
    limit = LIMIT.search(message)
    if limit:
        return COUNTS_JOBS.search(limit[0]) is not None
    return POLICY.search(message) is not None and jobs_in_queue


def never_starts(reason: str) -> bool:
    """Whether a job that waits for this reason waits for ever."""
    return NEVER.match(reason) is not None


def advice(message: str) -> str:
    """What to set, for what Slurm says."""
    limit = LIMIT.search(message)
    message = limit[0] if limit else message
    for pattern, what in ADVICE:
        if re.search(pattern, message, re.IGNORECASE):
            return what
    return "docs/cluster.md lists what can be set"
