"""Weight widths by layer from traces of the Hessian, under a budget of gates or of bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np

from hexcoder.fixed_point import FixedPoint
from models.encoder.hardware_cost import adder_bits
from network.schema import Network
from network.weighted import WeightedLayer
from studies.radiation.hessian import Trace

T = TypeVar("T")
Budget = Literal["adder bits", "weight bits"]
WIDTHS = range(2, 9)
"""Widths that are tried: 1 bit has no sign and a value, 9 bits are exact enough for any layer."""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """A layer's weights in a type.

    Attributes
    ----------
    layer : str
    type : FixedPoint
    integers : int64 array, shape of the layer's weights
    squared_error : float
        Sum of the squares of what rounding changes, real units.
    loss : float
        Expected increase of the loss, half pitches: half the mean trace times ``squared_error``.
    cost : float
        In the budget's unit; of adder bits, relative to the network as it is.
    """

    layer: str
    type: FixedPoint
    integers: np.ndarray
    squared_error: float
    loss: float
    cost: float


def rounded(weights: np.ndarray, type_: FixedPoint) -> np.ndarray:
    """Nearest integers of a type: real units to int64, clipped to the type's range."""
    scaled = np.rint(np.asarray(weights, dtype=np.float64) / type_.step)
    return np.clip(scaled, type_.minimum, type_.maximum).astype(np.int64)


def types_of_width(weights: np.ndarray, width: int, signed: bool) -> list[FixedPoint]:
    """Types of a width with the binary points that make sense for some weights.

    The largest weight fits, or it is clipped for finer steps.
    """
    largest = float(np.abs(weights).max(initial=0.0))
    whole = (int(np.ceil(np.log2(largest))) if largest > 0 else 0) + int(signed)
    return [FixedPoint(signed, whole + shift, width - whole - shift) for shift in (1, 0, -1, -2)]


def best_type(weights: np.ndarray, width: int, signed: bool) -> FixedPoint:
    """The type of a width that makes the least squared error."""
    types = types_of_width(weights, width, signed)
    errors = [np.square(rounded(weights, t) * t.step - weights).sum() for t in types]
    return types[int(np.argmin(errors))]


def with_weights(network: Network, choices: Sequence[Choice]) -> Network:
    """A network with some layers' weights and weight types replaced."""
    by_name = {choice.layer: choice for choice in choices}
    layers = []
    for context in network.contexts():
        layer, choice = context.layer, by_name.get(context.name)
        if choice is not None:
            update = {"weights": choice.integers.tolist(), "weight_type": choice.type}
            layer = layer.model_copy(update=update)
        layers.append(layer)
    return network.model_copy(update={"layers": tuple(layers)})


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A network whose weights are to get types.

    Attributes
    ----------
    network : Network
    weights : mapping of float arrays
        Before rounding, by layer, real units, shapes of the layers' weights.
    traces : mapping of Trace
        By layer. A trace that noise may have made negative, or far too small, counts as its
        standard error: no layer is cut to nothing for lack of probes.
    budget : 'adder bits' or 'weight bits'
    """

    network: Network
    weights: Mapping[str, np.ndarray]
    traces: Mapping[str, Trace]
    budget: Budget

    def types(self, choose: Callable[[WeightedLayer, np.ndarray], T]) -> dict[str, T]:
        """What a function of a layer and its weights says, by layer."""
        return {
            context.name: choose(context.layer, self.weights[context.name])
            for context in self.network.weighted()
        }

    def choice(self, layer: str, type_: FixedPoint) -> Choice:
        """What a layer's weights lose and cost in a type."""
        weights, trace = self.weights[layer], self.traces[layer]
        integers = rounded(weights, type_)
        squared = float(np.square(integers * type_.step - weights).sum())
        curvature = max(trace.value, trace.standard_error) / trace.weights
        choice = Choice(layer, type_, integers, squared, curvature * squared / 2, 0.0)
        if self.budget == "weight bits":
            return replace(choice, cost=float(weights.size * type_.width))
        cost = adder_bits(with_weights(self.network, [choice])) - adder_bits(self.network)
        return replace(choice, cost=cost)

    def present(self) -> list[Choice]:
        """The layers in the types that they have."""
        types = self.types(lambda layer, weights: layer.weight_type)
        return [self.choice(name, type_) for name, type_ in types.items()]

    def uniform(self, width: int) -> list[Choice]:
        """All layers at one width, each in its :func:`best_type`."""
        types = self.types(
            lambda layer, weights: best_type(weights, width, layer.weight_type.signed)
        )
        return [self.choice(name, type_) for name, type_ in types.items()]

    def choices(self) -> dict[str, list[Choice]]:
        """Every layer in every width of ``WIDTHS``, with several binary points each."""
        types = self.types(
            lambda layer, weights: [
                type_
                for width in WIDTHS
                for type_ in types_of_width(weights, width, layer.weight_type.signed)
            ]
        )
        return {name: [self.choice(name, t) for t in row] for name, row in types.items()}


def allocate(layers: Sequence[Sequence[Choice]], limit: float) -> list[Choice] | None:
    """One choice a layer, of least total loss at a total cost of at most ``limit``.

    Exact: after each layer only combinations that no other one beats in both cost and loss are
    kept (HAWQ-V2's Pareto frontier, section 3.3, without its enumeration of all).

    Returns
    -------
    list of Choice, in order of layers, or None where even the cheapest do not fit
    """
    front: list[tuple[float, float, list[Choice]]] = [(0.0, 0.0, [])]
    for layer in layers:
        grown = [
            (cost + choice.cost, loss + choice.loss, [*chosen, choice])
            for cost, loss, chosen in front
            for choice in layer
        ]
        grown.sort(key=lambda point: point[:2])
        front, least = [], np.inf
        for point in grown:
            if point[1] < least:
                front.append(point)
                least = point[1]
    fitting = [point for point in front if point[0] <= limit]
    return min(fitting, key=lambda point: point[1])[2] if fitting else None
