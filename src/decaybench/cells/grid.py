"""Cells, blocks and their keys: how a study becomes jobs. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from decaybench.config import Recipe, Study, Variant, study_json

MOST_BLOCKS = 500  # of default blocks: a scheduler and Snakemake plan hundreds of jobs at ease, and thousands slowly


def weight_decay_label(weight_decay: float) -> str:
    """The canonical string of a λ: 1e-4 and 0.0001 give "0.0001", 1.0 gives "1"."""
    return repr(float(weight_decay) + 0.0).removesuffix(".0")


def format_seeds(seeds: Iterable[int]) -> str:
    """Seeds as ascending ranges: [0, 1, 2, 7] gives "0-2,7"."""
    runs: list[list[int]] = []
    for seed in sorted(seeds):
        if runs and seed == runs[-1][1] + 1:
            runs[-1][1] = seed
        else:
            runs.append([seed, seed])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def cells_of(study: Study, code: Callable[[Recipe], str], seeds: range | None = None) -> list[Cell]:
    """Every cell: variants in their order, then λ, then seeds ascending.

    code: the fingerprint of the code that trains a recipe. seeds: those of a block; without them all of the study.
    """
    cells = []
    for variant in study.resolved():
        own, start = variant.grid.seed_list(seeds), f"{_digest(variant)}:{code(variant)}"
        for weight_decay in sorted(variant.grid.weight_decay) if own else ():
            key = f"{start}:{weight_decay_label(weight_decay)}"
            cells += [Cell(variant, study.name, variant.name, weight_decay, seed, f"{key}:{seed}") for seed in own]
    return cells


def _digest(recipe: Recipe) -> str:
    """A digest of task, model and training: on names and grids a cell's numbers do not depend."""
    content = recipe.model_dump(mode="json", include={"model"})
    content |= {"task": recipe.task.deciding(), "training": recipe.training.deciding()}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Cell:
    """One training. The key names all that its numbers depend on: recipe, code, λ and seed."""

    recipe: Recipe
    study: str
    variant: str
    weight_decay: float
    seed: int
    key: str


def seeds_per_block(study: Study) -> int:
    """Seeds in a block: the study's own number or the default of its model."""
    return study.seeds_per_block or study.model.seeds_per_block


def seeds_for_nodes(study: Study, nodes: int | None) -> int:
    """Seeds in a block when `nodes` machines share the study: its own number, halved or doubled until there are at
    least `nodes` blocks and not many more. Steps that coarse leave most grown grids in the layout that they had.

    Without `nodes` a study has the blocks that it asks for, else default ones, doubled until they are MOST_BLOCKS.
    """
    size = seeds_per_block(study)
    if nodes is None and study.seeds_per_block:
        return size
    grids = [variant.grid for variant in study.resolved()]
    count = max((grid.seeds for grid in grids if isinstance(grid.seeds, int)), default=0)
    listed = {seed for grid in grids if not isinstance(grid.seeds, int) for seed in grid.seeds}

    def blocks(size: int) -> int:
        whole = ceil(count / size)
        return whole + len({seed // size for seed in listed if seed // size >= whole})

    if nodes is None:
        while blocks(size) > MOST_BLOCKS:
            size *= 2
        return size
    while size > 1 and blocks(size) < nodes:
        size = (size + 1) // 2
    while blocks(2 * size) >= nodes and blocks(2 * size) < blocks(size):
        size *= 2
    return size


def block_indices(study: Study, size: int | None = None) -> list[int]:
    """The blocks that have seeds; block k holds the seeds [k·B, (k+1)·B). B is `size` or the study's own."""
    size = size or seeds_per_block(study)
    found: set[int] = set()
    for variant in study.resolved():
        seeds = variant.grid.seeds
        found.update(range(ceil(seeds / size)) if isinstance(seeds, int) else (seed // size for seed in seeds))
    return sorted(found)


def block_seeds(index: int, size: int) -> range:
    """The seeds that block `index` of `size` seeds may hold."""
    return range(index * size, (index + 1) * size)


def block_json(study: str, variants: Sequence[Variant], seeds: range) -> str:
    """A study as the block of these seeds sees it: JSON that changes when cells of the block do, and only then.

    variants: of the study, resolved. Other seeds are left out, and variants that have no others. The base cannot be
    left out of a study: one of its seeds stays then, which is not of the block.
    """
    base, *others = (_within(variant, seeds) for variant in variants)
    if not base.grid.seed_list(seeds):
        base = base.model_copy(update={"grid": base.grid.model_copy(update={"seeds": base.grid.seed_list()[:1]})})
    return study_json(study, [base, *(variant for variant in others if variant.grid.seed_list(seeds))])


def _within(variant: Variant, seeds: range) -> Variant:
    """The variant with no seed behind the block; of listed ones only those of the block."""
    asked = variant.grid.seeds
    inside = min(asked, seeds.stop) if isinstance(asked, int) else variant.grid.seed_list(seeds) or asked
    return variant.model_copy(update={"grid": variant.grid.model_copy(update={"seeds": inside})})
