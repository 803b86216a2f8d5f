"""Keys name what a cell's numbers depend on and nothing else; growing a grid leaves what is there alone."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import blocks_of, cells_of, study_of

from decaybench.cells import grid
from decaybench.cells.blocks import block_names
from decaybench.cells.grid import block_indices, block_json, format_seeds, seeds_per_block, weight_decay_label
from decaybench.config import TASKS, Study
from decaybench.config.files import read_file
from decaybench.config.parsing import parse_config

ROOT = Path(__file__).parents[2]
QUICK = settings(deadline=None, max_examples=60, derandomize=True)
NUMBERS = st.floats(0, 1e300, allow_subnormal=False)  # training in this process has switched them off
SEEDS = st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 40), max_size=30, unique=True)


def keys_of(study):
    return [cell.key for cell in cells_of(study)]


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (1e-4, "0.0001"),
        (0.0001, "0.0001"),
        (1.0, "1"),
        (1, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e-5, "1e-05"),
        (1e22, "1e+22"),
    ],
)
def test_labels_are_canonical(value, label):
    assert weight_decay_label(value) == label


@QUICK
@given(NUMBERS, NUMBERS)
def test_labels_are_equal_exactly_where_numbers_are(one, other):
    assert float(weight_decay_label(one)) == one
    assert (weight_decay_label(one) == weight_decay_label(other)) == (one == other)


def test_seed_ranges_are_short():
    assert format_seeds([7, 0, 1, 2]) == "0-2,7"
    assert format_seeds(range(100)) == "0-99"
    assert format_seeds([]) == ""


@QUICK
@given(seeds=st.lists(st.integers(0, 60), min_size=1, unique=True), size=st.integers(1, 25))
def test_blocks_hold_fixed_runs_of_seeds_and_together_the_study(seeds, size):
    study = study_of(grid={"weight_decay": [3, 0], "seeds": seeds}, seeds_per_block=size)
    indices, blocks = block_indices(study), blocks_of(study)
    assert indices == sorted({seed // size for seed in seeds})
    assert sorted(cell.key for cells in blocks for cell in cells) == sorted(keys_of(study))
    for index, cells in zip(indices, blocks, strict=True):
        assert {cell.seed // size for cell in cells} == {index}


GRIDS = st.integers(1, 60) | st.lists(st.integers(0, 60), min_size=1, max_size=9, unique=True)


def blocks_as_json(study):
    """What the job of each block is given, by the name of its file."""
    return {name: block_json(study.name, study.resolved(), seeds) for name, seeds in block_names(study).items()}


@QUICK
@given(base=GRIDS, other=GRIDS, size=st.integers(1, 25))
def test_what_a_job_is_given_holds_the_cells_of_its_block(base, other, size):
    """The base may have no seed of the block, as other variants."""
    study = study_of(grid={"weight_decay": [3, 0], "seeds": base}, variants={"v": {"grid.seeds": other}},
                     seeds_per_block=size)  # fmt: skip
    for (name, text), cells in zip(blocks_as_json(study).items(), blocks_of(study), strict=True):
        given = grid.cells_of(Study.model_validate_json(text), lambda recipe: "code", block_names(study)[name])
        assert [(cell.variant, cell.key) for cell in given] == [(cell.variant, cell.key) for cell in cells]


@QUICK
@given(few=st.integers(1, 40), more=st.integers(0, 40), other=st.integers(1, 60), size=st.integers(1, 15))
def test_adding_seeds_leaves_full_blocks_equal(few, more, other, size):
    def study(seeds):
        return study_of(grid={"seeds": seeds}, variants={"v": {"grid.seeds": other}}, seeds_per_block=size)

    before, after = blocks_as_json(study(few)), blocks_as_json(study(few + more))
    for index, (name, text) in enumerate(before.items()):
        if (index + 1) * size <= few or index * size >= few + more:
            assert after[name] == text
    assert set(keys_of(study_of(grid={"seeds": few}))) <= set(keys_of(study_of(grid={"seeds": few + more})))


def test_seeds_that_are_listed_concern_their_own_block_alone():
    one, other = (
        study_of(grid={"seeds": [0, *seeds, 40]}, variants={"late": {"grid.seeds": [300, 150]}}, seeds_per_block=100)
        for seeds in ([70], [70, 120])
    )
    before, after = blocks_as_json(one), blocks_as_json(other)
    assert {name for name in after if before.get(name) != after[name]} == {"0001"}
    assert '"late"' not in before["0000"]


def test_adding_a_weight_decay_changes_what_jobs_are_given_but_no_key():
    small, large = (study_of(grid={"weight_decay": w, "seeds": 3}) for w in ([0, 3], [3, 1, 0]))
    assert blocks_as_json(small) != blocks_as_json(large)
    assert set(keys_of(small)) < set(keys_of(large))


def test_neither_the_order_of_a_grid_nor_the_spelling_of_a_variant_matters():
    one, other = (
        study_of(grid={"weight_decay": w, "seeds": s}, variants={"v": keys})
        for w, s, keys in (
            ([0, 3, 1], [2, 0], {"model.init_std": 0, "task": {"kind": "diabetes"}}),
            ([1, 0, 3], [0, 2], {"task.kind": "diabetes", "model": {"init_std": 0.0, "kind": "linear"}}),
        )
    )
    assert one.to_json() == other.to_json()
    assert blocks_as_json(one) == blocks_as_json(other)


def test_the_default_block_does_not_depend_on_the_grid():
    for kind, size in (("linear", 100), ("mlp", 4)):
        sizes = {
            seeds_per_block(study_of(model={"kind": kind}, grid={"weight_decay": list(range(n)), "seeds": n}))
            for n in (1, 50, 300)
        }
        assert sizes == {size}


def test_renaming_studies_and_variants_keeps_keys():
    one = study_of(variants={"v": {"model.init_std": 0}})
    other = one.model_copy(update={"name": "b", "variants": {"w": {"model": {"init_std": 0}}}})
    assert keys_of(one) == keys_of(other)


def test_keys_are_unique_and_name_code_weight_decay_and_seed():
    study = study_of(grid={"weight_decay": [0, 1e-4, 1e-5, 1], "seeds": 5}, variants={"v": {"model.init_std": 0}})
    keys = keys_of(study)
    assert len(set(keys)) == len(keys) == 2 * 4 * 5
    assert not set(keys) & {cell.key for cell in cells_of(study, lambda recipe: "other code")}


def test_variants_with_equal_recipes_share_keys():
    base, same = cells_of(study_of(variants={"same": {"model.init_std": 1}}, grid={"weight_decay": [0], "seeds": 1}))
    assert base.key == same.key
    assert (base.variant, same.variant) == ("base", "same")


def number_fields():
    """Every numeric key of every kind, as (base study, section, key, value)."""
    bases = [*({"task": {"kind": kind}} for kind in TASKS if kind != "table"), {"model": {"kind": "mlp"}}]
    for base in bases:
        study = study_of(**base)
        for section in ("task", "model", "training"):
            for key, value in getattr(study, section).model_dump().items():
                if isinstance(value, (int, float)):
                    yield base, section, key, value


FIELDS = list(number_fields())


@QUICK
@given(field=st.sampled_from(FIELDS), step=st.integers(1, 9))
def test_keys_differ_with_every_number_of_a_recipe(field, step):
    base, section, key, value = field
    if isinstance(value, bool):
        changed = not value
    elif isinstance(value, float):
        changed = value / (1 + step) if value else 0.1 * step
    else:
        changed = max(value - step, 1) if value > 1 else value + 1
    if key == "modulus":
        changed = value + step
    keys = {**base.get(section, {}), key: changed}
    if key == "nesterov":
        keys["momentum"] = 0.5
        base = {**base, "training": {"momentum": 0.5}}
    one, other = study_of(**base), study_of(**{**base, section: keys})
    assert not set(keys_of(one)) & set(keys_of(other))


def test_there_are_numbers_in_every_section():
    assert {section for _, section, _, _ in FIELDS} == {"task", "model", "training"}
    assert len(FIELDS) > 60


@pytest.mark.parametrize(
    "keys",
    [
        {"training": {"loss": "half_mse"}},
        {"training": {"optimizer": "adam"}},
        {"training": {"decay_bias": True}},
        {"model": {"kind": "mlp"}},
        {"model": {"kind": "mlp", "hidden": [8, 4]}},
        {"model": {"kind": "mlp", "activation": "quadratic"}},
        {"task": {"kind": "polynomial"}},
    ],
)
def test_keys_differ_with_every_choice(keys):
    others = [{}, {"model": {"kind": "mlp", "hidden": [4, 8]}}]
    assert all(not set(keys_of(study_of(**keys))) & set(keys_of(study_of(**other))) for other in others)


@pytest.mark.parametrize("path", sorted((ROOT / "config").rglob("*.yaml")), ids=lambda path: path.name)
def test_a_study_survives_json(path):
    odd = {
        "name": "odd",
        "task": {"kind": "diabetes"},
        "variants": {"n": {"task.n_train": 90}, "m": {"model.kind": "mlp"}},
    }
    for study in [*parse_config(read_file(path)).studies, study_of(**odd)]:
        text = study.to_json()
        again = Study.model_validate_json(text)
        assert text.isascii() and again.to_json() == text
        assert keys_of(again) == keys_of(study)
