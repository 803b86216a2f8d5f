"""Look at the tables of a config: what jobs must know of them before any runs stands in the config from then on."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from decaybench.config import Config, ConfigError, Contents, Study, Table, Task, Variant
from decaybench.config.parsing import contradictions
from decaybench.tasks.table.columns import columns_of, warnings_of
from decaybench.tasks.table.design import n_columns
from decaybench.tasks.table.reading import digest_of, is_there
from decaybench.tasks.table.splitting import check_split, kind_of, sizes_of


def with_tables(config: Config, folder: Path, known: Config | None = None) -> Config:
    """The config with the contents of every table that it names, of those that have not been looked at before.

    folder: of the config file. known: an earlier reading of it, which stands for tables that are not there any more.
    Raises ConfigError with a line for each table that cannot be used.
    """
    if not any(_unknown(variant) for study in config.studies for variant in study.resolved()):
        return config
    place, problems, studies = os.path.relpath(folder), [], []
    earlier = {study.name: study for study in known.studies} if known else {}
    for position, study in enumerate(config.studies):
        try:
            studies.append(_looked_at(study, "" if place == "." else place, earlier.get(study.name)))
        except ConfigError as error:
            problems += [f"studies[{position}].{line}" for line in str(error).splitlines()]
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))
    return config.model_copy(update={"studies": studies})


def warnings(config: Config) -> list[str]:
    """One line for each column that looks like an id."""
    tables = [v.task for study in config.studies for v in study.resolved() if isinstance(v.task, Table)]
    return list(dict.fromkeys(line for task in tables for line in warnings_of(task)))


def _unknown(variant: Variant) -> bool:
    return isinstance(variant.task, Table) and variant.task.contents is None


def _looked_at(study: Study, place: str, earlier: Study | None) -> Study:
    base, *variants = study.resolved()
    found: Study = study
    problems: list[str] = []
    known = {variant.name: variant.task for variant in earlier.resolved()} if earlier else {}
    if _unknown(base):
        found = study.model_copy(update={"task": _try(base, place, "", problems, known.get(base.name))})
    if problems:
        raise ConfigError("\n".join(problems))
    keys = dict(found.variants)
    # The base's contents are inherited where a variant's are the same.
    inherited = {variant.name: variant.task for variant in found.resolved()}
    for variant in variants:
        if _unknown(variant):
            task = _try(variant, place, f"variants.{variant.name}.", problems, known.get(variant.name))
            if task.contents and task != inherited[variant.name]:
                keys[variant.name] = {
                    **_without_contents(keys[variant.name]),
                    "task.folder": place,
                    "task.contents": task.contents.model_dump(mode="json"),
                }
    if problems:
        raise ConfigError("\n".join(problems))
    return found.model_copy(update={"variants": keys})


def _without_contents(keys: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in keys.items() if key not in ("task.contents", "task.folder")}


def _try(variant: Variant, place: str, where: str, problems: list[str], earlier: Task | None) -> Table:
    assert isinstance(variant.task, Table)
    task = variant.task.model_copy(update={"folder": place})
    if isinstance(earlier, Table) and not is_there(task):
        was = earlier.model_copy(update={"folder": place, "contents": None})
        if was == task:
            return earlier
    try:
        task = look(task, max(variant.grid.seed_list()) + 1)
        problems += [f"{where}{line}" for line in contradictions(variant.model_copy(update={"task": task}))]
    except ConfigError as error:
        problems += [f"{where}task: {line}" for line in str(error).splitlines()]
    return task


def look(task: Table, n_seeds: int) -> Table:
    """The task with the contents of its table. n_seeds: how many splits there may be, where they follow time."""
    if line := check_split(task.split):
        raise ConfigError(line)
    columns = columns_of(task)
    n_train, n_validation, n_test = sizes_of(task, columns)
    classes = columns.classes
    kind = kind_of(task, classes is not None)
    found = Contents(
        sha256=digest_of(task), rows=len(columns.target), n_train=n_train, n_validation=n_validation, n_test=n_test,
        n_features=n_columns(columns, task.degree), n_classes=None if classes is None else len(classes),
        class_rows=() if classes is None else tuple(np.bincount(columns.target, minlength=len(classes)).tolist()),
        split=kind, windows=n_seeds if kind == "time" else 0,
    )  # fmt: skip
    return task.model_copy(update={"contents": found})
