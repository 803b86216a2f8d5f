"""Which trainings may be compared, and in what they differ: all else equal, on one scale, on the same seeds.

Everything that sets two variants or two studies beside each other asks here. Keys are those of the config, dotted;
a section such as "training" stands for all of its keys.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from decaybench.config import GaussianLinear, Linear, Polynomial, Recipe, Training, Variant

# What decides no number of a cell: how often it is recorded, and in which coordinates it is trained.
DECIDES_NOTHING = frozenset({"training.record_every", "training.in_span"})
# Splits with streams of their own; elsewhere the splits share one pool, and their sizes move each other's rows.
OWN_STREAMS = (GaussianLinear, Polynomial)
SPLIT_SIZES = frozenset({"task.n_validation", "task.n_test"})

START = frozenset(f"model.{name}" for name in ("init_std", "init_mean", "bias_init_std", "bias_init", "init_scale"))
ROWS = "task.n_train"
WITH_ROWS = frozenset({"training.learning_rate"})  # which step is stable depends on the number of rows
BATCH = "training.batch_size"
HEAVY_TAILS = 1.25  # the factor around n = p within which medians are shown

Keys = str | Collection[str]
AnyRecipe = TypeVar("AnyRecipe", bound=Recipe)
Name = TypeVar("Name", bound=Hashable)


def decisive(recipe: Recipe) -> dict[str, Any]:
    """All that decides a cell's numbers but its λ and seed, by dotted key; the loss is the one that is trained.

    >>> decisive(Recipe(task=GaussianLinear(), model=Linear(), training=Training()))["training.loss"]
    'mse'
    """
    content = recipe.model_dump(mode="json", include={"model"})
    content |= {"task": recipe.task.deciding(), "training": recipe.training.deciding()}
    found = {f"{section}.{name}": value for section, keys in content.items() for name, value in keys.items()}
    found["training.loss"] = recipe.loss
    nothing = DECIDES_NOTHING | (SPLIT_SIZES if isinstance(recipe.task, OWN_STREAMS) else frozenset())
    return {key: value for key, value in found.items() if key not in nothing}


def differences(a: Recipe, b: Recipe) -> frozenset[str]:
    """The keys in which two recipes differ and that decide numbers.

    >>> base, more = (Recipe(task=GaussianLinear(n_train=n), model=Linear(), training=Training()) for n in (20, 40))
    >>> sorted(differences(base, more))
    ['task.n_train']
    """
    return _differences((decisive(a), is_full_batch(a)), (decisive(b), is_full_batch(b)))


def _differences(a: tuple[dict[str, Any], bool], b: tuple[dict[str, Any], bool]) -> frozenset[str]:
    (ours, full), (theirs, other_full) = a, b
    missing = object()  # a key that the other's kind of task or model does not have
    keys = {key for key in {**ours, **theirs} if ours.get(key, missing) != theirs.get(key, missing)}
    return frozenset(keys - {BATCH} if full and other_full else keys)


def is_full_batch(recipe: Recipe) -> bool:
    """Whether every step sees all rows; a batch that is larger still is the same one."""
    return recipe.training.optimizer == "exact" or recipe.training.batch_size >= recipe.task.n_train


def same_training(a: Recipe, b: Recipe) -> bool:
    """Whether two recipes give the same cells, so that there is nothing to compare."""
    return not differences(a, b)


def differs_only_in(a: Recipe, b: Recipe, key: Keys, also: Keys = ()) -> bool:
    """Whether two recipes differ in `key`, one or some of several, and in nothing else but what may be in `also`.

    >>> base, more = (Recipe(task=GaussianLinear(n_train=n), model=Linear(), training=Training()) for n in (20, 40))
    >>> differs_only_in(base, more, "task.n_train"), differs_only_in(base, more, "model.dropout")
    (True, False)
    """
    keys = differences(a, b)
    named = _within(keys, key)
    return bool(named) and keys <= named | _within(keys, also)


def _within(keys: Iterable[str], wanted: Keys) -> frozenset[str]:
    """Those of `keys` that are wanted, by their own name or by their section's."""
    names = _names(wanted)
    return frozenset(key for key in keys if key in names or key.partition(".")[0] in names)


def _names(keys: Keys) -> set[str]:
    return {keys} if isinstance(keys, str) else set(keys)


def families(variants: Sequence[AnyRecipe], key: str, also: Keys = ()) -> list[list[AnyRecipe]]:
    """Groups of two or more that differ in `key` and in nothing else but what may be in `also`, sorted by the key.

    Of several with one value a family has that which is most like its first in what may differ, else the first of
    them. Recipes that know no such key are in no family.

    >>> of = lambda n: Recipe(task=GaussianLinear(n_train=n), model=Linear(), training=Training())
    >>> [[member.task.n_train for member in family] for family in families([of(20), of(80), of(40)], "task.n_train")]
    [[20, 40, 80]]
    """
    found: list[list[int]] = []
    contents = [(decisive(variant), is_full_batch(variant)) for variant in variants]
    for place, content in enumerate(contents):
        if content[0].get(key) is None:
            continue
        for family in found:
            if all(_within(keys := _differences(content, contents[other]), {key, *_names(also)}) == keys
                   for other in family):  # fmt: skip
                family.append(place)
                break
        else:
            found.append([place])
    kept = []
    for family in found:
        apart = [len(_differences(contents[place], contents[family[0]]) - {key}) for place in family]
        one_each: dict[Any, int] = {}
        for _, place in sorted(zip(apart, family, strict=True)):
            value = contents[place][0][key]
            one_each.setdefault(tuple(value) if isinstance(value, list) else value, place)
        kept.append([variants[one_each[value]] for value in sorted(one_each)])
    return [family for family in kept if len(family) > 1]


def same_loss(*recipes: Recipe) -> bool:
    """Whether losses have one unit, and may be divided, subtracted, ranked or drawn on one axis.

    Nats are no squared errors; targets of two kinds of data are on two scales, and so are errors over more classes.
    mse and half_mse are reported alike, without the half.
    """
    return len({(each.loss == "cross_entropy", each.task.kind, each.n_classes) for each in recipes}) == 1


def same_seeds(a: Variant, b: Variant) -> bool:
    """Whether two variants were trained from the same seeds, so that means over them may be compared."""
    return a.grid.seeds == b.grid.seeds or a.grid.seed_list() == b.grid.seed_list()


def common_weight_decay(variants: Sequence[Variant]) -> list[float]:
    """The λ that all of some variants have, ascending."""
    return sorted(set.intersection(*(set(variant.grid.weight_decay) for variant in variants)))


def with_common_seeds(seeds: Collection[int], others: Mapping[Name, Collection[int]]) -> tuple[list[Name], list[int]]:
    """Who of `others` can be compared with `seeds` and with each other, and the seeds that all of these have.

    Whoever shares most comes first; who would then leave less than half of `seeds` is left out.

    >>> with_common_seeds([0, 1, 2], {"some": [1, 2, 3], "none": [7], "one": [2], "all": [0, 1, 2]})
    (['some', 'all'], [1, 2])
    """
    common = set(seeds)
    kept: set[Name] = set()
    for name in sorted(others, key=lambda name: -len(set(seeds) & set(others[name]))):
        shared = common & set(others[name])
        if shared and (not kept or 2 * len(shared) >= len(set(seeds))):
            common = shared
            kept.add(name)
    return [name for name in others if name in kept], sorted(common)


def is_articles(recipe: Recipe, loss: str = "mse", bias_init_std: float = 1.0) -> bool:
    """Whether a recipe is the article's: of its short version, or of one with another loss and start of the bias.

    The version from scratch has loss "half_mse" and starts the bias at zero.
    """
    training = Training.model_validate({"loss": loss})
    article = Recipe(task=GaussianLinear(), model=Linear(bias_init_std=bias_init_std), training=training)
    return same_training(recipe, article)


def near_threshold(variants: Sequence[Variant]) -> bool:
    """Whether some have about as many rows as weights: losses have heavy tails, and a few seeds decide the mean."""
    ratios = [v.task.n_train / v.task.n_features for v in variants if isinstance(v.task, GaussianLinear)]
    return any(1 / HEAVY_TAILS < ratio < HEAVY_TAILS for ratio in ratios)
