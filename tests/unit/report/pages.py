"""Small results folders, made by the command line's own code, and pages read back as elements."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from decaybench.cells.blocks import block_names
from decaybench.cells.grid import seeds_per_block
from decaybench.cli import main
from decaybench.config import Config, Study
from decaybench.config.parsing import parse_config
from decaybench.figures import FIGURES

VOID = {"meta", "br", "img", "input", "link", "hr"}

TINY = {
    "studies": [
        {
            "name": "starts",
            "task": {"kind": "gaussian_linear", "n_train": 10, "n_validation": 20, "n_test": 20, "n_features": 30},
            "training": {"learning_rate": 0.01, "epochs": 40, "record_every": 20},
            "grid": {"weight_decay": [0, 0.3, 3], "seeds": 24},
            "variants": {
                "zero-init": {"model.init_std": 0, "model.bias_init_std": 0},
                "all-weights": {"training.in_span": False, "grid.seeds": 3},
            },
        },
        {
            "name": "noisy",
            "task": {"kind": "gaussian_linear", "n_train": 25, "n_validation": 50, "n_test": 50, "n_features": 30,
                     "noise_std": 0.3},
            "model": {"init_std": 0, "bias_init_std": 0},
            "training": {"learning_rate": 0.05, "batch_size": 25, "epochs": 300, "record_every": 300},
            "grid": {"weight_decay": [0, 0.5, 2, 30], "seeds": 30},
        },
        {
            "name": "patients",
            "task": {"kind": "diabetes", "n_train": 40, "n_validation": 60, "n_test": 30, "degree": 1},
            "model": {"init_std": 0, "bias_init_std": 0},
            "training": {"learning_rate": 0.02, "batch_size": 40, "epochs": 50, "record_every": 50},
            "grid": {"weight_decay": [0, 1], "seeds": 5},
        },
        {
            "name": "digits",
            "task": {"kind": "digits", "n_train": 40, "n_validation": 60, "n_test": 60, "label_noise": 0.25},
            "model": {"kind": "mlp", "hidden": [8]},
            "training": {"learning_rate": 0.1, "batch_size": 20, "epochs": 3, "record_every": 3},
            "grid": {"weight_decay": [0, 0.01], "seeds": 2},
        },
        {
            "name": "article",
            "task": {"kind": "gaussian_linear", "n_validation": 20, "n_test": 20},
            "training": {"record_every": 100},
            "grid": {"weight_decay": [0, 3], "seeds": 6},
            "variants": {"from-scratch": {"training.loss": "half_mse", "model.bias_init_std": 0}},
        },
        {
            "name": "rivals",
            "task": {"kind": "gaussian_linear", "n_train": 12, "n_validation": 20, "n_test": 20, "n_features": 16,
                     "noise_std": 0.2},
            "model": {"init_std": 0, "bias_init_std": 0},
            "training": {"learning_rate": 0.05, "batch_size": 40, "epochs": 60, "record_every": 10},
            "grid": {"weight_decay": [0, 0.3, 1, 5], "seeds": 6},
            "variants": {
                "adam": {"training.optimizer": "adam"},
                "adamw": {"training.optimizer": "adamw"},
                "dropped": {"model.dropout": 0.3, "grid.weight_decay": [0]},
                "n-40": {"task.n_train": 40},
            },
        },
        {
            "name": "cubic",
            "task": {"kind": "polynomial", "n_train": 12, "n_validation": 20, "n_test": 20, "degree": 6,
                     "noise_std": 0.3},
            "model": {"init_std": 0, "bias_init_std": 0},
            "training": {"learning_rate": 0.05, "batch_size": 12, "epochs": 200, "record_every": 200},
            "grid": {"weight_decay": [0, 0.1], "seeds": 5},
            "variants": {"degree-1": {"task.degree": 1}, "degree-3": {"task.degree": 3}},
        },
    ]
}  # fmt: skip


def stand_in(name: str) -> str:
    """A figure with texts of each kind, and with ids of its own, as the pipeline's figures have."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 200" id="{name}">'
        f'<defs><clipPath id="{name}-1"><rect width="9" height="9"/></clipPath></defs>'
        f'<g clip-path="url(#{name}-1)"><path id="{name}-2" d="M0 0L9 9" style="stroke: var(--train, #0072B2)"/></g>'
        f'<use href="#{name}-2"/><text x="1" y="20">epoch</text><text x="1" y="40">seeds: 24</text>'
        '<text x="1" y="60">zero-init</text></svg>'
    )


def build(raw: dict[str, Any], results: Path, figures: bool = True, drawn: bool = False) -> Config:
    """Train, analyse and judge a config into `results`, as the rules do.

    figures: whether there are any, stand-ins for speed; drawn: the study's own, and no timings of steps.
    """
    config = parse_config(raw)
    for study in config.studies:
        asked, folder = study.to_json(), results / study.name
        for name, seeds in block_names(study).items():
            run("train", "--study", asked, "--seeds", f"{seeds[0]}-{seeds[-1]}",
                "--output", str(folder / f"blocks/{name}.parquet"))  # fmt: skip
        run("analyse", "--study", asked, "--folder", str(folder), "--seeds-per-block", str(seeds_per_block(study)))
        if drawn:
            draw(study, results)
        elif figures:
            (folder / "figures").mkdir(exist_ok=True)
            for name in (name for name, title in FIGURES.items() if title):
                if name != "accuracy_by_weight_decay" or study.task.kind == "digits":
                    (folder / "figures" / f"{name}.svg").write_text(
                        stand_in(f"{folder.name}-{name}"), encoding="utf-8"
                    )
    if not drawn:
        steps = {"none": [1.0e-4] * 3, "optimizer": [1.0e-4, 1.1e-4, 1.0e-4], "loss": [1.3e-4, 1.4e-4, 1.3e-4]}
        peaks = {"none": 800, "optimizer": 1600, "loss": 2400}
        (results / "_machine").mkdir(exist_ok=True)
        (results / "_machine" / "timings.json").write_text(
            json.dumps([{"weights": 200, "seconds": steps, "peak_bytes": peaks}]), encoding="utf-8"
        )
    run("judge", "--config", config.to_json(), "--results", str(results))
    return config


def draw(study: Study, results: Path, verb: str = "draw") -> None:
    """Draw the figures of a study, or its slides."""
    run(verb, "--study", study.to_json(), "--folder", str(results / study.name))


def run(*arguments: str) -> None:
    assert main(arguments) == 0, arguments


def facts_of(results: Path) -> dict[str, Any]:
    return json.loads((results / "facts.json").read_text(encoding="utf-8"))


@dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element | str] = field(default_factory=list)

    def all(self, tag: str | None = None) -> Iterator[Element]:
        """Every element below, in order."""
        for child in self.children:
            if isinstance(child, Element):
                if tag is None or child.tag == tag:
                    yield child
                yield from child.all(tag)

    def text(self, skip: Any = lambda element: False) -> str:
        """The text below, without what `skip` names."""
        parts = []
        for child in self.children:
            if isinstance(child, str):
                parts.append(child)
            elif not skip(child):
                parts.append(child.text(skip))
        return " ".join("".join(parts).split())

    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.here = Element("#document", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs}, self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.here.children.append(Element(tag, {key: value or "" for key, value in attrs}, self.here))

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.children.append(data)


def read(text: str) -> Element:
    """A page as elements; fails where tags are not closed in order."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.here is reader.root, f"<{reader.here.tag}> is never closed"
    return reader.root
