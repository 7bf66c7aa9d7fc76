"""ReLU and quantisation on bits: what stands between a sum and a layer's output."""

from collections.abc import Sequence

from hexcoder.fixed_point import FixedPoint
from hexcoder.gen.gates.bits import FALSE, Gates


def extended(bits: Sequence[int], width: int, signed: bool) -> list[int]:
    """The same number with as many bits as wanted; fewer cut it."""
    filling = bits[-1] if signed and bits else FALSE
    return [*bits[:width], *[filling] * (width - len(bits))]


def masked(gates: Gates, bits: Sequence[int], keep: int, name: str) -> list[int]:
    """Every bit where ``keep`` holds, else zero."""
    return [gates.and_(bit, keep, f"{name}_at_{place}") for place, bit in enumerate(bits)]


def quantised(
    gates: Gates,
    bits: Sequence[int],
    bounds: tuple[int, int],
    drop: int,
    target: FixedPoint,
    saturate: bool,
    name: str,
) -> list[int]:
    """floor(value / 2**drop) in the target's bits; detectors only for sides within reach.

    Parameters
    ----------
    gates : Gates
        Gets what it takes.
    bits : sequence of int
        Literals of the value, low bit first; two's complement if it may be negative.
    bounds : (int, int)
        Least and greatest value.
    drop : int
        Fraction bits to drop; negative to append zeros.
    target : FixedPoint
    saturate : bool
        Clip to the target's range; else wrap.
    name : str
        Of the result: its nets are called after it.
    """
    low, high = bounds
    signed = low < 0
    if drop < 0:
        bits = [*[FALSE] * -drop, *bits]
    elif drop < len(bits):
        bits = bits[drop:]
    else:
        bits = bits[-1:] if signed else []
    low, high = (low >> drop, high >> drop) if drop >= 0 else (low << -drop, high << -drop)
    if not saturate:
        return extended(bits, target.width, signed)
    kept = target.width - 1 if target.signed else target.width
    above = bits[kept : len(bits) - 1] if signed else bits[kept:]
    sign = bits[-1] if signed else FALSE
    result = extended(bits, target.width, signed)
    if high > target.maximum:
        overflow = any_of(gates, above, f"{name}_high")
        overflow = gates.and_(overflow, sign ^ 1, f"{name}_above")
        result = clipped(gates, result, overflow, target.maximum, f"{name}_clipped")
    if low < target.minimum:
        underflow = sign
        if target.signed:
            inside = any_of(gates, [bit ^ 1 for bit in above], f"{name}_low")
            underflow = gates.and_(sign, inside, f"{name}_below")
        result = clipped(gates, result, underflow, target.minimum, f"{name}_bounded")
    return result


def relu_quantised(
    gates: Gates,
    bits: Sequence[int],
    bounds: tuple[int, int],
    drop: int,
    target: FixedPoint,
    saturate: bool,
    name: str,
) -> list[int]:
    """As :func:`quantised`, of max(value, 0): with the saturation one gate a bit."""
    low, high = bounds
    if low >= 0:
        return quantised(gates, bits, bounds, drop, target, saturate, name)
    *magnitude, sign = bits
    result = quantised(gates, magnitude, (0, max(high, 0)), drop, target, saturate, name)
    return masked(gates, result, sign ^ 1, name)


def clipped(gates: Gates, bits: Sequence[int], clip: int, value: int, name: str) -> list[int]:
    """The bits of a constant where ``clip`` holds, else these."""
    return [
        gates.or_(bit, clip, f"{name}_at_{place}")
        if value >> place & 1
        else gates.and_(bit, clip ^ 1, f"{name}_at_{place}")
        for place, bit in enumerate(bits)
    ]


def any_of(gates: Gates, bits: Sequence[int], name: str) -> int:
    """Literal of the or of bits."""
    found = FALSE
    for place, bit in enumerate(bits):
        found = gates.or_(found, bit, f"{name}_at_{place}")
    return found
