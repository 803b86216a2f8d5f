"""Block layouts: how the files of blocks are called, and how cells of one layout are found again in another.

A file NNNN.parquet holds block NNNN of the study's own number of seeds a block. When `nodes` asks for other blocks
of B seeds, they are called NNNNxB.parquet and lie beside: a block of B seeds then reads the few files of other
layouts that its seeds can be in, and none of them is written to. Each has a second name, see train.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from decaybench.cells.grid import block_indices, block_seeds, seeds_per_block
from decaybench.config import Study

BLOCK = re.compile(r"\d{4,}(?:x\d+)?\.parquet")
KEPT = re.compile(r"\.(\d{4,})(?:x(\d+))?\.kept")
EITHER = re.compile(r"\.?(\d{4,})(?:x(\d+))?\.(?:kept|parquet)")  # a copied folder may have lost the hidden names


def block_name(index: int, size: int, own: int) -> str:
    """The name of block `index` of `size` seeds in a study whose own blocks hold `own`."""
    return f"{index:04d}" if size == own else f"{index:04d}x{size}"


def block_names(study: Study, size: int | None = None, own: int | None = None) -> dict[str, range]:
    """The seeds that the blocks of a study may hold, by the name of each block's file, without its ending.

    size: seeds in a block; own: in one of the study's own layout. Both are the study's own where they are left out.
    """
    own = own or seeds_per_block(study)
    size = size or own
    return {block_name(index, size, own): block_seeds(index, size) for index in block_indices(study, size)}


def kept_name(output: str) -> str:
    """The second name of a block's file: "0001x50.parquet" is kept as ".0001x50.kept". Other files have one name."""
    return f".{output.removesuffix('.parquet')}.kept" if BLOCK.fullmatch(output) else output


def other_layouts(output: Path, seeds: Sequence[int], own: int) -> list[Path]:
    """Files beside the block `output` that belong to another layout and may hold some of its seeds.

    own: seeds in a block of the study's own layout. One listing of the folder, no file is opened.
    """
    here = KEPT.fullmatch(kept_name(output.name))
    if here is None or not output.parent.is_dir():
        return []
    found = []
    for path in output.parent.iterdir():
        name = EITHER.fullmatch(path.name)
        if name is None or name[2] == here[2]:
            continue
        index, size = int(name[1]), int(name[2] or own)
        if any(index * size <= seed < (index + 1) * size for seed in seeds):
            found.append((size, index, path))
    return [path for _, _, path in sorted(found)]
