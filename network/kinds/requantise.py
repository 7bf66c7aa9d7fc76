"""Node kind ``requantise``."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from hexcoder.config import Name
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.aligned import hull
from hexcoder.network.integers import spread
from hexcoder.network.layer import Keys, Layer, Shape, TensorType
from hexcoder.network.rounding import RoundingMode, rounded
from hexcoder.network.weighted import draw_type

OverflowMode = Literal["wrap", "saturate", "saturate_symmetric"]


def _types(value: object) -> object:
    """Notations of types, nested, as types; null for an element that is always 0."""
    if isinstance(value, (list, tuple)):
        return tuple(_types(one) for one in value)
    if value is None or isinstance(value, FixedPoint):
        return value
    if not isinstance(value, str):
        raise ValueError("a type is a text such as 'UQ(1,7)' or 'SQ(1,5)', or null in a list")
    return FixedPoint.parse(value)


def _notations(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_notations(one) for one in value]
    return None if value is None else str(value)


Types = Annotated[
    Any,
    BeforeValidator(_types),
    PlainSerializer(_notations),
    WithJsonSchema({"type": ["string", "array"], "description": "a type, or lists of types"}),
]


class Requantise(Layer):
    """Elements brought to another type: bounded, rounded, and made to fit its range.

    ``type`` is one type, or lists of types over the last axes: one for each channel or element.
    The result has the narrowest type that holds them all.
    """

    is_cheap: ClassVar[bool] = True

    kind: Literal["requantise"]
    name: Name
    type: Types
    rounding: RoundingMode = "floor"
    overflow: OverflowMode = "saturate"
    minimum: int | None = Field(None, description="least integer before rounding: 0 for relu")
    maximum: int | None = Field(None, description="greatest integer before rounding")

    def types(self, shape: Shape) -> np.ndarray:
        """Type of each element, None where it is always 0: object array of ``shape``."""
        return spread_types(self.type, shape)

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """The narrowest type that holds every element's."""
        (source,) = sources
        types = [type_ for type_ in set(self.types(source.shape).ravel()) if type_ is not None]
        low, high = self.minimum, self.maximum
        if low is not None and high is not None and low > high:
            raise ValueError(f"'minimum' {low} is above 'maximum' {high}")
        return TensorType.of(source.shape, hull(types) if types else FixedPoint(False, 1, 0))

    def needed_bits(self, sources: Sequence[TensorType]) -> int:
        """With the zeros that a finer type appends, and the half that rounding adds."""
        (source,) = sources
        types = [type_ for type_ in self.types(source.shape).ravel() if type_ is not None]
        finest = max([type_.fraction_bits for type_ in types], default=0)
        return source.type.width + max(0, finest - source.type.fraction_bits) + 1

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """Exact."""
        (source,) = sources
        finest = self.output(sources).type.fraction_bits
        bounded = values[0]
        if self.minimum is not None:
            bounded = np.maximum(bounded, self.minimum)
        if self.maximum is not None:
            bounded = np.minimum(bounded, self.maximum)
        types = self.types(source.shape)
        result = np.zeros_like(bounded)
        for type_ in dict.fromkeys(types.ravel()):
            if type_ is None:
                continue
            chosen = types == type_
            drop = source.type.fraction_bits - type_.fraction_bits
            part = fitted(rounded(bounded[:, chosen], drop, self.rounding), type_, self.overflow)
            result[:, chosen] = part << finest - type_.fraction_bits
        return result

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """Every rounding and overflow; one type, one a channel or one an element."""
        (source,) = sources

        def some(shape: Shape) -> Any:
            if not shape:
                return None if random.random() < 0.1 else str(draw_type(random, largest=8))
            return [some(shape[1:]) for _ in range(shape[0])]

        shape = source.shape[random.randint(0, len(source.shape)) :]
        keys: Keys = {
            "kind": "requantise",
            "type": some(shape) or "SQ(3,2)",
            "rounding": random.choice(RoundingMode.__args__),
            "overflow": random.choice(OverflowMode.__args__),
        }
        if random.random() < 0.5:
            keys["minimum"] = random.choice([0, source.type.minimum // 2])
        if random.random() < 0.3:
            keys["maximum"] = random.choice([source.type.maximum // 2, source.type.maximum // 3])
        return keys


def fitted(values: np.ndarray, type_: FixedPoint, overflow: str) -> np.ndarray:
    """Integers brought into a type's range."""
    if overflow == "wrap":
        return ((values - type_.minimum) & ((1 << type_.width) - 1)) + type_.minimum
    return np.clip(values, least_of(type_, overflow), type_.maximum)


def least_of(type_: FixedPoint, overflow: str) -> int:
    """Least integer that an overflow leaves of a type."""
    is_symmetric = overflow == "saturate_symmetric" and type_.signed
    return -type_.maximum if is_symmetric else type_.minimum


def spread_types(types: Any, shape: Shape) -> np.ndarray:
    """Nested types over a tensor, the last axes of which they have: object array of ``shape``."""
    return spread(_object_array(types), shape, "type")


def _object_array(value: Any) -> np.ndarray:
    """Nested tuples as an array of objects; ValueError where they are ragged."""
    shape, inner = [], value
    while isinstance(inner, tuple):
        shape.append(len(inner))
        inner = inner[0] if inner else None
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        inner = value
        for place in index:
            if not isinstance(inner, tuple) or place >= len(inner):
                raise ValueError("'type' is ragged: lists beside each other must be equally long")
            inner = inner[place]
        if isinstance(inner, tuple):
            raise ValueError("'type' is ragged: lists beside each other must be equally long")
        array[index] = inner
    return array
