"""Vectors for the modules: edge cases, events and random tensors, with what is expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from network.golden import evaluate, layer_outputs
from network.schema import Network
from sensor.front_end import (
    ENERGY_BITS,
    encode_frames,
    normalise,
    sensor_image_order,
)
from sensor.geometry import TRIGGER_CELLS

CHUNK = 16_384
"""Vectors made and checked at a time: bounds memory, whatever the number of vectors."""
LARGEST_ENERGY = (1 << ENERGY_BITS) - 1


@dataclass(frozen=True, slots=True)
class Vectors:
    """Some vectors of one kind.

    Parameters
    ----------
    kind : 'edge', 'event' or 'random'
    inputs : int64 array (n, elements)
    """

    kind: str
    inputs: np.ndarray


def _edges(low: int, high: int, elements: int) -> np.ndarray:
    """All zero, all ones, both extremes, alternating extremes, and each element alone."""
    flat = np.array([[0], [min(max(1, low), high)], [low], [high]]).repeat(elements, axis=1)
    alternating = np.where(np.arange(elements) % 2, low, high)
    alone_high = np.eye(elements, dtype=np.int64) * high
    alone_low = np.eye(elements, dtype=np.int64) * low
    parts = [flat, alternating[None], alternating[None, ::-1], alone_high]
    return np.concatenate(parts + ([alone_low] if low < 0 else []))


def saturating_inputs(network: Network, events: int, seed: int) -> np.ndarray:
    """Inputs of only the least and greatest value: they drive sums to their limits."""
    type_, elements = network.input.type, int(np.prod(network.input.shape))
    random = np.random.default_rng([seed, 2])
    return np.where(random.random((events, elements)) < 0.5, type_.minimum, type_.maximum)


def random_inputs(
    network: Network, events: int, random: np.random.Generator, seed: int
) -> np.ndarray:
    """Inputs over the whole range of their type; one event in eight has only extremes."""
    type_, elements = network.input.type, int(np.prod(network.input.shape))
    inputs = random.integers(type_.minimum, type_.maximum + 1, (events, elements))
    extremes = events // 8
    inputs[:extremes] = saturating_inputs(network, extremes, seed)
    return inputs


def core_vectors(
    network: Network, count: int, seed: int, events: np.ndarray | None
) -> Iterator[Vectors]:
    """Vectors for ``encoder_core``: edges, events if the input is a sensor image, random ones.

    Parameters
    ----------
    count : int
        Random tensors over the whole range of the input type; one in eight has only extremes.
    events : int array (n, 48) of energies, or None
    """
    type_, elements = network.input.type, int(np.prod(network.input.shape))
    yield Vectors("edge", _edges(type_.minimum, type_.maximum, elements))
    order = sensor_image_order(network)
    if events is not None and order is not None:
        for start in range(0, len(events), CHUNK):
            image = normalise(events[start : start + CHUNK], type_, order)
            yield Vectors("event", image)
    random = np.random.default_rng([seed, 1])
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        yield Vectors("random", random_inputs(network, size, random, seed + start))


def encoder_vectors(count: int, seed: int, events: np.ndarray | None) -> Iterator[Vectors]:
    """Vectors for ``encoder``: energies of every magnitude and occupancy, edges, and events."""
    yield Vectors("edge", _edges(0, LARGEST_ENERGY, TRIGGER_CELLS))
    powers = 1 << np.arange(ENERGY_BITS)
    near = np.concatenate([powers - 1, powers, np.minimum(powers + 1, LARGEST_ENERGY)])
    # Sums just below, at and above every power of two, held by one cell or by all.
    single = near[:, None] * (np.arange(TRIGGER_CELLS) == 17)
    yield Vectors("edge", np.concatenate([single, np.tile(near[:, None], TRIGGER_CELLS)]))
    if events is not None:
        for start in range(0, len(events), CHUNK):
            yield Vectors("event", np.asarray(events[start : start + CHUNK], dtype=np.int64))
    random = np.random.default_rng([seed, 3])
    for start in range(0, count, CHUNK):
        shape = (min(CHUNK, count - start), TRIGGER_CELLS)
        scale = random.integers(0, ENERGY_BITS + 1, (shape[0], 1))
        occupancy = random.random((shape[0], 1))
        energies = (random.random(shape) * (1 << scale)).astype(np.int64)
        yield Vectors("random", np.where(random.random(shape) < occupancy, energies, 0))


def module_vectors(
    module: str, network: Network, count: int, seed: int, events: np.ndarray | None
) -> Iterator[Vectors]:
    """Vectors for a module of the contract, by name."""
    if module == "encoder":
        return encoder_vectors(count, seed, events)
    return core_vectors(network, count, seed, events)


def expected_outputs(module: str, network: Network, inputs: np.ndarray) -> np.ndarray:
    """Golden output of a module: int64 (n, fields); fields are the frame's for ``encoder``."""
    return encode_frames(network, inputs) if module == "encoder" else evaluate(network, inputs)


def expected_layers(module: str, network: Network, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Golden output of everything that can be watched inside a module, in order of the flow."""
    if module != "encoder":
        return layer_outputs(network, inputs)
    order = sensor_image_order(network)
    assert order is not None
    image = normalise(inputs, network.input.type, order)
    frame = encode_frames(network, inputs)
    return {"front_end": image, **layer_outputs(network, image), "sum_code": frame[:, -1:]}
