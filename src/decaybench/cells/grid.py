"""Cells, blocks and their keys: how a study becomes jobs. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from math import ceil

from decaybench.config import Grid, Recipe, Strict, Study, Variant

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


def parse_seeds(text: str) -> list[int]:
    """The inverse of `format_seeds`."""
    seeds: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        seeds.extend(range(int(first), int(last or first) + 1))
    return seeds


class Part(Recipe):
    """What one variant trains in one block."""

    variant: str
    weight_decay: list[float]  # ascending
    seeds: str  # ranges, see format_seeds

    @property
    def digest(self) -> str:
        """A digest of task, model and training: on names and grids a cell's numbers do not depend."""
        content = self.model_dump(mode="json", include={"model"})
        content |= {"task": self.task.deciding(), "training": self.training.deciding()}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


class BlockSpec(Strict):
    """All that decides the numbers of a block; as sorted JSON it is the one parameter of its job."""

    study: str
    parts: list[Part]

    def to_json(self) -> str:
        """The canonical form: equal specs give equal strings."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True)

    def cells(self, code: Callable[[Recipe], str]) -> list[Cell]:
        """Every cell: variants in their order, then λ, then seeds ascending.

        code: the fingerprint of the code that trains a recipe.
        """
        cells = []
        for part in self.parts:
            seeds, digest = parse_seeds(part.seeds), f"{part.digest}:{code(part)}"
            for weight_decay in part.weight_decay:
                key = f"{digest}:{weight_decay_label(weight_decay)}"
                cells += [Cell(part, self.study, part.variant, weight_decay, seed, f"{key}:{seed}") for seed in seeds]
        return cells


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
    return sorted({index for variant in study.resolved() for index, _ in _cut(variant.grid, size)})


def block_specs(study: Study, size: int | None = None) -> dict[int, BlockSpec]:
    """The spec of every block of a study, by block index. A block holds `size` seeds or the study's own number."""
    size = size or seeds_per_block(study)
    members: dict[int, dict[str, str]] = {}
    variants = {variant.name: variant for variant in study.resolved()}
    for name, variant in variants.items():
        for index, seeds in _cut(variant.grid, size):
            members.setdefault(index, {})[name] = seeds
    return {index: _spec(study.name, variants, members[index]) for index in sorted(members)}


def _cut(grid: Grid, size: int) -> Iterator[tuple[int, str]]:
    """The blocks of a grid with their seeds as ranges; N seeds are never listed one by one."""
    if isinstance(grid.seeds, int):
        for first in range(0, grid.seeds, size):
            last = min(first + size, grid.seeds) - 1
            yield first // size, str(first) if first == last else f"{first}-{last}"
    else:
        for index, seeds in groupby(grid.seed_list(), key=lambda seed: seed // size):
            yield index, format_seeds(seeds)


def study_spec(study: Study) -> BlockSpec:
    """The whole study as one spec: what its tables must hold."""
    variants = {variant.name: variant for variant in study.resolved()}
    return _spec(study.name, variants, {name: _whole(v.grid) for name, v in variants.items()})


def _whole(grid: Grid) -> str:
    """All seeds of a grid as ranges."""
    ((_, seeds),) = _cut(grid, 2**32)
    return seeds


def _spec(study: str, variants: dict[str, Variant], seeds: dict[str, str]) -> BlockSpec:
    parts = [
        Part(
            variant=name,
            task=variants[name].task,
            model=variants[name].model,
            training=variants[name].training,
            weight_decay=sorted(variants[name].grid.weight_decay),
            seeds=members,
        )
        for name, members in seeds.items()
    ]
    return BlockSpec(study=study, parts=parts)
