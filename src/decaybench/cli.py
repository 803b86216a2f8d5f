"""The command line: a registry of verbs. Each is a module of `stages`; only the one that is asked is imported."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from decaybench.config import Config, InputError, Study
from decaybench.config.files import read_config
from decaybench.config.known import earlier, with_tables
from decaybench.console import never_fail

VERBS = {
    "new": "look at a table and write a config for it",
    "plan": "say what a config would train",
    "train": "train the cells of a block that its file lacks",
    "analyse": "merge the blocks of a study into its tables, and these into facts",
    "draw": "draw the figures of a study",
    "slides": "draw the figures of a study for slides and papers",
    "judge": "judge the claims on the tables of all studies, and gather what is known",
    "splits": "write which rows of a table each seed uses",
    "refit": "train the model to use on all rows of a table",
    "predict": "predict new rows with the model of a study",
    "cost": "time a training step with and without decay on this machine",
    "render": "write the page from a results folder",
}
READERS: dict[str, Callable[[str], Any]] = {"study": Study.model_validate_json}


def main(words: Sequence[str] | None = None) -> int:
    """Run one verb. Returns the exit code; what a person did wrong is one line on stderr."""
    never_fail()
    words = _words() if words is None else words
    stage = import_module(f"decaybench.stages.{words[0]}") if words and words[0] in VERBS else None
    given = vars(_parser(stage).parse_args(words))
    verb = given.pop("verb")
    assert stage is not None, "without a verb there is nothing to parse"
    try:
        if isinstance(given.get("config"), str):
            given["config"] = _config(given["config"], given.get("results"))
        stage.run(**{name: READERS[name](value) if name in READERS else value for name, value in given.items()})
    except ValidationError as error:  # of JSON that another program has made
        print(f"decaybench {verb}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except (InputError, OSError) as error:
        print(f"decaybench {verb}: {error}", file=sys.stderr)
        return 1
    return 0


def _config(given: str, results: Path | None) -> Config:
    """The config of a file or of JSON, with the contents of its tables: those of its results where they are gone."""
    folder = Path() if given.startswith("{") else Path(given).parent
    return with_tables(read_config(given), folder, earlier(results) if results else None)


def _words() -> list[str]:
    """The command line; JSON in it is UTF-8, whatever the locale says."""
    return [os.fsencode(word).decode("utf-8", "replace") if word[:1] == "{" else word for word in sys.argv[1:]]


def _parser(stage: ModuleType | None) -> argparse.ArgumentParser:
    """All verbs by name, with the arguments of the one that is asked; they are called as what its `run` takes."""
    parser = argparse.ArgumentParser(prog="decaybench", description="Weight decay on trial.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, purpose in VERBS.items():
        verb = verbs.add_parser(name, help=purpose)
        if stage is not None and stage.__name__.endswith(f".{name}"):
            stage.arguments(verb)
    return parser


if __name__ == "__main__":
    sys.exit(main())
