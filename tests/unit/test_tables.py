"""Tables of one's own: what is refused, how rows are split, what is learnt from training rows, what keys hold."""

import os

import numpy as np
import pandas as pd
import pytest
from oracles import cells_of
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler
from tables import Folder, houses

from decaybench.analysis.splits import correction
from decaybench.config import ConfigError, Table
from decaybench.stages.splits import splits_of
from decaybench.tasks import column_names, generate, target_unit
from decaybench.tasks.table import parts_of

KINDS = {
    "random": {},
    "stratified": {"target": "dear", "drop": ("day", "town", "price")},
    "group": {"split": {"kind": "group", "by": "town"}, "drop": ("day", "dear")},
    "time": {"split": {"kind": "time", "by": "day"}, "drop": ("dear", "town")},
}


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def task_of(folder, kind, train=0.8, **keys):
    own = {**KINDS[kind], "missing": "impute", **keys}
    own["split"] = {**own.get("split", {}), "train": train}
    return folder.task(houses(120), own.pop("target", "price"), **own)


@pytest.mark.parametrize("kind", KINDS)
def test_parts_are_apart_and_of_the_sizes_that_the_config_asks_for(folder, kind):
    task = task_of(folder, kind)
    assert task.found.split == kind
    for seed in range(4):
        parts = parts_of(task, seed)
        rows = np.concatenate(parts)
        assert len(np.unique(rows)) == len(rows)
        assert [len(part) for part in parts] == [task.n_train, task.n_validation, task.n_test]
        if kind in ("random", "stratified"):
            assert [len(part) for part in parts] == [96, 12, 12]
    assert not np.array_equal(parts_of(task, 0).train, parts_of(task, 1).train)


@pytest.mark.parametrize("kind", KINDS)
def test_fewer_training_rows_are_a_part_of_more_with_the_same_test_rows(folder, kind):
    few, many = (parts_of(task_of(folder, kind, train), 2) for train in (0.2, 0.8))
    assert set(few.train) < set(many.train)
    assert np.array_equal(few.test, many.test)
    assert np.array_equal(few.validation, many.validation)


def test_no_group_is_on_two_sides(folder):
    task, towns = task_of(folder, "group"), houses(120)["town"].to_numpy()
    for seed in range(4):
        train, validation, test = (set(towns[rows]) for rows in parts_of(task, seed))
        assert not (train & validation or train & test or validation & test)


def test_time_runs_from_training_over_validation_to_test(folder):
    task, days = task_of(folder, "time"), houses(120)["day"].to_numpy()
    starts = []
    for seed in range(4):
        parts = [days[rows] for rows in parts_of(task, seed)]
        assert parts[0].max() < parts[1].min()
        assert parts[1].max() < parts[2].min()
        starts.append(parts[0].min())
    assert starts == sorted(starts)
    assert parts[2].max() == days.max()  # the last window ends with the last row


def test_strata_keep_their_shares(folder):
    task, dear = task_of(folder, "stratified"), (houses(120)["dear"] == "yes").to_numpy()
    for seed in range(4):
        for rows in parts_of(task, seed):
            assert abs(dear[rows].sum() - dear.mean() * len(rows)) <= 1


def test_all_that_is_learnt_is_learnt_from_training_rows(folder):
    task, frame = folder.task(houses(120), missing="impute"), houses(120)
    train, _, test = parts_of(task, 0)
    imputer = SimpleImputer(strategy="median", add_indicator=True).fit(frame[["area", "rooms"]].iloc[train])

    def design(rows):
        kinds = np.stack([frame["kind"].to_numpy()[rows] == level for level in ("flat", "house", "villa")], axis=1)
        return np.hstack([imputer.transform(frame[["area", "rooms"]].iloc[rows]), kinds.astype(float)])

    scaler, data = StandardScaler().fit(design(train)), generate(task, 0)
    assert column_names(task) == ("area", "rooms", "area is missing", "kind=flat", "kind=house", "kind=villa")
    np.testing.assert_allclose(data.train.inputs, scaler.transform(design(train)), atol=1e-12)
    np.testing.assert_allclose(data.test.inputs, scaler.transform(design(test)), atol=1e-12)
    price = frame["price"].to_numpy()
    assert target_unit(task, 0) == pytest.approx(price[train].std())
    np.testing.assert_allclose(data.test.targets, (price[test] - price[train].mean()) / price[train].std())


def test_other_test_rows_change_nothing_that_is_trained_on(folder):
    frame = houses(120)
    task = folder.task(frame, missing="impute")
    other = frame.copy()
    other.loc[parts_of(task, 0).test, ["area", "rooms", "price"]] *= 7
    changed = folder.task(other, missing="impute", name="other.csv")
    np.testing.assert_array_equal(generate(task, 0).train.inputs, generate(changed, 0).train.inputs)


def test_an_unseen_level_is_zeros_and_a_missing_one_its_own(folder):
    frame = houses(120, gaps=False)
    frame.loc[[1, 4, 9], "kind"] = None
    names = column_names(folder.task(frame, missing="impute"))
    assert names[-1] == "kind=(missing)"
    task = folder.task(frame, missing="impute")
    rare = parts_of(task, 0).test[0]
    frame.loc[rare, "kind"] = "castle"
    data = generate(folder.task(frame, missing="impute", name="rare.csv"), 0)
    castle = names.index("kind=flat")  # levels are sorted, so the new one stands here
    assert not data.test.inputs[:, castle].any()


def test_a_key_holds_the_content_and_not_the_place(folder, tmp_path):
    code = lambda recipe: "code"  # noqa: E731
    frame = houses(gaps=False)
    keys = [cell.key for cell in cells_of(folder.study(frame), code)]
    (tmp_path / "elsewhere").mkdir()
    moved = Folder(tmp_path / "elsewhere").study(frame, name="other.csv")
    assert [cell.key for cell in cells_of(moved, code)] == keys
    os.utime(tmp_path / "t.csv", (1, 1))
    assert [cell.key for cell in cells_of(folder.study(None), code)] == keys
    frame.loc[0, "area"] += 1
    assert not {cell.key for cell in cells_of(folder.study(frame), code)} & set(keys)


def test_a_table_that_changes_after_planning_is_refused(folder):
    task = folder.task(houses(gaps=False))
    houses(61, gaps=False).to_csv(folder.path / "t.csv", index=False)
    with pytest.raises(ConfigError, match="has changed"):
        generate(task, 0)


@pytest.mark.parametrize("form", ["tsv", "parquet"])
def test_all_forms_of_a_table_give_the_same_numbers(folder, form):
    frame = houses(gaps=False)
    path = folder.path / f"t.{form}"
    _ = frame.to_csv(path, sep="\t", index=False) if form == "tsv" else frame.to_parquet(path)
    for ours, other in zip(
        generate(folder.task(frame), 1), generate(folder.task(None, name=path.name), 1), strict=True
    ):
        np.testing.assert_array_equal(ours.inputs, other.inputs)


def test_splits_are_written_out(folder):
    study = folder.study(houses(gaps=False), variants={"half": {"task.split.train": 0.4}})
    frame = splits_of(study).to_pandas()
    assert list(frame.columns) == ["variant", "seed", "row", "role"]
    counts = frame.groupby(["variant", "seed", "role"]).size().unstack()
    assert (counts.loc["base"] == {"train": 48, "validation": 6, "test": 6}).all(axis=None)
    assert (counts.loc["half"] == {"train": 24, "validation": 6, "test": 6}).all(axis=None)


def test_splits_of_a_table_share_rows(folder):
    def variant(kind):
        keys = {**KINDS[kind], "missing": "impute"}
        return folder.study(houses(120), keys.pop("target", "price"), **keys).resolved()[0]

    random = variant("random")
    assert correction(random, "test") == pytest.approx(min(108 / 12, 12 / 96))
    assert correction(random) == pytest.approx(96 / 24)
    strata = variant("stratified").task.found
    shares = [int(np.ceil(96 * n / 120)) / n for n in strata.class_rows]
    assert correction(variant("stratified")) == pytest.approx(max(shares) / (1 - max(shares)))
    for kind in ("group", "time"):
        task = variant(kind).task
        assert correction(variant(kind), "test") == task.n_test / task.n_train
        assert correction(variant(kind)) == np.inf


def broken(**columns):
    return houses(gaps=False).assign(**columns)


BAD = {
    "no such file": (None, {"name": "gone.csv"}, "gone.csv: there is no such file"),
    "no such column": (broken(), {"target": "prise"}, "no column 'prise'"),
    "target missing": (broken(price=[1.0, None] * 30), {}, "target is missing in 30 rows (the first: row 1)"),
    "constant target": (broken(price=7), {}, "the target is 7 in every row"),
    "one class": (broken(price="a"), {}, "every row is of the class a"),
    "few rows": (broken().head(8), {}, "has 8 rows; at least 9"),
    "a date": (broken(), {"drop": ["dear"]}, "is a date"),
    "infinite": (broken(area=[np.inf] + [1.0] * 59), {}, "column area: row 0: is infinite"),
    "missing": (houses(), {}, "column area: 3 (the first in row 2)"),
    "a large group": (broken(town=[0] * 58 + [1, 2]), KINDS["group"], "no group may be on two sides"),
    "by is missing": (broken(), {"split": {"kind": "group"}}, "split.by: is missing"),
    "more than all": (broken(), {"split": {"train": 0.9, "test": 0.2}}, "is more than 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_table_is_refused_in_one_line(folder, case):
    frame, keys, message = BAD[case]
    with pytest.raises(ConfigError) as caught:
        folder.study(frame, **keys)
    assert message in str(caught.value)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,a,price\n" + "1,2,3\n" * 12, "2 columns are called 'a'"),
        ("a,price\n1,2\ncaf\xe9,3\n", "line 3: byte 0xe9 is not UTF-8"),
        ("", "is empty"),
        ("a,price\n1,2,3,4\n", "rows have more values"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(folder, content, message):
    (folder.path / "t.csv").write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        folder.study(None, drop=())
    assert message in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_a_column_like_an_id_is_named(folder):
    from decaybench.tasks.table.looking import warnings

    study = folder.study(broken(number=range(60)))
    config = type("Some", (), {"studies": [study]})()
    assert len(warnings(config)) == 1
    assert "column number: has one value a row" in warnings(config)[0]


@pytest.mark.parametrize("seed", range(40))
def test_any_table_is_run_or_refused(folder, seed):
    """Columns of every type, gaps, constants, infinities: finite numbers for every part, or one line."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(5, 40))
    makers = [
        lambda: random.normal(size=rows) * 10.0 ** random.integers(-9, 9),
        lambda: random.integers(0, 3, rows),
        lambda: random.choice(["a", "b", "ü,;"], rows),
        lambda: random.random(rows) < 0.5,
        lambda: np.full(rows, 4.0),
        lambda: pd.date_range("2000-01-01", periods=rows).astype(str),
        lambda: np.where(random.random(rows) < 0.2, np.nan, random.normal(size=rows)),
        lambda: np.where(random.random(rows) < 0.05, np.inf, 1.5),
    ]
    weights = np.array([4, 4, 4, 2, 1, 0.3, 1, 0.3])
    chosen = random.choice(len(makers), size=random.integers(2, 6), p=weights / weights.sum())
    frame = pd.DataFrame({f"c{place}": makers[maker]() for place, maker in enumerate(chosen)})
    keys = {"missing": str(random.choice(["refuse", "impute"])), "degree": int(random.integers(1, 3))}
    try:
        task = folder.task(frame, "c0", drop=(), **keys)
    except ConfigError as error:
        assert "\n" not in str(error)
        return
    assert isinstance(task, Table)
    for part, size in zip(generate(task, seed), (task.n_train, task.n_validation, task.n_test), strict=True):
        assert part.inputs.shape == (size, task.n_features)
        assert np.isfinite(part.inputs).all()
