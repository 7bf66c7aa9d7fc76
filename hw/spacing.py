"""For modules that take an event every so many clocks: which events they take, and what waits."""

# Amaranth's If and Elif are context managers that its types do not name.
# pyright: reportGeneralTypeIssues=false

from amaranth.hdl import Module, Mux, Shape, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.delay import check_delay


def _check_interval(interval: int) -> None:
    if interval < 1:
        raise ValueError(f"events come 1 clock apart or more: got an interval of {interval}")


class Spacing(wiring.Component):
    """Let an event through that comes ``interval`` clocks or more after the one before.

    Parameters
    ----------
    interval : int
        At least 1, which lets all through.

    Raises
    ------
    ValueError
        If ``interval`` is less than 1.
    """

    def __init__(self, interval: int):
        _check_interval(interval)
        self.interval = interval
        super().__init__({"i": In(1), "o": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = Signal(range(self.interval))
        m.d.comb += self.o.eq(self.i & (left == 0))
        with m.If(self.o):
            m.d.sync += left.eq(self.interval - 1)
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        return m


class Waiting(wiring.Component):
    """What comes with an event, some clocks later, where events are ``interval`` clocks apart.

    Parameters
    ----------
    shape : Shape or int
    clocks : int
        Clocks of delay; 0 is a wire.
    interval : int

    Raises
    ------
    ValueError
        If ``clocks`` is negative or ``interval`` is less than 1.
    """

    def __init__(self, shape: Shape | int, clocks: int, interval: int):
        _check_interval(interval)
        check_delay(clocks)
        self.clocks, self.interval = clocks, interval
        self.shape = Shape.cast(shape)
        super().__init__({"valid": In(1), "i": In(self.shape), "o": Out(self.shape)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        value, pulse = self.i, self.valid
        for clock in range(self.clocks):
            if clock % self.interval == 0:
                # It stays until the next event's comes.
                held = Signal(self.shape, name=f"held_{clock}", reset_less=True)
                m.d.sync += held.eq(Mux(pulse, value, held))
                value = held
            late = Signal(name=f"event_{clock + 1}_clocks_ago")
            m.d.sync += late.eq(pulse)
            pulse = late
        m.d.comb += self.o.eq(value)
        return m
