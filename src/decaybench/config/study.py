"""The config: pydantic models of every key, and the one place that says what a config means.

The JSON Schema for editors, the table of keys in config/README.md and every default come from here.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from decaybench.config.models import Linear, Model
from decaybench.config.tasks import TASKS, Finite, GaussianLinear, Task
from decaybench.config.types import (
    ConfigError,
    Count,
    Language,
    NonNegative,
    Positive,
    Rate,
    Seed,
    Strict,
    no_duplicates,
)

NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
LANGUAGE = r"^[a-z]{2}$"
BASE = "base"
NO_RECIPE = {"name", "title", "variants", "seeds_per_block"}  # keys of a study that no variant has
FREE = "^x-"  # keys at the top of a config that anyone may use, say for YAML anchors
PATHVARS = "pathvars"  # a key of Snakemake's: where it puts files

# --- training, grid, study -------------------------------------------------------------------------


class Training(Strict):
    optimizer: Literal["sgd", "adam", "adamw", "exact"] = Field(
        "sgd",
        description="sgd (L2 in the gradient, momentum), adam (L2 in the gradient), adamw (decoupled); exact: what a "
        "linear model converges to, without steps: keys of steps, batches and epochs are ignored",
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

    def deciding(self) -> dict[str, Any]:
        """All of it that numbers depend on."""
        keys = {"optimizer", "loss", "decay_bias"} if self.optimizer == "exact" else None
        return self.model_dump(mode="json", include=keys)


class Grid(Strict):
    weight_decay: Annotated[list[NonNegative], Field(min_length=1), AfterValidator(no_duplicates)] = Field(
        [0, 0.01, 0.1, 0.3, 1, 3, 10, 30, 100], description="values of λ, PyTorch's weight_decay"
    )
    seeds: Annotated[
        Annotated[Count, Tag("count")]
        | Annotated[list[Seed], Field(min_length=1), AfterValidator(no_duplicates), Tag("list")],
        Discriminator(lambda value: "list" if isinstance(value, list) else "count"),
    ] = Field(200, description="N (seeds 0 … N−1) or a list")

    @property
    def n_seeds(self) -> int:
        """How many seeds."""
        return self.seeds if isinstance(self.seeds, int) else len(self.seeds)

    def seed_list(self, within: range | None = None) -> list[int]:
        """The seeds in ascending order, all or those within a range."""
        if isinstance(self.seeds, int):
            return list(range(self.seeds) if within is None else range(within.start, min(within.stop, self.seeds)))
        return sorted(seed for seed in self.seeds if within is None or seed in within)


class Study(Strict):
    name: Annotated[str, Field(pattern=NAME, max_length=60)] = Field(description="name, used in paths")
    task: Task = Field(default_factory=GaussianLinear, description="where the data comes from")
    model: Model = Field(default_factory=Linear, description="what is trained")
    training: Training = Field(default_factory=Training, description="how it is trained")
    grid: Grid = Field(default_factory=Grid, description="which λ and seeds")
    variants: dict[Annotated[str, Field(pattern=NAME, max_length=60)], dict[str, Any]] = Field(
        default_factory=dict, description="named sets of overrides with dotted keys, e.g. model.init_std: 0"
    )
    title: dict[Annotated[str, Field(pattern=LANGUAGE)], Annotated[str, Field(min_length=1, max_length=80)]] = Field(
        default_factory=dict,
        description="what the page calls the study, by language: {en: …, zh: …}; the name where there is none",
    )
    seeds_per_block: Count | None = Field(
        None,
        description="seeds a job trains; null: 100 for linear models, 4 for networks, doubled until a study has at "
        "most 500 blocks; no number in the tables depends on it",
    )

    @model_validator(mode="before")
    @classmethod
    def _make_room(cls, study: Any) -> Any:
        """Write the sizes of parts into variants whose rows leave the study's defaults another room."""
        if not isinstance(study, dict) or not isinstance(study.get("variants"), dict):
            return study
        variants = {
            name: {**keys, **_sizes(study.get("task", {}), keys)} if isinstance(keys, dict) else keys
            for name, keys in study["variants"].items()
        }
        return {**study, "variants": variants}

    def titled(self, language: str) -> str:
        """What the page calls the study."""
        return self.title.get(language) or self.title.get("en") or self.name

    def resolved(self) -> list[Variant]:
        """The base study and its variants, each complete."""
        own = self.model_dump(exclude=NO_RECIPE, mode="json")
        overrides = {BASE: {}, **self.variants}
        return [Variant(name=name, **overridden(own, keys)) for name, keys in overrides.items()]

    def to_json(self) -> str:
        """The study as commands take it: what is asked, without how it is cut into jobs."""
        return study_json(self.name, self.resolved())


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


def study_json(name: str, variants: Sequence[Variant]) -> str:
    """A study as JSON whose variants are complete, the base first; equal where all is that decides numbers.

    In ASCII: a command line carries other letters in some locales only.
    """
    base, *others = (variant.model_dump(mode="json", exclude={"name"}) for variant in variants)
    for own in (base, *others):
        own["grid"]["weight_decay"].sort()
        if isinstance(own["grid"]["seeds"], list):
            own["grid"]["seeds"].sort()
    named = dict(zip((variant.name for variant in variants[1:]), others, strict=True))
    return json.dumps({"name": name, **base, "variants": named})


class Report(Strict):
    languages: Annotated[list[Language], Field(min_length=1), AfterValidator(no_duplicates)] = Field(
        ["en", "zh"], description="languages of the page, one file each"
    )


class Config(Strict):
    model_config = ConfigDict(json_schema_extra=lambda schema: _allow_others(schema))

    studies: list[Study] = Field(min_length=1, description="the questions to answer")
    report: Report = Field(default_factory=Report, description="the page")
    nodes: Count | None = Field(
        None,
        description="machines that share the work: each study is cut into N to about 2N jobs, whatever "
        "seeds_per_block says; null: by seeds_per_block; no number in the tables depends on it",
    )

    def asked(self) -> dict[str, Any]:
        """What is asked, without how it is cut into jobs: what numbers and pages may depend on."""
        return self.model_dump(mode="json", exclude={"nodes": True, "studies": {"__all__": {"seeds_per_block"}}})

    def to_json(self) -> str:
        """The config as commands take it: what is asked, in ASCII; the page says variants in the config's words."""
        return json.dumps(self.asked())


def _allow_others(schema: dict[str, Any]) -> None:
    """Let the JSON Schema have the keys that are read by others, or by nobody."""
    schema["patternProperties"] = {FREE: {"description": "free, for anchors"}}
    schema["properties"][PATHVARS] = {"type": "object", "description": "Snakemake's: where results and logs go"}


# --- variants --------------------------------------------------------------------------------------


def overridden(study: dict[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `study` with dotted `keys` set; a new `kind` replaces its mapping whole."""
    study = deepcopy(study)
    _refuse_two_spellings(keys)
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


def _refuse_two_spellings(keys: Mapping[str, Any]) -> None:
    """One key may be written as `a.b: 1` or as `a: {b: 1}`, not both."""
    spelled: dict[str, str] = {}
    for key, value in keys.items():
        for path in _leaves(key, value):
            if path in spelled:
                raise ConfigError(f"{path}: stands twice, in {spelled[path]} and in {key}; keep one")
            spelled[path] = key


def _leaves(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner, item in value.items():
            yield from _leaves(f"{key}.{inner}", item)
    else:
        yield key


def _sizes(task: Any, keys: Mapping[str, Any]) -> dict[str, int]:
    """The parts that neither a study's task nor its variant gives, where `keys` leave them other sizes."""
    if not isinstance(task, dict):
        return {}
    base = {"kind": GaussianLinear.model_fields["kind"].default, **task}
    model = TASKS.get(str(base["kind"]))
    if model is None or not issubclass(model, Finite):
        return {}
    try:
        own = overridden({"task": base}, {key: item for key, item in keys.items() if key.split(".")[0] == "task"})[
            "task"
        ]
    except ConfigError:
        return {}  # said where variants are checked
    if not isinstance(own, dict) or own.get("kind") != base["kind"]:
        return {}  # a new kind starts from its own defaults
    before = model.default_sizes(base)
    return {f"task.{name}": size for name, size in model.default_sizes(own).items() if size != before.get(name)}


def nearest(name: str, valid: list[str]) -> str:
    """The end of a message about an unknown name: the closest valid one, or all of them."""
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; one of {', '.join(valid)}"
