"""The reference of all config keys, generated from the pydantic models: a JSON Schema and a table.

`python -m decaybench.config.reference` rewrites both files in a checkout; a test fails when they drift.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from decaybench.config import MODELS, TASKS, Config, Grid, Report, Study, Training

SCHEMA = Path("workflow/schemas/config.schema.json")
REFERENCE = Path("config/README.md")
BEGIN, END = "<!-- keys: begin (generated) -->", "<!-- keys: end -->"


def json_schema() -> str:
    """The JSON Schema of a config, for editors; the workflow itself validates with the models."""
    content = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Config.model_json_schema()}
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def key_tables() -> str:
    """Every key with its meaning and default, as Markdown."""
    parts = ["### Top level", *_table(Config), "", "### A study", *_table(Study)]
    for kind, model in TASKS.items():
        parts += ["", f"### task: `kind: {kind}`", "", _first_line(model), *_table(model)]
    for kind, model in MODELS.items():
        parts += ["", f"### model: `kind: {kind}`", "", _first_line(model), *_table(model)]
    for title, section in (("training", Training), ("grid", Grid), ("report", Report)):
        parts += ["", f"### {title}", *_table(section)]
    return "\n".join(parts)


def write(root: Path) -> None:
    """Bring both files of a checkout up to date."""
    (root / SCHEMA).write_text(json_schema(), encoding="utf-8")
    text = (root / REFERENCE).read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    (root / REFERENCE).write_text(f"{before}{BEGIN}\n{key_tables()}\n{END}{after}", encoding="utf-8")


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield from ("", "| key | default | meaning |", "|---|---|---|")
    for name, field in model.model_fields.items():
        if name != "kind":
            default = field.get_default(call_default_factory=True, validated_data={})
            yield f"| `{name}` | {_shown(default)} | {field.description} |"


def _shown(default: Any) -> str:
    if default is PydanticUndefined:
        return "required"
    if isinstance(default, BaseModel):
        return f"`{default.kind}`" if hasattr(default, "kind") else "see below"
    return f"`{json.dumps(default)}`"


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


if __name__ == "__main__":
    write(Path.cwd())
