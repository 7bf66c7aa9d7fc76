"""JSON, TOML and YAML as users give them: read within limits, or refused in one line.

What comes in a file is data. It may be of any size, nested to any depth, or made to hurt: each
reader takes only what its format's plain values are, and says what it does not take.
"""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from hexcoder.errors import InputError

MOST_BYTES = 1 << 30
"""Larger files are not read."""
MOST_YAML_BYTES = 1 << 20
MOST_YAML_VALUES = 200_000
"""Values of a YAML file, each alias counted as often as it is used."""
DEEPEST = 100
"""Levels of nesting."""

Value = TypeVar("Value")
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null")
)
_TOO_DEEP = f"it is nested more than {DEEPEST} levels deep"


def read_text(path: Path, what: str, hint: str = "", most_bytes: int = MOST_BYTES) -> str:
    """Read a text file in UTF-8, with or without a byte order mark.

    Parameters
    ----------
    path : Path
    what : str
        What the file should be, for messages: 'a config is a TOML file'.
    hint : str
        What to do where there is no such file; by default ``what``.
    most_bytes : int

    Raises
    ------
    InputError
        If it cannot be read, is too large or is not UTF-8.
    """
    try:
        with open(path, "rb") as stream:
            content = stream.read(most_bytes + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {hint or what}") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; {what}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {what}") from None
    if len(content) > most_bytes:
        raise InputError(f"{path}: larger than {most_bytes >> 20} MiB; {what}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}: line {line}: byte 0x{content[error.start]:02x} is not UTF-8; {what}"
        ) from None


def read_json(path: Path, hint: str = "run the stage that writes it first") -> Any:
    """Read a JSON file.

    Raises
    ------
    InputError
        If it cannot be read, is no JSON, names a key twice, or is nested too deeply.
    """
    return parse_json(read_text(path, "it must be JSON", hint), str(path))


def parse_json(text: str, source: str) -> Any:
    """Read JSON from a text; ``source`` is named in messages, see :func:`read_json`."""

    def parsed() -> Any:
        return json.loads(text, object_pairs_hook=_unique)

    value = _within_python(parsed, source, "JSON")
    if _depth(value) > DEEPEST:
        raise InputError(f"{source}: not read as JSON: {_TOO_DEEP}")
    return value


def read_toml(path: Path, what: str, hint: str = "") -> dict[str, Any]:
    """Read a TOML file; ``what`` and ``hint`` as for :func:`read_text`.

    Raises
    ------
    InputError
        If it cannot be read, is no TOML, or is nested too deeply.
    """
    text = read_text(path, what, hint)
    values = _within_python(lambda: tomllib.loads(text), str(path), "TOML")
    if _depth(values) > DEEPEST:
        raise InputError(f"{path}: not read as TOML: {_TOO_DEEP}")
    return values


def read_yaml(path: Path, what: str) -> Any:
    """Read a YAML file of plain values: maps, lists, texts, numbers, booleans.

    Raises
    ------
    InputError
        If it cannot be read, is no YAML, names a key twice, has other tags, is nested too deeply,
        or its aliases make it too large.
    """
    text = read_text(path, what, most_bytes=MOST_YAML_BYTES)
    try:
        return _within_python(lambda: _load_yaml(text), str(path), "YAML")
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise InputError(f"{path}: not valid YAML: {line}{error.problem}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from None


def _load_yaml(text: str) -> Any:
    loader = _PlainLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check_node(node, {}, 0)
        return loader.construct_document(node)
    finally:
        loader.dispose()


class _PlainLoader(yaml.SafeLoader):
    """Reads dates as texts: no key of ours holds one."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in _PLAIN_TAGS or "merge" in tag]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _check_node(node: yaml.Node, sizes: dict[int, int], depth: int) -> int:
    """Number of values that a node stands for, its aliases written out; raises ValueError."""
    if depth > DEEPEST:
        raise ValueError(_TOO_DEEP)
    if id(node) in sizes:
        if not sizes[id(node)]:
            raise ValueError(f"line {node.start_mark.line + 1}: an alias stands inside of itself")
        return sizes[id(node)]
    sizes[id(node)] = 0
    line = node.start_mark.line + 1
    size = 1
    if node.tag not in _PLAIN_TAGS and not node.tag.endswith(":merge"):
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        raise ValueError(f"line {line}: tag {tag} is not read; maps, lists, texts and numbers are")
    if isinstance(node, yaml.SequenceNode):
        size += sum(_check_node(inner, sizes, depth + 1) for inner in node.value)
    elif isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, inner in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise ValueError(f"line {key.start_mark.line + 1}: a key must be a text or number")
            if key.value in keys:
                raise ValueError(f"line {key.start_mark.line + 1}: key '{key.value}' twice")
            keys.add(key.value)
            size += _check_node(key, sizes, depth + 1) + _check_node(inner, sizes, depth + 1)
    if size > MOST_YAML_VALUES:
        raise ValueError(f"line {line}: its aliases stand for more than {MOST_YAML_VALUES} values")
    sizes[id(node)] = size
    return size


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"key '{key}' is given twice in one object")
            seen.add(key)
    return values


_DIGITS = re.compile(r"Exceeds the limit .*")


def _within_python(parse: Callable[[], Value], source: str, form: str) -> Value:
    """Parse, and turn what Python makes of a text that is none of that form into a line."""
    try:
        return parse()
    except yaml.YAMLError:
        raise
    except RecursionError:
        reason = _TOO_DEEP
    except (ValueError, OverflowError) as error:
        reason = _DIGITS.sub("an integer of thousands of digits", str(error) or "a value of no use")
    except (KeyError, IndexError, AttributeError, TypeError) as error:
        # PyYAML's constructors let through what Python says of a value that its tag does not fit.
        reason = f"a value that its tag does not fit ({error})"
    raise InputError(f"{source}: not valid {form}: {reason}") from None


def _depth(value: Any) -> int:
    """Levels of nesting, counted without recursion."""
    depth, level = 0, [value]
    while depth <= DEEPEST:
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, dict | list)
        ]
        if not level:
            break
        depth += 1
    return depth
