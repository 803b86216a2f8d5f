from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_up_results import never, write_results

from decaybench.analysis.results import StudyResults


@pytest.fixture
def study_data(tmp_path: Path) -> Callable[..., StudyResults]:
    """Make a study's results and open them."""

    def make(keys: dict[str, Any], diverged: Callable[[float, int], bool] = never) -> StudyResults:
        folder = tmp_path / keys["name"]
        folder.mkdir()
        return StudyResults.read(*write_results(folder, keys, diverged))

    return make
