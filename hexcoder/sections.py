"""Parts of files of ours as types: strict about values, and plain about what is wrong with them."""

import difflib
import reprlib
from collections.abc import Mapping
from typing import Any, TypeVar

import pydantic
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, ErrorDetails

from hexcoder.errors import InputError

MOST = (1 << 31) - 1
"""Largest count: beyond it nothing of ours ends, or fits into memory."""
_NOTHING = object()
_SCALARS = ("int", "float", "bool", "str")

Model = TypeVar("Model", bound=BaseModel)


def _make_strict(schema: Any) -> None:
    """Let every number, truth value and text be what it is, and no count be endless.

    Lists may still stand for tuples, as JSON and TOML have them.
    """
    if isinstance(schema, dict):
        if schema.get("type") in _SCALARS:
            schema["strict"] = True
        if schema.get("type") == "int" and ("ge" in schema or "gt" in schema):
            schema.setdefault("le", MOST)
        for inner in schema.values():
            _make_strict(inner)
    elif isinstance(schema, list | tuple):
        for inner in schema:
            _make_strict(inner)


class Section(BaseModel):
    """A part of a file of ours: immutable; unknown keys, texts for numbers and NaN are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler, /
    ) -> CoreSchema:
        schema = handler(source)
        _make_strict(schema)
        return schema


def validated(kind: type[Model], values: Any, source: str) -> Model:
    """Make a model of a file's values.

    Parameters
    ----------
    kind : type of a pydantic model
    values : dict
    source : str
        What messages begin with: the file.

    Raises
    ------
    InputError
        One line: source, key, value, and what would be valid.
    """
    try:
        return kind.model_validate(values)
    except pydantic.ValidationError as error:
        raise InputError(f"{source}: {problem(error, values)}") from None


def problem(error: pydantic.ValidationError, values: Any = None) -> str:
    """The first thing that is wrong with values, in a line: key, value, what would be valid.

    Without ``values`` keys are those of pydantic's model.
    """
    details = error.errors(include_url=False)
    first = details[0]
    path, value = _place(first, values)
    key = ".".join(map(str, path))
    if first["type"] == "missing":
        return f"key '{key}' is missing"
    if first["type"] == "extra_forbidden":
        return f"key '{key}' is not known here{_nearest(str(path[-1]), error.title)}"
    # What stands beside it are the other forms that the same value may have.
    said = dict.fromkeys(
        reason(detail) for detail in details if _place(detail, values)[0][: len(path)] == path
    )
    text = ", or ".join(
        word.removeprefix("it must be ") if k else word for k, word in enumerate(said)
    )
    return f"key '{key}' = {_shown(value)}: {text}" if key else text


def _place(detail: ErrorDetails, values: Any) -> tuple[list[str | int], Any]:
    """Keys and indices that lead to the value, without pydantic's names for the forms tried."""
    if values is None:
        return list(detail["loc"]), detail.get("input")
    path: list[str | int] = []
    for part in detail["loc"]:
        inside = values.get(part, _NOTHING) if isinstance(values, Mapping) else _NOTHING
        if isinstance(part, int) and isinstance(values, list | tuple) and part < len(values):
            inside = values[part]
        if inside is not _NOTHING:
            values = inside
            path.append(part)
        elif detail["type"] == "missing" and part == detail["loc"][-1]:
            path.append(part)
    return path, detail.get("input")


_REASONS = {
    "int_type": "it must be an integer",
    "int_from_float": "it must be an integer",
    "float_type": "it must be a number",
    "finite_number": "it must be a finite number",
    "bool_type": "it must be true or false",
    "string_type": "it must be a text",
    "list_type": "it must be a list",
    "tuple_type": "it must be a list",
    "dict_type": "it must be a table of keys and values",
    "mapping_type": "it must be a table of keys and values",
    "model_type": "it must be a table of keys and values",
    "model_attributes_type": "it must be a table of keys and values",
    "none_required": "it must be null",
    "union_tag_not_found": "key 'kind' is missing",
}


def reason(detail: ErrorDetails) -> str:
    """What would be valid, in the words of the file and not of the library that checks it."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _REASONS:
        return _REASONS[kind]
    if kind == "union_tag_invalid":
        return f"kind '{context['tag']}' is not known; one of {context['expected_tags']}"
    if kind in ("too_short", "too_long"):
        word = "at least" if kind == "too_short" else "at most"
        count = context["min_length" if kind == "too_short" else "max_length"]
        return f"it must have {word} {count} entries, it has {context['actual_length']}"
    if kind == "string_pattern_mismatch":
        return "it must be letters, digits and underscores, and begin with a letter"
    if kind == "string_too_long":
        return f"it must have at most {context['max_length']} characters"
    text = detail["msg"].removeprefix("Value error, ")
    return text.replace("Input should be", "it must be")


def _shown(value: Any) -> str:
    shown = reprlib.Repr()
    shown.maxstring = shown.maxother = 60
    shown.maxlist = shown.maxdict = 4
    text = shown.repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _nearest(word: str, title: str) -> str:
    """'; did you mean ...?', where a key of the sections sounds like a word."""
    known = {key for section in _sections(Section) for key in section.model_fields}
    near = difflib.get_close_matches(word, known, 1, 0.8)
    return f"; did you mean '{near[0]}'?" if near else ""


def _sections(base: type[Section]) -> list[type[Section]]:
    return [base, *(deeper for inner in base.__subclasses__() for deeper in _sections(inner))]
