"""Registers that data passes, and registers that a commit fills."""

# Amaranth types m.If and its like as plain generators.
# pyright: reportGeneralTypeIssues=false

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Stage(wiring.Component):
    """One rank of registers: data, and a valid bit that goes with it.

    Parameters
    ----------
    width : int
        Bits of the data.

    Attributes
    ----------
    cancel : In(1)
        What is in the stage, and what comes in, becomes invalid.
    """

    def __init__(self, width: int):
        self.width = width
        super().__init__(
            {
                "i_valid": In(1),
                "i": In(unsigned(width)),
                "cancel": In(1),
                "o_valid": Out(1),
                "o": Out(unsigned(width)),
            }
        )

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
    """

    def __init__(self, widths: Sequence[int]):
        self.widths = tuple(widths)
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
