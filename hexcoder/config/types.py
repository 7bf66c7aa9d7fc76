"""What keys of a config hold: names, counts, pairs, padding; and a section of keys."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveInt, WithJsonSchema

from hexcoder.sections import MOST, Section

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=64)]
"""Of networks and layers, which become Verilog's and files': 64 characters at most."""
Count = Annotated[int, Field(ge=0)]


def _normalise_word(value: object) -> object:
    """Let 'round half up' and 'round-half-up' mean 'round_half_up'."""
    return value.strip().replace(" ", "_").replace("-", "_") if isinstance(value, str) else value


Rounding = Annotated[Literal["floor", "round_half_up"], BeforeValidator(_normalise_word)]
Overflow = Annotated[Literal["saturate", "wrap"], BeforeValidator(_normalise_word)]
Activation = Annotated[Literal["relu", "none"], BeforeValidator(_normalise_word)]


def _as_pair(value: object) -> object:
    return [value, value] if isinstance(value, int) and not isinstance(value, bool) else value


_POSITIVE = {"type": "integer", "minimum": 1}
_COUNT = {"type": "integer", "minimum": 0}


def _pair_of(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": 2, "maxItems": 2}


Pair = Annotated[
    tuple[PositiveInt, PositiveInt],
    BeforeValidator(_as_pair),
    WithJsonSchema({"anyOf": [_POSITIVE, _pair_of(_POSITIVE)]}),
]
"""Rows and columns; one number means both."""


def _as_padding(value: object) -> object:
    """Padding as a word, one number, [rows, columns], or [[top, bottom], [left, right]]."""
    if value in ("same", "valid"):
        return value
    both = _as_pair(value)
    if isinstance(both, list | tuple) and len(both) == 2:
        sides = [_as_pair(side) for side in both]
        counts = [
            tuple(side) for side in sides if isinstance(side, list | tuple) and len(side) == 2
        ]
        if len(counts) == 2 and all(
            type(count) is int and 0 <= count <= MOST for side in counts for count in side
        ):
            return tuple(counts)
    raise ValueError(
        "it must be 'same', 'valid', a count, [rows, columns] or [[top, bottom], [left, right]]"
    )


Sides = tuple[tuple[Count, Count], tuple[Count, Count]]
Padding = Annotated[
    Sides | Literal["same", "valid"],
    BeforeValidator(_as_padding),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["same", "valid"]},
                _COUNT,
                _pair_of({"anyOf": [_COUNT, _pair_of(_COUNT)]}),
            ]
        }
    ),
]
"""Zeros round an image: 'same', 'valid', a number, [rows, columns] or all four sides."""

__all__ = [
    "Activation",
    "Count",
    "Name",
    "Overflow",
    "Padding",
    "Pair",
    "Rounding",
    "Section",
    "Sides",
]
