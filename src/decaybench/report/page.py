"""Which studies the sections of the page tell about, chosen by what they contain, never by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from decaybench.analysis import contrasts, findings
from decaybench.analysis.studies import StudyView, distinct
from decaybench.analysis.variants import VariantView
from decaybench.report.cost import StepView
from decaybench.report.verdicts import ClaimView
from decaybench.tasks import column_names

QUESTIONS = 3  # asked at the end of the page
FEWEST_ROWS = 3  # variants that make a curve over the number of examples


@dataclass(frozen=True)
class Page:
    """The studies, and the choices of every section."""

    studies: list[StudyView]
    claims: list[ClaimView] = field(default_factory=list)
    steps: list[StepView] = field(default_factory=list)
    progress: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # of a sweep that still runs

    @property
    def unfinished(self) -> list[tuple[str, Mapping[str, int]]]:
        """Studies of a running sweep that lack trainings, with how many are there and asked for."""
        return [(name, count) for name, count in self.progress.items() if count["there"] < count["asked"]]

    @cached_property
    def article(self) -> StudyView | None:
        """The study that repeats the article's experiment."""
        return next((study for study in self.studies if study.base.repeats_article), None)

    @property
    def own(self) -> bool:
        """Whether the page is about a user's own studies: they come first, with their answers."""
        return self.article is None

    @cached_property
    def bases(self) -> list[VariantView]:
        """The base of every study with any number."""
        return [study.base for study in self.studies if study.base.measured]

    @cached_property
    def lead(self) -> StudyView:
        """The study in front: the first that can tell λ apart, else the first with any number, else the first."""
        able = [view.study for view in self.bases if len(view.measured) > 1 and findings.has_intervals(view)]
        name = next(iter([*able, *(view.study for view in self.bases), self.studies[0].name]))
        return self.study(name)

    def study(self, name: str) -> StudyView:
        """A study by its name."""
        return next(study for study in self.studies if study.name == name)

    @cached_property
    def players(self) -> list[VariantView]:
        """Where a slider has more than one λ to stop at; those whose fit can be drawn come first."""
        movable = [view for view in self.bases if len(view.measured) > 1]
        return movable if self.own else sorted(movable, key=lambda view: not view.fit_is_drawn)

    @property
    def slider(self) -> VariantView | None:
        """What the first screen moves through."""
        return next(iter(self.players), None)

    @property
    def real(self) -> list[StudyView]:
        """Studies on collected data."""
        return [study for study in self.studies if study.real and study.base.measured]

    @property
    def real_linear(self) -> VariantView | None:
        """A linear model on collected data, whose mean predictor is known."""
        return next((s.fair for s in self.real if s.fair.variant.model.kind == "linear" and not s.fair.classes), None)

    @property
    def real_classes(self) -> VariantView | None:
        """A classifier on collected data, the first with wrong labels if there is one."""
        views = [study.base for study in self.real if study.base.classes]
        return min(views, key=lambda view: findings.memorised(view) == "nothing", default=None)

    @cached_property
    def overfit(self) -> VariantView | None:
        """Where the test error rises most while training goes on: on drawn linear data first; else the first base."""
        found = [
            (view.variant.task.kind != "gaussian_linear", -float(view.facts[key]["value"]), view)
            for view in self._views()
            if findings.overtrained(view) == "rises"
            and (key := f"{findings.OVERTRAINING}/{view.prefix}/estimate") in view.facts
        ]
        if self.own:
            found = [entry for entry in found if entry[2].study == self.lead.name] or found
        return min(found, key=lambda entry: entry[:2])[2] if found else next(iter(self.bases), None)

    @cached_property
    def u_shaped(self) -> VariantView | None:
        """Where too little decay and too much of it both cost: from a zero start, where theory knows the best λ."""
        if self.own:
            return self.lead.base if self.lead.base.measured else None
        views = [view for view in self.bases if findings.shape(view) == "u_shaped"]
        known = [view for view in views if not view.starts_random and view.value("optimal_weight_decay")]
        return next(iter([*known, *views, *self.bases]), None)

    @cached_property
    def paths(self) -> VariantView | None:
        """Where every weight can be followed over λ: where columns have names, if there is such a study."""
        views = [view for view in self.bases if findings.both(view, "weight_kept_strong")]
        return next(iter(sorted(views, key=lambda view: column_names(view.variant.task) is None)), None)

    @cached_property
    def started(self) -> StudyView | None:
        """The study that compares a random start with a zero start: the article's, if it does."""
        able = [study for study in self.studies if study.zero_start is not None]
        return min(able, key=lambda study: study is not self.article, default=None)

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

    @property
    def choice(self) -> VariantView | None:
        """Where a choice of λ is shown: on collected data with a linear model, else in the lead's fair variant."""
        view = self.real_linear if not self.own and self.real_linear else self.lead.fair
        return view if view.chosen is not None else next((v for v in self.bases if v.chosen is not None), None)

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

    @cached_property
    def rows(self) -> list[VariantView]:
        """Variants of one study alike but for their rows, fewest first: where more of them hurt, if anywhere."""
        tried = [distinct([v for v in s.paired(s.rows) if v.has_zero]) for s in self.studies]
        curves = [views for views in tried if len(views) >= FEWEST_ROWS]
        return min(curves, key=lambda views: findings.course(views) != "peak", default=[])

    @cached_property
    def remedied(self) -> VariantView | None:
        """Where the remedies share an axis: the study in which most of them were tried."""
        views = [view for view in self.bases if view.value("remedies/decay/test_loss") is not None]
        return max(views, key=lambda view: len(remedies(view)), default=None)

    @cached_property
    def filtered(self) -> VariantView | None:
        """Where early stopping and decay can be seen as filters: beside the remedies, if possible."""
        views = [view for view in self.bases if view.value("filters/gap") is not None]
        return min(views, key=lambda view: self.remedied is None or view.study != self.remedied.study, default=None)

    @cached_property
    def weighed(self) -> VariantView | None:
        """The variant where evidence speaks of most trained λ: the one for Occam's razor."""
        views = [view for view in self.bases if view.value("evidence/weight_decay") is not None]
        return max(views, key=lambda view: len(view.value("near_ridge/weight_decay") or ()), default=None)

    @cached_property
    def degrees(self) -> StudyView | None:
        """The study that picks the degree of a polynomial."""
        return next((self.study(v.study) for v in self.bases if v.value("degree/validation") is not None), None)

    @cached_property
    def misled(self) -> VariantView | None:
        """Where the length of the weights tells least about the test loss."""
        views = [view for view in self.bases if view.value("same_norm/ratio") is not None]
        return max(views, key=lambda view: float(view.value("same_norm/ratio")), default=None)

    @property
    def judged(self) -> list[ClaimView]:
        """The article's claims that some training speaks to."""
        return [claim for claim in self.claims if claim.judged]

    @property
    def worst_miss(self) -> str:
        """Study, variant and λ at which measurement is furthest from theory."""
        return str(self.studies[0].facts["theory/largest_z_at"]["value"])

    @cached_property
    def predicted(self) -> list[VariantView]:
        """Variants that theory predicts, the one it misses by most first."""
        views = [view for view in self._views() if view.value("theory/largest_z") is not None]
        return sorted(views, key=lambda view: -abs(float(view.value("theory/largest_z"))))

    @cached_property
    def published(self) -> list[tuple[VariantView, str]]:
        """Variants and λ that other people ran, too; of the same recipe the one with most seeds."""
        found: dict[tuple[str | None, str], VariantView] = {}
        for view in self._views():
            for label in view.measured:
                old = found.get((view.variant.loss, label))
                more = old is None or int(view.value("n_seeds")) > int(old.value("n_seeds"))
                if view.has(label, "published_z") and more:
                    found[view.variant.loss, label] = view
        return [(view, label) for (_, label), view in found.items()]

    @property
    def linear(self) -> str:
        """Whether "all" trained models are linear, "some" are, or "" none is."""
        kinds = [view.variant.model.kind == "linear" for view in self._views()]
        return "all" if all(kinds) else "some" if any(kinds) else ""

    @property
    def questions(self) -> list[str]:
        """What the reader is asked, at most QUESTIONS."""
        asked = {
            "start": self.started is not None,
            "rows": bool(self.scaled),
            "evidence": self.weighed is not None,
            "more": self.choice is not None,
        }
        return [name for name, known in asked.items() if known][:QUESTIONS]

    def _views(self) -> Iterator[VariantView]:
        for study in self.studies:
            yield from study.variants


def remedies(view: VariantView) -> Sequence[str]:
    """The remedies that were tried on a variant's data."""
    return [kind for kind in findings.NAMED_CURES if view.value(f"remedies/{kind}/test_loss") is not None]
