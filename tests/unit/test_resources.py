"""What jobs ask for grows with what they hold, and bounds what was measured."""

import pytest
from oracles import study_of

from decaybench.jobs import resources

W48 = [i / 10 for i in range(48)]
# Peak MB and seconds of one core, measured: docs/cluster.md has the table. The job's own Snakemake is not in them.
MEASURED_TRAINING = [
    ({"grid": {"weight_decay": W48, "seeds": 2084}, "training": {"record_every": 100}}, 527, 5.5),
    ({"grid": {"weight_decay": W48, "seeds": 2084}}, 763, 6.8),
    ({"grid": {"weight_decay": W48, "seeds": 5209}, "training": {"record_every": 100}}, 862, 12.1),
    ({"grid": {"weight_decay": [0, 1, 2, 3], "seeds": 10}, "task": {"n_features": 20000, "n_train": 50}}, 1028, 3.5),
    (
        {
            "task": {"kind": "digits", "n_train": 300},
            "model": {"kind": "mlp", "hidden": [1024, 1024]},
            "training": {"epochs": 2, "batch_size": 32, "record_every": 1},
            "grid": {"weight_decay": [0, 1, 2, 3], "seeds": 4},
        },
        626,
        6.2,
    ),
]
MEASURED_TABLES = [(2084, 100, 406, 1.9), (2084, 5, 789, 2.2), (20834, 100, 1195, 4.8)]  # seeds, record_every, MB, s


@pytest.mark.parametrize(("keys", "mb", "seconds"), MEASURED_TRAINING)
def test_training_asks_for_more_than_was_measured_and_not_for_ten_times_as_much(keys, mb, seconds):
    study = study_of(**keys)
    asked = resources.train_mb(study, study.grid.n_seeds) - resources.SNAKEMAKE_MB
    assert mb < asked < 3 * mb
    assert seconds < 60 * resources.train_minutes(study, study.grid.n_seeds) < 60 * 30


@pytest.mark.parametrize(("seeds", "record_every", "mb", "seconds"), MEASURED_TABLES)
def test_steps_after_training_ask_for_more_than_was_measured(seeds, record_every, mb, seconds):
    study = study_of(grid={"weight_decay": W48, "seeds": seeds}, training={"record_every": record_every})
    asked = resources.tables_mb([study]) - resources.SNAKEMAKE_MB
    assert mb < asked < 3 * mb
    assert seconds < 60 * resources.tables_minutes([study])


def test_more_cells_steps_weights_and_studies_ask_for_more():
    small, large = (study_of(grid={"weight_decay": [0], "seeds": seeds}) for seeds in (10**4, 10**6))
    assert resources.tables_mb([small]) < resources.tables_mb([large]) < resources.tables_mb([small, large])
    assert resources.tables_minutes([small]) < resources.tables_minutes([large])
    assert resources.train_mb(small, 100) < resources.train_mb(small, 10_000)
    short, long = (study_of(training={"epochs": epochs}) for epochs in (100, 100_000))
    assert resources.train_minutes(short, 100) < resources.train_minutes(long, 100)
    digits = {"kind": "digits"}
    thin, wide = (study_of(task=digits, model={"kind": "mlp", "hidden": [n]}) for n in (8, 8000))
    assert resources.train_mb(thin, 4) < resources.train_mb(wide, 4)


def test_the_steps_of_small_configs_need_no_job_of_a_cluster():
    assert resources.light([study_of()])
    assert not resources.light([study_of(grid={"weight_decay": W48, "seeds": 20834})])


@pytest.mark.parametrize(
    "kind", ["gaussian_linear", "polynomial", "modular_addition", "diabetes", "digits", "breast_cancer"]
)
@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_every_task_has_a_size(kind, model):
    study = study_of(task={"kind": kind}, model={"kind": model})
    assert resources.train_mb(study, 4) > 0
    assert resources.train_minutes(study, 4) > 0
