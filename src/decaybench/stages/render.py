"""The page, one file a language, from a results folder."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

from decaybench.config import Config, ConfigError
from decaybench.report.catalogue import LANGUAGE_TAGS
from decaybench.report.render import render


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words of the verb."""
    parser.add_argument("--config", default="config/config.yaml", help="the config: a file, or JSON")
    parser.add_argument("--language", help="one language; without it every language of the config")
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--output", type=Path, help="by default report.<language>.html among the results")
    parser.add_argument(
        "--partial", action="store_true",
        help="make the page, partial.<language>.html, from what is there while the sweep still runs",
    )  # fmt: skip


def run(
    config: Config,
    results: Path = Path("results"),
    language: str | None = None,
    output: Path | None = None,
    partial: bool = False,
) -> None:
    """Write report.<language>.html for every language of the config, or the page of one language.

    partial: from the blocks that are there by now, as partial.<language>.html.
    """
    pages = _pages(config, results, language, output, "partial" if partial else "report")
    if partial:
        # By name, since what a finished page is made with does not include it: see `provenance/code.py`.
        import_module("decaybench.stages.partial").run(config, results, pages)
    else:
        for spoken, page in pages.items():
            render(config, spoken, results, page)


def _pages(config: Config, results: Path, language: str | None, output: Path | None, name: str) -> dict[str, Path]:
    """The file of each language."""
    if language not in (None, *LANGUAGE_TAGS):
        raise ConfigError(f"--language {language}: unknown; one of {', '.join(LANGUAGE_TAGS)}")
    languages = [language] if language else config.report.languages
    if output and len(languages) > 1:
        raise ConfigError(f"--output names one page; say which --language, one of {', '.join(languages)}")
    return {spoken: output or results / f"{name}.{spoken}.html" for spoken in languages}
