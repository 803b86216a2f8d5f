"""Own modules of every kind equal an ordinary loop with torch.optim, for every seed and in any block layout."""

import json
import random

import many_modules
import numpy as np
import pyarrow as pa
import pytest
import torch
from oracles import blocks_of, cells_of, ordinary_loop, seed_all, study_of, trained

from decaybench.analysis.facts import study_facts
from decaybench.cells import tables
from decaybench.config import ConfigError
from decaybench.learning import block, factory, inspection, module
from decaybench.learning.batch import Batch, Lane
from decaybench.tasks.streams import stream

DIGITS = {"kind": "digits", "n_train": 40, "n_validation": 30, "n_test": 31}
NUMBERS = {"n_train": 20, "n_features": 33, "weight": 0.5, "noise_std": 0.1}
WEIGHT_DECAYS = [0, 1e-300, 0.01, 1]
TRAININGS = {
    "sgd": {"learning_rate": 0.05, "batch_size": 16, "epochs": 4},
    "momentum": {"learning_rate": 0.02, "momentum": 0.9, "batch_size": 16, "epochs": 4},
    "nesterov": {"learning_rate": 0.02, "momentum": 0.9, "nesterov": True, "batch_size": 40, "epochs": 8},
    "adam": {"optimizer": "adam", "learning_rate": 0.005, "batch_size": 16, "epochs": 4, "decay_bias": True},
    "adamw": {"optimizer": "adamw", "learning_rate": 0.005, "batch_size": 16, "epochs": 4},
}
TOGETHER = ["RandomFeatures", "another_width_for_each_seed", "drawn_with_numpy", "frozen", "Unused", "HandWritten",
            "Tied", "InPlace", "Embeds"]  # fmt: skip
ALONE = ["masks_in_closures", "ReadsThroughAList", "dropout", "alpha_dropout", "FunctionalDropout", "NumpyNoise",
         "LayerDrop", "batch_norm", "batch_statistics", "Counts", "Branches", "gru", "lstm", "encoder_with_dropout",
         "convolution", "weight_norm", "old_weight_norm", "spectral_norm", "Doubles", "Complex",
         "shared_backbone", "Clamped", "Averages", "FrozenAtFirst", "clipped", "scripted", "OtherWithFewRows",
         "SharesStorage"]  # fmt: skip
BY_THEIR_LAST_BITS = [
    "positive",
    "LowRank",
    "PlainTensors",
    "Residual",
    "norms",
    "Attends",
    "encoder",
    "plain_convolution",
    "layer_norm",
    "odd_convolution",
]
KINDS = [*TOGETHER, *ALONE, *BY_THEIR_LAST_BITS]
BIASES = {
    "HandWritten": ["b1", "last.out_bias"],
    "Attends": [*(f"attention.{name}" for name in ("in_proj_bias", "bias_k", "bias_v", "out_proj.bias")),
                "head.bias"],
    "lstm": ["reader.bias_ih_l0", "reader.bias_hh_l0", "head.bias"],
    "gru": [f"reader.bias_{kind}_l0{end}" for end in ("", "_reverse") for kind in ("ih", "hh")] + ["head.bias"],
    "encoder": ["reader.self_attn.in_proj_bias", "reader.self_attn.out_proj.bias", "reader.linear1.bias",
                "reader.linear2.bias", "reader.norm1.bias", "reader.norm2.bias", "head.bias"],
    "positive": ["0.parametrizations.bias.original", "2.bias"],
}  # fmt: skip
BIASES["encoder_with_dropout"] = BIASES["encoder"]


def module_study(name, task=DIGITS, seeds=2, weight_decays=WEIGHT_DECAYS, **keys):
    model = {"kind": "module", "factory": f"many_modules:{name}"}
    return study_of(model=model, task=task, grid={"weight_decay": weight_decays, "seeds": seeds}, **keys)


def at_its_start(name, task, seed):
    kind = task.get("kind", "gaussian_linear")
    with factory.generators_kept():
        seed_all(int(stream(kind, seed, "weights").integers(2**63)))
        return getattr(many_modules, name)(*((64, 10) if kind == "digits" else (task["n_features"], 1)))


def is_ordinary(name, task, training, seeds=2):
    study = module_study(name, task, seeds, training=training)
    cells = cells_of(study)
    for cell, row in zip(cells, trained(cells), strict=True):
        with factory.generators_kept():
            expected = ordinary_loop(cell, at_its_start(name, task, cell.seed), BIASES.get(name), reseed=True)
        assert row["history_train_loss"] == pytest.approx(expected.pop("history"), rel=1e-5)
        for metric, value in expected.items():
            assert row[metric] == pytest.approx(value, rel=1e-5), (metric, cell.weight_decay, cell.seed)
    return cells


@pytest.mark.parametrize("name", KINDS)
def test_a_module_is_an_ordinary_loop(name):
    cells = is_ordinary(name, DIGITS, TRAININGS["sgd"])
    if name not in BY_THEIR_LAST_BITS:
        assert bool(inspection.traits_of(cells[0]).alone) == (name in ALONE)


@pytest.mark.parametrize("training", list(TRAININGS)[1:])
@pytest.mark.parametrize("name", ["Unused", "frozen", "HandWritten", "LayerDrop", "batch_norm", "Doubles"])
def test_so_it_is_with_every_optimizer(name, training):
    is_ordinary(name, DIGITS, TRAININGS[training])


@pytest.mark.parametrize("name", ["RandomFeatures", "FunctionalDropout", "batch_norm"])
@pytest.mark.parametrize("loss", ["mse", "half_mse"])
def test_so_it_is_for_numbers(name, loss):
    is_ordinary(name, NUMBERS, {**TRAININGS["sgd"], "batch_size": 8, "loss": loss})


def in_blocks(study):
    rows = pa.concat_tables([block.train_cells(cells)[0] for cells in blocks_of(study)])
    return tables.select(rows, cells_of(study))[0]


@pytest.mark.parametrize("name", KINDS)
def test_bits_do_not_depend_on_company(name):
    studies = [
        module_study(name, seeds=5, weight_decays=[0, 0.01, 1], training=TRAININGS["sgd"], seeds_per_block=size)
        for size in (1, 2, 4)
    ]
    one, *others = map(in_blocks, studies)
    assert all(one.equals(other) for other in others)


@pytest.mark.parametrize("name", ["RandomFeatures", "dropout", "batch_norm"])
def test_no_decay_and_next_to_none_are_equal(name):
    """So every λ of a seed meets the same start, the same batches and the same masks."""
    cells = cells_of(module_study(name, weight_decays=[0, 1e-300], training=TRAININGS["momentum"]))
    half = len(cells) // 2
    rows = trained(cells)
    assert [row["test_loss"] for row in rows[:half]] == [row["test_loss"] for row in rows[half:]]


def test_random_buffers_are_each_seeds_own():
    task = {**NUMBERS, "n_train": 30, "n_features": 10, "n_validation": 40, "n_test": 40}
    training = {"learning_rate": 0.05, "batch_size": 30, "epochs": 60, "record_every": 10}
    row = trained(cells_of(module_study("RandomFeatures", task, 2, [0], training=training)))[1]
    assert row["test_loss"] == pytest.approx(4.0172, abs=5e-5)


def test_frozen_layers_neither_train_nor_decay_and_count_in_the_norm():
    task = {"kind": "digits", "n_train": 200, "n_validation": 200, "n_test": 200}
    training = {"learning_rate": 0.1, "batch_size": 50, "epochs": 20, "record_every": 5}
    without, with_decay = trained(cells_of(module_study("frozen", task, 1, [0, 1], training=training)))
    assert without["train_loss"] == pytest.approx(2.0605, abs=5e-5)
    assert with_decay["weight_norm"] == pytest.approx(3.3161, abs=5e-5)


@pytest.mark.parametrize("batch_size", [16, 40])
def test_what_a_module_writes_into_its_inputs_is_gone(batch_size):
    training = {**TRAININGS["sgd"], "batch_size": batch_size}
    one, other = ([r["history_train_loss"] for r in trained(cells_of(module_study(name, training=training)))]
                  for name in ("InPlace", "Fresh"))  # fmt: skip
    assert one == other


def test_a_cell_that_diverges_stops_no_other():
    training = {**TRAININGS["sgd"], "learning_rate": 3.0, "record_every": 1}
    for name in ("RandomFeatures", "gru"):
        alone = trained(cells_of(module_study(name, seeds=1, weight_decays=[0], training=training)))
        both = trained(cells_of(module_study(name, seeds=1, weight_decays=[0, 1e6], training=training)))
        assert both[1]["diverged"]
        assert both[0] == alone[0]


@pytest.mark.parametrize("name", ["RandomFeatures", "dropout", "Doubles"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_a_rate_that_parameters_cannot_hold_diverges(name, optimizer):
    training = {"optimizer": optimizer, "batch_size": 40, "epochs": 2}
    huge = trained(cells_of(module_study(name, seeds=1, weight_decays=[0, 1e300], training=training)))
    assert [row["diverged"] for row in huge] == [False, True]
    fast = trained(
        cells_of(module_study(name, seeds=1, weight_decays=[0], training={**training, "learning_rate": 1e300}))
    )
    assert fast[0]["diverged"]


def test_the_callers_random_state_is_left_alone():
    def states():
        return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()

    before = states()
    for name in ("drawn_with_numpy", "dropout", "NumpyNoise"):
        trained(cells_of(module_study(name, training={**TRAININGS["sgd"], "epochs": 1})))
    assert states() == before


@pytest.mark.parametrize(
    ("name", "told"),
    {
        "Unused": {
            "biases": ["spare.bias", "times_zero.bias", "net.bias"],
            "without_gradient": ["spare.weight", "spare.bias"],
        },
        "frozen": {"biases": ["0.bias", "2.bias"], "frozen": ["0.weight", "0.bias"]},
        "seeds_itself": {"biases": ["bias"], "starts_alike": True},
        "LayerDrop": {"biases": ["skipped.bias", "net.bias"]},
        "norms": {"biases": ["0.bias", "1.bias", "3.bias", "4.bias"]},
        **{name: {"biases": biases} for name, biases in BIASES.items()},
    }.items(),
)  # fmt: skip
def test_rows_tell_what_counted_as_a_bias_and_what_did_not_train(name, told):
    rows = trained(cells_of(module_study(name, seeds=1, weight_decays=[1], training=TRAININGS["sgd"])))
    nothing = {"biases": [], "frozen": [], "without_gradient": [], "starts_alike": False}
    assert json.loads(rows[0]["parameters"]) == {**nothing, **told}


REFUSED = {
    "TwoOutputs": "it returns a tuple; the task needs a tensor [rows, 1]",
    "Detached": "its output depends on none of the parameters that train",
    "WholeNumbers": "it returns int64 numbers; the task needs real ones",
    "Rounds": "its backward pass failed on inputs of shape [rows, 33]: RuntimeError",
    "OneSize": "its forward pass failed on the last batch, of 1 row (21 = 2 × 10 + 1): RuntimeError",
    "batch_statistics": "on the last batch, of 1 row (21 = 2 × 10 + 1): ValueError: Expected more than 1 value",
    "all_frozen": "none of its parameters trains; all have requires_grad=False",
    "double": "(inputs are float32, parameters float64): RuntimeError",
    "not_finite": "its parameter weight starts with a number that is not finite",
    "own_generator": "two calls with one seed start differently",
    "same_each_time": "it returns the same module in each call",
    "shared_parameter": "its calls share the parameter 0.weight",
    "ends_itself": "calling it failed: SystemExit: 3",
}


@pytest.mark.parametrize(("name", "message"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_right_is_refused_with_one_line(name, message):
    study = module_study(name, {**NUMBERS, "n_train": 21}, 1, training={"batch_size": 10, "epochs": 1})
    with pytest.raises(ConfigError) as refusal:
        trained(cells_of(study))
    text = str(refusal.value)
    assert text.startswith(f"model.factory: many_modules:{name}: ")
    assert message in text
    assert "\n" not in text
    assert len(text) <= 200


def test_what_a_user_may_not_expect_is_said_once(capfd):
    module.said.clear()
    for _ in range(2):
        for name in ("dropout", "seeds_itself", "RandomFeatures"):
            trained(cells_of(module_study(name, NUMBERS, training={"epochs": 1})))
    said = capfd.readouterr().err.splitlines()
    assert said == [
        "model.factory: many_modules:dropout: trains cell by cell, which is slower: it draws random numbers",
        "model.factory: many_modules:seeds_itself: starts alike for every seed; a factory that seeds a generator "
        "itself undoes the seed's",
    ]


@pytest.mark.parametrize("name", ["RandomFeatures", "PlainTensors"])
def test_every_tensor_is_on_the_batchs_device(name):
    """As on a GPU: here the device that holds no numbers."""
    meta = torch.device("meta")
    cells = cells_of(module_study(name, weight_decays=[0], training=TRAININGS["sgd"]))
    assert not {inspection.traits_of(cell).alone for cell in cells} - {""}
    lanes = [Lane([cell]) for cell in cells[: 2 if name == "RandomFeatures" else 1]]
    problem = module.build(Batch(lanes, 1, meta, torch.float32))
    model = problem.model
    held = [*problem.parameters, *model.fixed.values(), model.factor, problem.inputs, problem.targets]
    held += [*model.skeleton.parameters(), *model.skeleton.buffers(), *problem.settings.weight_decay]
    held += [value for value in vars(model.skeleton).values() if isinstance(value, torch.Tensor)]
    assert {tensor.device for tensor in held} == {meta}


def test_a_module_that_trains_alone_is_on_the_batchs_device():
    cell = cells_of(module_study("PlainTensors", weight_decays=[0], seeds=1, training=TRAININGS["sgd"]))[0]
    placed = factory.placed(factory.make(cell.recipe, 64, 0), torch.device("meta"))
    held = [*placed.parameters(), *placed.buffers(), placed.mask]
    assert {tensor.device for tensor in held} == {torch.device("meta")}


def test_tables_and_facts_tell_it_alike_in_every_layout(tmp_path):
    """And the tables of other models have no word of it."""
    files = []
    for size in (1, 2):
        study = module_study("frozen", training={**TRAININGS["sgd"], "epochs": 1}, seeds=3, seeds_per_block=size)
        blocks = blocks_of(study)
        paths = [tmp_path / f"{size}-{index}.parquet" for index in range(len(blocks))]
        for cells, path in zip(blocks, paths, strict=True):
            tables.write_table(block.train_cells(cells)[0], path)
        merged, *_ = tables.collect(paths, cells_of(study), pytest.fail)
        tables.write_table(merged, tmp_path / f"cells-{size}.parquet")
        files.append(tmp_path / f"cells-{size}.parquet")
    assert files[0].read_bytes() == files[1].read_bytes()
    assert merged.column_names == list(tables.CELL_COLUMNS)
    facts = study_facts(study, tables.read_table(files[0]), parameters=tables.parameters_told(merged))
    assert facts["a/base/parameters/frozen"]["value"] == ["0.weight", "0.bias"]
    assert facts["a/base/parameters/biases"]["value"] == ["0.bias", "2.bias"]
    assert facts["a/base/parameters/without_gradient"]["value"] == []


def test_tables_of_other_models_have_no_word_of_it(tmp_path):
    study = study_of(task=NUMBERS, training={"epochs": 1}, grid={"weight_decay": [0], "seeds": 2})
    cells = cells_of(study)
    tables.write_table(block.train_cells(cells)[0], tmp_path / "block.parquet")
    merged, *_ = tables.collect([tmp_path / "block.parquet"], cells, pytest.fail)
    assert merged.schema.metadata is None
