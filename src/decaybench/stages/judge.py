"""The claims, judged on all studies; all facts, all timings, what made them, and the figures of no single study."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from decaybench.analysis import cost
from decaybench.analysis.claim_facts import claim_facts
from decaybench.analysis.claims import CLAIMS
from decaybench.analysis.experiment import Experiment
from decaybench.analysis.identities import IDENTITIES
from decaybench.analysis.identities.identity import identity_facts
from decaybench.analysis.results import StudyResults
from decaybench.analysis.theory_beside_data import worst_miss_facts
from decaybench.analysis.verdicts import judge
from decaybench.cells.tables import read_table, write_json
from decaybench.config import Config
from decaybench.provenance import machine as provenance


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words of the verb."""
    parser.add_argument("--config", required=True, help="the config as JSON")
    parser.add_argument("--results", type=Path, required=True, help="the folder with those of all studies")


def run(config: Config, results: Path) -> None:
    """Write claims.json, facts.json, timings.json, manifest.json and the figures of all studies into `results`.

    Timings of steps are read from _machine/timings.json there, if they were taken.
    """
    folders = {study.name: results / study.name for study in config.studies}
    cells, history = (
        {name: read_table(folder / file) for name, folder in folders.items()}
        for file in ("cells.parquet", "history.parquet")
    )
    experiment = Experiment.of(config, cells, history)
    claims = judge(CLAIMS, experiment)
    facts: dict[str, Any] = {}
    for folder in folders.values():
        facts.update(_read(folder / "facts.json"))
    facts.update(worst_miss_facts(facts))
    facts.update(identity_facts(IDENTITIES, experiment))
    facts.update(claim_facts(claims))
    runs = {name: _read(folder / "timings.json") for name, folder in folders.items()}
    measured = results / "_machine" / "timings.json"
    timings = {"runs": runs, **_of_steps(_read(measured) if measured.exists() else [])}
    from decaybench.figures.of_all import draw_all

    draw_all(claims, [StudyResults(study, facts) for study in config.studies], results / "_figures")
    write_json(claims, results / "claims.json")
    write_json(facts, results / "facts.json")
    write_json(timings, results / "timings.json")
    write_json(provenance.manifest(config.asked(), runs), results / "manifest.json")


def _of_steps(measured: list[dict[str, Any]]) -> dict[str, Any]:
    """What the timings of a step say, and a figure of them."""
    if not measured:
        return {"cost": [], "figures": {}}
    from decaybench.figures.cost import cost_svg

    return {"cost": cost.summarise(measured), "figures": {"cost": cost_svg(measured, cost.levels(measured))}}


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
