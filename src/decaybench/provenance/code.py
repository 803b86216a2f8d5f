"""Fingerprints of code: which sources a stage runs, as one digest.

Snakemake does not notice edits to library code. Every rule therefore carries the digest of the modules
that its stage imports, found without importing them. Modules that are imported by name (tasks, models,
figures) cannot be found so; whoever asks for a digest names them.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT.name
# All that configs say stands in a job's spec, and this code decides digests alone: no edit of them retrains.
DATA = (f"{PACKAGE}.config", f"{PACKAGE}.provenance.code", f"{PACKAGE}.provenance.own_code")


# What modules read beside sources: no import shows it. Files or folders, relative to the package.
READ_BY = {
    f"{PACKAGE}.analysis.published": ("analysis/published.json",),
    f"{PACKAGE}.report.render": ("report/templates", "report/static"),
    f"{PACKAGE}.report.catalogue": ("report/locale",),
}
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")  # where a statement holds others


class Source(NamedTuple):
    """A module's source as one digest, and the dotted names that it may import."""

    digest: bytes
    imports: frozenset[str]


def source(content: bytes, name: str, is_package: bool) -> Source:
    """The source of the module called `name`. A source that Python cannot read has no imports."""
    return Source(hashlib.sha256(content).digest(), _imports(content, name, is_package))


def closure(names: Iterable[str], find: Callable[[str], Source | None]) -> dict[str, Source]:
    """All sources that run when modules are imported: theirs, their packages', and those of all that these import.

    find: the source of a dotted name; None for what is no module, or none to follow.
    """
    found: dict[str, Source] = {}
    seen: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if "." in name:
            todo.append(name.rpartition(".")[0])
        if here := find(name):
            found[name] = here
            todo.extend(here.imports)
    return found


def fingerprint(*modules: str, libraries: Iterable[str] = ()) -> str:
    """A digest of modules of this package with all that they import of it, and read, and of library versions.

    Raises LookupError when there is no module or file of a name: what has moved must not drop out unseen.
    """
    digest = hashlib.sha256()
    if lost := [name for name in modules if not is_module(name)]:
        raise LookupError(f"{lost[0]}: there is no such module to take the fingerprint of")
    found = closure(modules, find)
    for name, here in sorted(found.items()):
        digest.update(name.encode() + b"\0" + here.digest)
    for path in sorted({path for name in found for entry in READ_BY.get(name, ()) for path in _files(entry)}):
        digest.update(path.encode() + b"\0" + hashlib.sha256((ROOT / path).read_bytes()).digest())
    for library in sorted(libraries):
        digest.update(version_of(library))
    return digest.hexdigest()[:16]


@cache
def version_of(library: str) -> bytes:
    """An installed distribution and its version, for a digest."""
    return f"{library}=={importlib.metadata.version(library)}\0".encode()


@cache
def find(name: str) -> Source | None:
    """The source of a module of this package, unless it is data."""
    path = _path(name)
    if path is None or any(name == data or name.startswith(f"{data}.") for data in DATA):
        return None
    return source(path.read_bytes(), name, path.name == "__init__.py")


def is_module(name: str) -> bool:
    """Whether a dotted name is a module of this package."""
    return _path(name) is not None


def _path(name: str) -> Path | None:
    package, *parts = name.split(".")
    if package != PACKAGE:
        return None
    paths = (ROOT.joinpath(*parts, "__init__.py"), ROOT.joinpath(*parts).with_suffix(".py"))
    return next((path for path in paths if path.is_file()), None)


def _files(entry: str) -> Iterator[str]:
    """The paths of a file, or of the files in a folder, relative to the package; no hidden or compiled ones."""
    if not (ROOT / entry).exists():
        raise LookupError(f"{entry}: there is no such file to take the fingerprint of")
    for path in (ROOT / entry, *(ROOT / entry).rglob("*")):
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".pyc":
            yield path.relative_to(ROOT).as_posix()


# --- imports ---------------------------------------------------------------------------------------


@cache
def _imports(content: bytes, name: str, is_package: bool) -> frozenset[str]:
    """What a module imports anywhere, also inside functions; `from a import b` may import a.b, too."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return frozenset()
    found: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, name, is_package)
            found.update([base, *(f"{base}.{alias.name}" for alias in node.names)] if base else ())
        elif is_package and isinstance(node, ast.Assign):
            found.update(f"{name}.{item}" for item in _named_for_star(node))
    return frozenset(found)


def _absolute(node: ast.ImportFrom, name: str, is_package: bool) -> str:
    """The module that a `from` names; empty where the dots lead out of the package, which Python refuses."""
    if not node.level:
        return node.module or ""
    above = name.split(".")[: None if is_package else -1]
    above = above[: len(above) - (node.level - 1)] if node.level <= len(above) else []
    return ".".join([*above, *filter(None, [node.module])]) if above else ""


def _named_for_star(node: ast.Assign) -> Iterator[str]:
    """What a package says in __all__: `from package import *` imports the modules among it."""
    is_all = any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets)
    if is_all and isinstance(node.value, ast.List | ast.Tuple):
        for item in node.value.elts:
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                yield item.value


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """All statements that may run: those for type checkers never do. Expressions hold no import, and are many."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        yield node
        for part in ("orelse",) if _is_for_type_checkers(node) else BLOCKS:
            inner = getattr(node, part, None)
            if isinstance(inner, list):
                todo.extend(inner)


def _is_for_type_checkers(node: ast.AST) -> bool:
    if not isinstance(node, ast.If):
        return False
    return "TYPE_CHECKING" in (getattr(node.test, "id", None), getattr(node.test, "attr", None))
