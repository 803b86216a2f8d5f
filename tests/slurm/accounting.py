"""slurmdbd and its MariaDB for a cluster of the tests: accounts, qualities of service, sacct."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

PROGRAMS = ("slurmdbd", "sacctmgr", "mariadbd", "mariadb-install-db", "mariadb", "mariadb-admin")
SLURM_CONF = """
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={port}
AccountingStoragePass={folder}/munge.socket
AccountingStorageEnforce=limits,qos
"""
SLURMDBD_CONF = """
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={port}
SlurmUser={user}
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database_port}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
CommitDelay=1
"""


def make_database(folder: Path, user: str, environment: Mapping[str, str]) -> None:
    """An empty MariaDB in the folder."""
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--user={user}", f"--datadir={folder}/db", "--skip-test-db",
         "--auth-root-authentication-method=normal", "--skip-name-resolve"],
        env=environment, capture_output=True, timeout=60, check=True,
    )  # fmt: skip


def database_command(folder: Path, user: str, port: int) -> list[str]:
    return [
        "mariadbd", "--no-defaults", f"--user={user}", f"--datadir={folder}/db", "--bind-address=127.0.0.1",
        f"--port={port}", f"--socket={folder}/db.socket", f"--pid-file={folder}/db.pid", "--skip-name-resolve",
        "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M", "--innodb-flush-log-at-trx-commit=0",
        "--innodb-lock-wait-timeout=900", "--performance-schema=OFF",
    ]  # fmt: skip


def database_answers(folder: Path, environment: Mapping[str, str]) -> bool:
    """Whether MariaDB is up; lets slurmdbd in."""
    grant = (
        "CREATE DATABASE IF NOT EXISTS slurm_acct_db; CREATE USER IF NOT EXISTS 'slurm'@'127.0.0.1' IDENTIFIED BY"
        " 'slurm'; GRANT ALL ON slurm_acct_db.* TO 'slurm'@'127.0.0.1';"
    )
    command = ["mariadb", "--no-defaults", f"--socket={folder}/db.socket", "-uroot", "-e", grant]
    return subprocess.run(command, env=environment, capture_output=True, timeout=20).returncode == 0


def write_slurmdbd_conf(folder: Path, user: str, port: int, database_port: int) -> None:
    path = folder / "slurmdbd.conf"  # slurmdbd reads the file of this name beside SLURM_CONF
    path.write_text(SLURMDBD_CONF.format(folder=folder, user=user, port=port, database_port=database_port))
    path.chmod(0o600)


def missing_accounting() -> list[str]:
    """What accounting needs and this machine lacks."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    return [program for program in PROGRAMS if shutil.which(program, path=path) is None]
