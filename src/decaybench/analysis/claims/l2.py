"""L2 regularisation is often better than none."""

from __future__ import annotations

from collections.abc import Iterator

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.fact import resolution_of
from decaybench.analysis.prediction import optimal_weight_decay
from decaybench.analysis.regimes import forgets_start, log_ratio, predicted_loss, ratio, setting_description, source
from decaybench.analysis.results import VariantResults
from decaybench.analysis.verdicts import FORGETS, Claim, Measurement
from decaybench.cells.grid import weight_decay_label

NEAR = 10**0.5  # a factor within which a λ stands for theory's best one


def _comparable(results: VariantResults) -> bool:
    dropped = getattr(results.variant.model, "dropout", 0.0)
    plain = not dropped and not results.variant.training.decay_bias
    return plain and 0.0 in results.decays and len(results.decays) > 1 and _covers_optimum(results)


def _covers_optimum(results: VariantResults) -> bool:
    """Whether the grid tries what theory holds for best: where it does not, a failure would be the grid's."""
    best = optimal_weight_decay(results.variant)
    return best is None or any(best / NEAR <= decay <= best * NEAR for decay in results.decays)


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """λ = 0 against the positive λ of lowest mean validation loss."""
    for results in experiment.settings(_comparable):
        best = results.choose([decay for decay in results.decays if decay > 0])
        values = log_ratio(
            results.column("test_loss", 0.0), results.column("test_loss", best), resolution_of(results.variant)
        )
        predicted = ratio(predicted_loss(results, 0.0), predicted_loss(results, best))
        decay = f"λ = {weight_decay_label(best)}"
        label = setting_description(results, decay, decay)
        apart = forgets_start(results)
        yield Measurement(results, label, values, predicted, source(predicted), apart=apart)


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
