"""The figures that exist, by study and name: what a page calls them, and how it shows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from decaybench.analysis.studies import StudyView
from decaybench.figures import FIGURES, FIGURES_OF_ALL
from decaybench.report.svg import inline

OF_ALL = ""  # the owner of figures that are no study's
NARROW = "-narrow"  # how the file of a figure's layout for phones ends


class Figures:
    """Figures by (study, name)."""

    def __init__(
        self, results: Path, studies: Sequence[StudyView], language: str, gettext: Callable[[str], str]
    ) -> None:
        self.gettext = gettext
        self.titles = {study.name: study.study.titled(language) for study in studies}
        self.paths = {
            (study.name, path.stem): path
            for study in studies
            for path in sorted((results / study.name / "figures").glob("*.svg"))
        }
        self.paths |= {(OF_ALL, path.stem): path for path in sorted((results / "_figures").glob("*.svg"))}
        self.called = {study.study.titled("en"): self.titles[study.name] for study in studies}
        self.shown: set[tuple[str, str]] = set()

    def __contains__(self, key: object) -> bool:
        return self._owned(key) in self.paths

    def _owned(self, key: Any) -> tuple[str, str]:
        """The key of a figure: figures of all studies are no study's, wherever they stand."""
        study, name = key
        return (OF_ALL if (OF_ALL, name) in self.paths else study), name

    def slider_values(self, study: str) -> list[str]:
        """The λ that the study's explorer can light, in order."""
        path = self.paths.get((study, "explorer"))
        found = re.findall(r' data-at="([^"]*)"', path.read_text(encoding="utf-8")) if path else []
        return sorted(set(found), key=float)

    def title(self, name: str) -> str:
        """What a figure shows, as a title; its name where it has none."""
        title = FIGURES.get(name) or FIGURES_OF_ALL.get(name)
        return self.gettext(title) if title else name.replace("_", " ")

    def drawing(self, study: str, name: str, description: str) -> Markup:
        """The figure as markup."""
        self.shown.add((study, name))
        owner, name = self._owned((study, name))
        plain = " ".join(Markup(description).striptags().split())
        title = self.title(name) if owner == OF_ALL else f"{self.title(name)} · {self.titles[owner]}"
        layouts = [(owner, name), (owner, f"{name}{NARROW}")]
        drawn = [
            inline(path.read_text(encoding="utf-8"), path, title, plain, self.gettext, self.called)
            for path in (self.paths.get(layout) for layout in layouts)
            if path is not None
        ]
        if len(drawn) == 1:
            return drawn[0]
        wide, narrow = drawn
        return Markup('<div class="wide-only">{}</div><div class="narrow-only">{}</div>').format(wide, narrow)

    def of(self, study: str) -> list[str]:
        """The names of a study's figures."""
        return [name for owner, name in self.paths if owner == study and not name.endswith(NARROW)]
