"""Module under test: what is simulated, proved or compared, whichever module it is."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

import numpy as np

from hexcoder.network.schema import Network

CHUNK = 16_384
"""Vectors drawn and checked at a time: bounds memory, whatever the number of vectors."""


@dataclass(frozen=True, slots=True)
class Port:
    """Elements of one width in a data port; several of them lie one after the other.

    Element k lies in bits [k*width +: width], counted from the end of the one before.
    """

    name: str
    width: int
    elements: int


@dataclass(frozen=True, slots=True)
class Registers:
    """What a module's registers hold, and the golden answer of a module that holds it.

    Parameters
    ----------
    values : mapping of str to list of int
        Of each field.
    golden : callable
        As :meth:`ModuleUnderTest.golden`.
    """

    values: Mapping[str, list[int]]
    golden: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Vectors:
    """Some vectors of one kind.

    Parameters
    ----------
    kind : 'edge', 'event', 'random' or 'given'
    inputs : int64 array (n, elements)
    registers : Registers, optional
        What the registers hold while they pass, in a module that has any.
    answers : int64 array (n, elements), optional
        Of someone else, in place of the golden model's.
    """

    kind: str
    inputs: np.ndarray
    registers: Registers | None = None
    answers: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Stimulus:
    """What to draw.

    Parameters
    ----------
    seed : int
    count : int
        Random vectors, besides edges and events.
    events : int array (n, 48) of energies, optional
    sets : int
        Sets of registers that share the random vectors, in a module that has any.
    given : Vectors, optional
        Of the network's own inputs, besides.
    """

    seed: int
    count: int
    events: np.ndarray | None = None
    sets: int = 1
    given: Vectors | None = None


class Named(Protocol):
    """What a design is compiled from: a network, or something else that has a name."""

    @property
    def name(self) -> str:
        """As it stands in results."""
        ...


Source = TypeVar("Source", bound=Named)


class ModuleUnderTest(ABC, Generic[Source]):
    """A module of a compiled network: ports, stimulus, golden answer, latency and registers.

    Parameters
    ----------
    network : Network, or what else the module was compiled from
    latency : int
        Clocks from an input to its output.
    interval : int
        Least clocks from one event to the next.
    """

    name: ClassVar[str]

    def __init__(self, network: Source, latency: int = 0, interval: int = 1):
        self.network, self.latency, self.interval = network, latency, interval

    @property
    @abstractmethod
    def inputs(self) -> tuple[Port, ...]:
        """What lies in ``in_data``."""

    @property
    @abstractmethod
    def outputs(self) -> tuple[Port, ...]:
        """What lies in ``out_data``."""

    @property
    def registers(self) -> Mapping[str, int]:
        """Bits of each field of registers that the network decides; none where it is fixed."""
        return {}

    @abstractmethod
    def event_vectors(self, energies: np.ndarray) -> Vectors | None:
        """Events of the detector with the network's own weights.

        Parameters
        ----------
        energies : int array (n, 48), ADC counts

        Returns
        -------
        Vectors or None
            None where the network takes no image of the sensor.
        """

    def event_chunks(self, energies: np.ndarray | None) -> Iterator[Vectors]:
        """As :meth:`event_vectors`, of any number of events."""
        for start in range(0, 0 if energies is None else len(energies), CHUNK):
            assert energies is not None
            vectors = self.event_vectors(energies[start : start + CHUNK])
            if vectors is not None:
                yield vectors

    @abstractmethod
    def stimulus(self, stimulus: Stimulus) -> Iterator[Vectors]:
        """Blocks of edge cases, events and random vectors; the same for a seed."""

    @abstractmethod
    def golden(self, inputs: np.ndarray) -> np.ndarray:
        """Outputs int64 (n, elements) of inputs (n, elements), with the network's own weights."""

    def expected(self, vectors: Vectors) -> np.ndarray:
        """Golden outputs of vectors, with what the registers hold meanwhile, or given answers."""
        if vectors.answers is not None:
            return vectors.answers
        answer = self.golden if vectors.registers is None else vectors.registers.golden
        return answer(vectors.inputs)

    def golden_layers(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Golden values of all that can be watched inside, in order of the flow."""
        del inputs
        return {}

    @property
    def input_widths(self) -> tuple[int, ...]:
        """Bits of every element of ``in_data``."""
        return element_widths(self.inputs)

    @property
    def output_widths(self) -> tuple[int, ...]:
        """Bits of every element of ``out_data``."""
        return element_widths(self.outputs)


def element_widths(ports: tuple[Port, ...]) -> tuple[int, ...]:
    """Bits of every element of some ports."""
    return tuple(port.width for port in ports for _ in range(port.elements))


def edges(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """All zero, all ones, both extremes, alternating extremes, and each element alone.

    Parameters
    ----------
    low, high : int64 array (elements,)
        Least and greatest value of each.
    """
    elements = len(low)
    flat = np.array([np.zeros_like(low), np.clip(1, low, high), low, high])
    odd = np.arange(elements) % 2 == 1
    alternating = np.array([np.where(odd, low, high), np.where(odd, high, low)])
    alone_high, alone_low = np.diag(high), np.diag(low)[low < 0]
    return np.concatenate([flat, alternating, alone_high, alone_low])


def saturating_inputs(network: Network, events: int, seed: int) -> np.ndarray:
    """Inputs of only the least and greatest value: they drive sums to their limits."""
    low, high = network.input_bounds
    random = np.random.default_rng([seed, 2])
    return np.where(random.random((events, len(low))) < 0.5, low, high)


def uniform_inputs(network: Network, events: int, random: np.random.Generator) -> np.ndarray:
    """Inputs drawn from the whole range of their types: int64 (events, elements)."""
    parts = [
        random.integers(tensor.type.minimum, tensor.type.maximum + 1, (events, tensor.elements))
        for tensor in network.inputs_by_name.values()
    ]
    return np.concatenate(parts, axis=1)


def random_inputs(
    network: Network, events: int, random: np.random.Generator, seed: int
) -> np.ndarray:
    """Inputs over the whole range of their type; one event in eight has only extremes."""
    inputs = uniform_inputs(network, events, random)
    extremes = events // 8
    inputs[:extremes] = saturating_inputs(network, extremes, seed)
    return inputs
