"""What decay costs: a training step without it, with it in torch.optim, and with the penalty in the loss.

These are facts of the machine that measures them, on one thread, as training has. The three kinds take turns, round
after round, so that a noisy machine disturbs all of them alike and their ratios hold.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.benchmark import Timer

KINDS = ("none", "optimizer", "loss")
SIZES = (200, 200_000)  # weights
ROWS = 5
WEIGHT_DECAY = 3.0
WARM_UP = 3


def measure(rounds: int = 40, seconds_per_size: float = 0.7) -> list[dict[str, object]]:
    """For each size: seconds a step in every round, and the most bytes a step holds at once, of each kind.

    A round runs each kind for the same number of steps, chosen so that all rounds of a size take about
    `seconds_per_size`.
    """
    return [_measure_size(size, rounds, seconds_per_size) for size in SIZES]


def _measure_size(size: int, rounds: int, seconds: float) -> dict[str, object]:
    steps = {kind: _step(size, kind) for kind in KINDS}
    for step in steps.values():
        _timed(step, WARM_UP)
    once = sum(_timed(step, WARM_UP) for step in steps.values())
    repeats = max(1, round(seconds / rounds / once))
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for index in range(rounds):
        for kind in KINDS[index % 3 :] + KINDS[: index % 3]:  # no kind always runs after the same one
            times[kind].append(_timed(steps[kind], repeats))
    peaks = {kind: _peak_bytes(step) for kind, step in steps.items()}
    return {"weights": size, "steps_per_round": repeats, "seconds": times, "peak_bytes": peaks}


def _step(size: int, kind: str) -> Callable[[], None]:
    """One SGD step of the article's model on five rows."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(size, 1, generator=generator, requires_grad=True)
    inputs, targets = torch.randn(ROWS, size, generator=generator), torch.randn(ROWS, 1, generator=generator)
    rate = 0.1 / size  # stable at every size
    optimizer = torch.optim.SGD([weight], lr=rate, weight_decay=WEIGHT_DECAY if kind == "optimizer" else 0.0)

    def step() -> None:
        optimizer.zero_grad()
        loss = (inputs @ weight - targets).square().mean()
        if kind == "loss":
            loss = loss + WEIGHT_DECAY / 2 * weight.square().sum()
        loss.backward()
        optimizer.step()

    return step


def _timed(step: Callable[[], None], repeats: int) -> float:
    return float(Timer("step()", globals={"step": step}).timeit(repeats).mean)


def _peak_bytes(step: Callable[[], None]) -> int:
    """The most bytes that a step has allocated beyond what it found, in the order in which its parts end."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        step()
    held = peak = 0
    for event in sorted(record.events() or [], key=lambda event: event.time_range.end):
        held += event.self_cpu_memory_usage
        peak = max(peak, held)
    return peak
