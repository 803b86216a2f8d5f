"""Reading a config: validation, with one line a problem that a person can act on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from decaybench.config import (
    BASE,
    FREE,
    MODELS,
    NAME,
    NO_RECIPE,
    PATHVARS,
    TASKS,
    Config,
    ConfigError,
    Finite,
    Grid,
    Linear,
    Report,
    Strict,
    Study,
    Table,
    Training,
    Variant,
    nearest,
    overridden,
)


def parse_config(raw: Mapping[str, Any]) -> Config:
    """Validate a config as read from YAML. Keys that begin with x- are free, and `pathvars` is Snakemake's.

    Raises ConfigError with one line a problem: the key's path, what is wrong, what would be right.
    """
    given = _plain(raw)
    if isinstance(given, dict):
        given = {key: value for key, value in given.items() if key != PATHVARS and not re.match(FREE, key)}
    try:
        config = Config.model_validate(given)
    except ValidationError as error:
        raise ConfigError("\n".join(_lines(error, given))) from None
    problems = list(_problems(config))
    if problems:
        raise ConfigError("\n".join(problems))
    return config


def _plain(value: Any) -> Any:
    """Plain dicts and lists: Snakemake hands over its own ordered ones."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _problems(config: Config) -> Iterator[str]:
    names = Counter(study.name for study in config.studies)
    for position, study in enumerate(config.studies):
        where = f"studies[{position}]"
        if names[study.name] > 1:
            yield f"{where}.name: two studies are called {study.name!r}; names must differ"
        if BASE in study.variants:
            yield f"{where}.variants.{BASE}: the name is taken by the study itself; choose another"
            continue
        own = study.model_dump(exclude=NO_RECIPE, mode="json")
        for name, keys in {BASE: {}, **study.variants}.items():
            place = where if name == BASE else f"{where}.variants.{name}"
            changed: dict[str, Any] = {}
            try:
                changed = overridden(own, keys)
                variant = Variant.model_validate({"name": name, **changed})
            except ConfigError as error:
                yield f"{place}.{error}"
            except ValidationError as error:
                yield from (f"{place}.{line}" for line in _lines(error, changed))
            else:
                yield from (f"{place}.{line}" for line in contradictions(variant))


def contradictions(variant: Variant) -> Iterator[str]:
    """Keys that are valid alone but not together."""
    task, training = variant.task, variant.training
    shortage = task.shortage() if isinstance(task, Finite) else None
    if shortage:
        yield f"task.{shortage}"
    unknown = isinstance(task, Table) and task.contents is None  # until somebody has looked at the table
    if variant.n_classes is None and training.loss == "cross_entropy" and not unknown:
        yield f"training.loss: cross_entropy needs classes, and {task.kind} has numbers; use mse or half_mse"
    if training.optimizer != "sgd" and training.momentum:
        yield f"training.momentum: belongs to sgd; {training.optimizer} takes 0"
    if training.optimizer == "exact" and not isinstance(variant.model, Linear):
        yield f"training.optimizer: exact is of linear models; {variant.model.kind} takes sgd, adam or adamw"
    elif training.optimizer == "exact" and variant.model.dropout:  # type: ignore[union-attr]
        yield "model.dropout: exact has no steps to drop inputs from; use sgd, or 0"
    if training.nesterov and not training.momentum:
        yield "training.nesterov: needs training.momentum above 0"


# --- messages --------------------------------------------------------------------------------------


def _lines(error: ValidationError, raw: Any) -> Iterator[str]:
    """One line a problem, with the path as the user wrote it."""
    seen = set()
    for detail in error.errors():
        path = _path(detail["loc"], raw)
        line = f"{_dotted(path)}: {_message(detail, path, raw)}"
        if line not in seen:
            seen.add(line)
            yield line


TAGS = {"[key]", "count", "list"}  # steps of a loc that stand for no key


def _path(loc: tuple[int | str, ...], raw: Any) -> list[int | str]:
    """The loc without the tags that pydantic adds for unions."""
    path: list[int | str] = []
    place = raw
    if not isinstance(raw, Mapping):
        return path
    for position, step in enumerate(loc):
        last = position == len(loc) - 1
        if isinstance(place, Mapping) and isinstance(step, str):
            if step not in place and not last and step in {**TASKS, **MODELS}:
                continue
            if step not in place and not last:
                path.append(step)
                place = None
                continue
            if step not in place and step in TAGS:
                continue
            path.append(step)
            place = place.get(step)
        elif isinstance(place, list) and isinstance(step, int) and step < len(place):
            path.append(step)
            place = place[step]
    return path


def _dotted(path: list[int | str]) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".") or "config"


def _message(detail: Any, path: list[int | str], raw: Any) -> str:
    kind, context, value = detail["type"], detail.get("ctx", {}), detail.get("input")
    if kind == "extra_forbidden" and len(path) > 1 and path[-1] in Config.model_fields:
        return "belongs at the top of the config, beside studies"
    if kind == "extra_forbidden" and re.match(FREE, str(path[-1])):
        return "keys that begin with x- are free at the top of the config only"
    if kind == "string_type":
        return "is empty; it takes a text" if value is None else f'must be a text, got {value}; quote it: "{value}"'
    if kind == "extra_forbidden":
        return "unknown key" + nearest(str(path[-1]), _keys_at(path[:-1], raw))
    if kind == "missing":
        return "is missing; it has no default"
    if kind in ("union_tag_invalid", "literal_error"):
        allowed = [str(v) for v in _choices(path, context)]
        given = context.get("tag", value.get("kind") if isinstance(value, Mapping) else value)
        return f"unknown value {given!r}" + nearest(str(given), allowed)
    if kind == "greater_than_equal":
        return f"must be {context['ge']:g} or more, got {value}"
    if kind == "greater_than":
        return f"must be more than {context['gt']:g}, got {value}"
    if kind == "less_than":
        return f"must be less than {context['lt']:g}, got {value}"
    if kind == "less_than_equal":
        return f"must be {context['le']:g} or less, got {value}"
    if kind == "too_short":
        return "is empty; it needs at least one value"
    if kind == "string_pattern_mismatch":
        wanted = "a-z, 0-9 and -" if context["pattern"] == NAME else "package.module:name"
        return f"{value!r} is not of the form {wanted}"
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        return f"must be a mapping of keys, got {value!r}"
    if kind == "list_type":
        return f"must be a list, got {value!r}"
    if kind == "finite_number":
        return f"must be a finite number, got {value}"
    text = str(detail["msg"]).removeprefix("Value error, ")
    return text[0].lower() + text[1:] + ("" if kind == "value_error" else f", got {value!r}")


def _choices(path: list[int | str], context: Mapping[str, Any]) -> list[str]:
    if path and path[-1] == "task":
        return list(TASKS)
    if path and path[-1] == "model":
        return list(MODELS)
    return [part.strip().strip("'") for part in context.get("expected", "").replace(" or ", ", ").split(",")]


def _keys_at(path: list[int | str], raw: Any) -> list[str]:
    """The valid keys of the mapping at `path`."""
    place = raw
    for step in path:
        place = place[step]
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return list(Variant.model_fields if "task" in raw else Config.model_fields)
    models: dict[str, type[Strict]] = {"studies": Study, "report": Report, "training": Training, "grid": Grid}
    if names[-1] in ("task", "model"):
        kinds = TASKS if names[-1] == "task" else MODELS
        return list(kinds[place.get("kind", "gaussian_linear" if kinds is TASKS else "linear")].model_fields)
    return list(models[names[-1]].model_fields)
