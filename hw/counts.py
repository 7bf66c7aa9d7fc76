"""Counts of bits, in trees."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportAssignmentType=false, reportOperatorIssue=false

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, Value, unsigned


def added(m: Module, terms: Sequence[Value], name: str) -> Value:
    """Sum of values in a balanced tree, exact."""
    level, height = list(terms), 0
    while len(level) > 1:
        pairs = list(zip(level[::2], level[1::2], strict=False))
        rest = level[len(pairs) * 2 :]
        level = []
        for place, (left, right) in enumerate(pairs):
            width = max(len(left), len(right)) + 1
            total = Signal(unsigned(width), name=f"{name}_{height}_{place}")
            m.d.comb += total.eq(left + right)
            level.append(total)
        level += rest
        height += 1
    return level[0]


def counts_before(m: Module, flags: Value, name: str) -> list[Value]:
    """How many of the lower bits of ``flags`` are high, for each bit.

    Sums of prefixes by Sklansky, IRE Trans. EC-9 (1960) 226: log2 levels of additions.
    """
    count = len(flags)
    width = count.bit_length()
    upto: list[Value] = [flags[k] for k in range(count)]
    step = 1
    while step < count:
        for place in range(count):
            if place & step:
                before = (place & ~(2 * step - 1)) + step - 1
                size = min(width, (place + 1).bit_length())
                total = Signal(unsigned(size), name=f"{name}_{step}_{place}")
                m.d.comb += total.eq(upto[before] + upto[place])
                upto[place] = total
        step *= 2
    return [flags[0] & 0, *upto[:-1]]
