"""Fingerprints of code: which sources a stage runs, as one digest.

Snakemake does not notice edits to library code. Every rule therefore carries the digest of the modules
that its stage imports, found without importing them.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT.name
# Configs are data: all that they say stands in a job's spec, so the code that reads them is left out.
DATA_MODULES = {
    PACKAGE,
    *(f"{PACKAGE}.{name}" for name in ("config", "config.models", "config.parsing", "provenance.code")),
}


def fingerprint(*entries: str, libraries: tuple[str, ...] = ()) -> str:
    """A digest of the modules `entries` with all that they import of this package, and library versions.

    entries are dotted names; a package stands for its __init__ alone. Files beside a module's package
    that are not Python (templates, styles) are named by their path relative to the package, with a slash.
    """
    digest = hashlib.sha256()
    for path in sorted(_sources(entries), key=str):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for library in sorted(libraries):
        digest.update(f"{library}=={importlib.metadata.version(library)}\0".encode())
    return digest.hexdigest()[:16]


def _sources(entries: tuple[str, ...]) -> set[Path]:
    paths: set[Path] = set()
    todo = []
    for entry in entries:
        if "/" in entry:
            beside = [ROOT / entry, *(ROOT / entry).rglob("*")]
            paths.update(path for path in beside if path.is_file() and path.suffix != ".pyc")
        else:
            todo.append(entry)
    seen = set(DATA_MODULES)
    while todo:
        module = todo.pop()
        path = _path(module)
        if module in seen or path is None:
            continue
        seen.add(module)
        paths.add(path)
        todo.extend(_imports(path))
        if "." in module:
            todo.append(module.rpartition(".")[0])
    return paths


@cache
def _imports(path: Path) -> frozenset[str]:
    """Modules of this package that a source imports anywhere, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE):
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if alias.name.startswith(PACKAGE))
    return frozenset(found)


@cache
def _path(module: str) -> Path | None:
    parts = module.split(".")[1:]
    for path in (ROOT.joinpath(*parts, "__init__.py"), ROOT.joinpath(*parts).with_suffix(".py")):
        if path.is_file():
            return path
    return None
