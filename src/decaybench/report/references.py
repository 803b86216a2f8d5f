"""The literature that the page stands on, each work with where to find it."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Work:
    """One publication."""

    authors: str
    year: int
    title: str
    where: str
    link: str


def _doi(doi: str) -> str:
    return f"https://doi.org/{doi}"


WORKS = {
    "ali-2019": Work(
        "Ali, Kolter & Tibshirani", 2019, "A continuous-time view of early stopping for least squares regression",
        "AISTATS 2019, PMLR 89", "https://proceedings.mlr.press/v89/ali19a.html",
    ),
    "belkin-2019": Work(
        "Belkin, Hsu, Ma & Mandal", 2019,
        "Reconciling modern machine-learning practice and the classical bias–variance trade-off",
        "PNAS 116(32)", _doi("10.1073/pnas.1903070116"),
    ),
    "chen-yang-2021": Work(
        "Chen & Yang", 2021, "The one standard error rule for model selection: does it work?", "Stats 4(4)",
        _doi("10.3390/stats4040051"),
    ),
    "efron-1987": Work(
        "Efron", 1987, "Better bootstrap confidence intervals", "Journal of the American Statistical Association 82",
        _doi("10.1080/01621459.1987.10478410"),
    ),
    "friedman-2010": Work(
        "Friedman, Hastie & Tibshirani", 2010,
        "Regularization paths for generalized linear models via coordinate descent",
        "Journal of Statistical Software 33(1)", _doi("10.18637/jss.v033.i01"),
    ),
    "hoeffding-1948": Work(
        "Hoeffding", 1948, "A class of statistics with asymptotically normal distribution",
        "Annals of Mathematical Statistics 19(3)", _doi("10.1214/aoms/1177730196"),
    ),
    "hoerl-kennard-1970": Work(
        "Hoerl & Kennard", 1970, "Ridge regression: biased estimation for nonorthogonal problems",
        "Technometrics 12(1)", _doi("10.1080/00401706.1970.10488634"),
    ),
    "krogh-hertz-1991": Work(
        "Krogh & Hertz", 1991, "A simple weight decay can improve generalization", "NeurIPS 4",
        "https://papers.nips.cc/paper/1991/hash/8eefcfdf5990e441f0fb6f3fad709e21-Abstract.html",
    ),
    "loshchilov-hutter-2019": Work(
        "Loshchilov & Hutter", 2019, "Decoupled weight decay regularization", "ICLR 2019",
        "https://arxiv.org/abs/1711.05101",
    ),
    "mackay-1992": Work(
        "MacKay", 1992, "Bayesian interpolation", "Neural Computation 4(3)", _doi("10.1162/neco.1992.4.3.415")
    ),
    "nadeau-bengio-2003": Work(
        "Nadeau & Bengio", 2003, "Inference for the generalization error", "Machine Learning 52",
        _doi("10.1023/A:1024068626366"),
    ),
    "nakkiran-2021": Work(
        "Nakkiran, Venkat, Kakade & Ma", 2021, "Optimal regularization can mitigate double descent", "ICLR 2021",
        "https://arxiv.org/abs/2003.01897",
    ),
}  # fmt: skip


def reference(key: str) -> Markup:
    """A link to a work in the list of references."""
    work = WORKS[key]
    name = f"{work.authors.split(', ')[0]} et al." if work.authors.count(",") else work.authors
    return Markup('<a class="reference" href="#ref-{}">{} {}</a>').format(key, name, work.year)
