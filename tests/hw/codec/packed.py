"""Shifts and packer together."""

from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.codec.packer import Packer, Shifts


class Packed(wiring.Component):
    """Fields and their lengths to a payload."""

    def __init__(self, fields: int, longest: int, room: int):
        self.shifts, self.packer = Shifts(fields, longest), Packer(fields, longest, room)
        super().__init__(
            {
                "codes": In(unsigned(fields * longest)),
                "lengths": In(unsigned(fields * longest.bit_length())),
                "payload": Out(unsigned(room)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.shifts, m.submodules.packer = self.shifts, self.packer
        m.d.comb += [
            self.shifts.lengths.eq(self.lengths),
            self.packer.shifts.eq(self.shifts.shifts),
            self.packer.codes.eq(self.codes),
            self.payload.eq(self.packer.payload),
        ]
        return m
