"""ReLU and quantisation: drop fraction bits, then saturate or wrap."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false
# pyright: reportOptionalMemberAccess=false

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.fixed_point import FixedPoint
from hw.shape import shape_of, shape_of_range


def relu(value: Value) -> Value:
    """Expression for max(value, 0), without the sign bit."""
    if not value.shape().signed:
        return value
    return Mux(value[-1], Const(0, len(value) - 1), value[:-1])


def _dropped(value: Value, drop: int) -> Value:
    """floor(value / 2**drop); for a negative drop, value << -drop."""
    is_signed = value.shape().signed
    if drop <= 0:
        shifted = Cat(Const(0, -drop), value)
    elif drop < len(value):
        shifted = value[drop:]
    else:
        shifted = value[-1:] if is_signed else Const(0, 1)
    return shifted.as_signed() if is_signed else shifted


def _saturated(value: Value, low: int, high: int, target: FixedPoint) -> Value:
    """Clip to the target; detectors are built only for the sides that ``low``, ``high`` reach."""
    result: Value = value
    kept = target.width - 1 if target.signed else target.width
    top = len(value) - 1 if value.shape().signed else len(value)
    above = value[min(kept, top) : top]
    if high > target.maximum:
        is_high = above.any()
        if value.shape().signed:
            is_high = is_high & ~value[-1]
        result = Mux(is_high, Const(target.maximum, target.width), result[: target.width])
    if low < target.minimum:
        is_low = value[-1] & ~above.all() if target.signed else value[-1]
        result = Mux(
            is_low,
            Const(target.minimum % (1 << target.width), target.width),
            result[: target.width],
        )
    return result


def quantised(
    value: Value, low: int, high: int, drop: int, target: FixedPoint, saturate: bool
) -> Value:
    """Expression for floor(value / 2**drop) brought into ``target``.

    Parameters
    ----------
    value : Value
        Of a shape that holds ``low`` to ``high``, the range that it takes.
    drop : int
        Fraction bits to drop; negative to append zeros.
    target : FixedPoint
    saturate : bool
        Clip to the target's range; else wrap.

    Returns
    -------
    Value
        Of the target's signedness; its lowest bits, up to the target's width, are the result.
    """
    low, high = (low >> drop, high >> drop) if drop >= 0 else (low << -drop, high << -drop)
    result = _dropped(value, drop)
    if saturate:
        result = _saturated(result, low, high, target)
    if len(result) > target.width:
        result = result[: target.width]
    elif len(result) < target.width and not result.shape().signed:
        return result
    return result.as_signed() if target.signed or result.shape().signed else result


class Quantise(wiring.Component):
    """Bring an integer into a fixed-point type.

    Parameters
    ----------
    low, high : int
        Range of ``i``; logic for what lies outside is not built.
    drop : int
        Fraction bits to drop (floor); negative to append zeros.
    target : FixedPoint
        Type of ``o``.
    saturate : bool
        Clip to the target's range; else wrap, keeping the low bits.
    """

    def __init__(self, low: int, high: int, drop: int, target: FixedPoint, saturate: bool):
        self.low, self.high, self.drop = low, high, drop
        self.target, self.saturate = target, saturate
        super().__init__({"i": In(shape_of_range(low, high)), "o": Out(shape_of(target))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.o.eq(
            quantised(self.i, self.low, self.high, self.drop, self.target, self.saturate)
        )
        return m
