"""L2 regularisation is often better than none."""

from __future__ import annotations

from collections.abc import Iterator

from decaybench.analysis.prediction import optimal_weight_decay
from decaybench.analysis.regimes import Arm, Case, forgets_start, log_ratio, ratio, source
from decaybench.analysis.verdicts import FORGETS, Claim, Measurement
from decaybench.cells.grid import weight_decay_label

NEAR = 10**0.5  # a factor within which a λ stands for theory's best one


def _comparable(arm: Arm) -> bool:
    dropped = getattr(arm.variant.model, "dropout", 0.0)
    plain = not dropped and not arm.variant.training.decay_bias
    return plain and 0.0 in arm.decays and len(arm.decays) > 1 and _covers_optimum(arm)


def _covers_optimum(arm: Arm) -> bool:
    """Whether the grid tries what theory holds for best: where it does not, a failure would be the grid's."""
    best = optimal_weight_decay(arm.variant)
    return best is None or any(best / NEAR <= decay <= best * NEAR for decay in arm.decays)


def measure(case: Case) -> Iterator[Measurement]:
    """λ = 0 against the positive λ of lowest mean validation loss."""
    for arm in case.settings(_comparable):
        best = arm.chosen([decay for decay in arm.decays if decay > 0])
        values = log_ratio(arm.column("test_loss", 0.0), arm.column("test_loss", best), arm.resolution)
        predicted = ratio(arm.predicted(0.0), arm.predicted(best))
        decay = f"λ = {weight_decay_label(best)}"
        yield Measurement(
            arm, arm.label(decay, decay), values, predicted, source(predicted), apart=forgets_start(arm)
        )


CLAIM = Claim(
    id="l2-helps",
    sentence={
        "en": "L2 regularisation prevents overfitting: it is often better than no regularisation.",
        "zh": "L2 正则化能防止过拟合，效果往往好于未经正则化。",
    },
    quantifier="often",
    scope={
        "en": "every kind of data and training that was tried with λ = 0 and a positive λ, without dropout",
        "zh": "每一种既训练过 λ = 0、也训练过正 λ、且没有 dropout 的数据与训练",
    },
    statistic={
        "en": "test loss at λ = 0 over test loss at the positive λ that validation chooses",
        "zh": "λ = 0 时的测试损失与验证集选出的正 λ 的测试损失之比",
    },
    smallest_effect=1.05,
    unit="times",
    would_change={
        "en": "a gain on test rows of less than five percent at every positive λ of the grid, or one above it",
        "zh": "网格中每个正 λ 在测试行上的收益都低于百分之五，或有一个高于它",
    },
    needs={
        "en": "no study trains with λ = 0 and with a positive λ",
        "zh": "没有一项研究同时训练 λ = 0 和正的 λ",
    },
    measure=measure,
    heading_apart=FORGETS,
)
