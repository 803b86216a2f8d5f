"""Profiles say how a run is run; the GPU profile differs from the CPU one in the GPU alone."""

from pathlib import Path

import pytest
import yaml

from decaybench.jobs.plan import refusal_of_array_jobs

PROFILES = Path(__file__).parents[2] / "profiles"


def profile(name):
    return yaml.safe_load((PROFILES / name / "profile.yaml").read_text())


def test_the_gpu_profile_asks_for_a_gpu_for_training_and_for_nothing_else():
    gpu = profile("slurm-gpu")
    assert gpu.pop("set-resources") == {"train": {"gpu": 1}}
    assert gpu == profile("slurm")


@pytest.mark.parametrize("name", ["slurm", "slurm-gpu", "slurm-plugin"])
def test_each_key_of_a_profile_has_a_comment(name):
    lines = (PROFILES / name / "profile.yaml").read_text().splitlines()
    explained = False
    for line in lines:
        if not line.strip():
            explained = False
        elif line.lstrip().startswith("#"):
            explained = True
        elif not line.startswith(" "):
            assert explained, line


@pytest.mark.parametrize("name", ["slurm", "slurm-gpu", "slurm-plugin"])
def test_jobs_keep_their_own_notes_and_failures_are_tried_again(name):
    keys = profile(name)
    assert "persistence" not in keys["shared-fs-usage"]
    assert "input-output" in keys["shared-fs-usage"]
    assert keys["retries"] >= 1
    assert keys["rerun-incomplete"] and keys["show-failed-logs"]
    assert "slurm-array-jobs" not in keys


def test_job_arrays_are_refused_wherever_they_are_asked_for():
    class Settings:
        array_jobs = "all"

    assert refusal_of_array_jobs(["--slurm-array-jobs", "all"])
    assert refusal_of_array_jobs(["-n", "--slurm-array-jobs=train"])
    assert refusal_of_array_jobs([], Settings())
    assert refusal_of_array_jobs(["--profile", "profiles/slurm"], object()) is None
    assert "\n" not in refusal_of_array_jobs(["--slurm-array-jobs"])
