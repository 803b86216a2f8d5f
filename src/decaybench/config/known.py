"""The tables of a config, looked at only where it names one: reading them takes pandas, which few configs need."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

from decaybench.config import Config, Table

LOOKING = "decaybench.tasks.table.looking"


def with_tables(config: Config, folder: Path, known: Config | None = None) -> Config:
    """The config with the contents of its tables, see `table.looking`.

    folder: of the config file; known: an earlier reading of it, which stands for tables that are not there any more.
    """
    if not _tables(config):
        return config
    found: Config = import_module(LOOKING).with_tables(config, folder, known)
    return found


def warnings(config: Config) -> list[str]:
    """One line for each column of a table that looks like an id."""
    found: list[str] = import_module(LOOKING).warnings(config) if _tables(config) else []
    return found


def earlier(results: Path) -> Config | None:
    """The config that made a results folder; None where its manifest cannot be read."""
    try:
        return Config.model_validate(json.loads((results / "manifest.json").read_text(encoding="utf-8"))["config"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _tables(config: Config) -> bool:
    return any(isinstance(variant.task, Table) for study in config.studies for variant in study.resolved())
