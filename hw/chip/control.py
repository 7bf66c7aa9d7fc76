"""When the registers count: loading, commit, and what went wrong."""

# Amaranth types m.If and its like as plain generators.
# pyright: reportGeneralTypeIssues=false

from amaranth.hdl import Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.chip import register_map as at
from hexcoder.hw.interfaces import RegisterBus

COUNTER_BITS = 16


class Control(wiring.Component):
    """The control registers.

    ``loading`` makes events invalid. It is set by reset: registers hold nothing yet. Without a
    shadow it opens the bank for writing too, so that no event meets half of a new set; with one
    the bank is always open, and ``commit``, for one clock, makes its content count.

    Parameters
    ----------
    shadow : bool
        Whether there are shadow registers.
    triplicated : bool
        What the status register says of it.

    Attributes
    ----------
    reading : In(1)
        Direction of the transfer: only the command register can be written.
    corrected, misaligned : In(1)
        A copy of a register differs from the others, input links disagree: counted by the clock.
    open : Out(1)
        Writes to the bank are taken; a write that is not is not acknowledged.
    """

    def __init__(self, *, shadow: bool, triplicated: bool):
        self.shadow, self.triplicated = shadow, triplicated
        super().__init__(
            {
                **RegisterBus().flip().ports(),
                "write": In(1),
                "reading": In(1),
                "read_data": Out(unsigned(8)),
                "mapped": Out(1),
                "corrected": In(1),
                "misaligned": In(1),
                "loading": Out(1),
                "commit": Out(1),
                "open": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        loading = Signal(init=1)
        commit, clear = Signal(name="commit"), Signal(name="clear")
        is_command = self.write & (self.register == at.CONTROL_COMMAND)
        asked = Signal(8)
        m.d.comb += [
            asked.eq(Mux(is_command, self.write_data, 0)),
            clear.eq((asked & at.COMMAND_CLEAR).any()),
            self.loading.eq(loading),
            self.commit.eq(commit),
        ]
        m.d.sync += commit.eq((asked & at.COMMAND_COMMIT).any())
        if self.shadow:
            m.d.comb += self.open.eq(1)
            # The values count from the clock that ends with the commit.
            with m.If(commit):
                m.d.sync += loading.eq(0)
        else:
            m.d.comb += self.open.eq(loading)
            # Clearing the counters alone does not end loading.
            load = (self.write_data & at.COMMAND_LOAD).any()
            with m.If(is_command & (load | ~clear)):
                m.d.sync += loading.eq(load)
        counters = []
        for name, event in (("corrected", self.corrected), ("misaligned", self.misaligned)):
            counter = Signal(COUNTER_BITS, name=f"{name}_count")
            with m.If(clear):
                m.d.sync += counter.eq(0)
            with m.Elif(event & ~counter.all()):
                m.d.sync += counter.eq(counter + 1)
            counters.append(counter)
        status = Cat(loading, Const(self.shadow, 1), Const(self.triplicated, 1))
        bytes_ = [
            Const(at.IDENTITY, 8),
            Const(at.VERSION, 8),
            Const(0, 8),
            Cat(status, Const(0, 5)),
            *(counter[start : start + 8] for counter in counters for start in (0, 8)),
        ]
        place = self.register - at.CONTROL
        here = (self.register >= at.CONTROL) & (self.register < at.CONTROL + at.CONTROL_SIZE)
        m.d.comb += self.mapped.eq(here & (self.reading | (self.register == at.CONTROL_COMMAND)))
        with m.If(here), m.Switch(place[:3]):
            for number, byte in enumerate(bytes_):
                with m.Case(number):
                    m.d.comb += self.read_data.eq(byte)
        return m
