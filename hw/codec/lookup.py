"""Kinds of values as one-hot signals, and tables over them."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false

from collections.abc import Mapping, Sequence

from amaranth.hdl import Cat, Const, Module, Signal, Value

from hexcoder.hw.codec.shape import CodeShape


def any_of(terms: Sequence[Value]) -> Value:
    """Or of single bits, 0 of none, as a tree."""
    if not terms:
        return Const(0, 1)
    level = list(terms)
    while len(level) > 1:
        pairs = [a | b for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def one_hot_kinds(m: Module, shape: CodeShape, value: Value, name: str) -> list[Signal]:
    """Which kind a value is: a signal for each of ``shape.kinds(len(value))``."""
    own = shape.direct.bit_length() - 1
    width = len(value)
    is_long = [value[bit] for bit in range(own, width)]
    above = any_of(is_long)
    hot = []
    for direct in range(min(shape.direct, 1 << width)):
        signal = Signal(name=f"{name}_is_{direct}")
        small = value[:own] == direct
        m.d.comb += signal.eq(small & ~above if is_long else small)
        hot.append(signal)
    for length in range(own + 1, width + 1):
        signal = Signal(name=f"{name}_has_{length}_bits")
        higher = any_of([value[bit] for bit in range(length, width)])
        m.d.comb += signal.eq(value[length - 1] & ~higher)
        hot.append(signal)
    return hot


def one_hot_symbols(
    m: Module, shape: CodeShape, cells: Sequence[Sequence[Signal]], bits: Sequence[int], name: str
) -> dict[int, Value]:
    """Which symbol a group of cells is, of those that their kinds can make."""
    found: dict[int, Value] = {0: Const(1, 1)}
    for place, (hot, width) in enumerate(zip(cells, bits, strict=True)):
        classes: dict[int, list[Value]] = {}
        for kind, signal in zip(shape.kinds(width), hot, strict=True):
            classes.setdefault(kind.symbol_class, []).append(signal)
        joined = {}
        for before, its in found.items():
            for number, signals in classes.items():
                symbol = before * shape.classes + number
                if not place:
                    joined[symbol] = any_of(signals)
                    continue
                both = Signal(name=f"{name}_symbol_{symbol}")
                m.d.comb += both.eq(its & any_of(signals))
                joined[symbol] = both
        found = joined
    return found


def chosen_constant(hot: Mapping[int, Value], constants: Mapping[int, int], width: int) -> Value:
    """The constant of the key whose signal is high; keys without a signal do not occur."""
    bits = [
        any_of([signal for key, signal in hot.items() if constants[key] >> bit & 1])
        for bit in range(width)
    ]
    return Cat(*bits)
