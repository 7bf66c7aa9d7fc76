"""A design behind a Wishbone bus (Wishbone B4, classic cycles)."""

# Amaranth types its blocks as generators, and a slice as what may also join pins of a board.
# pyright: reportGeneralTypeIssues=false, reportOperatorIssue=false, reportArgumentType=false
# pyright: reportOptionalMemberAccess=false

from amaranth.hdl import Cat, ClockDomain, DomainRenamer, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.interfaces import Core
from hexcoder.hw.shuttle.words import WordInput, WordOutput

WORD_BITS = 32
DATA, STATUS = 0, 1
"""Words of the address space; other bits of the address are not looked at."""
VALID, READY, REFUSED = 0, 1, 2
"""Bits of the status."""


class WishboneEvents(wiring.Component):
    """Events and answers in words of 32 bits, the lowest bits first.

    A write to word 0 is the next word of an event, a read there the next word of an answer. Word 1
    is the status: an answer's word is there, a word would be taken, a word was refused. A write to
    it clears all that is inside. An event's last word is refused until the answer before it has
    been read. Byte selects are not looked at.

    Parameters
    ----------
    core : Core

    Attributes
    ----------
    wb_clk_i, wb_rst_i, wbs_stb_i, wbs_cyc_i, wbs_we_i, wbs_adr_i, wbs_dat_i, wbs_ack_o, wbs_dat_o
        The bus, seen from its target; an access takes two clocks.
    valid : Out(1)
        An answer's word is there.
    """

    def __init__(self, core: Core):
        self.core = core
        self.taken = DomainRenamer("inside")(WordInput(core.input_bits, WORD_BITS))
        self.given = DomainRenamer("inside")(WordOutput(core.output_bits, WORD_BITS))
        super().__init__(
            {
                "wb_clk_i": In(1),
                "wb_rst_i": In(1),
                "wbs_stb_i": In(1),
                "wbs_cyc_i": In(1),
                "wbs_we_i": In(1),
                "wbs_adr_i": In(WORD_BITS),
                "wbs_dat_i": In(WORD_BITS),
                "wbs_ack_o": Out(1),
                "wbs_dat_o": Out(WORD_BITS),
                "valid": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = sync = ClockDomain()
        m.domains.inside = inside = ClockDomain()
        clear = Signal()
        refused = Signal()
        busy = Signal()
        m.submodules.taken, m.submodules.given = taken, given = self.taken, self.given
        m.submodules.core = DomainRenamer("inside")(
            self.core.instance(taken.event_valid, taken.event, given.event_valid, given.event)
        )
        access = self.wbs_cyc_i & self.wbs_stb_i & ~self.wbs_ack_o
        is_status = self.wbs_adr_i[2] == STATUS
        write, read = access & self.wbs_we_i, access & ~self.wbs_we_i
        status = Cat(given.valid, taken.ready, refused)
        m.d.comb += [
            sync.clk.eq(self.wb_clk_i),
            sync.rst.eq(self.wb_rst_i),
            inside.clk.eq(self.wb_clk_i),
            inside.rst.eq(self.wb_rst_i | clear),
            taken.word.eq(self.wbs_dat_i),
            taken.strobe.eq(write & ~is_status),
            taken.hold.eq(taken.event_valid | busy | given.valid),
            given.take.eq(read & ~is_status),
            self.valid.eq(given.valid),
        ]
        m.d.sync += [self.wbs_ack_o.eq(access), clear.eq(write & is_status)]
        with m.If(read):
            m.d.sync += self.wbs_dat_o.eq(given.word)
            with m.If(is_status):
                m.d.sync += self.wbs_dat_o.eq(status)
        # Where the design has no registers, the answer comes with the event.
        with m.If(given.event_valid):
            m.d.inside += busy.eq(0)
        with m.Elif(taken.event_valid):
            m.d.inside += busy.eq(1)
        with m.If(taken.strobe & ~taken.ready):
            m.d.inside += refused.eq(1)
        return m
