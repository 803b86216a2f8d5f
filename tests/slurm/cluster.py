"""A real Slurm on this machine: munged, slurmctld and several slurmd on loopback, without systemd or cgroups.

Everything lives in one folder and is found through SLURM_CONF alone; the system's own configuration is neither read
nor written. The daemons are children of the tests and die with them; `stop` ends exactly what was started.
"""

from __future__ import annotations

import contextlib
import ctypes
import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from . import accounting

PROGRAMS = ("munged", "slurmctld", "slurmd", "slurmstepd", "sbatch", "squeue", "scancel", "scontrol")
SLURM_CONF = """
ClusterName=decaybench
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2,sched_min_interval=0
MpiDefault=none
ReturnToService=2
MinJobAge=300
# A dead slurmd is noticed within half a minute.
SlurmdTimeout=10
KillWait=3
MessageTimeout=10
GresTypes=gpu
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
"""
NODE = (
    "NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} RealMemory={mb} Gres=gpu:{gpus}"
    " Feature=zen\n"
)
PARTITIONS = """
PartitionName=main Nodes=ALL Default=YES DefaultTime=10 DefMemPerCPU=500 State=UP PriorityTier=1
PartitionName=brief Nodes=ALL MaxTime=2 State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL State=UP PriorityTier=10
"""


def missing_programs() -> list[str]:
    """What a cluster needs and this machine lacks."""
    sbin = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    return [program for program in PROGRAMS if shutil.which(program, path=sbin) is None]


class Cluster:
    """`nodes` virtual nodes that claim `cpus` cores, `mb` of memory and `gpus` GPUs each (more than there is)."""

    def __init__(self, nodes: int = 3, cpus: int = 2, mb: int = 6000, gpus: int = 2, accounts: bool = False) -> None:
        self.user = getpass.getuser()
        self.accounts = accounts  # whether there are slurmdbd and MariaDB
        self.folder = Path(tempfile.mkdtemp(prefix="decaybench-slurm-test-", dir="/tmp"))  # short: it holds a socket
        self.nodes = [f"n{number}" for number in range(1, nodes + 1)]
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("SLURM_")},
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"]),
        }
        self._configure(cpus, mb, gpus)

    def _configure(self, cpus: int, mb: int, gpus: int) -> None:
        for name in ("state", "spool", "sbin"):
            (self.folder / name).mkdir()
        host, ports = socket.gethostname().partition(".")[0], _free_ports(len(self.nodes) + 3)
        text = SLURM_CONF.format(host=host, port=ports[0], user=self.user, folder=self.folder)
        self.database_port = ports[2]
        if self.accounts:
            text += accounting.SLURM_CONF.format(folder=self.folder, port=ports[1])
            accounting.write_slurmdbd_conf(self.folder, self.user, ports[1], self.database_port)
        else:
            text += "AccountingStorageType=accounting_storage/none\n"
        for node, port in zip(self.nodes, ports[3:], strict=True):
            text += NODE.format(node=node, host=host, port=port, cpus=cpus, mb=mb, gpus=gpus)
            stepd = shutil.which("slurmstepd", path="/usr/sbin:/sbin:/usr/bin:" + self.environment["PATH"])
            (self.folder / "sbin" / node).mkdir()
            shutil.copy(str(stepd), self.folder / "sbin" / node)  # an own copy tells whose jobs are whose
        text += PARTITIONS
        (self.folder / "slurm.conf").write_text(text)
        # Slurm hands out numbers of GPUs by their device files; any character device will do.
        devices = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random"][:gpus]
        (self.folder / "gres.conf").write_text("".join(f"Name=gpu File={device}\n" for device in devices))
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)

    def start(self) -> None:
        """Start all daemons and wait until every node takes jobs."""
        socket_path = self.folder / "munge.socket"
        self._daemon(
            "munged", "--foreground", "--force", f"--key-file={self.folder}/munge.key", f"--socket={socket_path}",
            f"--pid-file={self.folder}/munged.pid", f"--log-file={self.folder}/munged.log",
            f"--seed-file={self.folder}/munged.seed", "--num-threads=2",
        )  # fmt: skip
        _wait(socket_path.exists, 10, "munged does not start")
        if self.accounts:
            self._start_accounting()
        self.start_controller()
        for node in self.nodes:
            self.start_daemon(node)
        _wait(lambda: set(self.states()) == {"idle"}, 40, f"the nodes are not idle; see {self.folder}")

    def _start_accounting(self) -> None:
        user = self.user
        accounting.make_database(self.folder, user, self.environment)
        self._daemon(*accounting.database_command(self.folder, user, self.database_port))
        _wait(lambda: accounting.database_answers(self.folder, self.environment), 30, "MariaDB does not start")
        self._daemon("slurmdbd", "-D")
        _wait(lambda: "Cluster" in self.ask("sacctmgr", "show", "cluster"), 30, "slurmdbd does not answer")
        for what in ("cluster decaybench", "account lab Cluster=decaybench", f"user {user} Account=lab"):
            self.ask("sacctmgr", "-i", "add", *what.split())

    def stop(self) -> None:
        """Cancel all jobs, end all daemons, and remove the folder."""
        for node in self.nodes:
            self.crash(node)
        for name in list(self.daemons):
            self._end(name, signal.SIGTERM)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, *command: str, limit: float = 20) -> str:
        """The output of one of Slurm's commands."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=limit)
        return done.stdout

    def states(self) -> list[str]:
        """The state of each node."""
        return self.ask("sinfo", "-h", "-N", "-o", "%T").split()

    def jobs(self, state: str = "RUNNING") -> dict[str, str]:
        """Names and nodes of the jobs in a state: id → "name node"."""
        lines = self.ask("squeue", "-h", "-t", state, "-o", "%A %j %N").splitlines()
        return {line.split()[0]: line.partition(" ")[2] for line in lines}

    # --- faults ------------------------------------------------------------------------------------

    def start_controller(self) -> None:
        self._daemon("slurmctld", "-D", "-f", str(self.folder / "slurm.conf"))
        _wait(lambda: "is UP" in self.ask("scontrol", "ping"), 20, "slurmctld does not answer")

    def stop_controller(self) -> None:
        self._end("slurmctld", signal.SIGTERM)

    def start_daemon(self, node: str) -> None:
        stepd = self.folder / "sbin" / node / "slurmstepd"
        self._daemon("slurmd", "-D", "-f", str(self.folder / "slurm.conf"), "-N", node, "-d", str(stepd), name=node)

    def kill_daemon(self, node: str) -> None:
        """SIGKILL slurmd alone: its jobs go on."""
        self._end(node, signal.SIGKILL)

    def crash(self, node: str) -> None:
        """As a power cut: slurmd, its steps and all processes of its jobs at once."""
        if node in self.daemons:
            self._end(node, signal.SIGKILL)
        for step in list(self._steps(node)):
            for process in [step, *_descendants(step)]:
                _kill(process)

    def _steps(self, node: str) -> Iterator[int]:
        own = str(self.folder / "sbin" / node / "slurmstepd")
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if str((entry / "exe").readlink()) == own:
                    yield int(entry.name)
            except OSError:
                continue

    def _daemon(self, program: str, *arguments: str, name: str = "") -> None:
        with (self.folder / f"{name or program}.out").open("ab") as out:
            self.daemons[name or program] = subprocess.Popen(
                [program, *arguments], cwd="/", env=self.environment, stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, start_new_session=True, preexec_fn=_die_with_parent,
            )  # fmt: skip

    def _end(self, name: str, how: signal.Signals) -> None:
        process = self.daemons.pop(name)
        process.send_signal(how)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _descendants(process: int) -> Iterator[int]:
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            numbers = [int(word) for word in children.read_text().split()]
        except OSError:
            continue
        for child in numbers:
            yield child
            yield from _descendants(child)


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def _wait(until: Callable[[], bool], seconds: float, message: str) -> None:
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            raise TimeoutError(message)
        time.sleep(0.2)
