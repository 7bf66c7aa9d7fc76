"""Module ``chip``: the ECON-T encoder from link words to link words."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Instance, Module, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gen.loadable.network import LoadableNetwork
from gen.loadable.protection import Protection
from hw.chip.bunch_counter import BunchCounter
from hw.chip.calibrated_energy import CODE_BITS, ENERGY_BITS, FACTOR_BITS, CalibratedEnergy
from hw.chip.control import Control
from hw.chip.frame import LINK_COUNT_BITS, WORD_BITS, FrameFormatter
from hw.chip.keep_mask import KeepMask
from hw.chip.link_input import LinkInput
from hw.chip.multiplexer import Multiplexer
from hw.chip.register_bank import RegisterBank
from hw.chip.register_map import Field
from hw.chip.stage import Active, CommitWave, Stage
from hw.front_end import FrontEnd
from hw.i2c_target import I2cTarget
from models.chip.link_words import INPUT_LINKS
from models.front_end import sensor_image_order
from models.geometry import TRIGGER_CELLS

SELECT_BITS = 6
FRAME_WORDS = 5
PARAMETERS_ADDRESS = 0x0000
SETTINGS_ADDRESS = 0x8000
PORTS = ("scl", "sda", "sda_low", "device_address")

ENERGY_STAGE, NETWORK_STAGE, FRAME_STAGE = range(3)
"""Clocks from an event's link words to the stage that reads a field."""


def layer_module(name: str) -> str:
    """Name of a loadable layer's module."""
    return f"loadable_{name}"


def chip_fields(parameter_bits: int, latent_bits: int) -> dict[str, tuple[Field, int]]:
    """Registers of the chip by name, each with the stage that reads it."""
    place = SETTINGS_ADDRESS
    settings = {}
    for name, elements, width, stage in (
        ("multiplexer", TRIGGER_CELLS, SELECT_BITS, ENERGY_STAGE),
        ("calibration", TRIGGER_CELLS, FACTOR_BITS, ENERGY_STAGE),
        ("high_density", 1, 1, ENERGY_STAGE),
        ("links", 1, LINK_COUNT_BITS, FRAME_STAGE),
        ("keep_mask", 1, latent_bits, FRAME_STAGE),
    ):
        field = Field(name, place, elements, width)
        settings[name] = (field, stage)
        # Every field starts on a row of 16: an address then tells what it is.
        place += -(-field.size // 16) * 16
    weights = Field("parameters", PARAMETERS_ADDRESS, 1, parameter_bits)
    return {"parameters": (weights, NETWORK_STAGE), **settings}


class Chip(wiring.Component):
    """The chip's datapath, its registers and its I2C target.

    ``in_data`` holds link word l in bits [32*l +: 32], ``out_data`` likewise. Four clocks after an
    event its frame is there. Events that come while registers are loaded are not valid.

    Parameters
    ----------
    network : LoadableNetwork
        Takes an image of the sensor.
    shadow : bool
        Load a second set of registers, and take it over at a commit, between two events.
    triplicated : bool
        Three copies of every register.
    """

    def __init__(self, network: LoadableNetwork, *, shadow: bool, triplicated: bool):
        order = sensor_image_order(network.network)
        if order is None:
            raise ValueError("the chip takes networks whose input is an image of the sensor")
        self.network, self.order = network, order.tolist()
        self.shadow, self.protection = shadow, Protection(triplicated=triplicated)
        output = network.network.output
        self.latent_bits = int(output.shape[0]) * output.type.width
        self.fields = chip_fields(network.parameter_bits, self.latent_bits)
        self.latency = 4
        super().__init__(
            {
                "in_valid": In(1),
                "in_data": In(unsigned(INPUT_LINKS * WORD_BITS)),
                "out_valid": Out(1),
                "out_data": Out(unsigned(FRAME_WORDS * WORD_BITS)),
                "scl": In(1),
                "sda": In(1),
                "sda_low": Out(1),
                "device_address": In(unsigned(7)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        settings, control = self._registers(m)
        cancel = control.loading
        link_input = LinkInput(INPUT_LINKS)
        m.submodules.link_input = link_input
        m.d.comb += link_input.words.eq(self.in_data)
        words = self._stage(m, "link_words", self.in_valid, cancel, [
            link_input.codes, link_input.is_bc0, link_input.misaligned, self.in_valid,
        ])  # fmt: skip
        # The counter goes on while registers are loaded.
        codes, is_bc0, misaligned, is_there = words.values
        m.d.comb += control.misaligned.eq(words.valid & misaligned)
        counter = BunchCounter()
        m.submodules.bunch_counter = self.protection.control(counter)
        m.d.comb += [counter.valid.eq(is_there), counter.is_bc0.eq(is_bc0)]

        front_end = self._energies(m, settings, codes)
        image = self._stage(m, "image", words.valid, cancel, [
            front_end.image, front_end.sum_code, counter.counter,
        ])  # fmt: skip
        latents = self._latents(m, settings["parameters"], image.values[0])
        encoded = self._stage(m, "latents", image.valid, cancel, [latents, *image.values[1:]])
        frame = self._frame(m, settings, encoded.values)
        out = self._stage(m, "frame", encoded.valid, cancel, [frame])
        m.d.comb += [self.out_data.eq(out.values[0]), self.out_valid.eq(out.valid)]
        return m

    def _registers(self, m: Module) -> tuple[dict[str, Value], Control]:
        """I2C target, control, and what each field holds for the stage that reads it."""
        target = I2cTarget()
        control = Control(shadow=self.shadow, triplicated=self.protection.triplicated)
        bank = RegisterBank([field for field, _ in self.fields.values()])
        m.submodules.i2c_target = self.protection.control(target)
        m.submodules.control = self.protection.control(control)
        m.submodules.bank = self.protection.data(bank)
        m.d.comb += [
            target.scl.eq(self.scl),
            target.sda.eq(self.sda),
            target.device_address.eq(self.device_address),
            self.sda_low.eq(target.sda_low),
            bank.write.eq(target.write),
            control.write.eq(target.write),
            target.read_data.eq(bank.read_data | control.read_data),
            # A locked bank does not acknowledge what is written to it.
            target.mapped.eq((bank.mapped & (control.open | target.reading)) | control.mapped),
        ]
        for part in (bank, control):
            m.d.comb += [
                part.register.eq(target.register),
                part.write_data.eq(target.write_data),
            ]
        settings: dict[str, Value] = {}
        if self.shadow:
            stages = 1 + max(stage for _, stage in self.fields.values())
            wave = CommitWave(stages)
            m.submodules.commit_wave = self.protection.control(wave)
            m.d.comb += wave.i.eq(control.commit)
            for name, (field, stage) in self.fields.items():
                active = Active(field.bits)
                m.submodules[f"active_{name}"] = self.protection.data(active)
                m.d.comb += active.commit.eq(wave.o[stage])
                m.d.comb += active.shadow.eq(getattr(bank, name))
                settings[name] = active.o
        else:
            settings = {name: getattr(bank, name) for name in self.fields}
        return settings, control

    def _stage(
        self, m: Module, name: str, valid: Value, cancel: Value, values: Sequence[Value]
    ) -> _Stage:
        whole = Cat(*values)
        stage = Stage(len(whole))
        m.submodules[f"{name}_stage"] = self.protection.data(stage)
        m.d.comb += [stage.i.eq(whole), stage.i_valid.eq(valid), stage.cancel.eq(cancel)]
        return _Stage(stage, [len(value) for value in values])

    def _energies(self, m: Module, settings: dict[str, Value], codes: Value) -> FrontEnd:
        m.submodules.multiplexer = multiplexer = Multiplexer(TRIGGER_CELLS, CODE_BITS, SELECT_BITS)
        m.d.comb += [multiplexer.i.eq(codes), multiplexer.selects.eq(settings["multiplexer"])]
        type_ = self.network.network.input.type
        m.submodules.front_end = front_end = FrontEnd(
            ENERGY_BITS, TRIGGER_CELLS, self.order, type_.width, type_.fraction_bits
        )
        energies = []
        for position in range(TRIGGER_CELLS):
            m.submodules[f"calibrated_{position}"] = energy = CalibratedEnergy()
            m.d.comb += [
                energy.code.eq(multiplexer.o.word_select(position, CODE_BITS)),
                energy.factor.eq(settings["calibration"].word_select(position, FACTOR_BITS)),
                energy.high_density.eq(settings["high_density"]),
            ]
            energies.append(energy.energy)
        m.d.comb += front_end.energies.eq(Cat(*energies))
        return front_end

    def _latents(self, m: Module, parameters: Value, image: Value) -> Value:
        data, place = image, 0
        for layer in self.network.layers:
            gates = layer.gates
            output = Signal(gates.y_width, name=f"{layer.context.name}_output")
            m.submodules[layer.context.name] = Instance(
                layer_module(layer.context.name),
                i_x=data,
                i_w=parameters[place : place + gates.w_width],
                o_y=output,
            )
            place += gates.w_width
            data = output
        return data

    def _frame(self, m: Module, settings: dict[str, Value], values: Sequence[Value]) -> Value:
        latents, sum_code, counter = values
        m.submodules.keep_mask = keep = KeepMask(self.latent_bits)
        m.submodules.formatter = formatter = FrameFormatter(self.latent_bits, FRAME_WORDS)
        m.d.comb += [
            keep.i.eq(latents),
            keep.mask.eq(settings["keep_mask"]),
            formatter.data.eq(keep.o),
            formatter.sum_code.eq(sum_code),
            formatter.counter.eq(counter),
            formatter.links.eq(settings["links"]),
        ]
        return formatter.frame


class _Stage:
    """What left a rank of registers, taken apart again."""

    def __init__(self, stage: Stage, widths: Sequence[int]):
        self.valid, self.values = stage.o_valid, []
        place = 0
        for width in widths:
            self.values.append(stage.o[place : place + width])
            place += width
