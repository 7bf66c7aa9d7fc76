"""What keys of a config hold: names, counts, pairs, padding; and a section of keys."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt, WithJsonSchema

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
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


def _pair_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": 2, "maxItems": 2}


Pair = Annotated[
    tuple[PositiveInt, PositiveInt],
    BeforeValidator(_as_pair),
    WithJsonSchema({"anyOf": [_POSITIVE, _pair_of(_POSITIVE)]}),
]
"""Rows and columns; one number means both."""


def _as_padding(value: object) -> object:
    """Padding as one number, as [rows, columns], or as [[top, bottom], [left, right]]."""
    value = _as_pair(value)
    return [_as_pair(side) for side in value] if isinstance(value, (list, tuple)) else value


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


class Section(BaseModel):
    """A part of a file of ours: immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
