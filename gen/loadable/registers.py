"""Registers behind I2C for any datapath: target, control, bank, and the sets that count."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false

from collections.abc import Mapping, Sequence

from amaranth.hdl import Cat, Instance, Module, Signal, Value
from amaranth.lib import wiring

from hexcoder.gen.compiler import Settings
from hexcoder.gen.emit.verilog import weight_ports
from hexcoder.gen.loadable.network import LoadableNetwork
from hexcoder.gen.loadable.protection import Protection
from hexcoder.hw.chip.control import Control
from hexcoder.hw.chip.register_bank import RegisterBank
from hexcoder.hw.chip.register_map import Field
from hexcoder.hw.chip.stage import Active, CommitWave, Stage
from hexcoder.hw.i2c.target import I2cTarget
from hexcoder.hw.interfaces import EventModule, I2cPads, RegisterBus

PARAMETERS = "parameters"
PARAMETERS_ADDRESS = 0x0000

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
        self.events, self.valid, self.values = stage.events_out, stage.o_valid, []
        place = 0
        for width in widths:
            self.values.append(stage.o[place : place + width])
            place += width


class LoadableModule(EventModule):
    """A module with its weights in registers: ports of events and of I2C.

    Parameters
    ----------
    network : LoadableNetwork
    fields : Fields
    settings : Settings
        Of ``chip``: a second set of registers that a commit takes over, three copies of each. Of
        ``clock``: what the I2C target filters and holds depends on its period.
    latency : int
        Clocks from an event to what comes out for it.
    input_bits, output_bits : int
        Of ``in_data`` and ``out_data``.
    """

    def __init__(
        self,
        network: LoadableNetwork,
        fields: Fields,
        settings: Settings,
        *,
        latency: int,
        input_bits: int,
        output_bits: int,
    ):
        self.network, self.fields, self.latency = network, fields, latency
        self.shadow = settings.chip.update == "shadow"
        self.clock_period_ns = settings.clock.period_ns
        self.protection = Protection(triplicated=settings.chip.triplicated)
        super().__init__(input_bits, output_bits, I2cPads().ports())


class Loadable:
    """The parts that every module with loadable weights has, added to its circuit.

    Parameters
    ----------
    m : Module
    module : LoadableModule
        Whose circuit ``m`` is.

    Attributes
    ----------
    control : Control
    settings : dict of str to Setting
        What each field holds for the stage that reads it.
    """

    def __init__(self, m: Module, module: LoadableModule):
        fields, protection = module.fields, module.protection
        self._m, self._protection = m, protection
        target = I2cTarget(module.clock_period_ns)
        self.control = control = Control(shadow=module.shadow, triplicated=protection.triplicated)
        bank = RegisterBank([field for field, _ in fields.values()])
        m.submodules.i2c_target = target_copies = protection.control(target)
        m.submodules.control = control_copies = protection.control(control)
        m.submodules.bank = bank_copies = protection.control(bank)
        pads, bus = I2cPads(), RegisterBus()
        wiring.connect(m, wiring.flipped(pads.of(module)), pads.of(target))
        m.d.comb += [
            target.read_data.eq(bank.read_data | control.read_data),
            # A locked bank does not acknowledge what is written to it.
            target.mapped.eq((bank.mapped & (control.open | target.reading)) | control.mapped),
            control.reading.eq(target.reading),
        ]
        # What writes, what is written and where to goes from copy to copy: no gate is all three.
        self._banks = protection.copies(bank_copies, bank)
        self._controls = protection.copies(control_copies, control)
        targets = protection.copies(target_copies, target)
        for target_, control_, bank_ in zip(targets, self._controls, self._banks, strict=True):
            for part in (bank_, control_):
                wiring.connect(m, bus.of(target_), bus.flip().of(part))
            m.d.comb += [
                control_.write.eq(target_.write),
                bank_.write.eq(target_.write & control_.open),
            ]
        stored = {name: list(getattr(bank, name)) for name in fields}
        if module.shadow:
            stored = self._active(fields)
        self.settings = {name: Setting(field, stored[name]) for name, (field, _) in fields.items()}

    def _active(self, fields: Fields) -> dict[str, list[Value]]:
        """The set that counts, which a commit makes what the bank is, stage by stage."""
        m, protection = self._m, self._protection
        wave = CommitWave(1 + max(stage for _, stage in fields.values()))
        m.submodules.commit_wave = wave_copies = protection.control(wave)
        waves = protection.copies(wave_copies, wave)
        for wave_, control_ in zip(waves, self._controls, strict=True):
            m.d.comb += wave_.i.eq(control_.commit)
        found = {}
        for name, (field, stage) in fields.items():
            active = Active([field.byte_bits(byte) for byte in range(field.size)])
            m.submodules[f"active_{name}"] = active_copies = protection.control(active)
            actives = protection.copies(active_copies, active)
            for active_, wave_, bank_ in zip(actives, waves, self._banks, strict=True):
                m.d.comb += active_.commit.eq(wave_.o[stage])
                for into, byte in zip(active_.shadow, getattr(bank_, name), strict=True):
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
