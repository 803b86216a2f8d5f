"""Keys name what a cell's numbers depend on and nothing else; growing a grid leaves what is there alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import cells_of, study_of

from decaybench.cells.grid import (
    BlockSpec,
    block_indices,
    block_specs,
    format_seeds,
    parse_seeds,
    seeds_per_block,
    study_spec,
    weight_decay_label,
)
from decaybench.config import TASKS

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


@QUICK
@given(SEEDS)
def test_seed_ranges_say_which_seeds(seeds):
    assert parse_seeds(format_seeds(seeds)) == sorted(seeds)


def test_seed_ranges_are_short():
    assert format_seeds([7, 0, 1, 2]) == "0-2,7"
    assert format_seeds(range(100)) == "0-99"
    assert format_seeds([]) == ""


@QUICK
@given(seeds=st.lists(st.integers(0, 60), min_size=1, unique=True), size=st.integers(1, 25))
def test_blocks_hold_fixed_runs_of_seeds_and_together_the_study(seeds, size):
    study = study_of(grid={"weight_decay": [3, 0], "seeds": seeds}, seeds_per_block=size)
    specs = block_specs(study)
    assert list(specs) == block_indices(study) == sorted({seed // size for seed in seeds})
    cells = [cell for index, spec in specs.items() for cell in spec.cells(lambda recipe: "code")]
    assert sorted(cell.key for cell in cells) == sorted(keys_of(study))
    for index, spec in specs.items():
        assert {cell.seed // size for cell in spec.cells(lambda recipe: "code")} == {index}


@QUICK
@given(few=st.integers(1, 40), more=st.integers(0, 40), size=st.integers(1, 15))
def test_adding_seeds_leaves_full_blocks_equal(few, more, size):
    before = block_specs(study_of(grid={"seeds": few}, seeds_per_block=size))
    after = block_specs(study_of(grid={"seeds": few + more}, seeds_per_block=size))
    for index, spec in before.items():
        if (index + 1) * size <= few:
            assert after[index].to_json() == spec.to_json()
    assert set(keys_of(study_of(grid={"seeds": few}))) <= set(keys_of(study_of(grid={"seeds": few + more})))


def test_adding_a_weight_decay_changes_specs_but_no_key():
    small, large = (study_of(grid={"weight_decay": w, "seeds": 3}) for w in ([0, 3], [3, 1, 0]))
    assert study_spec(small).to_json() != study_spec(large).to_json()
    assert set(keys_of(small)) < set(keys_of(large))


def test_the_order_of_a_grid_does_not_matter():
    one, other = (
        study_of(grid={"weight_decay": w, "seeds": s}) for w, s in (([0, 3, 1], [2, 0]), ([1, 0, 3], [0, 2]))
    )
    assert study_spec(one).to_json() == study_spec(other).to_json()


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
    assert not set(keys) & {cell.key for cell in study_spec(study).cells(lambda recipe: "other code")}


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


def test_a_spec_survives_json():
    spec = study_spec(study_of(variants={"v": {"model.kind": "mlp"}}))
    again = BlockSpec.model_validate_json(spec.to_json())
    assert again == spec
    assert again.to_json() == spec.to_json()
