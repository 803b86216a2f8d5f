"""One small results folder for all tests of the page."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import jinja2
import pytest
from pages import TINY, Element, build, read

from decaybench.config import Config
from decaybench.report.render import page_text


class CompiledTemplates(jinja2.BytecodeCache):
    """Templates compiled once a session: a page takes half a second, most of it compiling."""

    def __init__(self) -> None:
        self.codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        if bucket.key in self.codes:
            bucket.bytecode_from_string(self.codes[bucket.key])

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        self.codes[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        environment = partial(jinja2.Environment, bytecode_cache=CompiledTemplates())
        patch.setattr("decaybench.report.render.Environment", environment)
        yield


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Path]:
    results = tmp_path_factory.mktemp("report") / "results"
    return build(TINY, results), results


@pytest.fixture(scope="session")
def texts(tiny: tuple[Config, Path]) -> dict[str, str]:
    return {language: page_text(tiny[0], language, tiny[1]) for language in ("en", "zh")}


@pytest.fixture(scope="session")
def pages(texts: dict[str, str]) -> dict[str, Element]:
    return {language: read(text) for language, text in texts.items()}


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)
