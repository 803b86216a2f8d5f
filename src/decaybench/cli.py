"""The command line: one verb a rule of the workflow; a verb's arguments are the rule's inputs, outputs and params."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from decaybench.config import BASE, Config, ConfigError, Finite, Study
from decaybench.console import never_fail, spelled

STAGES = {
    "new": "look at a table and write a config for it",
    "splits": "write which rows of a table each seed uses",
    "refit": "train the model to use on all rows of a table",
    "predict": "predict new rows with the model of a study",
}  # stages with arguments of their own, by verb


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb. Returns the exit code; what a person did wrong is one line on stderr."""
    never_fail()
    options = _parser().parse_args(_words() if arguments is None else arguments)
    try:
        options.run(options)
    except ValidationError as error:  # of JSON that another program has made
        print(f"decaybench {options.verb}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except (ConfigError, OSError, _table_error()) as error:
        print(f"decaybench {options.verb}: {error}", file=sys.stderr)
        return 1
    return 0


def _table_error() -> type[Exception]:
    from decaybench.cells.tables import TableError

    return TableError


def _words() -> list[str]:
    """The command line; JSON in it is UTF-8, whatever the locale says."""
    return [os.fsencode(word).decode("utf-8", "replace") if word[:1] == "{" else word for word in sys.argv[1:]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="decaybench", description="Weight decay on trial.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    plan = verbs.add_parser("plan", help="say what a config would train")
    plan.add_argument("config", help="a file, or JSON")
    plan.set_defaults(run=_plan)

    train = verbs.add_parser("train", help="train the cells of a block that its file lacks")
    train.add_argument("--spec", required=True, help="the block as JSON")
    train.add_argument("--seeds-per-block", type=int, help="of the study; else blocks of other layouts are not read")
    train.add_argument("--output", type=Path, required=True)
    train.set_defaults(run=_train)

    collect = verbs.add_parser("collect", help="merge the blocks of a study into its tables")
    collect.add_argument("--spec", required=True, help="the study as JSON")
    collect.add_argument("--cells", type=Path, required=True)
    collect.add_argument("--history", type=Path, required=True)
    collect.add_argument("--timings", type=Path, required=True)
    collect.add_argument("--folder", type=Path, help="where the blocks of --names are")
    collect.add_argument("--names", default="", help="names of blocks as ranges: 0-99 or 0-99x50")
    collect.add_argument("blocks", type=Path, nargs="*")
    collect.set_defaults(run=_collect)

    analyse = verbs.add_parser("analyse", help="turn a study's tables into facts")
    analyse.add_argument("--study", required=True, help="the study as JSON")
    analyse.add_argument("--cells", type=Path, required=True)
    analyse.add_argument("--history", type=Path, required=True)
    analyse.add_argument("--facts", type=Path, required=True)
    analyse.add_argument("--summary", type=Path, required=True)
    analyse.set_defaults(run=_analyse)

    draw = verbs.add_parser("draw", help="draw the figures of a study")
    draw.add_argument("--study", required=True, help="the study as JSON")
    draw.add_argument("--cells", type=Path, required=True)
    draw.add_argument("--history", type=Path, required=True)
    draw.add_argument("--facts", type=Path, required=True)
    draw.add_argument("--output", type=Path, required=True, help="folder of the SVG files")
    draw.set_defaults(run=_draw)

    judge = verbs.add_parser("judge", help="judge the claims on the tables of all studies")
    judge.add_argument("--config", required=True, help="the config as JSON")
    judge.add_argument("--cells", type=Path, nargs="+", required=True, help="one file a study, in its folder")
    judge.add_argument("--history", type=Path, nargs="+", required=True)
    judge.add_argument("--claims", type=Path, required=True)
    judge.set_defaults(run=_judge)

    cost = verbs.add_parser("cost", help="time a training step with and without decay on this machine")
    cost.add_argument("--output", type=Path, required=True)
    cost.set_defaults(run=_cost)

    gather = verbs.add_parser("gather", help="merge the facts and timings of all studies")
    gather.add_argument("--cost", type=Path, required=True)
    gather.add_argument("--config", required=True, help="the config as JSON")
    gather.add_argument("--study-facts", type=Path, nargs="+", required=True)
    gather.add_argument("--claims", type=Path, required=True)
    gather.add_argument("--study-timings", type=Path, nargs="+", required=True)
    gather.add_argument("--facts", type=Path, required=True)
    gather.add_argument("--timings", type=Path, required=True)
    gather.add_argument("--manifest", type=Path, required=True)
    gather.set_defaults(run=_gather)

    render = verbs.add_parser("render", help="write the page from a results folder")
    render.add_argument("--config", default="config/config.yaml", help="the config: a file, or JSON")
    render.add_argument("--language", help="one language; without it every language of the config")
    render.add_argument("--results", type=Path, default=Path("results"))
    render.add_argument("--output", type=Path, help="by default report.<language>.html among the results")
    render.add_argument(
        "--partial", action="store_true",
        help="make the page, partial.<language>.html, from what is there while the sweep still runs",
    )  # fmt: skip
    render.set_defaults(run=_render)
    for name, what in STAGES.items():
        stage = verbs.add_parser(name, help=what)
        module = importlib.import_module(f"decaybench.stages.{name}")
        module.arguments(stage)
        stage.set_defaults(run=module.run)
    return parser


def _read_config(config: str, known: Config | None = None) -> Config:
    """config: the path of a file, or JSON. known: see `with_tables`."""
    from decaybench.config.files import read_file, read_text
    from decaybench.config.parsing import parse_config
    from decaybench.tasks.table.looking import with_tables

    inline = config.startswith("{")
    try:
        raw = read_text(config, "JSON") if inline else read_file(Path(config))
    except FileNotFoundError:
        raise ConfigError(f"{config}: there is no such config") from None
    return with_tables(parse_config(raw), Path() if inline else Path(config).parent, known)


def _plan(options: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.table import Table

    from decaybench.cells.grid import block_indices, seeds_for_nodes

    console = Console()
    table = Table()
    for title in ("study", "variants", "λ", "seeds", "cells", "blocks"):
        table.add_column(spelled(title, console.encoding), overflow="fold")
    config = _read_config(options.config)
    for study in config.studies:
        variants = study.resolved()
        counts = [
            {len(variant.grid.weight_decay) for variant in variants},
            {len(variant.grid.seed_list()) for variant in variants},
        ]
        cells = sum(len(v.grid.weight_decay) * len(v.grid.seed_list()) for v in variants)
        size = seeds_for_nodes(study, config.nodes)
        table.add_row(
            study.name, str(len(variants)),
            *(spelled("–".join(map(str, sorted(c))), console.encoding) for c in counts),
            f"{cells:,}", str(len(block_indices(study, size))),
        )  # fmt: skip
    console.print(table)
    for study in config.studies:
        _print_sizes(study)


def _print_sizes(study: Study) -> None:
    """How the rows of a finite task are shared out: parts that the config leaves out depend on the others."""
    told: set[tuple[int, ...]] = set()
    for variant in study.resolved():
        task = variant.task
        sizes = (task.n_train, task.n_validation, task.n_test)
        if isinstance(task, Finite) and sizes not in told:
            told.add(sizes)
            name = study.name if variant.name == BASE else f"{study.name}, {variant.name}"
            shares = "{:,} training, {:,} validation, {:,} test".format(*sizes)
            print(f"{name}: {shares} rows of {task.count_rows(task.__dict__):,}")


def _train(options: argparse.Namespace) -> None:
    from decaybench.cells.grid import BlockSpec
    from decaybench.stages.train import train_block

    train_block(BlockSpec.model_validate_json(options.spec), options.output, options.seeds_per_block)


def _collect(options: argparse.Namespace) -> None:
    from decaybench.cells import tables
    from decaybench.cells.blocks import parse_names
    from decaybench.cells.grid import BlockSpec
    from decaybench.learning import code_of

    def set_aside(path: Path, why: str) -> None:
        print(f"{why}; moved to {tables.set_aside(path).name}", file=sys.stderr)

    cells = BlockSpec.model_validate_json(options.spec).cells(code_of)
    paths = [*options.blocks, *(options.folder / f"{name}.parquet" for name in parse_names(options.names))]
    merged, history, runs = tables.collect(paths, cells, set_aside)
    tables.write_table(merged, options.cells)
    tables.write_table(history, options.history)
    tables.write_json(runs, options.timings)


def _analyse(options: argparse.Namespace) -> None:
    from decaybench.analysis.facts import study_facts, summary
    from decaybench.cells.tables import parameters_told, read_table, replacing, write_json

    study = Study.model_validate_json(options.study)
    told = parameters_told(options.cells)
    facts = study_facts(study, read_table(options.cells), read_table(options.history), told)
    with replacing(options.summary) as beside:
        summary(facts, study).to_csv(beside, index=False)
    write_json(facts, options.facts)


def _draw(options: argparse.Namespace) -> None:
    from decaybench.figures.drawing import draw_study

    draw_study(
        Study.model_validate_json(options.study), options.cells, options.history, options.facts, options.output
    )


def _judge(options: argparse.Namespace) -> None:
    from decaybench.analysis.claims import CLAIMS
    from decaybench.analysis.regimes import Case
    from decaybench.analysis.verdicts import judge
    from decaybench.cells.tables import read_table, write_json

    config = Config.model_validate_json(options.config)
    cells, history = (
        {path.parent.name: read_table(path) for path in paths} for paths in (options.cells, options.history)
    )
    write_json(judge(CLAIMS, Case.of(config, cells, history)), options.claims)


def _cost(options: argparse.Namespace) -> None:
    from decaybench.cells.tables import write_json
    from decaybench.learning import cost

    write_json(cost.measure(), options.output)


def _gather(options: argparse.Namespace) -> None:
    import json

    from decaybench.analysis import cost
    from decaybench.analysis.claim_facts import claim_facts
    from decaybench.cells.tables import write_json
    from decaybench.figures.cost import cost_svg
    from decaybench.provenance import machine as provenance

    config = Config.model_validate_json(options.config)
    merged: dict[str, object] = {}
    for path in options.study_facts:
        merged.update(json.loads(path.read_text(encoding="utf-8")))
    merged.update(claim_facts(json.loads(options.claims.read_text(encoding="utf-8"))))
    runs = {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in options.study_timings}
    write_json(merged, options.facts)
    measured = json.loads(options.cost.read_text(encoding="utf-8"))
    figures = {name: svg for name, svg in (("cost", cost_svg(measured)),) if svg}
    write_json({"runs": runs, "cost": cost.summarise(measured), "figures": figures}, options.timings)
    write_json(provenance.manifest(config.question()), options.manifest)


def _render(options: argparse.Namespace) -> None:
    manifest = options.results / "manifest.json"
    config = _read_config(options.config, _config_of(manifest) if manifest.exists() else None)
    if not options.partial:
        _render_pages(options, config, options.results)
        return

    from tempfile import TemporaryDirectory

    from decaybench.stages import partial

    with TemporaryDirectory(prefix="decaybench-partial-") as scratch:
        kept = partial.gather(config, options.results, Path(scratch), _verb)
        _render_pages(options, kept, Path(scratch))


def _config_of(manifest: Path) -> Config | None:
    """The config that made a results folder; None where its manifest cannot be read."""
    import json

    try:
        return Config.model_validate(json.loads(manifest.read_text(encoding="utf-8"))["config"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _render_pages(options: argparse.Namespace, config: Config, results: Path) -> None:
    from decaybench.report.catalogue import LANGUAGE_TAGS
    from decaybench.report.render import render

    if options.language not in (None, *LANGUAGE_TAGS):
        raise ConfigError(f"--language {options.language}: unknown; one of {', '.join(LANGUAGE_TAGS)}")
    languages = [options.language] if options.language else config.report.languages
    if options.output and len(languages) > 1:
        raise ConfigError(f"--output names one page; say which --language, one of {', '.join(languages)}")
    for language in languages:
        name = "partial" if options.partial else "report"
        output = options.output or options.results / f"{name}.{language}.html"
        render(config, language, results, output)
        if options.partial:
            print(output)


def _verb(*arguments: str) -> None:
    """Run another verb in this process; its errors are this one's."""
    options = _parser().parse_args(arguments)
    options.run(options)


if __name__ == "__main__":
    sys.exit(main())
