"""The sections of the page in order, and the closed boxes behind them.

A new section is one line here, where it stands on the page, and one template, sections/<name>.html.j2, with two
macros: `title`, which is the section's finding, and `body`. The catalogues translate both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from decaybench.report.catalogue import N_
from decaybench.report.page import Page


@dataclass(frozen=True)
class Section:
    """One part of the page: its name is its link and its template, its title stands in the list of contents."""

    name: str
    title: str
    applies: Callable[[Page], bool] = lambda page: True

    @property
    def template(self) -> str:
        """Where its macros are."""
        return f"sections/{self.name.replace('-', '_')}.html.j2"


SECTIONS = (
    Section("answer", N_("Your λ"), lambda page: page.own),
    Section("overfitting", N_("What overfitting is"), lambda page: page.overfit is not None),
    Section("step", N_("What decay does"), lambda page: bool(page.bases)),
    Section("start", N_("The start, forgotten"), lambda page: page.started is not None),
    Section("choosing", N_("Choosing λ"), lambda page: page.choice is not None),
    Section("practice", N_("Collected data"), lambda page: bool(page.real) and not page.own),
    Section("cures", N_("Other cures"), lambda page: page.remedied is not None or bool(page.rows)),
    Section("occam", N_("Is small simple?"), lambda page: page.weighed is not None),
    Section("verdict", N_("The verdict"), lambda page: bool(page.judged)),
    Section("check", N_("Check yourself; limits")),
)

BOXES = (
    Section("cost", N_("What decay costs"), lambda page: bool(page.steps)),
    Section("published", N_("Our runs beside published ones"), lambda page: bool(page.published)),
    Section("slips", N_("Slips of the sources"), lambda page: page.article is not None),
    Section("methods", N_("Methods, and how to run it again")),
    Section("references", N_("References")),
    Section("glossary", N_("Glossary")),
)
