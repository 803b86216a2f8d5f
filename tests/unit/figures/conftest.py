from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_up_results import never, write_results

from decaybench.figures.data import StudyData


@pytest.fixture
def study_data(tmp_path: Path) -> Callable[..., StudyData]:
    """Make a study's results and open them."""

    def make(keys: dict[str, Any], diverged: Callable[[float, int], bool] = never) -> StudyData:
        folder = tmp_path / keys["name"]
        folder.mkdir()
        return StudyData.read(*write_results(folder, keys, diverged))

    return make
