"""A page of what is there while a sweep still runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from decaybench.cells.blocks import block_names
from decaybench.cli import main
from decaybench.config import Config
from decaybench.config.parsing import parse_config
from decaybench.stages import train

SWEEP = {
    "studies": [
        {
            "name": "running",
            "task": {"kind": "gaussian_linear", "n_train": 6, "n_validation": 8, "n_test": 8, "n_features": 9},
            "training": {"epochs": 4, "record_every": 2},
            "grid": {"weight_decay": [0, 1, 3], "seeds": 12},
            "seeds_per_block": 4,
        },
        {"name": "waiting", "task": {"kind": "diabetes"}, "grid": {"weight_decay": [0, 1], "seeds": 3}},
    ]
}


def train_some(config: Config, results: Path, blocks: int) -> None:
    study = config.studies[0]
    for name, seeds in list(block_names(study).items())[:blocks]:
        train.run(study, results / study.name / "blocks" / f"{name}.parquet", seeds)


@pytest.fixture
def sweep(tmp_path: Path) -> tuple[Config, Path, Path]:
    """A config, its file, and a results folder without anything."""
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(SWEEP), encoding="utf-8")
    return parse_config(SWEEP), file, tmp_path / "results"


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_page_holds_what_is_there_and_says_what_is_not(
    sweep: tuple[Config, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    config, file, results = sweep
    train_some(config, results, blocks=2)
    broken = results / "running" / "blocks" / "0002.parquet"
    broken.write_bytes(b"half of a block")
    before = files(results)
    assert main(["render", "--partial", "--config", str(file), "--results", str(results)]) == 0
    assert f"{broken}: not a readable block" in capsys.readouterr().err
    after = files(results)
    pages = {name for name in after if name not in before}
    assert pages == {"partial.en.html", "partial.zh.html"}
    assert {name: after[name] for name in before} == before  # a running sweep does not notice
    text = after["partial.en.html"].decode()
    assert "Unfinished." in text and "尚未完成" in after["partial.zh.html"].decode()
    for study, there, asked in (("running", 24, 36), ("waiting", 0, 6)):
        assert f'data-setting="progress/{study}/there" value="{there}"' in text
        assert f'data-setting="progress/{study}/asked" value="{asked}"' in text
    assert 'data-fact="running/base/3/test_loss"' in text and 'data-fact="waiting/' not in text
    assert "<svg" in text and "/figures/" not in text  # nothing that a removed folder held is linked


def test_a_finished_sweep_is_not_called_unfinished(sweep: tuple[Config, Path, Path]) -> None:
    config, _, results = sweep
    only = config.model_copy(update={"studies": config.studies[:1]})
    train_some(only, results, blocks=3)
    page = results / "all.html"
    arguments = ["--config", only.model_dump_json(), "--results", str(results), "--language", "en"]
    assert main(["render", "--partial", *arguments, "--output", str(page)]) == 0
    assert "Unfinished." not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("there", [False, True], ids=["no folder", "no block"])
def test_without_any_cell_it_says_so_and_writes_nothing(
    sweep: tuple[Config, Path, Path], there: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    _, file, results = sweep
    if there:
        (results / "running" / "blocks").mkdir(parents=True)
    assert main(["render", "--partial", "--config", str(file), "--results", str(results)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "no cell of this config is there yet" in line
    assert not (files(results) if there else results.exists())


def test_cells_of_another_recipe_do_not_count(sweep: tuple[Config, Path, Path]) -> None:
    config, _, results = sweep
    train_some(config, results, blocks=1)
    changed = json.loads(config.model_dump_json())
    changed["studies"][0]["training"]["epochs"] = 5
    arguments = ["render", "--partial", "--config", json.dumps(changed), "--results", str(results)]
    assert main(arguments) == 1


def test_one_output_is_one_page(sweep: tuple[Config, Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    _, file, _ = sweep
    assert main(["render", "--config", str(file), "--output", "page.html"]) == 1
    assert "say which --language, one of en, zh" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--language", "fr"], "--language fr: unknown; one of en, zh"),
        (["--config", "nowhere.yaml"], "nowhere.yaml: there is no such config"),
    ],
)
def test_what_cannot_be_is_one_line(
    sweep: tuple[Config, Path, Path], words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, file, results = sweep
    assert main(["render", "--config", str(file), "--results", str(results), *words]) == 1
    assert capsys.readouterr().err.splitlines() == [f"decaybench render: {said}"]
