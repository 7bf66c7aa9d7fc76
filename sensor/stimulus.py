"""Modules with fixed weights under test: the network alone, and the sensor's datapath round it."""

from collections.abc import Iterator

import numpy as np

from hexcoder.network.golden import evaluate, layer_outputs
from hexcoder.network.modules import (
    CHUNK,
    ModuleUnderTest,
    Port,
    Source,
    Stimulus,
    Vectors,
    edges,
    random_inputs,
    saturating_inputs,
)
from hexcoder.network.schema import Network
from hexcoder.sensor.front_end import (
    ENERGY_BITS,
    SUM_CODE_BITS,
    encode_frames,
    normalise,
    sensor_image_order,
)
from hexcoder.sensor.geometry import TRIGGER_CELLS

LARGEST_ENERGY = (1 << ENERGY_BITS) - 1


class EncoderCore(ModuleUnderTest[Network]):
    """The network alone; its events are images of the sensor, where its input is one."""

    name = "encoder_core"

    @property
    def inputs(self) -> tuple[Port, ...]:
        tensors = self.network.inputs_by_name.values()
        return tuple(Port("in_data", tensor.type.width, tensor.elements) for tensor in tensors)

    @property
    def outputs(self) -> tuple[Port, ...]:
        tensors = self.network.outputs_by_name.values()
        return tuple(Port("out_data", tensor.type.width, tensor.elements) for tensor in tensors)

    def event_vectors(self, energies: np.ndarray) -> Vectors | None:
        order = sensor_image_order(self.network)
        if order is None:
            return None
        return Vectors("event", normalise(energies, self.network.input.type, order))

    def stimulus(self, stimulus: Stimulus) -> Iterator[Vectors]:
        yield Vectors("edge", edges(*self.network.input_bounds))
        yield from self.event_chunks(stimulus.events)
        if stimulus.given is not None:
            yield stimulus.given
        random = np.random.default_rng([stimulus.seed, 1])
        for start in range(0, stimulus.count, CHUNK):
            size = min(CHUNK, stimulus.count - start)
            inputs = random_inputs(self.network, size, random, stimulus.seed + start)
            yield Vectors("random", inputs)

    def saturating(self, count: int, seed: int) -> np.ndarray:
        """Inputs that drive sums to both ends of their range."""
        return saturating_inputs(self.network, count, seed)

    def golden(self, inputs: np.ndarray) -> np.ndarray:
        return evaluate(self.network, inputs)

    def golden_layers(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        return layer_outputs(self.network, inputs)


class EnergyModule(ModuleUnderTest[Source]):
    """A module that takes the energies of the 48 trigger cells."""

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("in_data", ENERGY_BITS, TRIGGER_CELLS),)

    def event_vectors(self, energies: np.ndarray) -> Vectors | None:
        return Vectors("event", np.asarray(energies, dtype=np.int64))

    def stimulus(self, stimulus: Stimulus) -> Iterator[Vectors]:
        """Energies of every magnitude and occupancy, edges, and events."""
        least = np.zeros(TRIGGER_CELLS, np.int64)
        yield Vectors("edge", edges(least, least + LARGEST_ENERGY))
        powers = 1 << np.arange(ENERGY_BITS)
        near = np.concatenate([powers - 1, powers, np.minimum(powers + 1, LARGEST_ENERGY)])
        # Sums just below, at and above every power of two, held by one cell or by all.
        single = near[:, None] * (np.arange(TRIGGER_CELLS) == 17)
        yield Vectors("edge", np.concatenate([single, np.tile(near[:, None], TRIGGER_CELLS)]))
        yield from self.event_chunks(stimulus.events)
        random = np.random.default_rng([stimulus.seed, 3])
        for start in range(0, stimulus.count, CHUNK):
            shape = (min(CHUNK, stimulus.count - start), TRIGGER_CELLS)
            scale = random.integers(0, ENERGY_BITS + 1, (shape[0], 1))
            occupancy = random.random((shape[0], 1))
            energies = (random.random(shape) * (1 << scale)).astype(np.int64)
            yield Vectors("random", np.where(random.random(shape) < occupancy, energies, 0))

    def saturating(self, count: int, seed: int) -> np.ndarray:
        """One or two cells hold all of the charge: the normalised image is at full scale."""
        random = np.random.default_rng(seed)
        inputs = np.zeros((count, TRIGGER_CELLS), dtype=np.int64)
        for event in inputs:
            event[random.integers(0, TRIGGER_CELLS, 2)] = LARGEST_ENERGY
        return inputs


class Encoder(EnergyModule[Network], EncoderCore):
    """The sensor's datapath round the network: energies in, the output frame's fields out."""

    name = "encoder"

    @property
    def outputs(self) -> tuple[Port, ...]:
        return (*super().outputs, Port("sum_code", SUM_CODE_BITS, 1))

    def golden(self, inputs: np.ndarray) -> np.ndarray:
        return encode_frames(self.network, inputs)

    def golden_layers(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        image = EncoderCore.event_vectors(self, inputs)
        assert image is not None
        layers = super().golden_layers(image.inputs)
        return {"front_end": image.inputs, **layers, "sum_code": self.golden(inputs)[:, -1:]}


FIXED = {module.name: module for module in (EncoderCore, Encoder)}
"""Modules whose weights are fixed, the core first."""
