"""A config either runs or says in one line a problem what is wrong, where, and what would be right."""

import json
import math

import pytest

from decaybench.cells.grid import cells_of
from decaybench.config import Config, ConfigError
from decaybench.config.parsing import parse_config


def study(**keys):
    return {"studies": [{"name": "a", **keys}]}


def variant(**keys):
    return study(variants={"v": keys})


def refusal_of(raw):
    with pytest.raises(ConfigError) as refusal:
        parse_config(raw)
    return str(refusal.value)


REFUSED = [
    # Unknown keys at each level, with the nearest name.
    ({"studys": [], **study()}, "studys: unknown key; did you mean studies?"),
    (study(tasks={}), "studies[0].tasks: unknown key; did you mean task?"),
    (study(task={"n_trian": 3}), "studies[0].task.n_trian: unknown key; did you mean n_train?"),
    (study(model={"init_sd": 1}), "studies[0].model.init_sd: unknown key; did you mean init_std?"),
    (
        study(training={"learning_rat": 1}),
        "studies[0].training.learning_rat: unknown key; did you mean learning_rate?",
    ),
    (study(grid={"weight_deca": [1]}), "studies[0].grid.weight_deca: unknown key; did you mean weight_decay?"),
    ({**study(), "report": {"language": ["en"]}}, "report.language: unknown key; did you mean languages?"),
    (study(zzz=1), "studies[0].zzz: unknown key; one of name, task, model"),
    (study(model={"kind": "mlp", "init_std": 1}), "studies[0].model.init_std: unknown key; did you mean init_scale?"),
    ({"studies": [{"name": "a"}, {"name": "b", "grd": 1}]}, "studies[1].grd: unknown key; did you mean grid?"),
    # Grids.
    (study(grid={"weight_decay": [1, -1]}), "studies[0].grid.weight_decay[1]: must be 0 or more, got -1"),
    (study(grid={"weight_decay": []}), "studies[0].grid.weight_decay: is empty"),
    (study(grid={"seeds": []}), "studies[0].grid.seeds: is empty"),
    (study(grid={"seeds": 0}), "studies[0].grid.seeds: must be 1 or more, got 0"),
    (study(grid={"seeds": [-1]}), "studies[0].grid.seeds[0]: must be 0 or more, got -1"),
    (study(grid={"seeds": {"a": 1}}), "studies[0].grid.seeds: "),
    (study(grid={"weight_decay": ["1e-4", 0.0001]}), "studies[0].grid.weight_decay: has 0.0001 more than once"),
    (study(grid={"weight_decay": [0, -0.0]}), "studies[0].grid.weight_decay: has 0 more than once"),
    (study(grid={"seeds": [1, 2, 1]}), "studies[0].grid.seeds: has 1 more than once"),
    (study(grid={"weight_decay": 1}), "studies[0].grid.weight_decay: must be a list, got 1"),
    (study(seeds_per_block=0), "studies[0].seeds_per_block: must be 1 or more, got 0"),
    # Sizes.
    (study(task={"n_train": 0}), "studies[0].task.n_train: must be 1 or more, got 0"),
    (
        study(task={"kind": "digits", "n_train": 2000}),
        "studies[0].task.n_train: 2000 is more than the 1797 rows of digits; at most 1777, with n_validation: 10 and",
    ),
    (
        study(task={"kind": "digits", "n_train": 400, "n_validation": 500, "n_test": 997}),
        "studies[0].task.n_train: n_train + n_validation + n_test = 400 + 500 + 997 = 1897 is more than the "
        "1797 rows of digits; lower n_train to 300 or n_validation to 400 or n_test to 897",
    ),
    (
        study(task={"kind": "diabetes", "n_train": 430}),
        "studies[0].task.n_train: n_train + n_validation + n_test = 430 + 10 + 10 = 450 is more than the 442 rows of "
        "diabetes; lower n_train to 422",
    ),
    (
        study(task={"kind": "diabetes", "n_train": 140, "n_validation": 300}),
        "studies[0].task.n_train: n_train + n_validation + n_test = 140 + 300 + 10 = 450",
    ),
    (
        study(task={"kind": "diabetes"}, variants={"v": {"task.n_train": 430}}),
        "studies[0].variants.v.task.n_train: n_train + n_validation + n_test = 430 + 10 + 10 = 450",
    ),
    (
        study(task={"kind": "modular_addition", "modulus": 3}),
        "studies[0].task.n_train: 480 is more than the 9 rows of modular_addition; at most 7, with n_validation: 1",
    ),
    (study(task={"kind": "modular_addition", "modulus": 7}), "studies[0].task.n_train: 480 is more than the 49 rows"),
    (study(task={"kind": "polynomial", "degree": 50}), "studies[0].task.degree: must be 30 or less, got 50"),
    (study(task={"kind": "diabetes", "degree": 3}), "studies[0].task.degree: unknown value 3; one of 1, 2"),
    (study(model={"kind": "mlp", "hidden": [8, 0]}), "studies[0].model.hidden[1]: must be 1 or more, got 0"),
    (study(model={"kind": "mlp", "hidden": []}), "studies[0].model.hidden: is empty"),
    # Numbers that are none.
    (
        study(training={"learning_rate": math.nan}),
        "studies[0].training.learning_rate: must be a finite number, got nan",
    ),
    (study(grid={"weight_decay": [math.inf]}), "studies[0].grid.weight_decay[0]: must be a finite number, got inf"),
    (study(training={"learning_rate": True}), "studies[0].training.learning_rate: must be a number, got true"),
    (study(training={"epochs": True}), "studies[0].training.epochs: must be a number, got true"),
    (study(grid={"seeds": True}), "studies[0].grid.seeds: must be a number, got true"),
    (study(grid={"weight_decay": [False]}), "studies[0].grid.weight_decay[0]: must be a number, got false"),
    (study(training={"epochs": 1.5}), "studies[0].training.epochs: must be a whole number, got 1.5"),
    (study(training={"epochs": "many"}), "studies[0].training.epochs: must be a number, got 'many'"),
    (study(training={"learning_rate": 0}), "studies[0].training.learning_rate: must be more than 0, got 0"),
    (study(training={"momentum": 1}), "studies[0].training.momentum: must be less than 1, got 1"),
    (study(model={"dropout": 1}), "studies[0].model.dropout: must be less than 1, got 1"),
    (study(training={"decay_bias": 3}), "studies[0].training.decay_bias: "),
    # Kinds and choices.
    (
        study(task={"kind": "gausian_linear"}),
        "studies[0].task: unknown value 'gausian_linear'; did you mean gaussian_linear?",
    ),
    (study(task={"kind": "table", "path": "a.csv"}), "studies[0].task.target: is missing"),
    (study(model={"kind": "mpl"}), "studies[0].model: unknown value 'mpl'; did you mean mlp?"),
    (study(model={"kind": "module"}), "studies[0].model.factory: is missing"),
    (
        study(model={"kind": "module", "factory": "x"}),
        "studies[0].model.factory: 'x' is not of the form package.module:name",
    ),
    (study(training={"optimizer": "sdg"}), "studies[0].training.optimizer: unknown value 'sdg'; did you mean sgd?"),
    (study(training={"loss": "mae"}), "studies[0].training.loss: unknown value 'mae'; did you mean mse?"),
    ({**study(), "report": {"languages": ["fr"]}}, "report.languages[0]: unknown value 'fr'; one of en, zh"),
    ({**study(), "report": {"languages": ["en", "en"]}}, "report.languages: has en more than once"),
    # Valid alone but not together.
    (study(training={"loss": "cross_entropy"}), "studies[0].training.loss: cross_entropy needs classes"),
    (study(training={"optimizer": "adam", "momentum": 0.9}), "studies[0].training.momentum: belongs to sgd"),
    (study(training={"nesterov": True}), "studies[0].training.nesterov: needs training.momentum above 0"),
    # Names.
    ({"studies": [{"name": "A b"}]}, "studies[0].name: 'A b' is not of the form a-z, 0-9 and -"),
    ({"studies": [{"name": "a" * 61}]}, "studies[0].name: "),
    ({"studies": [{}]}, "studies[0].name: is missing"),
    (study(variants={"Bad Name": {}}), "studies[0].variants.Bad Name: 'Bad Name' is not of the form"),
    (study(variants={"base": {}}), "studies[0].variants.base: the name is taken by the study itself"),
    ({"studies": [{"name": 7}]}, 'studies[0].name: must be a text, got 7; quote it: "7"'),
    ({"studies": [{"name": None}]}, "studies[0].name: is empty"),
    # Shapes.
    (study(**{"x-a": 1}), "studies[0].x-a: keys that begin with x- are free at the top of the config only"),
    (None, "config: must be a mapping of keys, got None"),
    ({}, "studies: is missing"),
    ({"studies": []}, "studies: is empty"),
    ({"studies": {"name": "a"}}, "studies: must be a list"),
    (study(task=None), "studies[0].task: must be a mapping of keys, got None"),
    (study(training=None), "studies[0].training: must be a mapping of keys, got None"),
    # Variants.
    (variant(**{"model.init_sd": 1}), "studies[0].variants.v.model.init_sd: unknown key; did you mean init_std?"),
    (variant(**{"modle.init_std": 1}), "studies[0].variants.v.modle.init_std: unknown key; did you mean model?"),
    (variant(**{"model.init_std.x": 1}), "studies[0].variants.v.model.init_std.x: unknown key; init_std has no keys"),
    (variant(**{"model.init_std": {"kind": 1}}), "studies[0].variants.v.model.init_std: "),
    (variant(**{"task.n_train": 0}), "studies[0].variants.v.task.n_train: must be 1 or more, got 0"),
    (variant(**{"grid.weight_decay": []}), "studies[0].variants.v.grid.weight_decay: is empty"),
    (variant(**{"model.kind": "mpl"}), "studies[0].variants.v.model: unknown value 'mpl'; did you mean mlp?"),
    (
        variant(**{"training.optimizer": "adam", "training.momentum": 0.5}),
        "studies[0].variants.v.training.momentum: ",
    ),
    (
        variant(**{"task.n_train": 5, "task": {"n_train": 7}}),
        "studies[0].variants.v.task.n_train: stands twice, in task.n_train and in task; keep one",
    ),
    (variant(name="b"), "studies[0].variants.v.name: unknown key"),
    (variant(task="polynomial"), "studies[0].variants.v.task: must be a mapping of keys, got 'polynomial'"),
    (study(variants={"v": None}), "studies[0].variants.v: must be a mapping of keys, got None"),
]


@pytest.mark.parametrize(("raw", "line"), REFUSED, ids=[line[:60] for _, line in REFUSED])
def test_a_bad_config_is_refused_with_one_line(raw, line):
    text = refusal_of(raw)
    assert text.startswith(line)
    assert "\n" not in text


def test_every_problem_has_its_line():
    raw = study(task={"n_trian": 3}, grid={"weight_decay": [-1], "seeds": 0})
    assert len(refusal_of(raw).splitlines()) == 3
    twice = refusal_of({"studies": [{"name": "a"}, {"name": "a"}]})
    assert [line.split(":")[0] for line in twice.splitlines()] == ["studies[0].name", "studies[1].name"]


def test_a_name_alone_is_the_articles_study():
    (a,) = parse_config({"studies": [{"name": "a"}]}).studies
    content = a.model_dump(exclude={"title", "variants", "seeds_per_block"})
    assert content == {
        "name": "a",
        "task": {
            "kind": "gaussian_linear", "n_train": 20, "n_validation": 100, "n_test": 100, "n_features": 200,
            "weight": 0.01, "bias": 0.05, "noise_std": 0.01,
        },
        "model": {
            "kind": "linear", "init_std": 1.0, "init_mean": 0.0, "bias_init_std": 1.0, "bias_init": 0.0,
            "dropout": 0.0,
        },
        "training": {
            "optimizer": "sgd", "learning_rate": 0.003, "momentum": 0.0, "nesterov": False, "batch_size": 5,
            "epochs": 100, "loss": None, "decay_bias": False, "record_every": 5, "in_span": True,
        },
        "grid": {"weight_decay": [0, 0.01, 0.1, 0.3, 1, 3, 10, 30, 100], "seeds": 200},
    }  # fmt: skip
    assert a.resolved()[0].loss == "mse"


def test_a_kind_may_be_left_out():
    (a,) = parse_config(study(task={"n_train": 5}, model={"init_std": 0})).studies
    assert (a.task.kind, a.task.n_train, a.model.kind) == ("gaussian_linear", 5, "linear")


def test_classes_are_trained_with_cross_entropy_unless_said_otherwise():
    losses = [
        parse_config(study(task={"kind": "digits"}, training=training)).studies[0].resolved()[0].loss
        for training in ({}, {"loss": None}, {"loss": "mse"})
    ]
    assert losses == ["cross_entropy", "cross_entropy", "mse"]


def test_numbers_that_yaml_leaves_as_strings_are_numbers():
    grid = {"weight_decay": ["1e-4", "0", 3], "seeds": "3"}
    (a,) = parse_config(study(grid=grid, training={"learning_rate": "1e-2", "epochs": "1e1"})).studies
    assert a.grid.weight_decay == [1e-4, 0, 3]
    assert (a.grid.seed_list(), a.training.learning_rate, a.training.epochs) == ([0, 1, 2], 0.01, 10)


def test_seeds_are_a_number_or_a_list():
    assert parse_config(study(grid={"seeds": [7, 3]})).studies[0].grid.seed_list() == [3, 7]
    assert parse_config(study(grid={"seeds": 2})).studies[0].grid.seed_list() == [0, 1]


def resolved(keys, **base):
    by_name = {v.name: v for v in parse_config(study(variants={"v": keys}, **base)).studies[0].resolved()}
    assert list(by_name) == ["base", "v"]
    return by_name["v"]


def test_dotted_keys_override_and_leave_the_rest():
    v = resolved({"model.init_std": 0, "training.learning_rate": 0.1}, model={"init_mean": 2})
    assert (v.model.init_std, v.model.init_mean, v.training.learning_rate, v.task.n_train) == (0, 2, 0.1, 20)


def test_nested_keys_override_and_leave_the_rest():
    v = resolved({"grid": {"seeds": 3}, "task": {"n_train": 7}}, grid={"weight_decay": [1, 2]})
    assert (v.grid.seeds, v.grid.weight_decay, v.task.n_train, v.task.n_features) == (3, [1, 2], 7, 200)


@pytest.mark.parametrize(
    "keys",
    [
        {"model.kind": "mlp", "model.hidden": [3]},
        {"model.hidden": [3], "model.kind": "mlp"},
        {"model": {"kind": "mlp", "hidden": [3]}},
        {"model": {"hidden": [3], "kind": "mlp"}},
        {"model.hidden": [3], "model": {"kind": "mlp"}},
    ],
)
def test_a_new_kind_starts_from_its_own_defaults_wherever_it_stands(keys):
    v = resolved(keys, model={"init_std": 5})
    assert v.model.model_dump() == {"kind": "mlp", "hidden": [3], "activation": "relu", "dropout": 0, "init_scale": 1}


def test_the_same_kind_keeps_what_was_set():
    v = resolved({"model": {"kind": "linear", "init_mean": 1}, "task.kind": "gaussian_linear"}, model={"init_std": 5})
    assert (v.model.init_std, v.model.init_mean) == (5, 1)


FINITE = {
    # Parts by default, then with more training rows: what is left, shared as the defaults are.
    "diabetes": [(60, 191, 191), (80, 181, 181), (422, 10, 10)],
    "digits": [(300, 500, 997), (400, 466, 931), (1777, 10, 10)],
    "breast_cancer": [(60, 200, 309), (100, 184, 285), (549, 10, 10)],
    "modular_addition": [(480, 200, 281), (600, 150, 211), (941, 10, 10)],
}


def sizes(task):
    return task.n_train, task.n_validation, task.n_test


@pytest.mark.parametrize("kind", FINITE)
def test_more_training_rows_come_from_the_parts_that_are_left_out(kind):
    default, *more = FINITE[kind]

    def parts(**keys):
        return sizes(parse_config(study(task={"kind": kind, **keys})).studies[0].task)

    assert parts() == default
    assert parts(n_train=default[0]) == default
    assert parts(n_train=default[0] - 1) == (default[0] - 1, *default[1:])
    for train, validation, test in more:
        assert parts(n_train=train) == parts(n_train=str(train)) == (train, validation, test)
    n, rows = default[0] + 50, sum(default)
    assert parts(n_train=n, n_validation=20) == (n, 20, min(default[2], rows - n - 20))
    assert parts(n_train=n, n_test=20) == (n, min(default[1], rows - n - 20), 20)
    assert parts(n_validation=default[1] + 30) == (default[0], default[1] + 30, default[2] - 30)
    for train in range(default[0], rows - 19):
        assert sum(parts(n_train=train)) == rows and min(parts(n_train=train)) >= 10


def test_a_variant_finds_room_where_its_study_leaves_the_parts_to_the_defaults():
    def parts(keys, **task):
        (own,) = parse_config(study(task={"kind": "diabetes", **task}, variants={"v": keys})).studies
        again = type(own).model_validate_json(own.model_dump_json())
        assert again == own and again.resolved() == own.resolved()
        base, variant = own.resolved()
        assert sizes(base.task) == sizes(own.task)
        return sizes(variant.task)

    for keys in ({"task.n_train": 80}, {"task": {"n_train": 80}}, {"task": {"kind": "diabetes", "n_train": 80}}):
        assert parts(keys) == (80, 181, 181)
    assert parts({"task.n_train": 80}, n_validation=100) == (80, 100, 191)
    assert parts({"task.n_train": 200}, n_validation=100) == (200, 100, 142)
    assert parts({"task.n_train": 60}, n_train=80) == (60, 191, 191)
    assert parts({"task.n_train": 80, "task.n_test": 100}) == (80, 191, 100)
    assert parts({"task.n_test": 300}) == (60, 82, 300)
    assert parts({"training.epochs": 3}, n_train=80) == (80, 181, 181)
    assert parts({"task": {"kind": "breast_cancer", "n_train": 100}}, n_train=80) == (100, 184, 285)
    assert parts({"task.kind": "diabetes", "task.n_train": 80}) == (80, 181, 181)
    (own,) = parse_config(study(variants={"v": {"task.kind": "diabetes", "task.n_train": 80}})).studies
    assert sizes(own.resolved()[1].task) == (80, 181, 181)


def test_the_sizes_that_a_variant_gets_are_written_down():
    (own,) = parse_config(study(task={"kind": "diabetes"}, variants={"v": {"task.n_train": 80}, "w": {}})).studies
    assert own.variants == {"v": {"task.n_train": 80, "task.n_validation": 181, "task.n_test": 181}, "w": {}}


def test_free_keys_and_pathvars_are_not_ours():
    free = {"x-": 1, "x-anchors": {"a": [1, None]}, "pathvars": {"results": "elsewhere"}}
    assert parse_config({**free, **study()}) == parse_config(study())


def test_resolving_changes_nothing():
    config = parse_config(study(variants={"v": {"model": {"kind": "mlp"}, "model.hidden": [3]}}))
    assert config.studies[0].resolved() == config.studies[0].resolved()
    assert config.studies[0].variants == {"v": {"model": {"kind": "mlp"}, "model.hidden": [3]}}


def test_a_config_survives_json():
    config = parse_config(study(variants={"v": {"model.kind": "mlp"}}, grid={"seeds": [3, 1]}, seeds_per_block=2))
    assert Config.model_validate_json(config.model_dump_json()) == config
    assert parse_config(json.loads(config.model_dump_json())) == config


def test_a_title_is_the_pages_and_decides_no_number():
    (plain,) = parse_config({"studies": [{"name": "a", "grid": {"seeds": 3}}]}).studies
    titled = plain.model_copy(update={"title": {"en": "in words", "zh": "名称"}})
    assert [titled.titled("en"), titled.titled("zh"), plain.titled("zh")] == ["in words", "名称", "a"]
    assert titled.titled("eo") == "in words"
    assert titled.resolved() == plain.resolved()
    keys = [[cell.key for cell in cells_of(study, lambda recipe: "")] for study in (titled, plain)]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("title", [{"EN": "x"}, {"en": ""}, "x"])
def test_a_title_names_its_language(title):
    with pytest.raises(ConfigError):
        parse_config({"studies": [{"name": "a", "title": title}]})
