"""How the numbers came about: versions, machines, cells that diverged or are missing. Machine facts are marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from decaybench.analysis.studies import StudyView
from decaybench.analysis.variants import VariantView
from decaybench.cells.grid import format_seeds
from decaybench.config import BASE
from decaybench.provenance.processor import kinds

OURS = ("folder", "contents")  # of a table's keys: what people do not write


class Methods:
    """What the methods section asks."""

    def __init__(self, studies: Sequence[StudyView], manifest: Mapping[str, Any], timings: Mapping[str, Any]) -> None:
        self.studies, self.manifest = studies, manifest
        self.runs: list[Mapping[str, Any]] = [
            run for study in studies for run in timings.get("runs", {}).get(study.name, [])
        ]

    def machine(self, key: str, text: Any) -> Markup:
        """Something that another machine would say differently."""
        return Markup('<data data-machine="{}" value="{}">{}</data>').format(key, text, text)

    @property
    def processors(self) -> list[str]:
        """Every processor and device that trained cells."""
        others = {f"{run['cpu']} + {run['device']}" for run in self.runs if run.get("device", "cpu") != "cpu"}
        return sorted({*kinds(self.runs), *others})

    @property
    def mixed(self) -> int:
        """How many kinds of processors there were where they may differ in the last bits, else 0."""
        count = len(kinds(self.runs))
        return count if count > 1 else 0

    @property
    def nodes(self) -> int:
        """How many machines trained."""
        return len({run["node"] for run in self.runs if "node" in run})

    @property
    def threads(self) -> str:
        """Threads of a training job."""
        return " – ".join(str(n) for n in sorted({run.get("threads", 1) for run in self.runs}))

    @property
    def seconds(self) -> str:
        """Time of all training jobs together."""
        seconds = sum(run["seconds"] for run in self.runs)
        return f"{seconds:.1f}" if seconds < 10 else f"{seconds:,.0f}"

    @property
    def peak_memory(self) -> str:
        """Memory of the largest training job in MB."""
        return f"{max(run['peak_memory_mb'] for run in self.runs):,.0f}"

    @property
    def trained(self) -> str:
        """Cells that these jobs trained."""
        return f"{sum(run['cells'] for run in self.runs):,}"

    @property
    def versions(self) -> list[tuple[str, str]]:
        """Library and version."""
        return list(self.manifest.get("versions", {}).items())

    @property
    def commit(self) -> str:
        """The code's commit, empty outside of a checkout."""
        return str(self.manifest.get("git", {}).get("commit", ""))[:12]

    @property
    def changed(self) -> bool:
        """Whether the code was changed since that commit."""
        return bool(self.manifest.get("git", {}).get("changed"))

    @property
    def digest(self) -> str:
        """The config's digest."""
        return str(self.manifest.get("config_sha256", ""))[:16]

    @property
    def incomplete(self) -> list[VariantView]:
        """Variants with cells that diverged or are missing."""
        return [
            view for study in self.studies for view in study.variants if self.diverged(view) or self.missing(view)
        ]

    def diverged(self, view: VariantView) -> int:
        """Cells of a variant that diverged."""
        return int(view.value("n_diverged") or 0)

    def missing(self, view: VariantView) -> int:
        """Cells that the config asks for and the results lack."""
        return view.n_expected - int(view.value("n_cells") or 0)

    def recipe(self, view: VariantView) -> dict[str, str]:
        """Task, model, training and grid as in the config, each on one line; nulls left out."""
        dumped = view.variant.model_dump(mode="json")
        lines = {
            part: ", ".join(
                f"{key}: {_yaml(value)}"
                for key, value in dumped[part].items()
                if value is not None and key not in OURS
            )
            for part in ("task", "model", "training")
        }
        lines["weight_decay"] = ", ".join(view.labels)
        lines["seeds"] = format_seeds(view.variant.grid.seed_list())
        return lines

    def parameters(self, study: StudyView) -> list[tuple[VariantView, dict[str, Any]]]:
        """Own modules of a study and what their parameters are; variants that only repeat the base are left out."""
        told = [(view, self._parameters(view)) for view in study.variants]
        return [
            (view, own) for view, own in told if own and (view.name == BASE or own != self._parameters(study.base))
        ]

    def _parameters(self, view: VariantView) -> dict[str, Any]:
        start = f"{view.prefix}/parameters/"
        return {key.removeprefix(start): fact["value"] for key, fact in view.facts.items() if key.startswith(start)}

    def overrides(self, study: StudyView, view: VariantView) -> str:
        """The keys that make a variant, as in the config."""
        keys = study.study.variants.get(view.name, {})
        own = {key: value for key, value in keys.items() if key.rpartition(".")[2] not in OURS}
        return ", ".join(f"{key}: {_yaml(value)}" for key, value in own.items())


def _yaml(value: Any) -> str:
    """A value as it stands in a config, on one line."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_yaml(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
