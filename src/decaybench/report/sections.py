"""The sections of the page in order: a number for the file name, a name for links, and when it applies.

A new section is one line here and one template a language: sections/NN_name.{en,zh}.html.j2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from decaybench.report import findings
from decaybench.report.catalogue import N_
from decaybench.report.studies import StudyView


@dataclass(frozen=True)
class Page:
    """Which studies the sections tell about."""

    studies: list[StudyView]

    @property
    def told(self) -> list[StudyView]:
        """Studies of the sections on drawn data; real data take their place when there are no others."""
        return [study for study in self.studies if not study.real] or self.studies

    @property
    def lead(self) -> StudyView:
        """The study that is shown in full."""
        return self.told[0]

    @property
    def rest(self) -> list[StudyView]:
        """The other studies, in compact blocks."""
        return self.told[1:]

    @cached_property
    def contrast(self) -> StudyView | None:
        """The first other study whose curve over λ has another shape than the lead's."""
        shape = findings.shape(self.lead.base)
        return next((s for s in self.rest if s.fair.chosen is not None and findings.shape(s.fair) != shape), None)

    @property
    def real(self) -> list[StudyView]:
        """Studies on collected data."""
        return [study for study in self.studies if study.real]

    @property
    def started(self) -> list[StudyView]:
        """Studies that compare a random start with a zero start."""
        return [study for study in self.studies if study.zero_start is not None]

    @property
    def repeated(self) -> bool:
        """Whether every setting was trained from more than one seed."""
        return all(len(view.variant.grid.seed_list()) > 1 for study in self.studies for view in study.variants)

    @property
    def article(self) -> StudyView | None:
        """The study that repeats the article's experiment."""
        return next((study for study in self.studies if study.base.repeats_article), None)

    @cached_property
    def cards(self) -> list[tuple[str, StudyView]]:
        """The first screen."""
        return findings.cards(self.studies)


@dataclass(frozen=True)
class Section:
    """One question of the page."""

    number: int
    name: str
    title: str
    applies: Callable[[Page], bool] = lambda page: True

    def template(self, language: str) -> str:
        """The file of its prose."""
        return f"sections/{self.number:02d}_{self.name.replace('-', '_')}.{language}.html.j2"


SECTIONS = (
    Section(0, "summary", N_("In one minute")),
    Section(3, "overfitting", N_("What is overfitting?")),
    Section(4, "how-much", N_("How much decay?")),
    Section(5, "choice", N_("Which λ, and how sure?")),
    Section(6, "small-weights", N_("Does decay make weights small?")),
    Section(9, "start", N_("Where the simple story fails"), lambda page: bool(page.started)),
    Section(13, "real-data", N_("What about real data?"), lambda page: bool(page.real)),
    Section(15, "methods", N_("Methods, and how to rerun")),
    Section(17, "glossary", N_("Glossary")),
)
