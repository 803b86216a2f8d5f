"""A strategy for small valid configs of every kind, the odd ones before all."""

from __future__ import annotations

from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from decaybench.config import ConfigError
from decaybench.config.parsing import parse_config

sizes = st.sampled_from([1, 1, 2, 3, 5, 9])
decays = st.lists(
    st.sampled_from([0, 0, 1e-300, 1e-3, 0.1, 1, 3, 30, 40, 1e4, 1e300]), min_size=1, max_size=5, unique=True
)  # fmt: skip
seeds = st.one_of(st.integers(1, 5), st.sampled_from([[7], [3, 100], [0, 1, 2], [4_294_967_295]]), st.just(22))
numbers = st.sampled_from([0, 0, 1e-30, 0.01, 0.5, 3, 1e20])


def tasks() -> st.SearchStrategy[dict[str, Any]]:
    parts = {"n_train": sizes, "n_validation": sizes, "n_test": sizes}
    noise = st.sampled_from([0, 0.3, 0.99])
    return st.one_of(
        st.fixed_dictionaries({"kind": st.just("gaussian_linear"), **parts, "n_features": sizes},
                              optional={"weight": numbers, "bias": numbers, "noise_std": numbers}),
        st.fixed_dictionaries({"kind": st.just("polynomial"), **parts, "degree": st.integers(1, 7)},
                              optional={"noise_std": numbers}),
        st.fixed_dictionaries({"kind": st.just("modular_addition"), "modulus": st.integers(3, 5), **parts}),
        st.fixed_dictionaries({"kind": st.just("diabetes"), **parts, "degree": st.sampled_from([1, 2])}),
        st.fixed_dictionaries({"kind": st.just("digits"), **parts}, optional={"label_noise": noise}),
        st.fixed_dictionaries({"kind": st.just("breast_cancer"), **parts}, optional={"label_noise": noise}),
    )  # fmt: skip


rates = st.sampled_from([0, 0, 0.5, 0.9])
linear = st.fixed_dictionaries(
    {"kind": st.just("linear")},
    optional={"init_std": st.sampled_from([0, 1, 1e10]), "init_mean": st.just(0.01),
              "bias_init_std": st.sampled_from([0, 1]), "dropout": rates},
)  # fmt: skip
network = st.fixed_dictionaries(
    {"kind": st.just("mlp"), "hidden": st.sampled_from([1, 3, [2, 2]])},
    optional={"activation": st.sampled_from(["relu", "quadratic"]), "dropout": rates,
              "init_scale": st.sampled_from([0, 1, 100])},
)  # fmt: skip
own_module = st.just({"kind": "module", "factory": "tests.unit.small_modules:two_layers"})  # slow: tried before use
models = st.integers(0, 9).flatmap(lambda place: linear if place < 5 else network if place < 9 else own_module)
optimizers = st.sampled_from(["sgd", "adam", "adamw"])
losses = st.sampled_from([None, "mse", "half_mse", "cross_entropy"])
trainings = st.fixed_dictionaries(
    {"epochs": st.sampled_from([1, 2, 4, 12, 30]),
     "learning_rate": st.sampled_from([1e-8, 0.01, 0.05, 0.05, 0.3, 1, 1e6])},
    optional={
        "optimizer": optimizers, "momentum": st.sampled_from([0, 0.9]), "nesterov": st.booleans(),
        "batch_size": st.sampled_from([1, 2, 3, 1000]), "loss": losses, "decay_bias": st.booleans(),
        "record_every": st.sampled_from([1, 2, 50]), "in_span": st.booleans(),
    },
)  # fmt: skip
overrides = st.one_of(
    st.fixed_dictionaries({"grid.seeds": seeds}),
    st.fixed_dictionaries({"grid.weight_decay": decays}),
    st.fixed_dictionaries({"task.n_train": sizes}),
    st.fixed_dictionaries({"task.n_train": sizes, "grid.seeds": seeds}),
    st.fixed_dictionaries({"model": models}),
    st.fixed_dictionaries({"task": tasks()}),
    st.fixed_dictionaries({"task": tasks(), "model": models, "training.loss": st.none()}),
    st.fixed_dictionaries({"training.optimizer": optimizers}),
    st.fixed_dictionaries({"training.loss": losses}),
    st.fixed_dictionaries({"training.decay_bias": st.booleans(), "training.learning_rate": st.just(0.02)}),
    st.fixed_dictionaries({"training.epochs": st.sampled_from([1, 20]), "training.batch_size": st.just(2)}),
    st.just({"model.init_std": 0, "model.bias_init_std": 0}),
    st.just({"model.dropout": 0.5}),
    st.just({}),
)
studies = st.fixed_dictionaries(
    {"task": tasks(), "model": models, "training": trainings,
     "grid": st.fixed_dictionaries({"weight_decay": decays, "seeds": seeds}),
     "variants": st.dictionaries(st.sampled_from(["a", "b"]), overrides, max_size=2)}
)  # fmt: skip


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """Whatever is drawn and can be run."""
    own = [draw(studies) for _ in range(draw(st.sampled_from([1, 1, 1, 2])))]
    languages = draw(st.sampled_from([["en", "zh"], ["en", "zh"], ["zh"]]))
    for study in own:
        _only_what_belongs(study["training"])
    raw = {"studies": [{"name": f"s{i}", **study} for i, study in enumerate(own)], "report": {"languages": languages}}
    try:
        parse_config(raw)
    except ConfigError:
        reject()
    return raw


def _only_what_belongs(training: dict[str, Any]) -> None:
    """Without what belongs to sgd, or to momentum, alone."""
    if training.get("optimizer", "sgd") != "sgd":
        training.pop("momentum", None)
    if not training.get("momentum"):
        training.pop("nesterov", None)
