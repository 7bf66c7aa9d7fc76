"""The largest of many numbers, without sorting them."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false

from amaranth.hdl import Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.counts import added, counts_before


class Largest(wiring.Component):
    """Flags of the ``kept`` largest numbers, of equal ones those with the lower places.

    A radix selection from the highest bit down: of the numbers that are still open, those with
    the bit are counted. If they are at least as many as still wanted, the others are out; if not,
    they are in, and the rest is wanted of the others. What is open at the end is equal, and goes by
    its place. It takes a counter a bit where a sorting network takes hundreds of comparators.

    Parameters
    ----------
    count, width : int
        Number k is ``numbers[k*width +: width]``.
    kept : int
    """

    def __init__(self, count: int, width: int, kept: int):
        if width < 1 or not 1 <= kept <= count:
            raise ValueError(
                f"a choice keeps 1 to all of its numbers, which have bits: got {kept} of {count}, "
                f"{width} bits"
            )
        self.count, self.width, self.kept = count, width, kept
        super().__init__({"numbers": In(unsigned(count * width)), "chosen": Out(unsigned(count))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        numbers = [self.numbers.word_select(k, self.width) for k in range(self.count)]
        size = self.kept.bit_length()
        is_open, is_in = Const((1 << self.count) - 1, self.count), Const(0, self.count)
        wanted = Const(self.kept, size)
        for bit in reversed(range(self.width)):
            ones = Signal(unsigned(self.count), name=f"ones_{bit}")
            m.d.comb += ones.eq(is_open & Cat(number[bit] for number in numbers))
            total = added(m, [ones[k] for k in range(self.count)], f"count_{bit}")
            enough = Signal(name=f"enough_{bit}")
            m.d.comb += enough.eq(total >= wanted)
            left = Signal(unsigned(size), name=f"wanted_{bit}")
            m.d.comb += left.eq(Mux(enough, wanted, wanted - total))
            taken = Signal(unsigned(self.count), name=f"in_{bit}")
            m.d.comb += taken.eq(is_in | (ones & (~enough).replicate(self.count)))
            still = Signal(unsigned(self.count), name=f"open_{bit}")
            m.d.comb += still.eq(is_open & ~(ones ^ enough.replicate(self.count)))
            is_open, is_in, wanted = still, taken, left
        before = counts_before(m, is_open, "before")
        last = Cat(count < wanted for count in before)
        m.d.comb += self.chosen.eq(is_in | (is_open & last))
        return m


class FirstFlags(wiring.Component):
    """The first ``kept`` of the flags that are high."""

    def __init__(self, count: int, kept: int):
        if not 1 <= kept <= count:
            raise ValueError(f"flags are kept 1 to all: got {kept} of {count}")
        self.count, self.kept = count, kept
        super().__init__({"flags": In(unsigned(count)), "chosen": Out(unsigned(count))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        before = counts_before(m, self.flags, "before")
        m.d.comb += self.chosen.eq(self.flags & Cat(count < self.kept for count in before))
        return m
