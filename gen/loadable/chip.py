"""Module ``chip``: the ECON-T encoder from link words to link words."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import wiring

from hexcoder.gen.compiler import Settings
from hexcoder.gen.loadable.network import LoadableNetwork
from hexcoder.gen.loadable.registers import (
    PARAMETERS,
    PARAMETERS_ADDRESS,
    Loadable,
    LoadableModule,
    Setting,
)
from hexcoder.hw.chip.bunch_counter import BunchCounter
from hexcoder.hw.chip.calibrated_energy import CODE_BITS, ENERGY_BITS, FACTOR_BITS, CalibratedEnergy
from hexcoder.hw.chip.frame import LINK_COUNT_BITS, WORD_BITS, FrameFormatter
from hexcoder.hw.chip.keep_mask import KeepMask
from hexcoder.hw.chip.link_input import LinkInput
from hexcoder.hw.chip.multiplexer import Multiplexer
from hexcoder.hw.chip.register_map import Field
from hexcoder.hw.front_end import FrontEnd
from hexcoder.sensor.chip.link_words import INPUT_LINKS
from hexcoder.sensor.front_end import sensor_image_order
from hexcoder.sensor.geometry import TRIGGER_CELLS

SELECT_BITS = 6
FRAME_WORDS = 5
SETTINGS_ADDRESS = 0x8000

ENERGY_STAGE, NETWORK_STAGE, FRAME_STAGE = range(3)
"""Clocks from an event's link words to the stage that reads a field."""


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
    weights = Field(PARAMETERS, PARAMETERS_ADDRESS, 1, parameter_bits)
    return {PARAMETERS: (weights, NETWORK_STAGE), **settings}


class Chip(LoadableModule):
    """The chip's datapath, its registers and its I2C target.

    ``in_data`` holds link word l in bits [32*l +: 32], ``out_data`` likewise. Four clocks after an
    event its frame is there. Events that come while registers are loaded are not valid.

    Parameters
    ----------
    network : LoadableNetwork
        Takes an image of the sensor.
    settings : Settings
        As of :class:`hexcoder.gen.loadable.registers.LoadableModule`.
    """

    def __init__(self, network: LoadableNetwork, settings: Settings):
        order = sensor_image_order(network.network)
        if order is None:
            raise ValueError("the chip takes networks whose input is an image of the sensor")
        self.order = order.tolist()
        output = network.network.output
        self.latent_bits = int(output.shape[0]) * output.type.width
        super().__init__(
            network,
            chip_fields(network.parameter_bits, self.latent_bits),
            settings,
            latency=4,
            input_bits=INPUT_LINKS * WORD_BITS,
            output_bits=FRAME_WORDS * WORD_BITS,
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        parts = Loadable(m, self)
        settings = parts.settings
        link_input = LinkInput(INPUT_LINKS)
        m.submodules.link_input = link_input
        m.d.comb += link_input.words.eq(self.in_data)
        words = parts.rank("link_words", self.in_valid, [link_input.codes])
        # The counter goes on while registers are loaded.
        counter = BunchCounter()
        m.submodules.bunch_counter = self.protection.control(counter)
        m.d.comb += [
            counter.valid.eq(self.in_valid),
            counter.is_bc0.eq(link_input.is_bc0),
            parts.control.misaligned.eq(self.in_valid & link_input.misaligned),
        ]

        front_end = self._energies(m, settings, words.values[0])
        beside = [front_end.sum_code, counter.counter]
        image = parts.rank("image", words.valid, [front_end.image, *beside])
        latents = self._latents(parts, image.values[0])
        encoded = parts.rank("latents", image.valid, [latents, *image.values[1:]])
        frame = self._frame(m, settings, encoded.values)
        out = parts.rank("frame", encoded.valid, [frame])
        wiring.connect(m, out.events, wiring.flipped(self.events_out))
        parts.finish()
        return m

    def _energies(self, m: Module, settings: dict[str, Setting], codes: Value) -> FrontEnd:
        m.submodules.multiplexer = multiplexer = Multiplexer(TRIGGER_CELLS, CODE_BITS, SELECT_BITS)
        m.d.comb += [
            multiplexer.i.eq(codes),
            multiplexer.selects.eq(settings["multiplexer"].values()),
        ]
        type_ = self.network.network.input.type
        m.submodules.front_end = front_end = FrontEnd(
            ENERGY_BITS, TRIGGER_CELLS, self.order, type_.width, type_.fraction_bits
        )
        energies = []
        for position in range(TRIGGER_CELLS):
            m.submodules[f"calibrated_{position}"] = energy = CalibratedEnergy()
            m.d.comb += [
                energy.code.eq(multiplexer.o.word_select(position, CODE_BITS)),
                energy.factor.eq(settings["calibration"].value(position)),
                energy.high_density.eq(settings["high_density"].value(0)),
            ]
            energies.append(energy.energy)
        m.d.comb += front_end.energies.eq(Cat(*energies))
        return front_end

    def _latents(self, parts: Loadable, image: Value) -> Value:
        data, place = image, 0
        for number, layer in enumerate(self.network.layers):
            data = parts.layer(self.network, number, PARAMETERS, data, place)
            place += layer.parameters.bits
        return data

    def _frame(self, m: Module, settings: dict[str, Setting], values: Sequence[Value]) -> Value:
        latents, sum_code, counter = values
        m.submodules.keep_mask = keep = KeepMask(self.latent_bits)
        m.submodules.formatter = formatter = FrameFormatter(self.latent_bits, FRAME_WORDS)
        m.d.comb += [
            keep.i.eq(latents),
            keep.mask.eq(settings["keep_mask"].value(0)),
            formatter.data.eq(keep.o),
            formatter.sum_code.eq(sum_code),
            formatter.counter.eq(counter),
            formatter.links.eq(settings["links"].value(0)),
        ]
        return formatter.frame
