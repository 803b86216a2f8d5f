"""A study's λ in the words of other libraries: the rows of the table in the section on choosing λ."""

from __future__ import annotations

from dataclasses import dataclass

from decaybench.analysis.variants import VariantView
from decaybench.report.catalogue import N_
from decaybench.theory import libraries


@dataclass(frozen=True)
class Row:
    """One library: what it calls its setting, as a formula of λ and n, and the number for the study."""

    key: str
    name: str
    remark: str
    formula: str
    value: float


def shown(view: VariantView) -> str | None:
    """The λ that the table converts: the chosen one, else the smallest positive one."""
    positive = [label for label in view.measured if float(label) > 0]
    return view.chosen if view.chosen in positive else next(iter(positive), None)


def rows(view: VariantView, label: str) -> list[Row]:
    """The table for a variant: ridge spellings for numbers, logistic ones for classes, and AdamW's timescale."""
    decay, n, eta = float(label), view.variant.task.n_train, view.variant.training.learning_rate
    logistic = "scikit-learn LogisticRegression"
    two = Row("logistic-two", logistic, N_("two classes"), "C = 2/(nλ)", libraries.logistic_c(decay, n, 2))
    more = Row("logistic-more", logistic, N_("more classes"), "C = 1/(nλ)", libraries.logistic_c(decay, n, 3))
    memory = Row("memory", "AdamW", N_("steps until a weight is forgotten"), "1/(ηλ)", libraries.memory(decay, eta))
    steps = [] if view.variant.training.optimizer == "exact" else [memory]
    if view.classes:
        return [two if view.variant.n_classes == 2 else more, *steps]
    loss = view.variant.loss
    g = 2 if loss == "mse" else 1
    ridge = Row("ridge", "scikit-learn Ridge", "", f"alpha = nλ/{g}", libraries.ridge_alpha(decay, n, loss))
    glmnet = Row(
        "glmnet", "glmnet", N_("alpha = 0, y of variance 1"), f"lambda = λ/{g}", libraries.glmnet_lambda(decay, loss)
    )
    other = Row("half", "PyTorch", N_("with half the squared error"), "λ/2", decay / 2)
    return [ridge, glmnet, *([other] if g == 2 else []), more, *steps]
