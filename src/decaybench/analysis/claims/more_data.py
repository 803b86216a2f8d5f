"""More data prevent overfitting."""

from __future__ import annotations

from collections.abc import Iterator

from decaybench.analysis.experiment import Experiment
from decaybench.analysis.fact import resolution_of
from decaybench.analysis.regimes import (
    forgets_start,
    log_ratio,
    predicted_loss,
    ratio,
    row_pairs,
    setting_description,
    source,
)
from decaybench.analysis.verdicts import FORGETS, Claim, Measurement
from decaybench.cells.grid import weight_decay_label


def measure(experiment: Experiment) -> Iterator[Measurement]:
    """Fewest rows against more: without decay, and with the λ that validation chooses for each."""
    for few, more in row_pairs(experiment):
        m = more.variant.task.n_train
        choices = [(few.choose(few.decays), more.choose(more.decays))]
        if 0.0 in few.decays and 0.0 in more.decays:
            choices.insert(0, (0.0, 0.0))
        for a, b in dict.fromkeys(choices):
            values = log_ratio(few.column("test_loss", a), more.column("test_loss", b), resolution_of(few.variant))
            predicted = ratio(predicted_loss(few, a), predicted_loss(more, b))
            one, other = weight_decay_label(a), weight_decay_label(b)
            decay = f"λ = {one}" if a == b else f"λ = {one} → {other}"
            label = setting_description(few, f"{m} rows instead; {decay}", f"改为 {m} 行；{decay}")
            apart = forgets_start(few)
            yield Measurement(few, label, values, predicted, source(predicted), apart=apart)


CLAIM = Claim(
    id="more-data-helps",
    sentence={
        "en": "More data is a way to avoid overfitting.",
        "zh": "增加数据可以避免过拟合。",
    },
    quantifier="often",
    scope={
        "en": "trainings that differ in the number of rows alone, without decay and with the λ that validation "
        "chooses for each number",
        "zh": "只在行数上不同的训练：不衰减，以及在每个行数上按验证集选 λ",
    },
    statistic={
        "en": "test loss with the fewest rows over test loss with more rows, the first rows being the same",
        "zh": "行数最少时与行数较多时测试损失之比；较多的行包含较少的行",
    },
    smallest_effect=1.05,
    unit="times",
    would_change={
        "en": "a number of rows at which adding rows raises the test loss",
        "zh": "在某个行数上，增加数据反而使测试损失上升",
    },
    needs={
        "en": "no study trains on two numbers of rows",
        "zh": "没有一项研究使用两种行数",
    },
    measure=measure,
    heading_apart=FORGETS,
)
