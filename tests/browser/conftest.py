"""A page with real figures, opened from disk in Debian's chromium.

Without chromium or its driver these tests are skipped; DECAYBENCH_REQUIRE_BROWSER=1 makes them obligatory.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "report"))
from pages import TINY, build, run

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def unavailable(reason: str) -> Any:
    if os.environ.get("DECAYBENCH_REQUIRE_BROWSER") == "1":
        pytest.fail(f"DECAYBENCH_REQUIRE_BROWSER=1, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("playwright is not installed (pip install playwright)")
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        unavailable("there is no chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def axe() -> str:
    try:
        import axe_playwright_python
    except ImportError:
        unavailable("axe-core is not installed (pip install axe-playwright-python)")
    (script,) = Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")
    return script.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def results(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results with their figures and both pages."""
    results = tmp_path_factory.mktemp("browser") / "results"
    config = build(TINY, results, figures=False)
    for study in config.studies:
        folder = results / study.name
        run("draw", "--study", study.model_dump_json(), "--cells", str(folder / "cells.parquet"),
            "--series", str(folder / "series.parquet"), "--facts", str(folder / "facts.json"),
            "--output", str(folder / "figures"))  # fmt: skip
    for language in config.report.languages:
        run("render", "--config", config.model_dump_json(), "--language", language, "--results", str(results),
            "--output", str(results / f"report.{language}.html"))  # fmt: skip
    return results


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)
