"""Training: the one place that imports torch. `block.py` is the entry, `loop.py` the loop."""

from __future__ import annotations

import hashlib
from functools import cache

from decaybench import tasks
from decaybench.config import Module, Recipe
from decaybench.provenance.code import fingerprint
from decaybench.provenance.own_code import own_code

MODULES = {
    "linear": "decaybench.learning.linear",
    "mlp": "decaybench.learning.mlp",
    "exact": "decaybench.learning.exact",
    "module": "decaybench.learning.module",
}


def module_of(recipe: Recipe) -> str:
    """The file that trains a recipe; a linear model of classes is a network without hidden layers."""
    if recipe.training.optimizer == "exact":
        return MODULES["exact"]
    several = recipe.model.kind == "linear" and recipe.n_classes is not None
    return MODULES["mlp" if several else recipe.model.kind]


def code_of(recipe: Recipe) -> str:
    """The fingerprint of all code that a recipe's numbers depend on."""
    module, task = module_of(recipe), tasks.MODULES[recipe.task.kind]
    if not isinstance(recipe.model, Module):
        return _code(module, task)
    own = own_code(recipe.model.factory)
    return hashlib.sha256((_code(module, task, *own.modules) + own.digest).encode()).hexdigest()[:16]


@cache
def _code(*modules: str) -> str:
    return fingerprint("decaybench.learning.block", *modules, libraries=("torch", "numpy", "scikit-learn"))
