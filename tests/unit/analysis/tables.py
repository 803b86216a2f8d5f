"""Made-up tables of a study: what the analysis eats, with whatever numbers a test wants."""

import pandas as pd

from decaybench.analysis.experiment import Experiment
from decaybench.cells.tables import CELL_COLUMNS, HISTORY_COLUMNS
from decaybench.config.parsing import parse_config

SMALL = {"n_train": 8, "n_features": 16, "n_validation": 4, "n_test": 4}


def study_of(**keys):
    """A study called `a`."""
    keys.setdefault("task", SMALL)
    return config_of(**keys).studies[0]


def config_of(**keys):
    """A config with the one study `a`."""
    return parse_config({"studies": [{"name": "a", **keys}]})


def cells_of(study, values):
    """cells.parquet of a study; values(variant, λ, seed) is what differs from a dull cell."""
    rows = []
    for variant in study.resolved():
        for decay in sorted(variant.grid.weight_decay):
            for seed in variant.grid.seed_list():
                row = {
                    "study": study.name, "variant": variant.name, "weight_decay": decay, "seed": seed, "steps": 1,
                    "diverged": False, "train_loss": 0.5, "validation_loss": 1.0, "test_loss": 1.0,
                    "weight_norm": 1.0, "row_space_norm": 1.0, "null_space_norm": 1.0, "bias": 0.1, "init_norm": 1.0,
                    "initial_null_space_norm": 1.0,
                }  # fmt: skip
                rows.append({**row, **values(variant, decay, seed)})
    return pd.DataFrame(rows).reindex(columns=list(CELL_COLUMNS))


def history_of(study, losses, epochs=range(11)):
    """history.parquet; losses(variant, λ, seed, epoch) gives train, validation and test loss."""
    rows = []
    for variant in study.resolved():
        for decay in sorted(variant.grid.weight_decay):
            for seed in variant.grid.seed_list():
                for epoch in epochs:
                    train, validation, test = losses(variant, decay, seed, epoch)
                    rows.append(
                        {
                            "study": study.name,
                            "variant": variant.name,
                            "weight_decay": decay,
                            "seed": seed,
                            "epoch": epoch,
                            "train_loss": train,
                            "validation_loss": validation,
                            "test_loss": test,
                            "weight_norm": 1.0,
                        }
                    )
    return pd.DataFrame(rows).reindex(columns=list(HISTORY_COLUMNS))


def case_of(config, values, losses=lambda *_: (1.0, 1.0, 1.0)):
    """A case of one study."""
    study = config.studies[0]
    return Experiment.of(config, {"a": cells_of(study, values)}, {"a": history_of(study, losses)})


def wobble(seed):
    """A little spread between seeds, the same in every test."""
    return 1 + 0.01 * ((seed * 7919) % 13 - 6) / 6
