"""Reading the files of a config: what YAML would drop or take for something else in silence is refused with its line.

Both ways in read here, the command line and the workflow. Snakemake loads a file itself before it asks us; its
loader keeps the last of two equal keys and takes `no` for false, so the workflow reads the same files again.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml

from decaybench.config import MODELS, TASKS, Config, ConfigError, Grid, Report, Strict, Study, Training
from decaybench.config.parsing import parse_config

MOST_LEVELS = 40  # of lists and mappings in each other
MOST_REPEATS = 100_000  # of values that aliases repeat
INT, FLOAT, BOOL, NULL, DATE = (f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "timestamp"))
MERGE = "tag:yaml.org,2002:merge"


def read_config(config: str) -> Config:
    """A config as the command line gives it: the path of a file, or JSON."""
    if config.startswith("{"):
        return parse_config(read_text(config, "JSON"))
    try:
        return parse_config(read_file(Path(config)))
    except FileNotFoundError:
        raise ConfigError(f"{config}: there is no such config") from None


def read_file(path: Path) -> Any:
    """What a YAML or JSON file says, as plain values.

    Raises ConfigError with one line a problem: a key that stands twice, a word or number that YAML reads as
    something else, aliases or levels without end, another encoding than UTF-8; OSError where nothing can be read.
    """
    return read_text(_text(path), str(path))


def read_text(text: str, where: str) -> Any:
    """The same for a text; where: what it is called in messages."""
    try:
        return _read(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ConfigError(f"{where}: {TOO_DEEP}") from None
    except ConfigError as error:
        raise ConfigError("\n".join(f"{where}: {line}" for line in str(error).splitlines())) from None


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        raise ConfigError(f"{path}: looks like UTF-16; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = content.count(b"\n", 0, error.start) + 1, content[error.start]
        raise ConfigError(
            f"{path}: line {line}: byte 0x{byte:02x} is not UTF-8 (Latin-1?); save it as UTF-8"
        ) from None


def _read(text: str) -> Any:
    twice: list[str] = []
    try:  # Snakemake, too, tries JSON first
        value, is_json = json.loads(text, object_pairs_hook=lambda pairs: _mapping(pairs, twice)), True
    except ValueError:
        value, is_json = None, False
    try:
        # In JSON tabs stand between values only, where YAML forbids them.
        loader = _Loader(text.replace("\t", " ") if is_json else text)
        node = loader.get_single_node()
    except yaml.YAMLError:
        if not is_json:
            raise
        if twice:
            raise ConfigError(f"{twice[0]}: stands twice") from None
        return value  # the rare JSON that is no YAML
    check = _Check(loader, quoting=not is_json)
    if node is not None:
        check.visit(node, "", "", 0, own=True)
    if check.problems:
        raise ConfigError("\n".join(dict.fromkeys(check.problems)))
    return value if is_json or node is None else loader.construct_document(node)


def _mapping(pairs: list[tuple[str, Any]], twice: list[str]) -> dict[str, Any]:
    twice += [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    return dict(pairs)


TOO_DEEP = f"lists and mappings stand in each other more than {MOST_LEVELS} deep"


class _Loader(yaml.SafeLoader):
    levels = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.levels += 1
        if self.levels > MOST_LEVELS:
            raise ConfigError(f"line {self.peek_event().start_mark.line + 1}: {TOO_DEEP}")
        node = super().compose_node(parent, index)
        self.levels -= 1
        return node


def _texts() -> dict[str, bool]:
    """The keys whose value is a text, and whether it may be null."""
    found = {}
    models: tuple[type[Strict], ...] = (Config, Report, Study, Training, Grid, *TASKS.values(), *MODELS.values())
    for model in models:
        for name, field in model.model_fields.items():
            if _takes_text(field.annotation):
                found[name] = type(None) in get_args(field.annotation)
    return found


def _takes_text(annotation: Any) -> bool:
    if get_origin(annotation) is Literal:
        return any(isinstance(value, str) for value in get_args(annotation))
    inside = () if get_origin(annotation) is dict else get_args(annotation)
    return annotation is str or any(map(_takes_text, inside))


TEXTS = _texts()


class _Check:
    """A walk over the nodes of a file; aliases are followed, since what they mean depends on their place."""

    def __init__(self, loader: _Loader, quoting: bool):
        self.loader = loader
        self.quoting = quoting
        self.problems: list[str] = []
        self.seen: set[int] = set()
        self.within: set[int] = set()
        self.repeats = 0

    def visit(self, node: yaml.Node, path: str, key: str, level: int, own: bool) -> None:
        """Note the problems of a node. key: the last one of its path; own: whether the value is ours, not free."""
        line = _line(node)
        if id(node) in self.within:
            raise ConfigError(f"{path}: line {line}: contains itself by an alias")
        self.repeats += id(node) in self.seen
        if self.repeats > MOST_REPEATS:
            raise ConfigError(f"line {line}: aliases repeat more than {MOST_REPEATS:,} values")
        if level > MOST_LEVELS:
            raise ConfigError(f"{path}: line {line}: {TOO_DEEP}")
        self.seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            if own and self.quoting:
                self._scalar(node, path, key)
            return
        self.within.add(id(node))
        if isinstance(node, yaml.MappingNode):
            self._mapping(node, path, key, level, own)
        else:
            for position, item in enumerate(node.value):
                self.visit(item, f"{path}[{position}]", key, level + 1, own)
        self.within.remove(id(node))

    def _mapping(self, node: yaml.MappingNode, path: str, key: str, level: int, own: bool) -> None:
        first: dict[str, int] = {}
        for name, item in node.value:
            if not isinstance(name, yaml.ScalarNode):
                self.problems.append(f"{path or 'config'}: line {_line(name)}: a key must be a text")
                continue
            place = f"{path}.{name.value}".lstrip(".")
            if name.value in first:
                self.problems.append(
                    f"{place}: line {_line(name)}: stands twice, first in line {first[name.value]}; keep one"
                )
            first.setdefault(name.value, _line(name))
            if name.tag == MERGE:
                for merged in item.value if isinstance(item, yaml.SequenceNode) else [item]:
                    self.visit(merged, path, key, level + 1, own)
                continue
            if own and self.quoting:
                self._key(name, place)
            # At the top only our own keys are read; others are free, or unknown.
            ours = own and (level > 0 or name.value in Config.model_fields)
            self.visit(item, place, name.value.rpartition(".")[2], level + 1, ours)

    def _key(self, node: yaml.ScalarNode, path: str) -> None:
        kept = node.tag in (INT, FLOAT) and str(self._value(node)) == node.value  # as in `10: {…}`
        if node.tag in (INT, FLOAT, BOOL, NULL, DATE) and not kept:
            self._advise_quotes(node, path)

    def _scalar(self, node: yaml.ScalarNode, path: str, key: str) -> None:
        if key in TEXTS:
            missing = node.tag == NULL and (TEXTS[key] or not node.value)
            if node.tag in (INT, FLOAT, BOOL, NULL, DATE) and not missing:
                self._advise_quotes(node, path)
        elif node.tag == DATE:
            self._say(node, path, f"{node.value} is read by YAML as a date, and this takes none")
        elif node.tag in (INT, FLOAT):
            value = self._value(node)
            if ":" in node.value:  # in base 60
                self._say(node, path, f"{node.value} is read by YAML as {value}; write {value} if that is meant")
            elif node.value.lstrip("+-").isdigit() and int(node.value) != value:
                self._say(node, path, f"{node.value} is read by YAML as {value}; write {int(node.value)} or {value}")

    def _advise_quotes(self, node: yaml.ScalarNode, path: str) -> None:
        value = None if node.tag == DATE else self._value(node)
        read = {DATE: "a date", NULL: "null", BOOL: str(value).lower()}.get(node.tag)
        read = read or ("a number" if str(value) == node.value else str(value))
        self._say(node, path, f'{node.value} is read by YAML as {read}; quote it: "{node.value}"')

    def _value(self, node: yaml.ScalarNode) -> Any:
        try:
            return self.loader.construct_object(node)
        except ValueError:
            raise ConfigError(f"line {_line(node)}: {node.value} looks like a number and is none; quote it") from None

    def _say(self, node: yaml.Node, path: str, message: str) -> None:
        self.problems.append(f"{path}: line {_line(node)}: {message}")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
