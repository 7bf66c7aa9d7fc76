"""Delay lines for control and side data."""

from amaranth.hdl import Module, Shape, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


def check_delay(clocks: int) -> None:
    """Raise ValueError if a number of clocks is negative."""
    if clocks < 0:
        raise ValueError(f"a delay is not negative: got {clocks} clocks")


class Delay(wiring.Component):
    """Hand ``i`` on after a number of clocks.

    Parameters
    ----------
    shape : Shape or int
        Shape of the data.
    clocks : int
        Clocks of delay; 0 is a wire.
    reset : bool
        Clear the line on reset. Valid bits need it; data that a valid bit goes with does not.

    Raises
    ------
    ValueError
        If ``clocks`` is negative.
    """

    def __init__(self, shape: Shape | int, clocks: int, *, reset: bool):
        check_delay(clocks)
        self.clocks, self.reset = clocks, reset
        self.shape = Shape.cast(shape)
        super().__init__({"i": In(self.shape), "o": Out(self.shape)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        value = self.i
        for clock in range(self.clocks):
            stage = Signal(self.shape, name=f"stage_{clock}", reset_less=not self.reset)
            m.d.sync += stage.eq(value)
            value = stage
        m.d.comb += self.o.eq(value)
        return m
