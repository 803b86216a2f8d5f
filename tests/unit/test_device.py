"""Which device trains, without having one: the choice, its refusals, and the lock on local GPUs."""

import multiprocessing

import pytest
import torch

from decaybench.config import ConfigError
from decaybench.learning import device


def test_the_cpu_trains_where_there_is_nothing_else(monkeypatch):
    monkeypatch.delenv("DECAYBENCH_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert device.choose() == torch.device("cpu")


def test_cuda_comes_before_apple_and_the_environment_overrides(monkeypatch):
    monkeypatch.delenv("DECAYBENCH_DEVICE", raising=False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device.choose().type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device.choose().type == "cuda"
    monkeypatch.setenv("DECAYBENCH_DEVICE", "cuda:1")
    assert device.choose() == torch.device("cuda", 1)
    monkeypatch.setenv("DECAYBENCH_DEVICE", "cpu")
    assert device.choose().type == "cpu"


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        ("gpu", "DECAYBENCH_DEVICE: unknown device 'gpu'; one of cpu, cuda, cuda:N, mps"),
        ("cuda", "DECAYBENCH_DEVICE: cuda is not available here; cpu is"),
        ("xpu", "DECAYBENCH_DEVICE: xpu is not available here; cpu is"),
    ],
)
def test_a_device_that_is_not_there_is_refused_in_one_line(monkeypatch, wanted, line):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("DECAYBENCH_DEVICE", wanted)
    with pytest.raises(ConfigError) as caught:
        device.choose()
    assert str(caught.value) == line


def test_a_gpu_number_beyond_the_last_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("DECAYBENCH_DEVICE", "cuda:2")
    with pytest.raises(ConfigError, match="cuda:2 is not there; 2 GPUs are visible"):
        device.choose()


def test_float64_leaves_apple_gpus_alone():
    apple = torch.device("mps")
    assert device.for_dtype(apple, float64=True).type == "cpu"
    assert device.for_dtype(apple, float64=False).type == "mps"


def _claim_and_wait(folder, claimed, release):
    import tempfile

    tempfile.tempdir = folder
    with device._slot(2) as slot:
        claimed.put(slot)
        release.wait(30)


def test_two_processes_get_two_gpus_and_a_third_waits_for_the_first_that_is_free(tmp_path, monkeypatch):
    context = multiprocessing.get_context("spawn")
    claimed, first_done, others_done = context.Queue(), context.Event(), context.Event()
    processes = [
        context.Process(target=_claim_and_wait, args=(str(tmp_path), claimed, done))
        for done in (first_done, others_done)
    ]
    processes[0].start()
    first = claimed.get(timeout=60)
    processes[1].start()
    second = claimed.get(timeout=60)
    assert {first, second} == {0, 1}
    third = context.Process(target=_claim_and_wait, args=(str(tmp_path), claimed, others_done))
    third.start()
    first_done.set()
    assert claimed.get(timeout=60) == first
    others_done.set()
    for process in [*processes, third]:
        process.join(30)
        assert process.exitcode == 0


def test_a_scheduler_that_hands_out_gpus_is_left_in_charge(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setattr(device, "_slot", lambda count: pytest.fail("a lock was taken"))
    with device.claimed(torch.device("cuda")) as chosen:
        assert chosen == torch.device("cuda")


def test_without_a_scheduler_a_local_gpu_is_locked(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with device.claimed(torch.device("cuda")) as chosen:
        assert chosen == torch.device("cuda", 0)
        assert list(tmp_path.rglob("0.lock"))
