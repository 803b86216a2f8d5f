"""Which device trains, and how much of it a batch may fill."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from decaybench.cells.recipe import CPU_BATCH_BYTES
from decaybench.config import ConfigError

GPU_SHARE = 0.4  # of the free memory: an epoch's reordered rows and temporaries come on top

# Without this, MKL chooses kernels by how a matrix is aligned in memory, and a cell's last bits would depend on
# its place in a batch. MKL reads it at its first product.
os.environ.setdefault("MKL_CBWR", "AUTO")


def choose() -> torch.device:
    """CUDA, else Apple, else CPU; DECAYBENCH_DEVICE overrides (cpu, cuda, cuda:1, mps)."""
    wanted = os.environ.get("DECAYBENCH_DEVICE", "")
    if not wanted:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise ConfigError(f"DECAYBENCH_DEVICE: unknown device {wanted!r}; one of cpu, cuda, cuda:N, mps") from None
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(device.type, False):
        raise ConfigError(f"DECAYBENCH_DEVICE: {wanted} is not available here; cpu is")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(f"DECAYBENCH_DEVICE: {wanted} is not there; {torch.cuda.device_count()} GPUs are visible")
    return device


def for_dtype(device: torch.device, float64: bool) -> torch.device:
    """The device for a batch: Apple GPUs have no float64, so linear models train on the CPU there."""
    return torch.device("cpu") if float64 and device.type == "mps" else device


@contextlib.contextmanager
def claimed(device: torch.device) -> Iterator[torch.device]:
    """Hold one GPU of this machine for oneself, so that two local jobs do not share one.

    Does nothing where a scheduler has handed out GPUs already (CUDA_VISIBLE_DEVICES), where a GPU is named,
    and off CUDA.
    """
    if device.type != "cuda" or device.index is not None or os.environ.get("CUDA_VISIBLE_DEVICES"):
        yield device
        return
    with _slot(torch.cuda.device_count()) as slot:
        yield torch.device("cuda", slot)


@contextlib.contextmanager
def _slot(count: int, poll_seconds: float = 0.5) -> Iterator[int]:
    """The number of a free slot below `count`, held through a lock that dies with the process."""
    folder = Path(tempfile.gettempdir()) / f"decaybench-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    while True:
        for slot in range(count):
            lock = FileLock(folder / f"{slot}.lock")
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue
            try:
                yield slot
            finally:
                lock.release()
            return
        time.sleep(poll_seconds)


def batch_bytes(device: torch.device) -> int:
    """Memory that one batch may take."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0] * GPU_SHARE)
    return CPU_BATCH_BYTES


@contextlib.contextmanager
def settled() -> Iterator[None]:
    """One thread a process, and no denormal numbers meanwhile.

    Blocks run side by side instead: the bits of a sum depend on how many threads share it, and weights
    that decay by (1−ηλ) for long would crawl through denormal numbers.
    """
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def name(device: torch.device) -> str:
    """What a person calls it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
