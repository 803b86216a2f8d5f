"""The figures that exist, and which of them fit on the page; the others are linked."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path

from markupsafe import Markup

from decaybench.report.catalogue import N_
from decaybench.report.studies import StudyView
from decaybench.report.svg import inline

# The order in which a study's figures take their place when there is not room for all.
TITLES = {
    "explorer": N_("One λ at a time"),
    "loss_by_weight_decay": N_("Loss against λ"),
    "loss_curves": N_("Loss against epoch"),
    "weight_norm": N_("Length of the weights against λ"),
    "accuracy_by_weight_decay": N_("Accuracy against λ"),
    "occam": N_("Occam’s razor over λ"),
    "start_terms": N_("What the test loss is made of"),
    "published_norms": N_("Our weight norms beside published ones"),
    "loss_by_rows": N_("Test loss against the number of rows"),
    "optimizers": N_("Length and loss by optimizer"),
    "weight_histogram": N_("How the weights are spread"),
    "coefficient_paths": N_("Every weight against λ"),
    "spectral_filters": N_("Decay and early stopping as filters"),
    "remedies": N_("Remedies on one axis"),
}
PAGE = (1_168_000, 340_000)  # bytes of a page without machine facts, plain and packed; in all 1.2 MB and 350 kB
ROOM = "…" * 100  # stands for a figure's description, which is written later


def weight(text: str) -> tuple[int, int]:
    """Bytes of a text, plain and packed."""
    content = text.encode()
    return len(content), len(zlib.compress(content))


class Shelf:
    """Figures by (study, figure)."""

    def __init__(
        self,
        results: Path,
        studies: Sequence[StudyView],
        gettext: Callable[[str], str],
        featured: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.gettext, self.featured = gettext, featured
        self.paths = {
            (study.name, path.stem): path
            for study in studies
            for path in sorted((results / study.name / "figures").glob("*.svg"))
        }
        self.figures = dict.fromkeys([*TITLES, *(figure for _, figure in self.paths)])
        self.empty = {study.name for study in studies if not any(view.measured for view in study.variants)}
        self.asked: set[tuple[str, str]] = set()  # what templates have placed so far
        self.inlined: set[tuple[str, str]] = set()

    def fill(self, studies: Sequence[StudyView], raw: float = -inf, packed: float = -inf) -> None:
        """Put as many of the figures asked for on the page as a text of so many bytes, plain and packed, lets fit.

        Featured figures, the first study, what the slider moves, then figure by figure, studies of real data first.
        """
        by_need = sorted(studies, key=lambda study: not study.real)
        wanted = [*self.featured]
        wanted += [(study.name, figure) for study in studies[:1] for figure in self.figures]
        wanted += [(study.name, figure) for figure in self.figures for study in by_need]
        for key in wanted:
            if key in self.inlined or key not in self.asked:
                continue
            plain, small = weight(self._inline(key, "", ROOM))
            if raw + plain <= PAGE[0] and packed + small <= PAGE[1]:
                self.inlined.add(key)
                raw, packed = raw + plain, packed + small

    def __contains__(self, key: object) -> bool:
        return key in self.paths

    def stops(self, study: str) -> list[str]:
        """The λ that the study's explorer can light, in order."""
        path = self.paths.get((study, "explorer"))
        found = re.findall(r' data-at="([^"]*)"', path.read_text(encoding="utf-8")) if path else []
        return sorted(set(found), key=float)

    def title(self, figure: str) -> str:
        """What a figure shows, as a title; its name where it has none."""
        return self.gettext(TITLES[figure]) if figure in TITLES else figure.replace("_", " ")

    def link(self, study: str, figure: str) -> str:
        """Where the file lies, seen from the page."""
        return f"{study}/figures/{figure}.svg"

    def drawing(self, study: str, figure: str, description: str) -> Markup | None:
        """The figure as markup, None when it did not fit."""
        self.asked.add((study, figure))
        if (study, figure) not in self.inlined:
            return None
        plain = " ".join(Markup(description).striptags().split())
        title = f"{self.title(figure)} · {study}"
        return self._inline((study, figure), title, plain)

    def _inline(self, key: tuple[str, str], title: str, description: str) -> Markup:
        path = self.paths[key]
        return inline(path.read_text(encoding="utf-8"), path, "-".join(key), title, description, self.gettext)

    def others(self) -> list[tuple[str, str]]:
        """Figures that no section shows."""
        return [key for key in self.paths if key not in self.asked and key[0] not in self.empty]
