"""No config that parses ends without its page: every stage, in one process, on small configs of every kind."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from pages import build, facts_of, read
from small_configs import configs

from decaybench.cells.tables import CELL_COLUMNS, HISTORY_COLUMNS
from decaybench.config import Config
from decaybench.report.render import render

EXAMPLES = int(os.environ.get("DECAYBENCH_EXAMPLES", "60"))
# What no reader may see: values of a programming language where a number or a word belongs.
UNFIT = re.compile(r"(?<![\w-])(NaN|nan|None|[-−+]?inf|undefined|Infinity|Traceback)(?![\w-])")


@pytest.fixture(scope="module", autouse=True)
def coarse_slides() -> Iterator[None]:
    """Bitmaps of few dots: half of the time would go into them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("decaybench.figures.slides.DPI", 20)
        yield


def pages_of(raw: dict[str, Any], results: Path) -> Config:
    """Take a config through every stage and look at all that comes out."""
    config = build(raw, results, drawn=True)
    for study in config.studies:
        folder = results / study.name
        cells, history = pd.read_parquet(folder / "cells.parquet"), pd.read_parquet(folder / "history.parquet")
        assert list(cells.columns) == list(CELL_COLUMNS) and list(history.columns) == list(HISTORY_COLUMNS)
        assert len(cells) == sum(len(v.grid.weight_decay) * v.grid.n_seeds for v in study.resolved())
        assert history["epoch"].min() == 0
        assert (folder / "summary.csv").stat().st_size > 0
        for svg in (folder / "figures").glob("*.svg"):
            found = UNFIT.search(svg.read_text(encoding="utf-8"))
            assert found is None, f"{svg.name}: {found}"
    for name in ("facts", "claims", "timings", "manifest"):
        json.loads((results / f"{name}.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    for language in config.report.languages:
        page = results / f"report.{language}.html"
        render(config, language, results, page)
        root = read(page.read_text(encoding="utf-8"))
        body = next(root.all("body"))
        seen = [body.text(lambda e: e.tag in ("script", "style"))]
        seen += [value for e in body.all() for key, value in e.attributes.items() if key in TOLD]
        for text in seen:
            found = UNFIT.search(text)
            assert found is None, text[max(0, found.start() - 200) : found.end() + 100]
    return config


TOLD = ("aria-label", "title", "alt", "aria-description")


@settings(
    max_examples=EXAMPLES, derandomize=EXAMPLES == 60, deadline=None, database=None, print_blob=False,
    phases=[Phase.generate],  # shrinking an example of a second would take minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(configs)
def test_any_config_ends_with_a_page(raw):
    with tempfile.TemporaryDirectory() as folder:
        pages_of(raw, Path(folder) / "results")
