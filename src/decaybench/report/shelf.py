"""The figures that exist, and which of them fit on the page; the others are linked."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from markupsafe import Markup

from decaybench.report.catalogue import N_
from decaybench.report.studies import StudyView
from decaybench.report.svg import inline

# The order in which a study's figures take their place when there is not room for all.
TITLES = {
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
# Each shown of one study only, which the page names.
FEATURED = (
    "occam", "start_terms", "published_norms", "loss_by_rows", "optimizers",
    "weight_histogram", "coefficient_paths", "spectral_filters", "remedies",
)  # fmt: skip
RAW_BUDGET, PACKED_BUDGET = 400_000, 150_000  # bytes of all figures; the page may have 1.2 MB, 350 kB packed


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
        self.inlined = self._fitting(studies)

    def _fitting(self, studies: Sequence[StudyView]) -> set[tuple[str, str]]:
        """Featured figures, the first studies of either sort, then figure by figure through all studies."""
        first = [next((s for s in studies if s.real is real), None) for real in (False, True)]
        common = [figure for figure in TITLES if figure not in FEATURED]
        wanted = [*self.featured]
        wanted += [(study.name, figure) for study in first if study for figure in common]
        wanted += [(study.name, figure) for figure in common for study in studies]
        taken: set[tuple[str, str]] = set()
        raw = packed = 0
        for key in wanted:
            if key in taken or key not in self.paths:
                continue
            content = self.paths[key].read_bytes()
            small = len(zlib.compress(content))
            if raw + len(content) <= RAW_BUDGET and packed + small <= PACKED_BUDGET:
                taken.add(key)
                raw, packed = raw + len(content), packed + small
        return taken

    def __contains__(self, key: object) -> bool:
        return key in self.paths

    def title(self, figure: str) -> str:
        """What a figure shows, as a title."""
        return self.gettext(TITLES[figure])

    def link(self, study: str, figure: str) -> str:
        """Where the file lies, seen from the page."""
        return f"{study}/figures/{figure}.svg"

    def drawing(self, study: str, figure: str, description: str) -> Markup | None:
        """The figure as markup, None when it did not fit."""
        if (study, figure) not in self.inlined:
            return None
        plain = " ".join(Markup(description).striptags().split())
        title = f"{self.title(figure)} · {study}"
        return inline(self.paths[study, figure], f"{study}-{figure}", title, plain, self.gettext)

    def others(self) -> list[tuple[str, str]]:
        """Figures that no section shows."""
        return [
            key for key in self.paths if key[1] not in TITLES or (key[1] in FEATURED and key not in self.featured)
        ]
