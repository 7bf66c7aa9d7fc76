"""Weights and biases as one string of bits, in the order in which registers hold them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedContext, WeightedLayer


@dataclass(frozen=True, slots=True)
class Parameters:
    """Where a layer's weights and biases lie in the network's string of parameter bits.

    Weights first, in the order of network.json (conv2d: row, column, in, out; dense: out, in),
    then biases; each lowest bit first.
    """

    weights: int
    biases: int
    weight_type: FixedPoint
    bias_type: FixedPoint | None

    @classmethod
    def of(cls, context: WeightedContext) -> Parameters:
        """Of a layer."""
        layer = context.layer
        biases = 0 if layer.bias_type is None else context.output_shape[-1]
        return cls(layer.weight_array().size, biases, layer.weight_type, layer.bias_type)

    @property
    def bits(self) -> int:
        """Bits of all of them."""
        bias_width = self.bias_type.width if self.bias_type else 0
        return self.weights * self.weight_type.width + self.biases * bias_width


def layer_parameter_bits(network: Network) -> dict[str, int]:
    """Bits of the weights and biases of each layer that has any, in their order."""
    return {context.name: Parameters.of(context).bits for context in network.weighted()}


def parameter_bits(network: Network) -> np.ndarray:
    """All weights and biases, layer by layer, as single bits, lowest first: uint8 (bits,)."""
    layers = [np.zeros(0, np.uint8)]
    for context in network.weighted():
        layer = context.layer
        groups = [(layer.weight_array().ravel(), layer.weight_type.width)]
        if layer.bias_type is not None:
            biases = layer.bias_array(context.output_shape[-1])
            groups.append((biases, layer.bias_type.width))
        for values, width in groups:
            layers.append((values[:, None] >> np.arange(width) & 1).astype(np.uint8).ravel())
    return np.concatenate(layers)


def with_random_parameters(network: Network, random: np.random.Generator) -> Network:
    """The same network with weights and biases drawn from the whole of their types."""
    return _with_parameters(
        network, lambda type_, shape: random.integers(type_.minimum, type_.maximum + 1, shape)
    )


def with_extreme_parameters(network: Network, least: bool) -> Network:
    """The same network with every weight and bias at one end of its type."""
    return _with_parameters(
        network, lambda type_, shape: np.full(shape, type_.minimum if least else type_.maximum)
    )


def _with_parameters(
    network: Network, values_of: Callable[[FixedPoint, tuple[int, ...]], np.ndarray]
) -> Network:
    """The same network with what ``values_of`` gives for a type and a shape."""
    layers = []
    for layer in network.layers:
        if not isinstance(layer, WeightedLayer):
            layers.append(layer)
            continue
        drawn = {"weights": values_of(layer.weight_type, layer.weight_array().shape).tolist()}
        if layer.bias_type is not None and layer.biases is not None:
            drawn["biases"] = values_of(layer.bias_type, (len(layer.biases),)).tolist()
        layers.append(layer.model_copy(update=drawn))
    return network.model_copy(update={"layers": tuple(layers)})
