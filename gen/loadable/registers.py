"""Registers behind I2C for any datapath: target, control, bank, and the sets that count."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence

from amaranth.hdl import Cat, Instance, Module, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

from gen.loadable.network import LoadableNetwork
from gen.loadable.protection import Protection
from gen.verilog import weight_ports
from hw.chip.control import Control
from hw.chip.register_bank import RegisterBank
from hw.chip.register_map import Field
from hw.chip.stage import Active, CommitWave, Stage
from hw.i2c_target import I2cTarget
from hw.triplicate import majority

PARAMETERS = "parameters"
PARAMETERS_ADDRESS = 0x0000

I2C_PORTS: dict[str, Member] = {
    "scl": In(1),
    "sda": In(1),
    "sda_low": Out(1),
    "device_address": In(unsigned(7)),
}

Fields = Mapping[str, tuple[Field, int]]
"""Registers by name, each with the clocks from an event's entry to the stage that reads it."""


def layer_module(name: str) -> str:
    """Name of a loadable layer's module."""
    return f"loadable_{name}"


class Setting:
    """What a field holds for the datapath, in bytes as they are stored."""

    def __init__(self, field: Field, bytes_: Sequence[Value]):
        self._field, self._bytes = field, bytes_

    def bits(self, low: int, high: int) -> Value:
        """Bits of a field of one value."""
        parts = []
        while low < high:
            end = min(high, (low // 8 + 1) * 8)
            parts.append(self._bytes[low // 8][low % 8 : low % 8 + end - low])
            low = end
        return Cat(*parts)

    def value(self, number: int) -> Value:
        """Value ``number`` of the field."""
        size = self._field.element_bytes
        return Cat(*self._bytes[number * size : (number + 1) * size])[: self._field.width]

    def values(self) -> Value:
        """All values, one after the other."""
        return Cat(self.value(number) for number in range(self._field.elements))


class Rank:
    """What left a rank of registers, taken apart again."""

    def __init__(self, stage: Stage, widths: Sequence[int]):
        self.valid, self.values = stage.o_valid, []
        place = 0
        for width in widths:
            self.values.append(stage.o[place : place + width])
            place += width


class Loadable:
    """The parts that every module with loadable weights has, added to its circuit.

    Parameters
    ----------
    m : Module
    pins : Component
        Has the ports of :data:`I2C_PORTS`.
    fields : Fields
    shadow : bool
        A second set of registers is loaded, and taken over at a commit.
    protection : Protection

    Attributes
    ----------
    control : Control
    settings : dict of str to Setting
        What each field holds for the stage that reads it.
    """

    def __init__(
        self,
        m: Module,
        pins: wiring.Component,
        fields: Fields,
        *,
        shadow: bool,
        protection: Protection,
    ):
        self._m, self._protection = m, protection
        target = I2cTarget()
        self.control = control = Control(shadow=shadow, triplicated=protection.triplicated)
        bank = RegisterBank([field for field, _ in fields.values()])
        m.submodules.i2c_target = target_copies = protection.control(target)
        m.submodules.control = self._control_copies = protection.control(control)
        m.submodules.bank = protection.data(bank)
        # A transient on one voter of the target must not write.
        strobes = protection.copies(target_copies, target.write)
        m.d.comb += [
            target.scl.eq(pins.scl),
            target.sda.eq(pins.sda),
            target.device_address.eq(pins.device_address),
            pins.sda_low.eq(target.sda_low),
            bank.write.eq(majority(strobes) & control.open),
            control.write.eq(strobes),
            target.read_data.eq(bank.read_data | control.read_data),
            # A locked bank does not acknowledge what is written to it.
            target.mapped.eq((bank.mapped & (control.open | target.reading)) | control.mapped),
        ]
        for part in (bank, control):
            m.d.comb += [
                part.register.eq(target.register),
                part.write_data.eq(target.write_data),
            ]
        stored = {name: list(getattr(bank, name)) for name in fields}
        if shadow:
            stored = self._active(fields, stored)
        self.settings = {name: Setting(field, stored[name]) for name, (field, _) in fields.items()}

    def _active(self, fields: Fields, shadow: dict[str, list[Value]]) -> dict[str, list[Value]]:
        """The set that counts, which a commit makes what the shadow is, stage by stage."""
        m = self._m
        commit = self._protection.copies(self._control_copies, self.control.commit)
        wave = CommitWave(1 + max(stage for _, stage in fields.values()), len(commit))
        m.submodules.commit_wave = self._protection.control(wave)
        m.d.comb += wave.i.eq(commit)
        found = {}
        for name, (field, stage) in fields.items():
            active = Active([field.byte_bits(byte) for byte in range(field.size)])
            m.submodules[f"active_{name}"] = self._protection.data(active)
            m.d.comb += active.commit.eq(wave.o[stage])
            for into, byte in zip(active.shadow, shadow[name], strict=True):
                m.d.comb += into.eq(byte)
            found[name] = list(active.o)
        return found

    def finish(self) -> None:
        """Connect the counter of corrected flips, once all parts are there."""
        self._m.d.comb += self.control.corrected.eq(self._protection.mismatch())

    def rank(self, name: str, valid: Value, values: Sequence[Value]) -> Rank:
        """A rank of registers; what is in it becomes invalid while registers are loaded."""
        whole = Cat(*values)
        stage = Stage(len(whole))
        self._m.submodules[f"{name}_stage"] = self._protection.data(stage)
        self._m.d.comb += [
            stage.i.eq(whole),
            stage.i_valid.eq(valid),
            stage.cancel.eq(self.control.loading),
        ]
        return Rank(stage, [len(value) for value in values])

    def layer(
        self, network: LoadableNetwork, number: int, field: str, data: Value, first_bit: int = 0
    ) -> Value:
        """Output of a layer, whose parameters lie in a field from bit ``first_bit`` on."""
        gates = network.layers[number].gates
        name = network.layers[number].context.name
        output = Signal(gates.y_width, name=f"{name}_output")
        weights = {}
        for byte in range(weight_ports(gates)):
            low = first_bit + 8 * byte
            high = first_bit + min(8 * byte + 8, gates.w_width)
            weights[f"i_w_{byte}"] = self.settings[field].bits(low, high)
        self._m.submodules[name] = Instance(layer_module(name), i_x=data, **weights, o_y=output)
        return output
