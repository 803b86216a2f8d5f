"""What may be asked: the keys of studies, tasks and models, and what they mean.

Reading and checking a config is `parsing`, its files `files`, the schema and the table of keys `reference`.
"""

from decaybench.config.models import MODELS, Linear, Mlp, Model, Module
from decaybench.config.study import (
    BASE,
    FREE,
    NAME,
    NO_RECIPE,
    PATHVARS,
    Config,
    Grid,
    Recipe,
    Report,
    Study,
    Training,
    Variant,
    nearest,
    overridden,
    study_json,
)
from decaybench.config.tasks import (
    TASKS,
    BreastCancer,
    Contents,
    Diabetes,
    Digits,
    Finite,
    GaussianLinear,
    ModularAddition,
    Polynomial,
    SplitKeys,
    Table,
    Task,
)
from decaybench.config.types import ConfigError, InputError, Strict

__all__ = [
    "BASE", "FREE", "MODELS", "NAME", "NO_RECIPE", "PATHVARS", "TASKS", "BreastCancer", "Config", "ConfigError",
    "Contents", "Diabetes", "Digits", "Finite", "GaussianLinear", "Grid", "InputError", "Linear", "Mlp", "Model",
    "ModularAddition", "Module", "Polynomial", "Recipe", "Report", "SplitKeys", "Strict", "Study", "Table", "Task",
    "Training", "Variant", "nearest", "overridden", "study_json",
]  # fmt: skip
