"""Training: the one place that imports torch. `block.py` is the entry, `loop.py` the loop."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path

from decaybench import tasks
from decaybench.config.models import Module, Recipe
from decaybench.provenance.code import fingerprint

MODULES = {
    "linear": "decaybench.learning.linear",
    "mlp": "decaybench.learning.mlp",
    "module": "decaybench.learning.module",
}


def module_of(recipe: Recipe) -> str:
    """The file that trains a recipe; a linear model of classes is a network without hidden layers."""
    several = recipe.model.kind == "linear" and recipe.n_classes is not None
    return MODULES["mlp" if several else recipe.model.kind]


def code_of(recipe: Recipe) -> str:
    """The fingerprint of all code that a recipe's numbers depend on."""
    factory = recipe.model.factory if isinstance(recipe.model, Module) else ""
    return _code(module_of(recipe), tasks.MODULES[recipe.task.kind], factory)


@cache
def _code(model: str, task: str, factory: str) -> str:
    own = fingerprint("decaybench.learning.block", model, task, libraries=("torch", "numpy", "scikit-learn"))
    file = factory.partition(":")[0].replace(".", "/") + ".py"
    sources = [root / file for root in map(Path, ["", *sys.path]) if factory and (root / file).is_file()]
    if not sources:
        return own
    return hashlib.sha256(own.encode() + sources[0].read_bytes()).hexdigest()[:16]
