"""Dropout prevents overfitting."""

from __future__ import annotations

from collections.abc import Iterator

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.fact import resolution_of
from decaybench.analysis.regimes import log_ratio, on_common_seeds, predicted_loss, ratio, setting_description
from decaybench.analysis.verdicts import Claim, Measurement


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """λ = 0 without dropout against the dropout rate of lowest mean validation loss."""
    for family in experiment.families("model.dropout"):
        variants = [results for results in family if 0.0 in results.decays]
        plain = [results for results in variants if results.model.dropout == 0]
        dropped = [results for results in variants if results.model.dropout > 0]
        dropped, seeds = on_common_seeds(plain[0], dropped) if plain else ([], [])
        if not dropped:
            continue
        best = min(dropped, key=lambda results: results.column("validation_loss", 0.0).loc[seeds].mean())
        values = log_ratio(
            plain[0].column("test_loss", 0.0), best.column("test_loss", 0.0), resolution_of(best.variant)
        )
        predicted = ratio(predicted_loss(plain[0], 0.0), predicted_loss(best, 0.0))
        rate = f"{best.model.dropout:g}"
        said = "ratio of expected test losses; dropout as the decay that it stands for"
        where = None if predicted is None else said
        yield Measurement(best, setting_description(best, f"rate {rate}", f"丢弃率 {rate}"), values, predicted, where)


CLAIM = Claim(
    id="dropout-helps",
    sentence={
        "en": "Dropout is a way to avoid overfitting.",
        "zh": "dropout 可以避免过拟合。",
    },
    quantifier="can",
    scope={
        "en": "every training at λ = 0 that was repeated with dropout and nothing else changed",
        "zh": "每一种在 λ = 0 时只加上 dropout、其余不变地重新训练过的设置",
    },
    statistic={
        "en": "at λ = 0, test loss without dropout over test loss at the dropout rate that validation chooses",
        "zh": "λ = 0 时，无 dropout 的测试损失与验证集选出的丢弃率的测试损失之比",
    },
    smallest_effect=1.05,
    unit="times",
    would_change={
        "en": "a gain on test rows of less than five percent at every rate, or one above it",
        "zh": "每个丢弃率在测试行上的收益都低于百分之五，或有一个高于它",
    },
    needs={
        "en": "no study trains with and without dropout at λ = 0",
        "zh": "没有一项研究在 λ = 0 时同时训练有 dropout 和无 dropout 的模型",
    },
    measure=measure,
)
