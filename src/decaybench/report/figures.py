"""The figures that exist, by study and name: what a page calls them, and how it shows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from markupsafe import Markup

from decaybench.report.catalogue import N_
from decaybench.report.studies import StudyView
from decaybench.report.svg import inline

NARROW = "-narrow"  # how the file of a figure's layout for phones ends

TITLES = {
    "explorer": N_("One λ at a time"),
    "explorer_losses": N_("Errors over λ"),
    "overfitting": N_("Errors while training goes on"),
    "claims_forest": N_("The claims in every setting"),
    "practice_forest": N_("What decay does on collected data"),
    "paired_lines": N_("Every split, without and with decay"),
    "start_picture": N_("What training never touched"),
    "fitted_curve": N_("The fitted curve"),
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
        return self.gettext(TITLES[name]) if name in TITLES else name.replace("_", " ")

    def drawing(self, study: str, name: str, description: str) -> Markup:
        """The figure as markup."""
        self.shown.add((study, name))
        plain = " ".join(Markup(description).striptags().split())
        title = f"{self.title(name)} · {self.titles[study]}"
        layouts = [(study, name), (study, f"{name}{NARROW}")]
        drawn = [
            inline(path.read_text(encoding="utf-8"), path, title, plain, self.gettext)
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
