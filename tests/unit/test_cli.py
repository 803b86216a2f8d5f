"""The command line: one line for what a person did wrong, and a plan that says what would run."""

import os
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
        ("studies: [{name: a, name: b}]", "studies[0].name: line 1: stands twice"),
        ("studies: [{name: no}]", 'studies[0].name: line 1: no is read by YAML as false; quote it: "no"'),
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


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize(
    "locale",
    [ASCII, {**ASCII, "PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "cp1252"}],
)
def test_every_locale_can_plan_and_read_an_error(locale, tmp_path):
    path = tmp_path / "λ.yaml"
    path.write_text(CONFIG, encoding="utf-8")

    def said(*words):
        command = [sys.executable, "-m", "decaybench.cli", *words]
        done = subprocess.run(command, capture_output=True, env={**os.environ, **locale})
        assert b"Traceback" not in done.stderr
        return done

    plan = said("plan", str(path))
    assert plan.returncode == 0
    assert b" lambda " in plan.stdout and b"\\u" not in plan.stdout
    encoding = locale.get("PYTHONIOENCODING", "ascii")
    assert "first" in plan.stdout.decode(encoding)
    missing = said("plan", str(tmp_path / "没有.yaml"))
    assert missing.returncode == 1
    assert missing.stderr.count(b"\n") == 1
    missing.stderr.decode(encoding)


def test_json_of_a_command_line_is_utf_8_in_every_locale(tmp_path):
    factory = "möbel:Netz"
    study = f'{{"name": "a", "no such key": "{factory}"}}'
    words = [sys.executable, "-m", "decaybench.cli", "train", "--study", study, "--output", str(tmp_path / "b")]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **ASCII})
    assert done.returncode == 1
    assert "m\\xf6bel" in done.stderr and done.stderr.count("\n") == 1


def test_json_on_the_command_line_is_read_like_a_file(capsys):
    assert main(["render", "--config", '{"studies": [{"name": "a"}], "studies": [{"name": "b"}]}']) == 1
    assert capsys.readouterr().err == (
        "decaybench render: JSON: studies: line 1: stands twice, first in line 1; keep one\n"
    )
    assert main(["plan", '{"x-a": 1, "studies": [{"name": "only"}]}']) == 0
    assert "only" in capsys.readouterr().out


def test_plan_says_how_rows_are_shared_out(tmp_path, capsys):
    path = tmp_path / "config.yaml"
    path.write_text(
        "studies: [{name: a, task: {kind: diabetes}, variants: {v: {task.n_train: 80}}}]", encoding="utf-8"
    )
    assert main(["plan", str(path)]) == 0
    out = capsys.readouterr().out
    assert "a: 60 training, 191 validation, 191 test rows of 442" in out
    assert "a, v: 80 training, 181 validation, 181 test rows of 442" in out


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

    asked = study_of(grid={"weight_decay": [0], "seeds": 1}).to_json()
    for device in ("gpu", "cuda:99"):
        monkeypatch.setenv("DECAYBENCH_DEVICE", device)
        assert main(["train", "--study", asked, "--output", str(tmp_path / "b.parquet")]) == 1
        lines = capsys.readouterr().err.splitlines()
        assert lines[-1].startswith("decaybench train: DECAYBENCH_DEVICE: ")
        assert device in lines[-1]
        assert not (tmp_path / "b.parquet").exists()
