"""The sections of the page in order: a number for the file name, a name for links, and when it applies.

A new section is one line here, where it stands on the page, and one template, sections/NN_name.html.j2, whose
texts the catalogues translate. Where languages differ in more than words, each has its own: NN_name.{en,zh}.html.j2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from decaybench.analysis import contrasts
from decaybench.report import findings
from decaybench.report.catalogue import N_
from decaybench.report.cost import StepView
from decaybench.report.cures import Cure, best_compared
from decaybench.report.studies import StudyView, VariantView, distinct
from decaybench.report.verdicts import ClaimView, failed
from decaybench.tasks import has_names

QUESTIONS = 5  # asked at the end of the page


@dataclass(frozen=True)
class Page:
    """Which studies the sections tell about."""

    studies: list[StudyView]
    claims: list[ClaimView] = field(default_factory=list)
    steps: list[StepView] = field(default_factory=list)
    progress: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # of a sweep that still runs

    @property
    def unfinished(self) -> list[tuple[str, Mapping[str, int]]]:
        """Studies of a running sweep that lack trainings, with how many are there and asked for."""
        return [(name, count) for name, count in self.progress.items() if count["there"] < count["asked"]]

    @property
    def told(self) -> list[StudyView]:
        """Studies of the sections on drawn data; real data take their place when there are no others."""
        return [study for study in self.studies if not study.real] or self.studies

    @cached_property
    def lead(self) -> StudyView:
        """The study that is shown in full: the first one that can tell λ apart, else the first with any number."""
        told = self.told
        able = [study for study in told if len(study.base.measured) > 1 and findings.has_intervals(study.base)]
        return next(iter([*able, *(study for study in told if study.base.measured), *told]))

    @property
    def rest(self) -> list[StudyView]:
        """The other studies, in compact blocks."""
        return [study for study in self.told if study is not self.lead]

    @cached_property
    def contrast(self) -> StudyView | None:
        """The first other study, of another training, whose curve over λ has another shape than the lead's."""
        lead = self.lead.base
        others = (s for s in self.rest if not contrasts.same_training(s.fair.variant, lead.variant))
        return next((s for s in others if s.fair.chosen and findings.shape(s.fair) != findings.shape(lead)), None)

    @property
    def players(self) -> list[StudyView]:
        """Studies with more than one λ to move between; those whose fit can be drawn come first."""
        movable = [study for study in self.studies if len(study.base.measured) > 1]
        return sorted(movable, key=lambda study: not study.base.fit_is_drawn)

    @property
    def real(self) -> list[StudyView]:
        """Studies on collected data."""
        return [study for study in self.studies if study.real]

    @property
    def linear(self) -> str:
        """Whether "all" trained models are linear, "some" are, or "" none is."""
        kinds = [view.variant.model.kind == "linear" for study in self.studies for view in study.variants]
        return "all" if all(kinds) else "some" if any(kinds) else ""

    @property
    def drawn(self) -> bool:
        """Whether some study draws Gaussian inputs."""
        return any(view.variant.task.kind == "gaussian_linear" for study in self.studies for view in study.variants)

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
        """The first screen, with room for a claim that failed."""
        return findings.cards(self.studies, 6 if self.failed is None else 5)

    @property
    def judged(self) -> list[ClaimView]:
        """The article's claims that some training speaks to."""
        return [claim for claim in self.claims if claim.judged]

    @property
    def failed(self) -> ClaimView | None:
        """A claim that did not hold somewhere, for the first screen."""
        return failed(self.judged)

    @cached_property
    def weighed(self) -> VariantView | None:
        """The variant where evidence speaks of most trained λ: the one for Occam's razor."""
        views = [study.base for study in self.studies if study.base.value("evidence/weight_decay") is not None]
        return max(views, key=lambda view: len(view.value("near_ridge/weight_decay") or ()), default=None)

    @cached_property
    def scattered(self) -> VariantView | None:
        """Where random weights can be watched being forgotten: the article's study, if there is one."""
        wanted = [*([self.article] if self.article else []), *self.started, *self.studies]
        return next((s.base for s in wanted if findings.spread(s.base) != "nothing"), None)

    @cached_property
    def traced(self) -> list[VariantView]:
        """Where every weight can be followed over λ: once on drawn data, once where columns have names."""
        bases = [study.base for study in self.studies]
        views = [view for view in bases if findings.both(view, "weight_kept_strong")]
        drawn = [view for view in views if not has_names(view.variant.task)]
        named = [view for view in views if view not in drawn]
        return [*sorted(drawn, key=lambda view: view is not self.weighed)[:1], *named[:1]]

    @cached_property
    def rows(self) -> list[VariantView]:
        """Variants of one study alike but for their rows, fewest first: of a cure, else of any study."""
        cured = {cure.view.study for cure in self.cures if cure.kind == "more_data"}
        for study in sorted(self.studies, key=lambda study: study.name not in cured):
            views = distinct([view for view in study.paired(study.rows) if view.has_zero])
            if len(views) > 2:
                return views
        return []

    @cached_property
    def remedied(self) -> VariantView | None:
        """Where the remedies share an axis: on the data on which most of them were tried."""
        return self._beside_cures("remedies/decay/test_loss")

    @cached_property
    def filtered(self) -> VariantView | None:
        """Where early stopping and decay can be seen as filters."""
        return self._beside_cures("filters/gap")

    def _beside_cures(self, key: str) -> VariantView | None:
        first = {cure.view.study for cure in self.cures if cure.kind == "nothing"}
        views = sorted((study.base for study in self.studies), key=lambda view: view.study not in first)
        return next((view for view in views if view.value(key) is not None), None)

    @cached_property
    def degrees(self) -> VariantView | None:
        """The variant whose study picks the degree of a polynomial."""
        return next((s.base for s in self.studies if s.base.value("degree/validation") is not None), None)

    @cached_property
    def misled(self) -> VariantView | None:
        """Where the length of the weights tells least about the test loss."""
        views = [study.base for study in self.studies if study.base.value("same_norm/ratio") is not None]
        return max(views, key=lambda view: float(view.value("same_norm/ratio")), default=None)

    @cached_property
    def predicted(self) -> list[VariantView]:
        """Variants that theory predicts."""
        return [view for study in self.studies for view in study.variants if view.predicted]

    @cached_property
    def published(self) -> list[tuple[VariantView, str]]:
        """Variants and λ that other people ran, too; of the same recipe the one with most seeds."""
        found: dict[tuple[str | None, str], VariantView] = {}
        for study in self.studies:
            for view in study.variants:
                for label in view.measured:
                    old = found.get((view.variant.loss, label))
                    more = old is None or int(view.value("n_seeds")) > int(old.value("n_seeds"))
                    if view.has(label, "published_z") and more:
                        found[view.variant.loss, label] = view
        return [(view, label) for (_, label), view in found.items()]

    @property
    def fixed_bias(self) -> VariantView | None:
        """The article's study with the same random weights and a bias that starts at zero."""
        if self.article is None:
            return None
        views = self.article.paired(self.article.differing("model.bias_init_std"))
        return next((v for v in views if contrasts.is_articles(v.variant, bias_init_std=0.0)), None)

    @property
    def from_scratch(self) -> VariantView | None:
        """The article's version from scratch beside its short version."""
        views = self.article.variants if self.article else ()
        return next((v for v in views if contrasts.is_articles(v.variant, "half_mse", 0.0)), None)

    @cached_property
    def cures(self) -> list[Cure]:
        """Cures on one scale, the best first."""
        return best_compared(self.studies)

    @cached_property
    def optimizers(self) -> list[VariantView]:
        """Variants of one study that differ in the optimizer alone, plain gradient descent first."""
        return next((views for study in self.studies if (views := study.optimizers)), [])

    @cached_property
    def scaled(self) -> list[VariantView]:
        """Two variants of one study alike but for the rows, whose best λ theory knows: fewest and most rows."""
        for study in self.studies:
            known = distinct([view for view in study.rows if view.value("optimal_weight_decay")])
            if len(known) > 1:
                return [known[0], known[-1]]
        return []

    @property
    def questions(self) -> list[str]:
        """What the reader is asked, at most QUESTIONS."""
        asked = {
            "start": bool(self.started),
            "norm": self.misled is not None,
            "rows": bool(self.scaled),
            "evidence": self.weighed is not None,
            "adam": bool(self.optimizers),
            "shape": True,
            "gap": True,
        }
        return [name for name, known in asked.items() if known][:QUESTIONS]


@dataclass(frozen=True)
class Section:
    """One question of the page."""

    number: int
    name: str
    title: str
    applies: Callable[[Page], bool] = lambda page: True

    def templates(self, language: str) -> list[str]:
        """Where its prose may stand: in a file for all languages, or in the language's own."""
        stem = f"sections/{self.number:02d}_{self.name.replace('-', '_')}"
        return [f"{stem}.html.j2", f"{stem}.{language}.html.j2"]


SECTIONS = (
    Section(0, "summary", N_("In one minute")),
    Section(1, "play", N_("Play first"), lambda page: bool(page.players)),
    Section(2, "verdicts", N_("Did the article’s claims hold?"), lambda page: bool(page.judged)),
    Section(3, "overfitting", N_("What is overfitting?")),
    Section(4, "how-much", N_("How much decay?")),
    Section(5, "choice", N_("Which λ, and how sure?")),
    Section(6, "small-weights", N_("Does decay make weights small?")),
    Section(7, "which-weights", N_("Which weights?"), lambda page: page.scattered is not None or bool(page.traced)),
    Section(8, "occam", N_("Occam’s razor, measured"), lambda page: page.weighed is not None),
    Section(9, "start", N_("Where the simple story fails"), lambda page: bool(page.started)),
    Section(10, "cures", N_("Other cures on one scale"), lambda page: bool(page.cures)),
    Section(11, "cost", N_("What does decay cost?"), lambda page: bool(page.steps and page.started)),
    Section(12, "optimizers", N_("L2 is not decay under Adam"), lambda page: bool(page.optimizers)),
    Section(13, "real-data", N_("What about real data?"), lambda page: bool(page.real)),
    Section(14, "check", N_("Check yourself"), lambda page: len(page.questions) == QUESTIONS),
    Section(15, "methods", N_("Methods, and how to rerun")),
    Section(16, "limits", N_("Limits, and what would change our mind"), lambda page: bool(page.judged)),
    Section(17, "glossary", N_("Glossary")),
)

# In which order whom the page serves: sections by name, those that apply.
PATHS = {
    N_("New to this?"): ("play", "overfitting", "how-much", "small-weights", "occam", "check"),
    N_("A lesson to give?"): ("play", "verdicts", "start", "cures", "check", "glossary"),
    N_("A λ to choose?"): ("summary", "how-much", "choice", "real-data", "methods"),
}


def reading_paths(sections: Sequence[Section]) -> list[tuple[str, list[Section]]]:
    """Who reads, and the way through those of `sections` that concern them."""
    there = {section.name: section for section in sections}
    return [(reader, [there[name] for name in path if name in there]) for reader, path in PATHS.items()]
