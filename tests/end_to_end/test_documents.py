"""Whatever the documents show can be copied and runs: commands in the order of the text, in a copy of the project."""

import os
import re
import subprocess
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
import yaml

from decaybench.cells.blocks import block_names
from decaybench.config.parsing import parse_config
from tests.end_to_end.documents import DOCUMENTS, RECIPES, ROOT, files_named_in, make_checkout, shown_in

SHOWN = [shown for document in DOCUMENTS if document != RECIPES for shown in shown_in(document)]
PARTIAL = "decaybench render --partial --config mine.yaml"

# What is not run as it stands: which commands, what is run in their place, and why.
INSTEAD = (
    (r"make (setup|report|slides|test|lint|bench|screenshots)", "{} -n", "takes minutes, or is what runs this test"),
    (r"make clean", "{} -n", "would delete the results that the documents name"),
    (r"(\.venv/bin/)?snakemake", "{} -n", "the default studies take minutes"),
    (r"snakemake --profile (?!.*--unlock).*", "{} -n", "needs a cluster"),
    (r"snakemake .*--directory elsewhere", "{} -n", "ran a moment ago, in the working folder"),
    (r"pip install .*", "true", "downloads"),
)
# Files that no run of these tests leaves behind.
UNSEEN = {
    "NNNNxSIZE.parquet": "of a study that was cut anew",
    ".NNNN.kept": "a block's own, see results/README.md",
    "logs/slurm/<rule>-<study>-<block>-<job>.log": "of a cluster",
}


@pytest.mark.parametrize("document", [*DOCUMENTS, "docs/*.md"])
def test_every_block_is_of_a_kind_that_is_run_here(document):
    """A new kind of example has to be given a way to be run: in `documents.kind_of` and here."""
    paths = [path.relative_to(ROOT).as_posix() for path in ROOT.glob(document)]
    assert paths and set(paths) <= set(DOCUMENTS)
    for path in paths:
        for shown in shown_in(path):
            assert shown.kind, f"{shown}: nobody runs this:\n{shown.text}"
            assert shown.kind not in ("file", "edit") or path == RECIPES, f"{shown}: recipes stand in {RECIPES}"


CONFIGS = [shown for shown in SHOWN if shown.kind == "config"]


@pytest.mark.parametrize("shown", CONFIGS, ids=str)
def test_a_config_can_be_planned_in_an_empty_folder(shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    studies = parse_config(yaml.safe_load(shown.text)).studies
    assert all(block_names(study) for study in studies)


class Reader:
    """Someone who copies what the documents show, from top to bottom."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.done = make_checkout(folder), {}
        self.config = folder / "mine.yaml"

    def copy(self, shown) -> None:
        if shown.kind == "config":
            self.config.write_text(shown.text, encoding="utf-8")
        if shown.kind == "snippet":
            self.run(shown, ["python", "-c", shown.text])
        if shown.kind == "command" and shown.text not in self.done:
            ways = [way.format(shown.text) for what, way, _ in INSTEAD if re.fullmatch(what, shown.text)]
            with self.unfinished() if shown.text == PARTIAL else nullcontext():
                self.done[shown.text] = self.run(shown, ["bash", "-c", next(iter(ways), shown.text)])

    @contextmanager
    def unfinished(self):
        """A sweep that still runs: of ten times as many seeds the first are there."""
        finished = self.config.read_text(encoding="utf-8")
        self.config.write_text(re.sub(r"seeds: (\d+)", r"seeds: \g<1>0", finished), encoding="utf-8")
        yield
        self.config.write_text(finished, encoding="utf-8")

    def run(self, shown, words) -> str:
        path = os.pathsep.join([str(self.folder / ".venv" / "bin"), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path, "PYTHONPATH": str(self.folder / "src"), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{shown}: {words[-1]}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """The project after everything that the documents show was done in it."""
    someone = Reader(tmp_path_factory.mktemp("documents") / "decaybench")
    for shown in SHOWN:
        someone.copy(shown)
    return someone


@pytest.mark.xdist_group("documents")
def test_what_is_shown_runs_and_ends_with_a_page(reader):
    results = reader.folder / "results"
    for language in ("en", "zh"):
        page = (results / f"report.{language}.html").read_text(encoding="utf-8")
        assert "</html>" in page and 'class="unfinished"' not in page  # of whichever config was shown last
        partial = (results / f"partial.{language}.html").read_text(encoding="utf-8")
        assert 'class="unfinished"' in partial
    assert {"mine", "wine"} <= {facts.parent.name for facts in results.glob("*/facts.json")}
    assert (reader.folder / "appendix.html").stat().st_size > 100_000
    assert any("--profile profiles/slurm" in command for command in reader.done)


@pytest.mark.xdist_group("documents")
@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_are_there(reader, document):
    results = reader.folder / "results"
    studies = [*results.glob("*"), *results.glob("*/model")]  # some have a model, some slides
    package = reader.folder / "src" / "decaybench"
    places = [reader.folder, (reader.folder / document).parent, results, *studies, package]
    places.append(package / "report" / "templates" / "sections")
    places.append(reader.folder / "config" / "examples")
    for name in set(files_named_in(document)) - set(UNSEEN):
        pattern = re.sub(r"<\w+>", "*", name.replace("<study>", "*")).rstrip("/")
        assert any(found for place in places for found in _found(place, pattern)), f"{document}: {name} is nowhere"


def _found(place: Path, pattern: str) -> list[Path]:
    if ".." in pattern or "*" not in pattern:
        return [place / pattern] if (place / pattern).exists() else []
    return list(place.glob(pattern))
