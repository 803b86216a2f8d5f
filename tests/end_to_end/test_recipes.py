"""The recipes for a contributor: applied to a copy of the project, all of them end on one page."""

import json
import os
import re
import shutil
import subprocess

import pytest
import yaml

from tests.end_to_end.documents import NAMED_FILE, RECIPES, ROOT, make_checkout, shown_in

NEW = {
    "studies": [
        {
            "name": "new",
            "task": {"kind": "sine"},
            "model": {"kind": "diagonal"},
            "training": {"optimizer": "adam", "learning_rate": 0.01, "batch_size": 20, "epochs": 60},
            "grid": {"weight_decay": [0, 0.01, 1], "seeds": 5},
            "variants": {
                "linear": {"model.kind": "linear", "training.optimizer": "sgd", "training.learning_rate": 0.05},
                "classes": {"task": {"kind": "breast_cancer", "n_train": 30}},
            },
        }
    ]
}
# What the rules do, in one process: ten of them would take as many imports.
TO_THE_PAGE = """
import json, pathlib, pages
results = pathlib.Path("results")
config = pages.build(json.loads(pathlib.Path("new.json").read_text()), results, figures=False)
for study in config.studies:
    pages.draw(study, results)
    pages.draw(study, results, "slides")
pages.run("render", "--config", config.to_json(), "--results", str(results))
"""
CHECKS = (
    "ruff check .",
    "ruff format --check .",
    "lint-imports",
    "mypy",
    "python -m pytest -n 0 tests/unit/test_tasks.py tests/unit/report/test_words.py"
    " tests/unit/analysis/test_verdicts.py tests/end_to_end/test_any_config_ends_with_a_page.py"
    " -k 'split or source or catalogue or section or declared or schema'",
)


class Contributor:
    """Someone who follows the recipes."""

    def __init__(self, folder):
        self.folder = make_checkout(folder)
        if (ROOT / ".mypy_cache").is_dir() and not (folder / ".mypy_cache").exists():
            shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache")

    def run(self, *words, given=None) -> str:
        path = os.pathsep.join([str(self.folder / ".venv" / "bin"), os.environ["PATH"]])
        sources = os.pathsep.join(str(self.folder / place) for place in ("src", "tests/unit/report"))
        environment = {**os.environ, "PATH": path, "PYTHONPATH": sources, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            words, cwd=self.folder, env=environment, input=given, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, f"{words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout + done.stderr

    def apply(self, shown) -> None:
        if shown.kind == "file":
            (self.folder / NAMED_FILE.fullmatch(shown.text.splitlines()[0])[1]).write_text(shown.text, "utf-8")
        elif shown.kind == "edit":
            self.run("git", "apply", given=shown.text)
        else:
            self.run("bash", "-c", shown.text)


@pytest.fixture(scope="module")
def contributor(tmp_path_factory):
    someone = Contributor(tmp_path_factory.mktemp("recipes") / "decaybench")
    recipes = list(shown_in(RECIPES))
    for shown in sorted(recipes, key=lambda shown: shown.kind == "command"):  # `make docs` comes after all edits
        if shown.text != "git apply":
            someone.apply(shown)
    (someone.folder / "new.json").write_text(json.dumps(NEW))
    someone.run("python", "-c", TO_THE_PAGE)
    return someone


@pytest.mark.xdist_group("recipes")
def test_a_new_task_model_claim_figure_and_section_are_on_the_page(contributor):
    results = contributor.folder / "results"
    claims = {entry["id"]: entry for entry in json.loads((results / "claims.json").read_text(encoding="utf-8"))}
    assert {regime["variant"] for regime in claims["fits-less"]["regimes"]} == {"base", "linear", "classes"}
    words = {
        "en": ("a noisy sine wave", "fits its training rows less closely", "Gap against λ", "How wide is the gap?"),
        "zh": ("带噪声的正弦波", "对训练数据的拟合会变差", "差距随 λ 的变化", "差距有多大？"),
    }
    for language, wanted in words.items():
        page = (results / f"report.{language}.html").read_text(encoding="utf-8")
        section = re.search(r'<section id="gap".*?</section>', page, re.DOTALL)[0]
        assert "<svg" in section and 'data-fact="new/base/0/generalisation_gap"' in section
        assert [text for text in wanted if text not in page] == []
    assert (results / "new" / "slides" / "gap_by_weight_decay.csv").stat().st_size > 0


@pytest.mark.xdist_group("recipes")
def test_the_workflow_plans_a_new_task_and_model(contributor):
    (contributor.folder / "new.yaml").write_text(yaml.safe_dump(NEW), encoding="utf-8")
    assert "train" in contributor.run("snakemake", "--configfile", "new.yaml", "--directory", "elsewhere", "-n")


@pytest.mark.xdist_group("recipes")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: " ".join(check.split()[:3]))
def test_the_checks_of_the_project_pass_with_them(contributor, check):
    contributor.run("bash", "-c", check)
