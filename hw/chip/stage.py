"""Registers that data passes, and registers that a commit fills."""

# Amaranth types m.If and its like as plain generators.
# pyright: reportGeneralTypeIssues=false

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.interfaces import Events


class Stage(wiring.Component):
    """One rank of registers: data, and a valid bit that goes with it.

    Parameters
    ----------
    width : int
        Bits of the data.

    Raises
    ------
    ValueError
        If there is no bit.

    Attributes
    ----------
    cancel : In(1)
        What is in the stage, and what comes in, becomes invalid.
    events_in, events_out
        ``i`` with ``i_valid``, and ``o`` with ``o_valid``, as streams.
    """

    def __init__(self, width: int):
        self.width = width
        taken, given = Events(width, "i", "i_valid").flip(), Events(width, "o", "o_valid")
        super().__init__({**taken.ports(), "cancel": In(1), **given.ports()})
        self.events_in, self.events_out = taken.of(self), given.of(self)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        data = Signal(self.width, reset_less=True)
        valid = Signal()
        m.d.sync += [data.eq(self.i), valid.eq(self.i_valid & ~self.cancel)]
        m.d.comb += [self.o.eq(data), self.o_valid.eq(valid & ~self.cancel)]
        return m


class Active(wiring.Component):
    """Bytes that count, taken over from their shadow at a commit.

    Not reset, as the shadow is not.

    Parameters
    ----------
    widths : sequence of int
        Bits that each byte stores.

    Raises
    ------
    ValueError
        If there is no byte, or one stores no bit or more than eight.
    """

    def __init__(self, widths: Sequence[int]):
        self.widths = tuple(widths)
        if not self.widths or not all(1 <= width <= 8 for width in self.widths):
            raise ValueError(f"bytes store 1 to 8 bits each: got {self.widths}")
        bytes_ = unsigned(8)
        super().__init__(
            {
                "commit": In(1),
                "shadow": In(bytes_).array(len(self.widths)),
                "o": Out(bytes_).array(len(self.widths)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for byte, width in enumerate(self.widths):
            value = Signal(width, name=f"active_byte_{byte}", reset_less=True)
            with m.If(self.commit):
                m.d.sync += value.eq(self.shadow[byte])
            m.d.comb += self.o[byte].eq(value)
        return m


class CommitWave(wiring.Component):
    """A commit, handed on with the events: each stage changes its set behind the same event.

    ``o[k]`` is the commit ``k`` clocks later.

    Parameters
    ----------
    stages : int

    Raises
    ------
    ValueError
        If there is no stage.
    """

    def __init__(self, stages: int):
        if stages < 1:
            raise ValueError(f"a wave passes at least one stage: got {stages}")
        self.stages = stages
        super().__init__({"i": In(1), "o": Out(unsigned(stages))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        value = self.i
        for stage in range(self.stages):
            m.d.comb += self.o[stage].eq(value)
            if stage + 1 < self.stages:
                later = Signal(name=f"commit_{stage + 1}")
                m.d.sync += later.eq(value)
                value = later
        return m
