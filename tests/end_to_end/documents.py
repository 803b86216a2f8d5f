"""What the documents show: blocks of code, commands and names of files, in the order of the text."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
RECIPES = "docs/recipes.md"
DOCUMENTS = (
    "README.md", "config/README.md", "workflow/documentation.md", "docs/cluster.md", "docs/scale.md",
    "docs/design.md", "CONTRIBUTING.md", "results/README.md", RECIPES,
)  # fmt: skip
COMMAND = re.compile(r"(make|snakemake|decaybench|\.venv/bin/\S+|source|pip|python)( .*)?")
FILE = re.compile(r"[\w.*<>-]*(/[\w.*<>-]*)+|[\w.-]+\.(md|py|yaml|html|json|csv|parquet|png)")
NAMED_FILE = re.compile(r"(?:# |\{# )(\S+/\S+\.\w+)(?: #\})?")


@dataclass(frozen=True)
class Shown:
    """Something that a reader may copy."""

    document: str
    line: int
    kind: str  # config, command, listing, snippet, file, edit, picture; "" where nobody knows
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def shown_in(document: str) -> Iterator[Shown]:
    """Every block of a document and every command within its sentences."""
    for token in _tokens(document):
        line = (token.map or [0])[0] + 1
        if token.type in ("fence", "code_block"):
            kind = kind_of(token.info, token.content)
            texts = [token.content]
            if kind == "command":
                texts = [text.partition(" # ")[0].strip() for text in token.content.splitlines()]
            yield from (Shown(document, line, kind, text) for text in texts if text)
        for child in token.children or []:
            if child.type == "code_inline" and COMMAND.fullmatch(child.content) and re.search("[ /]", child.content):
                yield Shown(document, line, "command", child.content)


def kind_of(language: str, text: str) -> str:
    """What is done with a block: one of the kinds of `Shown`, "" when it is of none."""
    lines = text.strip().splitlines()
    if language in ("python", "jinja"):
        return "file" if NAMED_FILE.fullmatch(lines[0]) else "snippet" if language == "python" else ""
    if language == "diff":
        return "edit"
    if language == "text":
        return "picture"
    if language in ("", "bash") and all(COMMAND.fullmatch(line) for line in lines):
        return "command"
    if language == "" and all(re.match(r"[\w./-]+/\s", line) for line in lines):
        return "listing"
    content = yaml.safe_load(text) if language in ("", "yaml") else None
    return "config" if isinstance(content, dict) and "studies" in content else ""


def files_named_in(document: str) -> Iterator[str]:
    """Every file or folder that a document names in code or links to, with its placeholders."""
    for token in _tokens(document):
        if token.type == "code_block" and kind_of("", token.content) == "listing":
            yield from (line.split()[0] for line in token.content.splitlines() if line)
        for child in token.children or []:
            if child.type == "code_inline" and FILE.fullmatch(child.content):
                yield child.content
            place = str(child.attrs.get("href") or child.attrs.get("src") or "").partition("#")[0]
            if place and "://" not in place:
                yield place


def _tokens(document: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse((ROOT / document).read_text(encoding="utf-8"))


def make_checkout(folder: Path) -> Path:
    """A copy of the project as a newcomer has it after `make setup`, with the environment that runs this."""
    kept_out = (".git", ".venv", ".snakemake", "logs", "__pycache__", ".pytest_cache", ".ruff_cache", "*.egg-info")
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*kept_out))
    for path in (folder / "results").iterdir():
        if path.name != "README.md":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    environment = folder / ".venv"
    environment.mkdir()
    for path in Path(sys.prefix).iterdir():
        if not path.name.startswith(".ready"):
            (environment / path.name).symlink_to(path)
    for stamp in (".ready", ".ready-dev", ".ready-bench"):
        (environment / stamp).touch()
    return folder
