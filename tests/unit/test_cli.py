"""The command line: one line for what a person did wrong, and a plan that says what would run."""

import subprocess
import sys

import pytest

from decaybench.cli import main

CONFIG = """
studies:
  - name: first
    grid: {weight_decay: [0, 1e-4, 3], seeds: 250}
    variants: {zero: {model.init_std: 0, grid: {seeds: 10}}}
  - name: second
    model: {kind: mlp}
    grid: {weight_decay: [0], seeds: 9}
"""


def test_plan_counts_cells_and_blocks(tmp_path, capsys):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    assert main(["plan", str(path)]) == 0
    first, second = (line for line in capsys.readouterr().out.splitlines() if "first" in line or "second" in line)
    assert [part.strip() for part in first.split("│")[1:-1]] == ["first", "2", "3", "10–250", "780", "3"]
    assert [part.strip() for part in second.split("│")[1:-1]] == ["second", "1", "1", "9", "9", "3"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("studies: [{name: a, trainin: {}}]", "studies[0].trainin: unknown key; did you mean training?"),
        ("studies: [{name: a", "not YAML"),
        ("", "config: must be a mapping of keys, got None"),
    ],
)
def test_a_bad_config_is_one_line_and_exit_1(content, said, tmp_path, capsys):
    path = tmp_path / "config.yaml"
    path.write_text(content)
    assert main(["plan", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("decaybench plan: ")
    assert said in err
    assert err.count("\n") == 1


def test_a_missing_config_is_one_line_and_exit_1(tmp_path, capsys):
    assert main(["plan", str(tmp_path / "none.yaml")]) == 1
    err = capsys.readouterr().err
    assert "none.yaml" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["no-such-verb"], ["train"]])
def test_a_wrong_call_is_exit_2(arguments):
    with pytest.raises(SystemExit) as leaving:
        main(arguments)
    assert leaving.value.code == 2


def test_planning_and_reading_the_help_do_not_start_torch(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    code = "import sys; from decaybench.cli import main; main(sys.argv[1:]); print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code, "plan", str(path)], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "False"


def test_a_device_that_is_not_there_is_one_line(tmp_path, capsys, monkeypatch):
    from oracles import study_of

    from decaybench.cells.grid import study_spec

    spec = study_spec(study_of(grid={"weight_decay": [0], "seeds": 1})).to_json()
    for device in ("gpu", "cuda:99"):
        monkeypatch.setenv("DECAYBENCH_DEVICE", device)
        assert main(["train", "--spec", spec, "--output", str(tmp_path / "b.parquet")]) == 1
        lines = capsys.readouterr().err.splitlines()
        assert lines[-1].startswith("decaybench train: DECAYBENCH_DEVICE: ")
        assert device in lines[-1]
        assert not (tmp_path / "b.parquet").exists()
