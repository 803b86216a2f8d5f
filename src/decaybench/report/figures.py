"""The figures that exist, by study and name: what a page calls them, and how it shows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from markupsafe import Markup

from decaybench.figures import FIGURES
from decaybench.report.studies import StudyView
from decaybench.report.svg import inline


class Figures:
    """Figures by (study, name)."""

    def __init__(self, results: Path, studies: Sequence[StudyView], gettext: Callable[[str], str]) -> None:
        self.gettext = gettext
        self.paths = {
            (study.name, path.stem): path
            for study in studies
            for path in sorted((results / study.name / "figures").glob("*.svg"))
        }
        self.empty = {study.name for study in studies if not any(view.measured for view in study.variants)}
        self.shown: set[tuple[str, str]] = set()

    def __contains__(self, key: object) -> bool:
        return key in self.paths

    def slider_values(self, study: str) -> list[str]:
        """The λ that the study's explorer can light, in order."""
        path = self.paths.get((study, "explorer"))
        found = re.findall(r' data-at="([^"]*)"', path.read_text(encoding="utf-8")) if path else []
        return sorted(set(found), key=float)

    def title(self, name: str) -> str:
        """What a figure shows, as a title; its name where it has none."""
        title = FIGURES.get(name)
        return self.gettext(title) if title else name.replace("_", " ")

    def link(self, study: str, name: str) -> str:
        """Where the file lies, seen from the page."""
        return f"{study}/figures/{name}.svg"

    def drawing(self, study: str, name: str, description: str) -> Markup:
        """The figure as markup."""
        self.shown.add((study, name))
        path = self.paths[study, name]
        plain = " ".join(Markup(description).striptags().split())
        title = f"{self.title(name)} · {study}"
        return inline(path.read_text(encoding="utf-8"), path, title, plain, self.gettext)

    def others(self) -> list[tuple[str, str]]:
        """Figures that no section shows."""
        return [key for key in self.paths if key not in self.shown and key[0] not in self.empty]
