"""Small valid configs of every kind, as hypothesis draws them: cells of milliseconds, and much at its edge."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from torch import nn

from decaybench.config import ConfigError
from decaybench.config.parsing import parse_config

Keys = dict[str, Any]


def layers(n_features: int, n_outputs: int) -> nn.Module:
    """An own module that configs name."""
    return nn.Sequential(nn.Linear(n_features, 3), nn.Tanh(), nn.Linear(3, n_outputs))


def one_layer(n_features: int, n_outputs: int) -> nn.Module:
    return nn.Linear(n_features, n_outputs)


FACTORIES = ["small_configs:layers", "small_configs:one_layer"]

rows = st.sampled_from([1, 2, 3, 4, 6, 9])
features = st.sampled_from([1, 2, 3, 4, 6, 12])
amounts = st.sampled_from([0, 0.01, 1, -2, 1e-6, 1e5])
scales = st.sampled_from([0, 0.01, 1, 1e-6, 1e4])
rates = st.sampled_from([0, 0.3, 0.9])
names = st.sampled_from(["late", "other", "x1"])


def some(keys: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Keys]:
    """Any of the keys; the rest keep their defaults."""
    return st.fixed_dictionaries({}, optional=keys)


def of_kind(
    kind: str, sizes: st.SearchStrategy[int] = rows, **keys: st.SearchStrategy[Any]
) -> st.SearchStrategy[Keys]:
    parts = st.fixed_dictionaries({"kind": st.just(kind), "n_train": sizes, "n_validation": sizes, "n_test": sizes})
    return st.builds(lambda fixed, free: {**fixed, **free}, parts, some(keys))


tasks = st.one_of(
    of_kind("gaussian_linear", weight=amounts, bias=amounts, noise_std=scales).flatmap(
        lambda task: features.map(lambda p: {**task, "n_features": p})
    ),
    of_kind("polynomial", degree=st.integers(1, 6), noise_std=scales),
    of_kind("modular_addition", sizes=st.integers(1, 3), modulus=st.sampled_from([3, 4, 5])),
    of_kind("diabetes", degree=st.sampled_from([1, 2])),
    of_kind("digits", label_noise=st.sampled_from([0, 0.5, 0.99])),
    of_kind("breast_cancer", label_noise=st.sampled_from([0, 0.5, 0.99])),
)

linear_models = some(
    {"init_std": scales, "init_mean": amounts, "bias_init_std": scales, "bias_init": amounts, "dropout": rates}
).map(lambda keys: {"kind": "linear", **keys})
networks = some(
    {
        "hidden": st.sampled_from([1, 3, [2, 2]]),
        "activation": st.sampled_from(["relu", "quadratic"]),
        "dropout": rates,
        "init_scale": st.sampled_from([0, 1, 10]),
    }
).map(lambda keys: {"kind": "mlp", **keys})
modules = st.sampled_from(FACTORIES).map(lambda factory: {"kind": "module", "factory": factory})
models = st.one_of(linear_models, linear_models, networks, modules)


@st.composite
def trainings(draw: st.DrawFn, classes: bool) -> Keys:
    """All keys that hang together are given, so that a variant does not inherit half of them."""
    training = draw(
        some(
            {
                "batch_size": st.sampled_from([1, 2, 3, 50]),
                "record_every": st.sampled_from([1, 2, 30]),
                "decay_bias": st.booleans(),
                "in_span": st.booleans(),
            }
        )
    )
    optimizer = draw(st.sampled_from(["sgd", "sgd", "adam", "adamw"]))
    momentum = draw(st.sampled_from([0, 0, 0.5, 0.9])) if optimizer == "sgd" else 0
    return {
        **training,
        "optimizer": optimizer,
        "momentum": momentum,
        "nesterov": draw(st.booleans()) if momentum else False,
        "epochs": draw(st.sampled_from([1, 2, 8, 25])),
        "learning_rate": draw(st.sampled_from([0.003, 0.05, 0.05, 0.3, 1.5, 1e-7, 1e6])),
        "loss": draw(st.sampled_from([None, "mse", "half_mse", *(["cross_entropy"] if classes else [])])),
    }


grids = st.fixed_dictionaries(
    {
        "weight_decay": st.lists(
            st.sampled_from([0, 1e-8, 0.01, 0.3, 1, 3, 40, 1e6]), min_size=1, max_size=5, unique=True
        ),
        "seeds": st.one_of(
            st.integers(1, 5), st.lists(st.sampled_from([0, 1, 2, 7, 100]), min_size=1, max_size=3, unique=True)
        ),
    }
)


def has_classes(task: Keys) -> bool:
    return task["kind"] in ("digits", "breast_cancer", "modular_addition")


@st.composite
def variants(draw: st.DrawFn, task: Keys) -> Keys:
    """Nothing, a key or two, a part of the study, or another task."""
    if draw(st.integers(0, 5)) == 0:
        other = draw(tasks)
        return {"task": other, "model": draw(models), "training": draw(trainings(has_classes(other)))}
    keys: list[st.SearchStrategy[Keys]] = [
        st.fixed_dictionaries({"grid": grids}),
        st.fixed_dictionaries({"model": models}),
        st.fixed_dictionaries({"training": trainings(has_classes(task))}),
        st.sampled_from([{}, {"grid.seeds": [50, 51]}, {"grid.weight_decay": [0.5, 7]}, {"task.n_train": 1},
                         {"task.n_train": 3}]),
    ]  # fmt: skip
    if task["kind"] == "polynomial":
        keys.append(st.fixed_dictionaries({"task.degree": st.integers(1, 6)}))
    return draw(st.one_of(keys))


@st.composite
def lawful(draw: st.DrawFn) -> Keys:
    """Linear models by plain gradient descent: where theory, weights and evidence are told, too."""
    task = draw(tasks.filter(lambda task: not has_classes(task)))
    start = draw(st.sampled_from([{"init_std": 0, "bias_init_std": 0}, {"init_std": 0, "bias_init_std": 0}, {}]))
    training = {
        "batch_size": draw(st.sampled_from([50, 50, 50, 1])),
        "epochs": draw(st.sampled_from([1, 8, 40])),
        "learning_rate": draw(st.sampled_from([0.02, 0.1, 0.3, 3])),
        "record_every": draw(st.sampled_from([1, 5, 50])),
        "loss": draw(st.sampled_from([None, "half_mse"])),
    }
    return {"task": task, "model": start, "training": training}


@st.composite
def free(draw: st.DrawFn) -> Keys:
    task = draw(tasks)
    return {"task": task, "model": draw(models), "training": draw(trainings(has_classes(task)))}


@st.composite
def studies(draw: st.DrawFn, name: str) -> Keys:
    study = {"name": name, **draw(st.one_of(lawful(), free())), "grid": draw(grids)}
    task = study["task"]
    for variant in draw(st.lists(names, max_size=2, unique=True)):
        study.setdefault("variants", {})[variant] = draw(variants(task))
    return study


def is_valid(config: Keys) -> bool:
    try:
        parse_config(config)
    except ConfigError:
        return False
    return True


@st.composite
def any_configs(draw: st.DrawFn) -> Keys:
    config: Keys = {"studies": [draw(studies("mine"))]}
    if draw(st.integers(0, 3)) == 0:
        config["studies"].append(draw(studies("yours")))
    if draw(st.integers(0, 3)) == 0:
        config["report"] = {"languages": [draw(st.sampled_from(["zh", "en"]))]}
    return config


configs = any_configs().filter(is_valid)
