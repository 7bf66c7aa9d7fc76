"""What a network asks of memory at a rate: bytes and operations a second."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.network.kinds.linear import Linear
from hexcoder.network.kinds.matmul import MatrixProduct
from hexcoder.network.kinds.multiply import Multiply
from hexcoder.network.layer import LayerContext
from hexcoder.network.parameters import Parameters
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedContext

_STORED = ("weights", "biases", "values", "thresholds", "tables")
"""Keys of nodes that hold numbers, where no type is given for them."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A network at a rate.

    Weights are read once for each event, whatever their number of uses; a tensor between layers is
    written and read once; inputs are read and outputs written once.

    Parameters
    ----------
    parameters : int
        Weights, biases and other numbers that say what the network computes.
    weight_bits : int
        Bits of all of them.
    multiplications : int
        Of an event, those with zeros of a convolution's padding counted.
    activation_bits, input_bits, output_bits : int
        Of an event: tensors between layers, inputs, outputs. 0 where only options are known.
    rate_per_s : float
        Events a second; the initiation interval (period) is its inverse.
    latency_s : float, optional
        Most time from an event to its answer.
    """

    name: str
    parameters: int
    weight_bits: int
    multiplications: int
    activation_bits: int
    input_bits: int
    output_bits: int
    rate_per_s: float
    latency_s: float | None = None

    @property
    def period_s(self) -> float:
        """Time between events."""
        return 1 / self.rate_per_s

    @property
    def weight_bytes(self) -> float:
        """Room for the weights."""
        return self.weight_bits / 8

    @property
    def weight_bytes_per_s(self) -> float:
        """Parameters x bits x rate, in bytes."""
        return self.weight_bytes * self.rate_per_s

    @property
    def activation_bytes_per_s(self) -> float:
        """Written and read."""
        return 2 * self.activation_bits / 8 * self.rate_per_s

    @property
    def io_bytes_per_s(self) -> float:
        """Inputs and outputs."""
        return (self.input_bits + self.output_bits) / 8 * self.rate_per_s

    @property
    def bytes_per_s(self) -> float:
        """All of it."""
        return self.weight_bytes_per_s + self.activation_bytes_per_s + self.io_bytes_per_s

    @property
    def operations_per_s(self) -> float:
        """A multiplication and an addition for each product."""
        return 2 * self.multiplications * self.rate_per_s

    @property
    def arithmetic_intensity(self) -> float:
        """Operations for each byte (Williams et al., Commun. ACM 52 (2009) 65)."""
        return self.operations_per_s / self.bytes_per_s


def demand_of_numbers(
    name: str, parameters: int, bits: int, rate_per_s: float, latency_s: float | None
) -> Demand:
    """A network of which no more is known: each weight is used once, as in dense layers."""
    return Demand(
        name, parameters, parameters * bits, parameters, 0, 0, 0, rate_per_s, latency_s
    )  # fmt: skip


def demand_of_network(network: Network, rate_per_s: float, latency_s: float | None) -> Demand:
    """A network with the widths of its file."""
    contexts = list(network.contexts())
    outputs = set(network.outputs_by_name)
    inner = [c for c in contexts if c.name not in outputs and not c.layer.is_wiring]
    return Demand(
        name=network.name,
        parameters=network.parameters(),
        weight_bits=sum(_stored_bits(context) for context in contexts),
        multiplications=sum(multiplications(context) for context in contexts),
        activation_bits=sum(c.output.elements * c.output.type.width for c in inner),
        input_bits=_bits(network.inputs_by_name),
        output_bits=_bits(network.outputs_by_name),
        rate_per_s=rate_per_s,
        latency_s=latency_s,
    )


def _bits(tensors: Any) -> int:
    return sum(tensor.elements * tensor.type.width for tensor in tensors.values())


def multiplications(context: LayerContext) -> int:
    """Products of a layer: of weights and elements, or of two tensors' elements."""
    layer, elements = context.layer, context.output.elements
    if isinstance(context, WeightedContext):
        return elements * context.layer.matrix().shape[0]
    if isinstance(layer, Linear):
        return int(layer.sums(context.inputs[0])[0].weights.size)
    if isinstance(layer, MatrixProduct):
        return elements * context.inputs[0].shape[-1]
    return elements if isinstance(layer, Multiply) else 0


def _stored_bits(context: LayerContext) -> int:
    """Bits of a layer's numbers: by their type, or by the narrowest that holds them."""
    if isinstance(context, WeightedContext):
        return Parameters.of(context).bits
    total = 0
    for values in _numbers(context.layer):
        width = FixedPoint.holding(int(values.min()), int(values.max()), 0).width
        total += values.size * width
    return total


def _numbers(layer: Any) -> Iterator[np.ndarray]:
    """Numbers of a node, an array for each key that holds some."""
    keys = [(getattr(layer, key, None)) for key in _STORED]
    for tree in getattr(layer, "trees", ()):
        leaf = np.array(tree.left) == -1
        keys.append(np.where(leaf, tree.value, tree.threshold).tolist())
    for values in keys:
        flat = list(_flat(values))
        if flat:
            yield np.array(flat, dtype=np.int64)


def _flat(values: Any) -> Iterator[int]:
    if isinstance(values, list | tuple):
        for inner in values:
            yield from _flat(inner)
    elif isinstance(values, int):
        yield values


def longest_period_off_chip(parameters: float, bits: float, bandwidth: float) -> float:
    """Period below which a memory cannot give all weights for each event, s.

    Bandwidth in bytes a second: the line parameters x bits / 8 / bandwidth.
    """
    if not math.isfinite(bandwidth) or bandwidth <= 0:
        raise ValueError(f"bandwidth = {bandwidth}: it must be more than 0")
    return parameters * bits / 8 / bandwidth
