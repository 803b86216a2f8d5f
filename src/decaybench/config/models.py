"""The config: pydantic models of every key, and the one place that says what a config means.

The JSON Schema for editors, the table of keys in config/README.md and every default come from here.
Keys that are left out take the defaults below.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
)

NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
BASE = "base"

# Rows and classes of the data sets that ship with scikit-learn.
BUNDLED_ROWS = {"diabetes": 442, "digits": 1797, "breast_cancer": 569}


class ConfigError(ValueError):
    """A config that cannot be run; the message has one line a problem."""


def _number(value: Any) -> Any:
    """Refuse booleans; take a number that YAML left as a string (it reads 1e-4 so)."""
    if isinstance(value, bool):
        raise ValueError(f"must be a number, got {str(value).lower()}")
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise ValueError(f"must be a number, got {value!r}") from None
    return value


def _whole(value: Any) -> Any:
    value = _number(value)
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"must be a whole number, got {value:g}")
    return int(value) if isinstance(value, float) else value


def _no_duplicates(values: list[Any]) -> list[Any]:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        first = twice[0] if isinstance(twice[0], str) else f"{twice[0]:g}"
        raise ValueError(f"has {first} more than once")
    return values


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _with_kind(default: str) -> BeforeValidator:
    """A mapping that does not say its kind is of the default one."""
    return BeforeValidator(lambda value: {"kind": default, **value} if isinstance(value, dict) else value)


def _positive_zero(value: float) -> float:
    return value + 0.0  # -0.0 and 0.0 are one weight decay


Real = Annotated[float, BeforeValidator(_number)]
NonNegative = Annotated[float, BeforeValidator(_number), Field(ge=0), AfterValidator(_positive_zero)]
Positive = Annotated[float, BeforeValidator(_number), Field(gt=0)]
Count = Annotated[int, BeforeValidator(_whole), Field(ge=1)]
Rate = Annotated[float, BeforeValidator(_number), Field(ge=0, lt=1)]
Seed = Annotated[int, BeforeValidator(_whole), Field(ge=0, lt=2**32)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


# --- tasks: where data comes from ------------------------------------------------------------------


class GaussianLinear(Strict):
    """y = x·w + b + noise with standard normal inputs: the article's task."""

    kind: Literal["gaussian_linear"] = "gaussian_linear"
    n_train: Count = Field(20, description="training rows")
    n_validation: Count = Field(100, description="validation rows, on which λ is chosen")
    n_test: Count = Field(100, description="test rows, only reported")
    n_features: Count = Field(200, description="inputs p")
    weight: Real = Field(0.01, description="true weight of every input")
    bias: Real = Field(0.05, description="true bias")
    noise_std: NonNegative = Field(0.01, description="standard deviation of the target noise σ")


class Polynomial(Strict):
    """A cubic in one variable, fitted with polynomials in an orthonormal Legendre basis."""

    kind: Literal["polynomial"]
    n_train: Count = Field(20, description="training rows")
    n_validation: Count = Field(100, description="validation rows")
    n_test: Count = Field(100, description="test rows")
    degree: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=30)] = Field(
        12, description="degree that is fitted"
    )
    noise_std: NonNegative = Field(0.3, description="standard deviation of the target noise σ")


class ModularAddition(Strict):
    """(a + b) mod m from one-hot a and b: the task on which networks grok."""

    kind: Literal["modular_addition"]
    modulus: Annotated[int, BeforeValidator(_whole), Field(ge=3, le=199)] = Field(31, description="m")
    n_train: Count = Field(480, description="training pairs out of m²")
    n_validation: Count = Field(200, description="validation pairs")
    n_test: Count = Field(281, description="test pairs")

    @property
    def n_classes(self) -> int:
        return self.modulus


class Diabetes(Strict):
    """442 patients, 10 measurements: disease progression after a year, standardised."""

    kind: Literal["diabetes"]
    n_train: Count = Field(60, description="training rows")
    n_validation: Count = Field(191, description="validation rows")
    n_test: Count = Field(191, description="test rows")
    degree: Literal[1, 2] = Field(2, description="polynomial features: 1 (10 columns) or 2 (65 columns)")


class Digits(Strict):
    """1,797 images of handwritten digits, 8 × 8 pixels."""

    kind: Literal["digits"]
    n_train: Count = Field(300, description="training rows")
    n_validation: Count = Field(500, description="validation rows")
    n_test: Count = Field(997, description="test rows")
    label_noise: Rate = Field(0.0, description="share of training labels that are replaced by another class")

    @property
    def n_classes(self) -> int:
        return 10


class BreastCancer(Strict):
    """569 biopsies, 30 measurements: malignant or benign."""

    kind: Literal["breast_cancer"]
    n_train: Count = Field(60, description="training rows")
    n_validation: Count = Field(200, description="validation rows")
    n_test: Count = Field(309, description="test rows")
    label_noise: Rate = Field(0.0, description="share of training labels that are replaced by another class")

    @property
    def n_classes(self) -> int:
        return 2


Task = Annotated[
    GaussianLinear | Polynomial | ModularAddition | Diabetes | Digits | BreastCancer,
    Field(discriminator="kind"),
    _with_kind("gaussian_linear"),
]

# --- models ----------------------------------------------------------------------------------------


class Linear(Strict):
    """One weight an input and output, and a bias; trained in float64."""

    kind: Literal["linear"] = "linear"
    init_std: NonNegative = Field(1.0, description="standard deviation of the initial weights")
    init_mean: Real = Field(0.0, description="mean of the initial weights")
    bias_init_std: NonNegative = Field(1.0, description="standard deviation of the initial bias")
    bias_init: Real = Field(0.0, description="mean of the initial bias")
    dropout: Rate = Field(0.0, description="share of inputs dropped at each training step")


class Mlp(Strict):
    """A fully connected network, initialised as torch.nn.Linear does; trained in float32."""

    kind: Literal["mlp"]
    hidden: Annotated[list[Count], Field(min_length=1), BeforeValidator(_as_list)] = Field(
        [256], description="units of each hidden layer"
    )
    activation: Literal["relu", "quadratic"] = Field("relu", description="hidden units: max(0, z) or z²")
    dropout: Rate = Field(0.0, description="share of hidden units dropped at each training step")
    init_scale: NonNegative = Field(1.0, description="factor on the default initial weights and biases")


class Module(Strict):
    """Any torch.nn.Module that a factory returns; trained in float32 through torch.func."""

    kind: Literal["module"]
    factory: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] = Field(
        description="package.module:name of a callable (n_features, n_outputs) → torch.nn.Module"
    )


Model = Annotated[Linear | Mlp | Module, Field(discriminator="kind"), _with_kind("linear")]


def _by_kind(union: Any) -> dict[str, type[Strict]]:
    return {get_args(cls.model_fields["kind"].annotation)[0]: cls for cls in get_args(get_args(union)[0])}


TASKS = _by_kind(Task)
MODELS = _by_kind(Model)

# --- training, grid, study -------------------------------------------------------------------------


class Training(Strict):
    optimizer: Literal["sgd", "adam", "adamw"] = Field(
        "sgd", description="sgd (L2 in the gradient, momentum), adam (L2 in the gradient), adamw (decoupled)"
    )
    learning_rate: Positive = Field(0.003, description="step size η")
    momentum: Rate = Field(0.0, description="momentum of sgd")
    nesterov: bool = Field(False, description="Nesterov momentum")
    batch_size: Count = Field(5, description="rows a step; n_train or more is full batch")
    epochs: Count = Field(100, description="passes over the training rows")
    loss: Literal["mse", "half_mse", "cross_entropy"] | None = Field(
        None,
        description="mse: mean (y−ŷ)²; half_mse: half of it; cross_entropy; "
        "null: mse for numbers, cross_entropy for classes",
    )
    decay_bias: bool = Field(False, description="whether weight decay acts on biases, too")
    record_every: Count = Field(5, description="epochs between two rows of history.parquet")
    in_span: bool = Field(
        True,
        description="linear models by sgd train in the span of their data (the same cells, faster); "
        "false trains all p weights",
    )


class Grid(Strict):
    weight_decay: Annotated[list[NonNegative], Field(min_length=1), AfterValidator(_no_duplicates)] = Field(
        [0, 0.01, 0.1, 0.3, 1, 3, 10, 30, 100], description="values of λ, PyTorch's weight_decay"
    )
    seeds: Annotated[
        Annotated[Count, Tag("count")]
        | Annotated[list[Seed], Field(min_length=1), AfterValidator(_no_duplicates), Tag("list")],
        Discriminator(lambda value: "list" if isinstance(value, list) else "count"),
    ] = Field(200, description="N (seeds 0 … N−1) or a list")

    @property
    def n_seeds(self) -> int:
        """How many seeds."""
        return self.seeds if isinstance(self.seeds, int) else len(self.seeds)

    def seed_list(self) -> list[int]:
        """All seeds in ascending order."""
        return list(range(self.seeds)) if isinstance(self.seeds, int) else sorted(self.seeds)


class Study(Strict):
    name: Annotated[str, Field(pattern=NAME, max_length=60)] = Field(description="name, used in paths")
    task: Task = Field(default_factory=GaussianLinear, description="where the data comes from")
    model: Model = Field(default_factory=Linear, description="what is trained")
    training: Training = Field(default_factory=Training, description="how it is trained")
    grid: Grid = Field(default_factory=Grid, description="which λ and seeds")
    variants: dict[Annotated[str, Field(pattern=NAME, max_length=60)], dict[str, Any]] = Field(
        default_factory=dict, description="named sets of overrides with dotted keys, e.g. model.init_std: 0"
    )
    seeds_per_block: Count | None = Field(
        None,
        description="seeds a job trains; null: 100 for linear models, 4 for networks, doubled until a study has at "
        "most 500 blocks; no number in the tables depends on it",
    )

    def resolved(self) -> list[Variant]:
        """The base study and its variants, each complete."""
        own = self.model_dump(exclude={"name", "variants", "seeds_per_block"}, mode="json")
        overrides = {BASE: {}, **self.variants}
        return [Variant(name=name, **overridden(own, keys)) for name, keys in overrides.items()]


class Recipe(Strict):
    """One kind of training, complete: all that a cell's numbers depend on but its λ and seed."""

    task: Task
    model: Model
    training: Training

    @property
    def n_classes(self) -> int | None:
        """Number of classes, None when the target is a number."""
        return getattr(self.task, "n_classes", None)

    @property
    def loss(self) -> str:
        """The loss that is trained, with the default of the task filled in."""
        return self.training.loss or ("mse" if self.n_classes is None else "cross_entropy")


class Variant(Recipe):
    """A study with one set of overrides applied."""

    name: str
    grid: Grid


class Report(Strict):
    languages: Annotated[list[Literal["en", "zh"]], Field(min_length=1), AfterValidator(_no_duplicates)] = Field(
        ["en", "zh"], description="languages of the page, one file each"
    )


class Config(Strict):
    studies: list[Study] = Field(min_length=1, description="the questions to answer")
    report: Report = Field(default_factory=Report, description="the page")
    nodes: Count | None = Field(
        None,
        description="machines that share the work: each study is cut into N to about 2N jobs, whatever "
        "seeds_per_block says; null: by seeds_per_block; no number in the tables depends on it",
    )

    def question(self) -> dict[str, Any]:
        """What is asked, without how the work is cut: what numbers and pages may depend on."""
        return self.model_dump(mode="json", exclude={"nodes": True, "studies": {"__all__": {"seeds_per_block"}}})


# --- variants --------------------------------------------------------------------------------------


def overridden(study: dict[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `study` with dotted `keys` set; a new `kind` replaces its mapping whole."""
    study = deepcopy(study)
    # Whole mappings first, then kinds: a new kind empties its mapping, wherever it stands among the keys.
    for key, value in sorted(keys.items(), key=lambda item: (item[0].count("."), not item[0].endswith(".kind"))):
        *parents, last = key.split(".")
        if [*parents, last][0] not in study:
            raise ConfigError(f"{key}: unknown key{nearest([*parents, last][0], list(study))}")
        place = study
        for parent in parents:
            place = place.get(parent) if isinstance(place, dict) else None  # type: ignore[assignment]
            if not isinstance(place, dict):
                raise ConfigError(f"{key}: unknown key; {parent} has no keys of its own")
        _set(place, last, deepcopy(value))
    return study


def _set(place: dict[str, Any], key: str, value: Any) -> None:
    old = place.get(key)
    if isinstance(value, dict) and isinstance(old, dict) and value.get("kind", old.get("kind")) == old.get("kind"):
        for inner, item in value.items():
            _set(old, inner, item)
    elif key == "kind" and value != old:
        place.clear()
        place["kind"] = value
    else:
        place[key] = value


def nearest(name: str, valid: list[str]) -> str:
    """The end of a message about an unknown name: the closest valid one, or all of them."""
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; one of {', '.join(valid)}"
