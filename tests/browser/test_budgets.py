"""What the page may ask of a reader: words, pictures, screens and numbers, measured in a browser.

On the default studies where `results` holds their page, and on small ones always; closed boxes do not count.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
WIDTH, HEIGHT = 1200, 900

MEASURE = """() => {
    const seen = element => element.checkVisibility();
    const words = element => (element.innerText.match(/\\S+/g) ?? []).length;
    const parts = [...document.querySelectorAll('.first, main > section:not(#behind) > *')].filter(seen);
    let stretch = 0, longest = 0;
    for (const part of parts) {
        stretch = part.matches('figure') || part.querySelector('figure') ? 0 : stretch + words(part);
        longest = Math.max(longest, stretch);
    }
    const rows = [...document.querySelectorAll('table')].filter(seen).map(table => table.tBodies[0].rows.length);
    return {
        words: words(document.body) - words(document.querySelector('nav')),
        'words before the first figure': ['h1', '.subtitle'].map(
            query => words(document.querySelector(query))).reduce((a, b) => a + b),
        screens: document.documentElement.scrollHeight / innerHeight,
        'words without a figure': longest,
        figures: [...document.querySelectorAll('figure')].filter(seen).length,
        intervals: [...document.querySelectorAll('.interval')].filter(seen).length,
        'rows of a table': Math.max(0, ...rows),
    };
}"""
BUDGET = {
    "words": 4500,
    "words before the first figure": 60,
    "screens": 22,
    "words without a figure": 450,
    "intervals": 60,
    "rows of a table": 5,
}
CUT = """() => [...document.querySelectorAll('figure, figure svg')].filter(element => element.checkVisibility())
    .filter(element => element.getBoundingClientRect().right > innerWidth + 1
        || element.scrollWidth > element.clientWidth + 1).map(element => element.id)"""


@pytest.fixture(params=["small", "default"])
def pages(request: pytest.FixtureRequest) -> Path:
    """A folder with both pages."""
    if request.param == "small":
        return request.getfixturevalue("results")
    if not (ROOT / "results" / "report.zh.html").exists():
        pytest.skip("the default studies were not run here")
    return ROOT / "results"


@contextmanager
def opened(browser: Any, page: Path, width: int = WIDTH) -> Any:
    context = browser.new_context(viewport={"width": width, "height": HEIGHT})
    tab = context.new_page()
    tab.goto(page.as_uri())
    yield tab
    context.close()


def test_the_page_keeps_its_budget(browser: Any, pages: Path) -> None:
    with opened(browser, pages / "report.en.html") as tab:
        measured = tab.evaluate(MEASURE)
        over = {name: (measured[name], most) for name, most in BUDGET.items() if measured[name] > most}
        if pages == ROOT / "results":
            assert 10 <= measured["figures"] <= 16
        else:
            over.pop("words without a figure", None)  # small studies lack the figures of half of the sections
        assert over == {}
        assert len(re.findall(rb"/Type\s*/Page\b", tab.pdf(format="A4"))) <= 25


def test_the_page_is_no_burden(pages: Path, language: str) -> None:
    assert (pages / f"report.{language}.html").stat().st_size <= 3e6


def test_on_a_phone_no_figure_is_cut(browser: Any, pages: Path, language: str) -> None:
    with opened(browser, pages / f"report.{language}.html", width=390) as tab:
        assert tab.evaluate(CUT) == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
