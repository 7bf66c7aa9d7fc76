"""Modules of a compiled design under test, and those whose weights lie in registers."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.gen.codec.loadable import table_fields, table_values, word_bits
from hexcoder.gen.loadable.encoder import parameter_field
from hexcoder.gen.loadable.registers import PARAMETERS
from hexcoder.metrics.file import read_metrics
from hexcoder.metrics.rtl import RtlFile
from hexcoder.network.golden import evaluate
from hexcoder.network.modules import (
    ModuleUnderTest,
    Port,
    Registers,
    Stimulus,
    Vectors,
    random_inputs,
)
from hexcoder.network.parameters import (
    layer_parameter_bits,
    parameter_bits,
    with_extreme_parameters,
    with_random_parameters,
)
from hexcoder.network.schema import Network
from hexcoder.sensor.chip.configuration import CALIBRATION_ONE, MOST_LINKS, ChipConfiguration
from hexcoder.sensor.chip.golden import (
    FRAME_WORDS,
    HEADER,
    HEADER_BC0,
    input_words,
    link_words,
    packed_codes,
)
from hexcoder.sensor.chip.link_words import INPUT_LINKS
from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.codec.prefix import limited_lengths
from hexcoder.sensor.encoders import AnyEncoder, described, frames_of
from hexcoder.sensor.frames import FrameModule
from hexcoder.sensor.front_end import ENERGY_BITS, sensor_image_order
from hexcoder.sensor.geometry import TRIGGER_CELLS
from hexcoder.sensor.stimulus import Encoder, EncoderCore

EVENTS_A_SET = 2000
LEAST_SETS = 4
WORD_BITS = 32


def sets_for(events: int) -> int:
    """Sets of registers that so many events share where nobody says otherwise."""
    return max(LEAST_SETS, events // EVENTS_A_SET)


class LoadableModule(ModuleUnderTest[Network]):
    """A module whose weights lie in registers.

    Its stimulus is the network's own weights with events of the detector, then weights drawn at
    random, in every fifth set all at one end of their types.
    """

    def stimulus(self, stimulus: Stimulus) -> Iterator[Vectors]:
        own = self.own_vectors(stimulus)
        if own is not None:
            yield own
        # At least as many events in all as were asked for.
        count = max(1, -(-stimulus.count // max(1, stimulus.sets)))
        for number in range(stimulus.sets):
            random = np.random.default_rng([stimulus.seed, number])
            drawn = with_random_parameters(self.network, random)
            if number % 5 == 4:
                drawn = with_extreme_parameters(self.network, least=number % 2 == 0)
            yield self.drawn_vectors(drawn, random, count, number, stimulus.seed)

    @abstractmethod
    def own_vectors(self, stimulus: Stimulus) -> Vectors | None:
        """Edges and events with the network's own weights."""

    @abstractmethod
    def drawn_vectors(
        self, network: Network, random: np.random.Generator, count: int, number: int, seed: int
    ) -> Vectors:
        """Random vectors of set ``number``, with the weights of ``network``."""


class LoadableEncoder(LoadableModule):
    """Any network with its weights in registers: the core's ports, and a field for each layer."""

    name = "loadable_encoder"

    @property
    def _core(self) -> EncoderCore:
        return EncoderCore(self.network)

    @property
    def inputs(self) -> tuple[Port, ...]:
        return self._core.inputs

    @property
    def outputs(self) -> tuple[Port, ...]:
        return self._core.outputs

    @property
    def registers(self) -> Mapping[str, int]:
        layers = layer_parameter_bits(self.network)
        return {parameter_field(name): width for name, width in layers.items()}

    def loaded(self, network: Network) -> Registers:
        """Registers with a network's weights."""
        bits, place = parameter_bits(network), 0
        values = {}
        for name, count in self.registers.items():
            values[name] = [_packed(bits[place : place + count])]
            place += count
        mask = (1 << network.output.type.width) - 1
        return Registers(values, lambda inputs: evaluate(network, inputs) & mask)

    def golden(self, inputs: np.ndarray) -> np.ndarray:
        return self.loaded(self.network).golden(inputs)

    def event_vectors(self, energies: np.ndarray) -> Vectors | None:
        image = self._core.event_vectors(energies)
        return image and replace(image, registers=self.loaded(self.network))

    def own_vectors(self, stimulus: Stimulus) -> Vectors | None:
        blocks = list(self._core.stimulus(replace(stimulus, count=0)))
        inputs = np.concatenate([block.inputs for block in blocks])
        return Vectors(blocks[-1].kind, inputs, self.loaded(self.network))

    def drawn_vectors(
        self, network: Network, random: np.random.Generator, count: int, number: int, seed: int
    ) -> Vectors:
        words = random_inputs(network, count, random, seed + number)
        return Vectors("random", words, self.loaded(network))


class Chip(LoadableModule):
    """The ECON-T encoder: link words in, link words out, all of its settings in registers.

    Beside the weights, all registers are drawn at random; every seventh set has calibration factors
    of zero, so that sums saturate and vanish.
    """

    name = "chip"

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("in_data", WORD_BITS, INPUT_LINKS),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("out_data", WORD_BITS, FRAME_WORDS),)

    @property
    def registers(self) -> Mapping[str, int]:
        return {PARAMETERS: sum(layer_parameter_bits(self.network).values())}

    def loaded(self, network: Network, configuration: ChipConfiguration) -> Registers:
        """Registers with a configuration, whose weights are the network's."""
        golden = partial(link_words, network, configuration=configuration, output_links=FRAME_WORDS)
        return Registers(field_values(configuration), golden)

    def plain_configuration(self) -> ChipConfiguration:
        """The network's own weights; cells in their order, calibration 1, all bits on all links."""
        output = self.network.output
        bits = int(np.prod(output.shape)) * output.type.width
        return ChipConfiguration(
            tuple(range(TRIGGER_CELLS)),
            (CALIBRATION_ONE,) * TRIGGER_CELLS,
            True,
            FRAME_WORDS,
            (1 << bits) - 1,
            packed_parameters(self.network),
        )

    def golden(self, inputs: np.ndarray) -> np.ndarray:
        return self.loaded(self.network, self.plain_configuration()).golden(inputs)

    def event_vectors(self, energies: np.ndarray) -> Vectors | None:
        plain = self.plain_configuration()
        words = input_words(energies, plain.high_density)
        return Vectors("event", words, self.loaded(self.network, plain))

    def own_vectors(self, stimulus: Stimulus) -> Vectors | None:
        energies = stimulus.events
        return None if energies is None or not len(energies) else self.event_vectors(energies)

    def drawn_vectors(
        self, network: Network, random: np.random.Generator, count: int, number: int, seed: int
    ) -> Vectors:
        plain = self.plain_configuration()
        bits = plain.keep_mask.bit_length()
        factors = random.integers(0, 2 * CALIBRATION_ONE, TRIGGER_CELLS)
        if number % 7 == 6:
            factors[random.random(TRIGGER_CELLS) < 0.8] = 0
        configuration = replace(
            plain,
            multiplexer=tuple(random.integers(0, TRIGGER_CELLS, TRIGGER_CELLS).tolist()),
            calibration=tuple(factors.tolist()),
            high_density=bool(number % 2),
            links=1 + number % MOST_LINKS,
            keep_mask=int.from_bytes(random.bytes(-(-bits // 8)), "little") & plain.keep_mask,
            parameters=packed_parameters(network),
        )
        words = _random_words(random, count)
        return Vectors("random", words, self.loaded(network, configuration))


class LoadableCode(FrameModule):
    """An adaptive code with its tables in registers; a frame is compared bit by bit.

    Its stimulus is the code's own tables with all that a fixed code gets, then tables drawn at
    random.
    """

    name = "loadable_encoder"
    network: Codec

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (Port("frame", 1, self.network.frame_bits),)

    @property
    def registers(self) -> Mapping[str, int]:
        fields = table_fields(self.network, ())
        return {name: field.width for name, (field, _) in fields.items()}

    def loaded(self, codec: Codec) -> Registers:
        """Registers with a code's tables."""
        values = table_values(codec.tables, word_bits(self.network))
        return Registers(values, lambda inputs: frames_of(codec, inputs)[:, ::-1].astype(np.int64))

    def golden(self, inputs: np.ndarray) -> np.ndarray:
        return self.loaded(self.network).golden(inputs)

    def event_vectors(self, energies: np.ndarray) -> Vectors:
        return Vectors("event", np.asarray(energies, np.int64), self.loaded(self.network))

    def drawn(self, random: np.random.Generator) -> Codec:
        """The code with tables drawn at random."""
        shape = len(self.network.tables), self.network.symbols.count
        weights = random.random(shape) ** random.integers(1, 8, (shape[0], 1)) + 1e-6
        longest = word_bits(self.network)
        tables = tuple(tuple(limited_lengths(row, longest)) for row in weights)
        return self.network.model_copy(update={"tables": tables})

    def stimulus(self, stimulus: Stimulus) -> Iterator[Vectors]:
        own = list(super().stimulus(replace(stimulus, count=min(stimulus.count, EVENTS_A_SET))))
        inputs = np.concatenate([block.inputs for block in own])
        yield Vectors("event", inputs, self.loaded(self.network))
        count = max(1, -(-stimulus.count // max(1, stimulus.sets)))
        for number in range(stimulus.sets):
            random = np.random.default_rng([stimulus.seed, number])
            codec = self.drawn(random)
            scale = random.integers(0, ENERGY_BITS + 1, (count, 1))
            energies = (random.random((count, TRIGGER_CELLS)) * (1 << scale)).astype(np.int64)
            is_zero = random.random(energies.shape) < random.random((count, 1))
            yield Vectors("random", np.where(is_zero, 0, energies), self.loaded(codec))


def field_values(configuration: ChipConfiguration) -> dict[str, list[int]]:
    """A configuration as values of the chip's fields, by name."""
    return {
        "parameters": [configuration.parameters],
        "multiplexer": list(configuration.multiplexer),
        "calibration": list(configuration.calibration),
        "high_density": [int(configuration.high_density)],
        "links": [configuration.links],
        "keep_mask": [configuration.keep_mask],
    }


def packed_parameters(network: Network) -> int:
    """A network's weights and biases as the parameter registers hold them."""
    return _packed(parameter_bits(network))


def _packed(bits: np.ndarray) -> int:
    """Bits, the lowest first, as an integer."""
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")


def _random_words(random: np.random.Generator, count: int) -> np.ndarray:
    """Link words over all codes, with events of no charge and of full scale among them."""
    shape = count, INPUT_LINKS, 4
    largest = random.integers(0, 16, (count, 1, 1))
    codes = random.integers(0, largest + 1, shape) << 3 | random.integers(0, 8, shape)
    codes = np.where(random.random(shape) < random.random((count, 1, 1)), codes, 0)
    kind = random.random(count)
    codes[kind < 0.02] = 0
    codes[kind > 0.98] = 127
    header = np.where(random.random((count, 1)) < 0.01, HEADER_BC0, HEADER)
    # The counter starts anew with the vectors.
    header[:1] = HEADER_BC0
    return packed_codes(codes, header)


MODULES = {module.name: module for module in (EncoderCore, Encoder, LoadableEncoder, Chip)}
"""Every module that a design may have; of those with fixed weights the core comes first."""


def read_rtl(design: Path) -> RtlFile:
    """What the compiler says of a design; InputError if the folder holds none."""
    for needed in (design / "metrics.json", design / "encoder.v"):
        if not needed.is_file():
            raise InputError(f"{needed}: no such file; `hexcoder rtl` makes it")
    rtl = read_metrics(design / "metrics.json", RtlFile, "hexcoder rtl")
    assert rtl is not None
    return rtl


def modules_under_test(network: AnyEncoder, design: Path) -> list[ModuleUnderTest]:
    """Modules of a compiled design that can be tested.

    Raises
    ------
    InputError
        If the folder is no compiled design, or another network's: what differs.
    """
    rtl, path = read_rtl(design), design / "metrics.json"
    modules: list[ModuleUnderTest] = []
    if isinstance(network, Codec) and rtl.registers is not None:
        module = LoadableCode(network, rtl.latency_cycles)
        _require_fit(module, rtl, path)
        return [module]
    if not isinstance(network, Network):
        ports = rtl.modules.get(FrameModule.name)
        parts = rtl.code if isinstance(network, Codec) else rtl.classical
        if parts is None or ports is None or ports.output_bits != network.frame_bits:
            raise InputError(
                f"{path}: no {described(network).split()[0]} with frames of {network.frame_bits} "
                f"bits, as {network.name} is: the design was compiled for another network"
            )
        return [FrameModule(network, ports.latency_cycles)]
    for name, kind in MODULES.items():
        ports = rtl.modules.get(name)
        # The sensor's datapath needs a network on an image of the sensor.
        if ports is None or (kind is Encoder and sensor_image_order(network) is None):
            continue
        module = kind(network, ports.latency_cycles, ports.interval_cycles)
        _require_fit(module, rtl, path)
        modules.append(module)
    if not modules:
        raise InputError(f"{path}: the design has none of the modules {', '.join(MODULES)}")
    return modules


def module_under_test(
    network: AnyEncoder, design: Path, name: str | None = None
) -> ModuleUnderTest:
    """One module of a compiled design, by default its top; raises as :func:`modules_under_test`."""
    wanted = name or read_rtl(design).top
    for module in modules_under_test(network, design):
        if module.name == wanted:
            return module
    raise InputError(f"{design / 'metrics.json'}: the design has no module '{wanted}'")


def _require_fit(module: ModuleUnderTest, rtl: RtlFile, path: Path) -> None:
    """Refuse a design that was compiled for another network."""
    network, fields = module.network, rtl.registers or {}
    for name, width in module.registers.items():
        held = fields[name].width if name in fields else 0
        if held != width:
            raise InputError(
                f"{path}: '{name}' has {held} bits, network {network.name} "
                f"needs {width}: the design was compiled for another network"
            )
    if not module.registers:
        built = [(layer.name, layer.kind, layer.output_shape) for layer in rtl.layers]
        wanted = [(c.name, c.layer.kind, list(c.output_shape)) for c in network.contexts()]
        if built != wanted:
            raise InputError(f"{path}: the design's layers {built} are not the network's {wanted}")
    ports = rtl.modules[module.name]
    for name, widths, bits in (
        ("input", module.input_widths, ports.input_bits),
        ("output", module.output_widths, ports.output_bits),
    ):
        if sum(widths) != bits:
            raise InputError(
                f"{path}: module {module.name} has {bits} {name} "
                f"bits; network {network.name} needs {sum(widths)}"
            )
