"""A config to its pages in this process: the stages of the workflow, without Snakemake and without slides."""

from __future__ import annotations

import json
import re
from pathlib import Path

from decaybench.cells.grid import block_specs
from decaybench.cli import main
from decaybench.config import Study
from decaybench.config.parsing import parse_config
from decaybench.figures import FIGURES
from decaybench.figures.data import StudyData
from decaybench.figures.drawing import figure_svg
from decaybench.report.render import render
from decaybench.stages import partial
from decaybench.stages.train import train_block

HIDDEN = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)
NOTHING = re.compile(r"\b(nan|NaN|None|inf|Infinity|undefined|Traceback)\b")


def pages_of(raw: dict, folder: Path) -> dict[str, str]:
    """Train a config below `folder`, judge, draw and render it; the pages by language."""
    config = parse_config(raw)
    for study in config.studies:
        for index, spec in block_specs(study).items():
            train_block(spec, folder / "results" / study.name / "blocks" / f"{index:04d}.parquet", None)
    kept = partial.gather(config, folder / "results", folder, _run)
    assert kept == config, "some study lacks all of its cells"
    progress = json.loads((folder / partial.PROGRESS).read_text(encoding="utf-8"))
    assert all(count["there"] == count["asked"] for count in progress.values())
    for name in ("facts.json", "claims.json", "timings.json"):
        json.loads((folder / name).read_text(encoding="utf-8"), parse_constant=_no_constant)
    pages = {}
    for language in config.report.languages:
        page = folder / f"report.{language}.html"
        render(config, language, folder, page)
        pages[language] = page.read_text(encoding="utf-8")
    return pages


def nonsense_in(page: str) -> list[str]:
    """What a reader must never see."""
    text = HIDDEN.sub(" ", page)
    return [text[max(0, found.start() - 60) : found.end() + 20] for found in NOTHING.finditer(text)]


def _run(verb: str, *words: str) -> None:
    if verb != "draw":
        assert main([verb, *words]) == 0
        return
    given = dict(zip(words[::2], words[1::2], strict=True))
    study = Study.model_validate_json(given["--study"])
    data = StudyData.read(study, *(Path(given[f"--{name}"]) for name in ("cells", "history", "facts")))
    folder = Path(given["--output"])
    folder.mkdir(parents=True)
    for name in FIGURES:
        drawn = figure_svg(name, data)
        if drawn is not None:
            assert not nonsense_in(drawn), name
            (folder / f"{name}.svg").write_text(drawn, encoding="utf-8")


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")
