"""A strategy for small valid configs of every kind, the odd ones before all."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from decaybench.config import ConfigError
from decaybench.config.parsing import parse_config

few = st.integers(1, 4)
sizes = st.sampled_from([1, 1, 2, 3, 5, 9])
decays = st.lists(
    st.sampled_from([0, 0, 1e-300, 1e-3, 0.1, 1, 3, 30, 1e4, 1e300]), min_size=1, max_size=5, unique=True
)  # fmt: skip
seeds = st.one_of(st.integers(1, 5), st.sampled_from([[7], [3, 100], [0, 1, 2], [4_294_967_295]]), st.just(22))
numbers = st.sampled_from([0, 0, 1e-30, 0.01, 0.5, 3, 1e20])


def tasks() -> st.SearchStrategy[dict[str, Any]]:
    parts = {"n_train": sizes, "n_validation": sizes, "n_test": sizes}
    noise = st.sampled_from([0, 0.3, 0.95])
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
models = st.one_of(
    st.fixed_dictionaries({"kind": st.just("linear")},
                          optional={"init_std": st.sampled_from([0, 1, 1e10]), "init_mean": st.just(0.01),
                                    "bias_init_std": st.sampled_from([0, 1]), "dropout": rates}),
    st.fixed_dictionaries({"kind": st.just("mlp"), "hidden": st.sampled_from([1, 3, [2, 2]])},
                          optional={"activation": st.sampled_from(["relu", "quadratic"]), "dropout": rates,
                                    "init_scale": st.sampled_from([0, 1, 100])}),
    st.just({"kind": "module", "factory": "tests.unit.small_modules:two_layers"}),
)  # fmt: skip
trainings = st.fixed_dictionaries(
    {"epochs": st.sampled_from([1, 2, 4, 12]), "learning_rate": st.sampled_from([1e-8, 0.01, 0.05, 1, 1e6])},
    optional={
        "optimizer": st.sampled_from(["sgd", "adam", "adamw"]), "momentum": st.sampled_from([0, 0.9]),
        "nesterov": st.booleans(), "batch_size": st.sampled_from([1, 2, 3, 1000]),
        "loss": st.sampled_from([None, "mse", "half_mse", "cross_entropy"]), "decay_bias": st.booleans(),
        "record_every": st.sampled_from([1, 2, 50]), "in_span": st.booleans(),
    },
)  # fmt: skip
overrides = st.one_of(
    st.fixed_dictionaries({"grid.seeds": seeds}),
    st.fixed_dictionaries({"grid.weight_decay": decays}),
    st.fixed_dictionaries({"task.n_train": sizes}),
    st.fixed_dictionaries({"model": models}),
    st.fixed_dictionaries({"task": tasks()}),
    st.fixed_dictionaries({"training.optimizer": st.sampled_from(["sgd", "adam", "adamw"])}),
    st.fixed_dictionaries({"training.decay_bias": st.booleans(), "training.learning_rate": st.just(0.02)}),
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
    own = draw(st.lists(studies, min_size=1, max_size=2))
    languages = draw(st.sampled_from([["en", "zh"], ["en", "zh"], ["zh"]]))
    raw = {"studies": [{"name": f"s{i}", **study} for i, study in enumerate(own)], "report": {"languages": languages}}
    for study in raw["studies"]:  # what belongs to sgd alone
        if study["training"].get("optimizer", "sgd") != "sgd":
            study["training"].pop("momentum", None)
        if not study["training"].get("momentum"):
            study["training"].pop("nesterov", None)
    try:
        parse_config(raw)
    except ConfigError:
        from hypothesis import reject

        reject()
    return raw
