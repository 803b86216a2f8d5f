"""What a person who types `snakemake` may rely on."""

import copy
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

from .conftest import ROOT, SMALL

SNAKEMAKE = str(Path(sys.executable).parent / "snakemake")


def changed(**study_keys):
    config = copy.deepcopy(SMALL)
    config["studies"][0].update(study_keys)
    return config


def with_training(**keys):
    return changed(training={**SMALL["studies"][0]["training"], **keys})


def tables(path: Path) -> dict[str, str]:
    """Digests of everything that two runs must have in common."""
    wanted = [p for p in path.rglob("*") if p.suffix in (".parquet", ".csv", ".svg", ".html", ".json")]
    kept = [p for p in wanted if p.name not in ("timings.json", "manifest.json") and "blocks" not in p.parts]
    return {str(p.relative_to(path)): hashlib.sha256(without_machine_facts(p)).hexdigest() for p in kept}


def without_machine_facts(path: Path) -> bytes:
    """The bytes of a file; of a page, without the elements that say what they know of the machine."""
    if path.suffix != ".html":
        return path.read_bytes()
    marked = re.compile(r"<(data|span|td|figure)\b[^>]*\bdata-machine=[^>]*>.*?</\1>", re.DOTALL)
    return marked.sub("", path.read_text(encoding="utf-8")).encode()


def test_both_snakefiles_have_a_default_target_and_the_bare_command_finds_the_profile():
    for snakefile in ("Snakefile", "workflow/Snakefile"):
        done = subprocess.run([SNAKEMAKE, "-n", "-s", snakefile], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "render" in done.stdout + done.stderr or "Nothing to be done" in done.stdout + done.stderr


def test_a_run_makes_the_page_and_a_second_run_has_nothing_to_do(workplace):
    first = workplace.run()
    assert first.code == 0, first.text
    assert workplace.results("report.en.html").stat().st_size > 1000
    again = workplace.run()
    assert again.code == 0
    assert "Nothing to be done" in again.text


def test_two_clean_runs_are_equal_but_for_machine_facts(workplace):
    assert workplace.run().code == 0
    first = tables(workplace.path / "results")
    assert first
    shutil.rmtree(workplace.path / "results")
    assert workplace.run("--cores", "1").code == 0
    second = tables(workplace.path / "results")
    assert second == first


def test_a_new_weight_decay_trains_only_its_cells_and_a_removed_one_none(workplace):
    assert workplace.run("--until", "analyse").code == 0
    before = pd.read_parquet(workplace.results("small", "cells.parquet"))
    grown = workplace.run("--until", "analyse", config=changed(grid={"weight_decay": [0, 0.5, 1], "seeds": 4}))
    assert grown.jobs("train") == 2
    logs = [p.read_text() for p in sorted((workplace.path / "logs" / "small").glob("train-*.log"))]
    assert all("4 of 6 cells are there; 2 to train" in log for log in logs)
    after = pd.read_parquet(workplace.results("small", "cells.parquet"))
    kept = after[after["weight_decay"] != 0.5].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before, check_exact=True)
    assert workplace.run("--until", "analyse").code == 0
    logs = [p.read_text() for p in sorted((workplace.path / "logs" / "small").glob("train-*.log"))]
    assert all("4 of 4 cells are there; 0 to train" in log for log in logs)
    pd.testing.assert_frame_equal(pd.read_parquet(workplace.results("small", "cells.parquet")), before)


def test_new_seeds_run_only_new_blocks(workplace):
    assert workplace.run("--until", "analyse").code == 0
    grown = workplace.run("-n", "--until", "analyse", config=changed(grid={"weight_decay": [0, 1], "seeds": 6}))
    assert grown.jobs("train") == 1


def test_swapping_two_parameter_values_is_noticed(workplace):
    swapped = with_training(learning_rate=0.02, momentum=0.01)
    assert workplace.run("--until", "analyse", config=with_training(learning_rate=0.01, momentum=0.02)).code == 0
    assert workplace.run("-n", "--until", "analyse", config=swapped).jobs("train") == 2


def test_the_order_of_the_grid_is_no_change(workplace):
    assert workplace.run("--until", "analyse").code == 0
    turned = workplace.run("-n", "--until", "analyse", config=changed(grid={"weight_decay": [1, 0], "seeds": 4}))
    assert turned.jobs("train") == 0


def test_edits_rerun_what_they_touch_and_touching_reruns_nothing(workplace, own_checkout):
    environment = {"PYTHONPATH": str(own_checkout / "src")}

    def plan():
        return workplace.run("-n", cwd=own_checkout, environment=environment)

    assert workplace.run(cwd=own_checkout, environment=environment).code == 0
    source = own_checkout / "src" / "decaybench"

    def edit(name):
        (source / name).write_text((source / name).read_text() + "\n# an edit\n")

    for path in source.rglob("*.py"):
        path.touch()
    assert "Nothing to be done" in plan().text
    edit("figures/loss_curves.py")
    edited = plan()
    assert edited.jobs("train") == 0
    assert edited.jobs("draw") == 1
    edit("theory/wishart.py")
    edited = plan()
    assert (edited.jobs("train"), edited.jobs("analyse"), edited.jobs("judge")) == (0, 1, 1)
    edit("learning/run.py")  # a job runs it, but no number of a cell depends on it
    assert plan().jobs("train") == 2
    assert workplace.run("--until", "analyse", cwd=own_checkout, environment=environment).code == 0
    logs = [path.read_text() for path in (workplace.path / "logs" / "small").glob("train-*.log")]
    assert [log.splitlines()[0] for log in logs] == ["4 of 4 cells are there; 0 to train"] * 2
    edit("learning/loop.py")
    assert plan().jobs("train") == 2


@pytest.mark.parametrize("beside", ["results", "workflow"])
def test_an_own_module_is_trained_again_when_a_file_changes_that_it_imports(beside, workplace, own_checkout):
    """Found by the head that plans and by the job that trains, which are other processes."""
    root = workplace.path if beside == "results" else own_checkout
    (root / "nets").mkdir()
    (root / "nets" / "__init__.py").write_text("from .net import make\n")
    (root / "nets" / "net.py").write_text(
        "from torch import nn\nfrom sizes import WIDTH\n\n\ndef make(n_features, n_outputs):\n"
        "    return nn.Sequential(nn.Linear(n_features, WIDTH), nn.Linear(WIDTH, n_outputs))\n"
    )
    (root / "sizes.py").write_text("WIDTH = 3\n")
    config = changed(model={"kind": "module", "factory": "nets:make"}, seeds_per_block=4)

    def norms():
        done = workplace.run("--until", "analyse", config=config, cwd=own_checkout)
        assert done.code == 0, done.text
        return done, pd.read_parquet(workplace.results("small", "cells.parquet"))["init_norm"]

    _, small = norms()
    for path in root.rglob("*.py"):
        path.touch()
    assert norms()[0].jobs("total") == 0
    (root / "sizes.py").write_text("WIDTH = 4\n")
    again, large = norms()
    assert again.jobs("train") == again.jobs("analyse") == 1
    assert (large > small).all()
    init = root / "nets" / "__init__.py"
    init.write_text(init.read_text() + "# an edit\n")
    assert workplace.run("-n", "--until", "analyse", config=config, cwd=own_checkout).jobs("train") == 1


def test_a_truncated_block_is_named_and_trained_again(workplace):
    assert workplace.run("--until", "analyse").code == 0
    before = pd.read_parquet(workplace.results("small", "cells.parquet"))
    block = workplace.results("small", "blocks", "0001.parquet")
    block.write_bytes(block.read_bytes()[:-20])
    bad = workplace.run("--until", "analyse")
    assert bad.code != 0
    assert "0001.parquet" in bad.text and ".corrupt" in bad.text
    assert workplace.run("--until", "analyse").code == 0
    pd.testing.assert_frame_equal(pd.read_parquet(workplace.results("small", "cells.parquet")), before)


def test_a_killed_run_goes_on_where_it_was(workplace):
    process = subprocess.Popen(
        [SNAKEMAKE, "--directory", str(workplace.path), "--configfile", _written(workplace), "--until", "analyse"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(workplace.results("small", "blocks").glob("*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.05)
    jobs = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    psutil.wait_procs(jobs, timeout=60)  # a job that is under way ends by itself
    workplace.run("--unlock")
    after = workplace.run("--until", "analyse")
    assert after.code == 0, after.text
    assert len(pd.read_parquet(workplace.results("small", "cells.parquet"))) == 8


def _written(workplace) -> str:
    import yaml

    path = workplace.path / "mine.yaml"
    path.write_text(yaml.safe_dump(SMALL))
    return str(path)


def test_bad_input_is_one_clear_line_and_nothing_is_written(workplace):
    bad = workplace.run(config=changed(task={"kind": "gaussian_linear", "n_trian": 8}))
    assert bad.code != 0
    assert "studies[0].task.n_trian: unknown key; did you mean n_train?" in bad.text
    assert not workplace.results().exists()


def test_parsing_imports_no_torch_and_takes_less_than_a_second():
    script = (
        "import sys, time; t = time.process_time(); import decaybench.jobs.plan as w; "
        "from decaybench.config.parsing import parse_config; import yaml; "
        "c = parse_config(yaml.safe_load(open('config/config.yaml'))); "
        "[w.Work(s).blocks for s in c.studies]; [w.stage_code(x, *c.studies) for x in w.STAGES]; "
        "print(time.process_time() - t, 'torch' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, torch, pandas = done.stdout.split()
    assert (torch, pandas) == ("False", "False")
    assert float(seconds) < 3.0  # of the processor; a busy machine makes them longer


def test_a_folder_with_spaces_and_other_letters_works(workplace, tmp_path):
    odd = tmp_path / "ein Ordner für λ"
    odd.mkdir()
    done = subprocess.run(
        [SNAKEMAKE, "--directory", str(odd), "--configfile", _written(workplace)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (odd / "results" / "report.en.html").exists()


def test_another_workflow_can_use_this_one_as_a_module(workplace, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "Snakefile").write_text(
        f'configfile: "{_written(workplace)}"\n'
        f'module decay:\n    snakefile: "{ROOT / "workflow" / "Snakefile"}"\n    config: config\n'
        "use rule * from decay as decay_*\n"
        "rule all:\n    default_target: True\n    input: rules.decay_all.input\n"
    )
    done = subprocess.run(
        [SNAKEMAKE, "--cores", "1", "--until", "decay_analyse"],
        cwd=tmp_path / "other", capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "other").rglob("cells.parquet"))


def test_snakemakes_own_report_holds_figures_and_pages_with_their_labels(workplace):
    assert workplace.run().code == 0
    asked = workplace.run("--report", str(workplace.path / "appendix.html"))
    assert asked.code == 0, asked.text
    text = (workplace.path / "appendix.html").read_text(encoding="utf-8")
    assert "Weight decay on trial" in text
    for label in ('"figure": "loss_by_weight_decay"', '"language": "en"', "Figures", "Pages"):
        assert label in text
    assert "slides/" not in text.replace("``slides``", "")
    offline = shutil.which("unshare")
    if offline and os.geteuid() == 0:
        command = [offline, "--net", SNAKEMAKE, "--directory", str(workplace.path), "--configfile",
                   str(workplace.path / "mine.yaml"), "--report", str(workplace.path / "offline.html")]  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert (workplace.path / "offline.html").exists()
