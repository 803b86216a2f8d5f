"""The user's factory of modules: import it, call it under generators of one's own, and refuse in one line."""

from __future__ import annotations

import importlib
import inspect
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from decaybench.config import ConfigError, Module, Recipe
from decaybench.learning.networks import n_outputs
from decaybench.tasks.streams import stream

LONGEST = 200  # characters of an error


def start_number(kind: str, seed: int) -> int:
    """What the generators are seeded with when the module of a seed is made."""
    return int(stream(kind, seed, "weights").integers(2**63))


def step_numbers(kind: str, seed: int) -> Iterator[int]:
    """What the generators are seeded with: first for each forward of an evaluation, then for step 1, 2, …

    They depend on the kind of task and the seed alone, so every λ of a seed meets the same dropout masks.
    """
    source = stream(kind, seed, "dropout")
    while True:
        yield int(source.integers(2**63))


def seed_generators(number: int) -> None:
    """Set the global generators of torch, numpy and random, which a module may draw from."""
    torch.manual_seed(number)
    np.random.seed(number % 2**32)
    random.seed(number)


@contextmanager
def generators_kept() -> Iterator[None]:
    """Give the global generators of torch, numpy and random back as they were."""
    of_numpy, of_python = np.random.get_state(), random.getstate()
    gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices=gpus):
        try:
            yield
        finally:
            np.random.set_state(of_numpy)
            random.setstate(of_python)


def make(recipe: Recipe, n_features: int, number: int) -> nn.Module:
    """A module of the user's factory, on the CPU, with all global generators seeded with `number`."""
    with generators_kept():
        factory = factory_of(recipe)
        seed_generators(number)
        try:
            made = factory(*_arguments(factory, n_features, n_outputs(recipe)))
            return _checked(recipe, made).to("cpu").train()
        except ConfigError:
            raise
        except (Exception, SystemExit) as error:  # the user's own code may raise anything
            raise wrong(recipe, f"calling it failed: {reason(error)}") from error


def factory_of(recipe: Recipe) -> Callable[..., Any]:
    """The callable that `model.factory` names. What its file draws while it is imported is the same each time."""
    assert isinstance(recipe.model, Module)
    module_name, _, name = recipe.model.factory.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        with generators_kept():
            seed_generators(0)
            factory = getattr(importlib.import_module(module_name), name)
    except ModuleNotFoundError as error:
        raise wrong(recipe, f"no module named {error.name!r} here or among the installed packages") from None
    except AttributeError:
        raise wrong(recipe, f"{module_name} has no {name!r}") from None
    except (Exception, SystemExit) as error:  # likewise; a script may end itself
        raise wrong(recipe, f"importing it failed: {reason(error)}") from error
    if not callable(factory):
        raise wrong(recipe, "it is not callable")
    return factory


def _arguments(factory: Callable[..., Any], *sizes: int) -> tuple[int, ...]:
    try:
        inspect.signature(factory).bind(*sizes)
    except (TypeError, ValueError):
        return ()
    return sizes


def _checked(recipe: Recipe, made: Any) -> nn.Module:
    if not isinstance(made, nn.Module):
        raise wrong(recipe, f"it returned a {type(made).__name__}, not a torch.nn.Module")
    for name, child in made.named_modules():
        if isinstance(child, nn.modules.lazy.LazyModuleMixin):
            raise wrong(
                recipe, f"{name or 'it'} is a {type(child).__name__}; give its size, lazy layers lose their start"
            )
    named = dict(made.named_parameters())
    if not named:
        raise wrong(recipe, "its module has no parameters")
    if not any(parameter.requires_grad for parameter in named.values()):
        raise wrong(recipe, "none of its parameters trains; all have requires_grad=False")
    for name, parameter in named.items():
        if not torch.isfinite(parameter).all():
            raise wrong(recipe, f"its parameter {name} starts with a number that is not finite; give it a start")
    return made


def placed(module: nn.Module, device: torch.device) -> nn.Module:
    """The module on a device, with the tensors that are plain attributes, which torch leaves where they are."""
    for child in module.to(device).modules():
        for name, value in vars(child).items():
            if isinstance(value, Tensor):
                vars(child)[name] = value.to(device)
    return module


def reason(error: BaseException) -> str:
    """The kind and the first line of someone else's error."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def wrong(recipe: Recipe, why: str) -> ConfigError:
    """One line that names the factory."""
    assert isinstance(recipe.model, Module)
    text = f"model.factory: {recipe.model.factory}: {why}"
    return ConfigError(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")
