"""A design behind eight bits in and eight bits out."""

# Amaranth types its blocks as generators, and a slice as what may also join pins of a board.
# pyright: reportGeneralTypeIssues=false, reportOperatorIssue=false, reportArgumentType=false
# pyright: reportOptionalMemberAccess=false

from amaranth.hdl import ClockDomain, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.interfaces import Core
from hexcoder.hw.shuttle.words import WordInput, WordOutput

BYTE_BITS = 8
STROBE, START, READY, VALID, FIRST = 0, 1, 4, 5, 6
"""Bits of TinyTapeout's bidirectional pins."""
ADDED_CLOCKS = 2
"""From an event's last byte to its answer's first one, beside the design's own latency."""


class ByteStream(wiring.Component):
    """Events and answers as bytes, one a clock, the lowest bits first.

    Where an answer has more bytes than an event, an event's last byte waits until the answer before
    it will have left: ``in_ready`` is low then. Else it is always high.

    Parameters
    ----------
    core : Core

    Attributes
    ----------
    in_byte, in_strobe, in_start, in_ready
        As of :class:`WordInput`.
    out_byte, out_valid, out_first
        As of :class:`WordOutput`; each byte is there for one clock.
    """

    def __init__(self, core: Core):
        self.core = core
        self.taken = WordInput(core.input_bits, BYTE_BITS)
        self.given = WordOutput(core.output_bits, BYTE_BITS)
        super().__init__(
            {
                "in_byte": In(BYTE_BITS),
                "in_strobe": In(1),
                "in_start": In(1),
                "in_ready": Out(1),
                "out_byte": Out(BYTE_BITS),
                "out_valid": Out(1),
                "out_first": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.taken, m.submodules.given = taken, given = self.taken, self.given
        m.submodules.core = self.core.instance(
            taken.event_valid, taken.event, given.event_valid, given.event
        )
        m.d.comb += [
            taken.word.eq(self.in_byte),
            taken.strobe.eq(self.in_strobe),
            taken.start.eq(self.in_start),
            self.in_ready.eq(taken.ready),
            given.take.eq(1),
            self.out_byte.eq(given.word),
            self.out_valid.eq(given.valid),
            self.out_first.eq(given.first),
        ]
        if given.words > taken.words:
            clocks = Signal(range(given.words))
            m.d.comb += taken.hold.eq(taken.event_valid | (clocks != 0))
            with m.If(taken.event_valid):
                m.d.sync += clocks.eq(given.words - 2)
            with m.Elif(clocks != 0):
                m.d.sync += clocks.eq(clocks - 1)
        return m


class TinyTapeout(wiring.Component):
    """A design behind the 24 pins of a TinyTapeout tile.

    ``ui_in`` and ``uo_out`` are the bytes of a :class:`ByteStream`. Of ``uio`` bits 0 and 1 are
    inputs, strobe and start; bits 4 to 6 are outputs, ready, valid and first. While ``rst_n`` or
    ``ena`` is low, the tile is in reset.

    Parameters
    ----------
    core : Core
    """

    def __init__(self, core: Core):
        self.stream = ByteStream(core)
        super().__init__(
            {
                "ui_in": In(BYTE_BITS),
                "uo_out": Out(BYTE_BITS),
                "uio_in": In(BYTE_BITS),
                "uio_out": Out(BYTE_BITS),
                "uio_oe": Out(BYTE_BITS),
                "ena": In(1),
                "clk": In(1),
                "rst_n": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = sync = ClockDomain()
        m.submodules.stream = stream = self.stream
        m.d.comb += [
            sync.clk.eq(self.clk),
            sync.rst.eq(~(self.rst_n & self.ena)),
            stream.in_byte.eq(self.ui_in),
            stream.in_strobe.eq(self.uio_in[STROBE]),
            stream.in_start.eq(self.uio_in[START]),
            self.uo_out.eq(stream.out_byte),
            self.uio_out[READY].eq(stream.in_ready),
            self.uio_out[VALID].eq(stream.out_valid),
            self.uio_out[FIRST].eq(stream.out_first),
            self.uio_oe.eq(1 << READY | 1 << VALID | 1 << FIRST),
        ]
        return m
