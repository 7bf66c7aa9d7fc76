"""Shifts and packer together."""

from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.codec.packer import Packer, Shifts


class Packed(wiring.Component):
    """Fields and their lengths to a payload, by one packer, or by two cut at a level."""

    def __init__(self, fields: int, longest: int, room: int, level: int | None = None):
        self.shifts = Shifts(fields, longest)
        whole = [Packer(fields, longest, room)]
        cut = [Packer(fields, longest, room, last=level), Packer(fields, longest, room, level or 0)]
        self.packers = whole if level is None else cut
        super().__init__(
            {
                "codes": In(unsigned(fields * longest)),
                "lengths": In(unsigned(fields * longest.bit_length())),
                "payload": Out(unsigned(room)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.shifts = self.shifts
        m.d.comb += self.shifts.lengths.eq(self.lengths)
        codes, shifts = self.codes, self.shifts.shifts
        for number, packer in enumerate(self.packers):
            m.submodules[f"packer_{number}"] = packer
            m.d.comb += [packer.codes.eq(codes), packer.shifts.eq(shifts)]
            codes, shifts = packer.payload, shifts[sum(map(sum, packer.shift_widths)) :]
        m.d.comb += self.payload.eq(codes)
        return m
