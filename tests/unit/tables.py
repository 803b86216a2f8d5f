"""Small tables of one's own, and the tasks that read them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from decaybench.config.known import with_tables
from decaybench.config.parsing import parse_config

EXACT = {
    "model": {"kind": "linear", "init_std": 0, "bias_init_std": 0},
    "training": {"optimizer": "exact"},
    "grid": {"weight_decay": [0, 0.1, 1], "seeds": 4},
}


def houses(rows=60, gaps=True):
    """Numbers, words, missing values, groups and dates."""
    random = np.random.default_rng(rows)
    frame = pd.DataFrame(
        {
            "area": random.normal(100, 30, rows).round(2),
            "rooms": random.integers(1, 7, rows),
            "kind": random.choice(["flat", "house", "villa"], rows, p=[0.5, 0.3, 0.2]),
            "town": random.permutation(np.arange(rows) % 12),
            "day": pd.date_range("2020-01-01", periods=rows).strftime("%Y-%m-%d")[random.permutation(rows)],
        }
    )
    frame["price"] = 3 * frame["area"] + 20 * frame["rooms"] + random.normal(0, 30, rows)
    frame["dear"] = np.where(frame["price"] > frame["price"].quantile(0.7), "yes", "no")
    if gaps:
        frame.loc[[2, 5, 11], "area"] = np.nan
    return frame


@dataclass
class Folder:
    """A folder of tables and configs."""

    path: object

    def study(self, frame, target="price", *, drop=("day", "dear", "town"), name="t.csv", **keys):
        """A study on a table that is written first; keys of the task, or of the study where it has such."""
        if frame is not None:
            frame.to_csv(self.path / name, index=False)
        own = {key: keys.pop(key) for key in ("model", "training", "grid", "variants") if key in keys}
        task = {"kind": "table", "path": name, "target": target, "drop": list(drop), **keys}
        config = parse_config({"studies": [{"name": "t", "task": task, **EXACT, **own}]})
        return with_tables(config, self.path).studies[0]

    def task(self, frame, target="price", **keys):
        return self.study(frame, target, **keys).task
