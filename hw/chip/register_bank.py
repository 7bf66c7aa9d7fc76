"""The configuration registers behind the I2C target."""

# Amaranth types m.If as a plain generator, and a slice as what may also join pins of a board.
# pyright: reportOperatorIssue=false, reportGeneralTypeIssues=false

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.chip.register_map import Field, check_fields
from hexcoder.hw.interfaces import RegisterBus


class RegisterBank(wiring.Component):
    """Bytes that the bus writes and reads, and the datapath sees all at once.

    Not reset: what they hold counts only once it was loaded
    (:class:`hexcoder.hw.chip.control.Control`).

    Parameters
    ----------
    fields : sequence of Field
        Field ``name`` is port ``name``, an array of its bytes; bits that are not stored are zero.

    Raises
    ------
    ValueError
        If fields overlap.
    """

    def __init__(self, fields: Sequence[Field]):
        check_fields(fields)
        self.fields = tuple(fields)
        super().__init__(
            {
                **RegisterBus().flip().ports(),
                "write": In(1),
                "read_data": Out(unsigned(8)),
                "mapped": Out(1),
                **{field.name: Out(unsigned(8)).array(field.size) for field in fields},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Both halves of an address are decoded once for all bytes.
        low, high = self.register[:4], self.register[4:]
        columns = Signal(16)
        m.d.comb += columns.eq(Cat(low == place for place in range(16)))
        rows: dict[int, Signal] = {}
        selected, read = [], []
        for field in self.fields:
            for byte in range(field.size):
                address = field.address + byte
                if address >> 4 not in rows:
                    row = rows[address >> 4] = Signal(name=f"row_{address >> 4:x}")
                    m.d.comb += row.eq(high == address >> 4)
                here = Signal(name=f"at_{address:x}")
                m.d.comb += here.eq(rows[address >> 4] & columns[address & 15])
                width = field.byte_bits(byte)
                value = Signal(width, name=f"{field.name}_byte_{byte}", reset_less=True)
                with m.If(self.write & here):
                    m.d.sync += value.eq(self.write_data)
                m.d.comb += getattr(self, field.name)[byte].eq(value)
                selected.append(here)
                read.append(Cat(value, Const(0, 8 - width)) & here.replicate(8))
        m.d.comb += self.mapped.eq(Cat(*selected).any())
        for bit in range(8):
            m.d.comb += self.read_data[bit].eq(Cat(value[bit] for value in read).any())
        return m
