"""A user's own modules: the sources that a factory imports, found without running any of them.

A broken file can therefore not break the reading of a workflow. Modules are looked for where a job will find them:
in the working directory, on PYTHONPATH, then where the environment has its packages. What is installed counts by its
version, everything else by its source. Unseen stay imports by name at run time, changes of sys.path or __path__, and
files of data.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import importlib.metadata
import os
import pkgutil
import site
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import NamedTuple

from decaybench.provenance.code import PACKAGE, Source, closure, is_module, source, version_of

COMPILED = tuple(importlib.machinery.EXTENSION_SUFFIXES + importlib.machinery.BYTECODE_SUFFIXES)


class OwnCode(NamedTuple):
    """What a factory runs."""

    digest: str  # of its sources and of the versions of what is installed
    modules: tuple[str, ...]  # of this package
    unwatched: str | None  # one line: what cannot be watched


def own_code(factory: str) -> OwnCode:
    """What the factory "package.module:name" runs, as seen from the working directory."""
    return _own_code(factory, *search_path())


@cache
def _own_code(factory: str, first: tuple[str, ...], then: tuple[str, ...]) -> OwnCode:
    name = factory.partition(":")[0]
    importlib.invalidate_caches()
    finder = _Finder(first, then)
    found = closure([name], finder.find)
    digest = hashlib.sha256()
    for module, here in sorted(found.items()):
        digest.update(module.encode() + b"\0" + here.digest)
    for library in sorted(finder.installed):
        digest.update(version_of(library))
    why = finder.why_unwatched(name)
    line = f"model.factory: {factory}: {why}" if why else None
    return OwnCode(digest.hexdigest()[:16], tuple(sorted(filter(is_module, finder.of_this_package))), line)


class _Finder:
    """Finds sources by dotted names, and notes what it does not follow."""

    def __init__(self, first: tuple[str, ...], then: tuple[str, ...]) -> None:
        self.first, self.then = first, then
        self.installed: set[str] = set()  # distributions
        self.of_this_package: set[str] = set()
        self._specs: dict[str, ModuleSpec | None] = {}

    def find(self, name: str) -> Source | None:
        """The source of a module that is not installed."""
        top = name.partition(".")[0]
        if top == PACKAGE:
            self.of_this_package.add(name)
            return None
        if self._is_installed(top):
            return None
        spec = self.spec(name)
        if spec is None or spec.loader is None or spec.origin is None or self._is_installed(name):
            return None
        try:
            content = spec.loader.get_data(spec.origin)  # type: ignore[attr-defined]
        except OSError:
            return None  # the job that imports it will say so
        return source(content, name, spec.submodule_search_locations is not None)

    def why_unwatched(self, name: str) -> str | None:
        """What of a factory's module is not seen to change; None when all that can be is."""
        spec = self.spec(name)
        if spec is None and name.partition(".")[0] != PACKAGE:
            return f"no source of {name} is found from {Path.cwd()}, so an edit of it trains nothing again"
        if spec is not None and (spec.origin or "").endswith(COMPILED) and not self._is_installed(name):
            return f"{spec.origin} is compiled, so an edit of what it imports trains nothing again"
        return None

    def _is_installed(self, name: str) -> bool:
        """Whether a distribution owns the module, whose version then stands for it."""
        owners, spec = _distributions().get(name.partition(".")[0]), self.spec(name)
        if not owners or spec is None or spec.origin is None:
            return False
        if not any(Path(spec.origin).is_relative_to(place) for place in _site_packages()):
            return False
        self.installed.update(owners)
        return True

    def spec(self, name: str) -> ModuleSpec | None:
        """Where a module is. As importlib.util.find_spec, which imports the packages above, does not."""
        if name not in self._specs:
            self._specs[name] = self._spec(name)
        return self._specs[name]

    def _spec(self, name: str) -> ModuleSpec | None:
        parent = name.rpartition(".")[0]
        if parent:
            above = self.spec(parent)
            return None if above is None else _in_folders(name, list(above.submodule_search_locations or ()))
        if name in sys.builtin_module_names:
            return None
        if name in sys.stdlib_module_names:
            return _in_folders(name, self.first)
        return _in_folders(name, [*self.first, *self.then]) or _by_other_finders(name)


def search_path() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where a job looks for modules: before and after the standard library.

    It does not depend on which command asks: the folder of a started script, which leads sys.path, is left out.
    """
    here, python_path = str(Path.cwd()), os.environ.get("PYTHONPATH", "")
    first = [str(Path(place).absolute()) for place in python_path.split(os.pathsep)] if python_path else []
    standard = sysconfig.get_path("stdlib")
    then = sys.path[sys.path.index(standard) + 1 :] if standard in sys.path else sys.path
    return tuple(first if here in first else [here, *first]), tuple(place for place in then if place)


def _in_folders(name: str, folders: Sequence[str]) -> ModuleSpec | None:
    """The module as the folders have it; several without __init__.py are one package."""
    portions: list[str] = []
    for folder in folders:
        finder = pkgutil.get_importer(folder)
        spec = finder.find_spec(name) if finder and hasattr(finder, "find_spec") else None
        if spec is not None and spec.loader is not None:
            return spec
        portions += (spec.submodule_search_locations or []) if spec else []
    if not portions:
        return None
    together = ModuleSpec(name, None, is_package=True)
    together.submodule_search_locations = portions
    return together


def _by_other_finders(name: str) -> ModuleSpec | None:
    """The module as finders of editable installations have it: they know folders that are on no path."""
    usual = (importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter, importlib.machinery.PathFinder)
    for finder in sys.meta_path:
        if finder not in usual and hasattr(finder, "find_spec"):
            spec = finder.find_spec(name, None)
            if spec is not None:
                return spec
    return None


@cache
def _distributions() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()


@cache
def _site_packages() -> list[str]:
    return [*site.getsitepackages(), site.getusersitepackages()]
