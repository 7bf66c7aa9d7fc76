"""Quantisers of foreign models as nodes of ours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import WIDEST_TYPE_BITS, FixedPoint
from hexcoder.models.importers.real import (
    Levels,
    NotMonotoneError,
    Real,
    table_of,
    thresholds_of,
)
from hexcoder.network.builder import GraphBuilder

MOST_LEVELS = 4096
FEW_LEVELS, TABLE_BITS = 256, 12
"""Above so many levels a function of an integer of at most so many bits is a table."""


@dataclass(frozen=True)
class Quantiser:
    """Real values to integers ``low`` to ``high``, and what these stand for.

    An integer k is the one nearest to ``value / scale + zero_point``, in float32, and stands for
    ``(k - zero_point) * scale``.

    Parameters
    ----------
    scale : float64 array
        Goes with the tensor element by element.
    zero_point : int
    low, high : int
    rounding : str
        As of kind ``requantise``.
    is_ours : bool
        Not the model's: no float32 of another tool stands behind it.
    """

    scale: np.ndarray
    zero_point: int
    low: int
    high: int
    rounding: str = "half_even"
    is_ours: bool = False

    def levels(self, values: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Integers of real values, as the tool of the model finds them in float32."""
        with np.errstate(over="ignore", invalid="ignore"):
            whole = ROUNDINGS[self.rounding](
                values / scale.astype(np.float32) + np.float32(self.zero_point)
            )
            whole = np.nan_to_num(whole, nan=0.0, posinf=2.0**62, neginf=-(2.0**62))
        return np.clip(whole, self.low, self.high)


ROUNDINGS = {
    "half_even": np.rint,
    "floor": np.floor,
    "ceil": np.ceil,
    "towards_zero": np.trunc,
    "away_from_zero": lambda x: np.copysign(np.ceil(np.abs(x)), x),
    "half_away_from_zero": lambda x: np.copysign(np.floor(np.abs(x) + np.float32(0.5)), x),
    "half_towards_zero": lambda x: np.copysign(np.ceil(np.abs(x) - np.float32(0.5)), x),
}


def power_of_two(value: float) -> int | None:
    """The exponent of a power of two, None for any other number."""
    mantissa, exponent = math.frexp(value)
    return exponent - 1 if mantissa == 0.5 else None


def split_scale(scale: np.ndarray) -> tuple[int, np.ndarray]:
    """Fraction bits and unit: what a scale is a power of two of, and what is left of it."""
    if scale.size == 1:
        exponent = power_of_two(float(scale.ravel()[0]))
        if exponent is not None:
            return -exponent, np.ones_like(scale)
    return 0, scale


def bounds_of(bits: float, signed: bool, narrow: bool) -> tuple[int, int]:
    """Least and greatest integer of a quantiser with so many bits."""
    if not 1 <= bits <= WIDEST_TYPE_BITS or bits != int(bits):
        raise ValueError(f"{bits} bits; a whole number from 1 to {WIDEST_TYPE_BITS} is supported")
    width = int(bits)
    if signed:
        return -(1 << width - 1) + narrow, (1 << width - 1) - 1
    return 0, (1 << width) - 1 - narrow


def quantised(
    builder: GraphBuilder, name: str, real: Real, quantiser: Quantiser, where: str
) -> Real:
    """The tensor behind a quantiser, exact: as a change of type, as thresholds, or as a table.

    Raises
    ------
    InputError
        Where the function in front of it cannot be written out.
    """
    plain = _requantised(builder, name, real, quantiser)
    return plain or _counted(builder, name, real, quantiser, where)


def _requantised(builder: GraphBuilder, name: str, real: Real, quantiser: Quantiser) -> Real | None:
    """A change of type, where scales differ by a power of two and nothing but relu lies between."""
    unit, is_relu = real.one_unit, [step.name for step in real.steps] == ["Relu"]
    if unit is None or quantiser.scale.size != 1 or quantiser.zero_point:
        return None
    if not (real.is_exact or is_relu):
        return None
    exponent = power_of_two(float(quantiser.scale.ravel()[0]) / unit)
    if exponent is None:
        return None
    low, high = quantiser.low, quantiser.high
    type_ = FixedPoint.holding(low, high, -exponent)
    symmetric = type_.signed and low == -high == -type_.maximum
    minimum, maximum = 0 if is_relu else None, None
    if not symmetric and (low, high) != (type_.minimum, type_.maximum):
        drop = real.tensor.type.fraction_bits + exponent
        least = max(low, 0) if is_relu else low
        if drop < 0 or least > high:
            return None
        minimum, maximum = least << drop, high << drop
    # Beyond 24 bits float32 rounds the sum itself.
    if (real.tensor.type.width > 25 and not quantiser.is_ours) or type_.width > WIDEST_TYPE_BITS:
        return None
    node = builder.add(
        "requantise",
        name,
        [real.node],
        type=type_,
        rounding=quantiser.rounding,
        overflow="saturate_symmetric" if symmetric else "saturate",
        minimum=minimum,
        maximum=maximum,
    )
    return Real(node, builder.tensors[node], real.unit)


def _counted(
    builder: GraphBuilder, name: str, real: Real, quantiser: Quantiser, where: str
) -> Real:
    """Thresholds; a table where the function turns round."""
    fraction_bits, unit = split_scale(quantiser.scale)
    levels = Levels(quantiser.levels, (quantiser.scale,), quantiser.low, quantiser.high)
    if quantiser.high - quantiser.low > FEW_LEVELS and real.tensor.type.width <= TABLE_BITS:
        # A table of as many entries is less than as many comparisons.
        node = _table(builder, name, real, levels, quantiser.zero_point, fraction_bits)
        return Real(node, builder.tensors[node], np.asarray(unit, dtype=np.float64))
    if quantiser.high - quantiser.low > MOST_LEVELS:
        raise InputError(
            f"{where}: {quantiser.high - quantiser.low + 1} levels behind a scale that is no power "
            f"of two; at most {MOST_LEVELS} are supported: use fewer bits, or such a scale"
        )
    try:
        node = _threshold(builder, name, real, levels, quantiser.zero_point, 1, fraction_bits)
    except NotMonotoneError as error:
        if real.tensor.type.width > 16:
            raise InputError(f"{where}: {error}") from None
        node = _table(builder, name, real, levels, quantiser.zero_point, fraction_bits)
    return Real(node, builder.tensors[node], np.asarray(unit, dtype=np.float64))


def bipolar(builder: GraphBuilder, name: str, real: Real, scale: np.ndarray) -> Real:
    """One where the value is not negative, else minus one, times a scale."""
    fraction_bits, unit = split_scale(scale)
    levels = Levels(lambda values: values >= 0, (), 0, 1)
    thresholds = _rows(real, levels)
    node = _placed(builder, name, real, thresholds, -1, 2, fraction_bits)
    return Real(node, builder.tensors[node], np.asarray(unit, dtype=np.float64))


def _threshold(
    builder: GraphBuilder,
    name: str,
    real: Real,
    levels: Levels,
    zero_point: int,
    step: int,
    fraction_bits: int,
) -> str:
    start = levels.low - zero_point
    return _placed(builder, name, real, _rows(real, levels), start, step, fraction_bits)


Rows = tuple[list[list[int]], list[bool], tuple[int, ...]]


def _rows(real: Real, levels: Levels) -> Rows:
    """Thresholds within reach."""
    rows, falling, axes = thresholds_of(real, levels)
    type_ = real.tensor.type
    kept = [
        [t for t in row if (t > type_.minimum if falls else t <= type_.maximum)]
        for row, falls in zip(rows, falling, strict=True)
    ]
    return kept, falling, axes


def _placed(
    builder: GraphBuilder,
    name: str,
    real: Real,
    rows: Rows,
    start: int,
    step: int,
    fraction_bits: int,
) -> str:
    """A node with a row for all, for each channel, or for each element."""
    thresholds, falling, axes = rows
    keys = {"start": start, "step": step, "fraction_bits": fraction_bits}
    falls: bool | list[bool] = falling if len(set(falling)) > 1 else falling[0]
    last = len(real.shape) - 1
    if axes in ((), (last,)):
        return builder.add(
            "threshold", name, [real.node], thresholds=thresholds, falling=falls, **keys
        )
    if len(axes) == 1:
        # Channels last, and back again: nothing but wires.
        numbers = np.moveaxis(builder.numbers(real.node), axes[0], -1)
        turned = builder.move(f"{name}_channels_last", [real.node], numbers)
        node = builder.add(
            "threshold", name, [turned], thresholds=thresholds, falling=falls, **keys
        )
        back = np.moveaxis(builder.numbers(node), -1, axes[0])
        return builder.move(f"{name}_back", [node], back)
    each = spread_places(real.shape, axes).ravel().tolist()
    return builder.add(
        "threshold",
        name,
        [real.node],
        thresholds=[thresholds[place] for place in each],
        falling=[falling[place] for place in each],
        **keys,
    )


def spread_places(shape: Sequence[int], axes: Sequence[int]) -> np.ndarray:
    """Number of each element's place along some axes, the last one fastest."""
    sizes = [shape[axis] if axis in axes else 1 for axis in range(len(shape))]
    return np.broadcast_to(np.arange(math.prod(sizes)).reshape(sizes), tuple(shape))


def _table(
    builder: GraphBuilder,
    name: str,
    real: Real,
    levels: Levels,
    zero_point: int,
    fraction_bits: int,
) -> str:
    tables, places, _ = table_of(real, levels)
    tables = tables - zero_point
    used, choice = np.unique(tables, axis=0, return_inverse=True)
    type_ = FixedPoint.holding(int(used.min()), int(used.max()), fraction_bits)
    return builder.add(
        "table",
        name,
        [real.node],
        tables=used,
        choice=choice.ravel()[places] if len(used) > 1 else None,
        type=type_,
    )


def placed_thresholds(
    builder: GraphBuilder,
    name: str,
    real: Real,
    thresholds: np.ndarray,
    axis: int,
    start: int,
    step: int,
    fraction_bits: int,
) -> str:
    """Real thresholds (channels, n) along an axis, as integers of the tensor."""
    count = thresholds.shape[1]
    shape = [1] * len(real.shape)
    shape[axis] = thresholds.shape[0]
    columns = tuple(thresholds[:, k].reshape(shape) for k in range(count))

    def levels(values: np.ndarray, *columns: np.ndarray) -> np.ndarray:
        reached = [values >= column.astype(np.float32) for column in columns]
        return np.array(reached, np.int64).reshape(len(columns), *values.shape).sum(axis=0)

    rows = _rows(real, Levels(levels, columns, 0, count))
    return _placed(builder, name, real, rows, start, step, fraction_bits)
