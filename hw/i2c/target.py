"""An I2C target that gives access to byte registers with 16-bit addresses."""

# Amaranth types m.If and its like as plain generators, and a slice as what may also join pins.
# pyright: reportGeneralTypeIssues=false, reportOperatorIssue=false, reportArgumentType=false

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.i2c.conditions import I2cConditions
from hexcoder.hw.i2c.glitch_filter import spike_clocks
from hexcoder.hw.interfaces import DATA_BITS, I2cPads, RegisterBus

SPIKE_NS = 50
"""Longest pulse that must be suppressed in fast-mode and fast-mode plus (UM10204, t_SP)."""
SLOWEST_CLOCK_NS = 50
"""SDA is set up 50 ns before SCL rises in fast-mode plus (UM10204, t_SU;DAT); the edges may be seen
a clock apart."""
ALL_BITS = DATA_BITS + 1
"""With the acknowledge."""


class State(enum.Enum, shape=3):
    """What the byte on the bus is."""

    IDLE = 0
    """Not for this target: wait for a START."""
    ADDRESS = 1
    REGISTER_HIGH = 2
    REGISTER_LOW = 3
    WRITE = 4
    READ = 5


class I2cTarget(wiring.Component):
    """Registers written and read over I2C (UM10204), by oversampling: no clock but ``sync``.

    A write transfer is the device address, two bytes of register address, high byte first, and
    data; the register address moves on by one with each byte written. A read transfer is the device
    address and data from the current register address, which moves on by one with each byte that is
    taken for sending. SCL is never stretched. The general call and the reserved addresses (0x00 to
    0x07, 0x78 to 0x7f) are not answered, whatever ``device_address`` is.

    At a clock of 25 ns:

    - Pulses of up to 50 ns (three samples) are suppressed, pulses above 100 ns always seen.
    - SDA changes 125 to 150 ns after SCL has fallen (t_VD;DAT, at most 450 ns in fast-mode plus),
      and is released within 175 ns of a START or STOP.
    - SDA may change with the fall of SCL (t_HD;DAT 0 ns) and must be set up 25 ns before its rise.
    - START and STOP need SCL high for 50 ns before and after the edge of SDA, and SDA at each level
      for 100 ns.
    - SCL must be low for 175 ns and high for 125 ns, which is 3.3 MHz. Sampled waveforms without
      phase error, as in simulation, may have 6 clocks low and 4 high.

    Parameters
    ----------
    clock_period_ns : float
        Period of ``sync``, ns.

    Attributes
    ----------
    scl, sda : In(1)
        Levels of the bus, of no clock.
    sda_low : Out(1)
        1 pulls SDA low.
    device_address : In(7)
        Address that is answered to.
    register : Out(16)
        Address of the register.
    write : Out(1)
        For one clock: ``write_data`` is to be stored at ``register``. It comes when the acknowledge
        clock has ended; both are stable with it.
    write_data : Out(8)
        Byte to be stored.
    read : Out(1)
        For one clock: the byte at ``register`` has been taken for sending.
    read_data : In(8)
        Byte at ``register``, at most four clocks after ``register`` or ``reading`` changes.
    mapped : In(1)
        Whether ``register`` exists for the direction; timing of ``read_data``. Where it does not, a
        byte written is neither acknowledged nor stored and ``register`` stays; all ones are read.
    active : Out(1)
        This target is addressed: from the acknowledge of its address to a STOP or START.
    reading : Out(1)
        The direction while ``active``: 1 for a read transfer.

    Raises
    ------
    ValueError
        If the clock is too slow for fast-mode plus.
    """

    def __init__(self, clock_period_ns: float = 25):
        if not 0 < clock_period_ns <= SLOWEST_CLOCK_NS:
            raise ValueError(
                f"fast-mode plus is followed by a clock of up to {SLOWEST_CLOCK_NS} ns: "
                f"got {clock_period_ns} ns"
            )
        self.spike_clocks = spike_clocks(clock_period_ns, SPIKE_NS)
        # Synthesis must not recode the state: it would drop the way out of illegal states.
        self.state = Signal(State, attrs={"fsm_encoding": "none"})
        self.bits = Signal(range(ALL_BITS + 1))
        self.shift = Signal(DATA_BITS)
        super().__init__(
            {
                **I2cPads().ports(),
                **RegisterBus().ports(),
                "write": Out(1),
                "read": Out(1),
                "read_data": In(DATA_BITS),
                "mapped": In(1),
                "active": Out(1),
                "reading": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.conditions = bus = I2cConditions(self.spike_clocks)
        m.d.comb += [bus.scl.eq(self.scl), bus.sda.eq(self.sda), self.write_data.eq(self.shift)]
        m.d.sync += [self.write.eq(0), self.read.eq(0)]
        with m.If(self.write | self.read):
            m.d.sync += self.register.eq(self.register + 1)
        is_illegal = (Value.cast(self.state) > State.READ.value) | (self.bits > ALL_BITS)
        with m.If(bus.start):
            self._release(m, State.ADDRESS)
        with m.Elif(bus.stop | is_illegal):
            self._release(m, State.IDLE)
        with m.Elif(self.state != State.IDLE):
            with m.If(bus.rise):
                self._take_bit(m, bus.bit)
            with m.If(bus.fall):
                with m.If(self.bits == DATA_BITS):
                    self._begin_acknowledge(m)
                with m.Elif(self.bits == ALL_BITS):
                    self._end_byte(m)
                with m.Elif(self.state == State.READ):
                    self._send(m, self.shift)
        with m.Else():
            # An upset may lead here while SDA is held; no START could be seen then.
            m.d.sync += self.sda_low.eq(0)
        return m

    def _release(self, m: Module, state: State) -> None:
        m.d.sync += [
            self.state.eq(state),
            self.bits.eq(0),
            self.sda_low.eq(0),
            self.active.eq(0),
            self.reading.eq(0),
        ]

    def _take_bit(self, m: Module, bit: Value) -> None:
        m.d.sync += self.bits.eq(self.bits + 1)
        with m.If((self.state == State.READ) & (self.bits == DATA_BITS) & bit):
            m.d.sync += self.state.eq(State.IDLE)
        with m.If((self.state != State.READ) & (self.bits < DATA_BITS)):
            m.d.sync += self.shift.eq(Cat(bit, self.shift))

    def _begin_acknowledge(self, m: Module) -> None:
        read, address = self.shift[0], self.shift[1:]
        is_reserved = (address[3:] == 0b0000) | (address[3:] == 0b1111)
        with m.Switch(self.state):
            with m.Case(State.ADDRESS):
                with m.If((address == self.device_address) & ~is_reserved):
                    m.d.sync += [self.sda_low.eq(1), self.active.eq(1), self.reading.eq(read)]
                with m.Else():
                    m.d.sync += self.state.eq(State.IDLE)
            with m.Case(State.REGISTER_HIGH, State.REGISTER_LOW):
                m.d.sync += self.sda_low.eq(1)
            with m.Case(State.WRITE):
                m.d.sync += self.sda_low.eq(self.mapped)
            with m.Case(State.READ):
                m.d.sync += self.sda_low.eq(0)

    def _end_byte(self, m: Module) -> None:
        m.d.sync += [self.bits.eq(0), self.sda_low.eq(0)]
        with m.Switch(self.state):
            with m.Case(State.ADDRESS):
                m.d.sync += self.state.eq(Mux(self.reading, State.READ, State.REGISTER_HIGH))
            with m.Case(State.REGISTER_HIGH):
                m.d.sync += [self.register[8:].eq(self.shift), self.state.eq(State.REGISTER_LOW)]
            with m.Case(State.REGISTER_LOW):
                m.d.sync += [self.register[:8].eq(self.shift), self.state.eq(State.WRITE)]
            with m.Case(State.WRITE):
                m.d.sync += self.write.eq(self.sda_low)
        with m.If(self.reading):
            m.d.sync += self.read.eq(1)
            self._send(m, Mux(self.mapped, self.read_data, Const(0xFF, DATA_BITS)))

    def _send(self, m: Module, byte: Value) -> None:
        """Put out the highest bit and keep the others in its place."""
        m.d.sync += [self.sda_low.eq(~byte[-1]), self.shift.eq(Cat(Const(1, 1), byte))]
