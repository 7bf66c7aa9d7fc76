"""From traces of the Hessian to weight types by layer, under a budget of gates or of bits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.data.sample import Sample
from hexcoder.models.decoder import Decoder
from hexcoder.models.encoder.agreement import load_encoder
from hexcoder.models.encoder.hardware_cost import adder_bits
from hexcoder.models.evaluation.physics import reconstruct
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedLayer
from hexcoder.sensor.metrics import earth_movers_distance
from hexcoder.studies.radiation.hessian import Trace, Weights, integer_weights
from hexcoder.studies.record import Record

T = TypeVar("T")
Budget = Literal["adder bits", "weight bits"]
WIDTHS = range(2, 9)
"""Widths that are tried: 1 bit has no sign and a value, 9 bits are exact enough for any layer."""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """A layer's weights in a type.

    The expected increase of the loss is half the mean trace times the squared error.
    """

    layer: str
    type: FixedPoint
    integers: np.ndarray  # int64, shape of the layer's weights
    squared_error: float  # sum of the squares of what rounding changes, real units
    loss: float  # half pitches
    cost: float  # in the budget's unit; of adder bits, relative to the network as it is


class LayerProposal(Record):
    """A layer as it is and as proposed; losses in half pitches."""

    name: str
    weights: int
    trace: float
    standard_error: float
    mean_trace: float
    weight_type: str
    expected_loss_now: float
    proposed_type: str
    squared_error: float
    expected_loss: float


class Uniform(Record):
    """The widest width for all layers that fits the budget."""

    width: int
    cost: float


class Proposal(Record):
    """Weight types within a budget.

    ``emd`` is the mean of exact evaluations, without any retraining, of the network 'now', as
    'proposed', and at the width 'uniform', where one fits.
    """

    layers: list[LayerProposal]
    budget: Budget
    limit: float
    cost_now: float
    cost: float
    uniform: Uniform | None
    emd: dict[str, float]


def unrounded_weights(network: Network, path: Path, encoder: Path | None) -> tuple[Weights, str]:
    """Weights as training had them, and which file has them.

    They are those of ``encoder``, else of the encoder in train/ beside the network's path, else the
    integers of network.json: widths from theirs up then lose nothing.
    """
    file = encoder or path.parent / "train" / "encoder.safetensors"
    integers = integer_weights(network)
    if encoder is None and not file.is_file():
        return integers, path.name
    state = load_encoder(file, network).state_dict()
    return {
        name: (state[f"layers.{name}.weights"] * state[f"layers.{name}.mask"]).double()
        for name in integers
    }, file.name


def rounded(weights: np.ndarray, type_: FixedPoint) -> np.ndarray:
    """Nearest integers of a type: real units to int64, clipped to the type's range."""
    scaled = np.rint(np.asarray(weights, dtype=np.float64) / type_.step)
    return np.clip(scaled, type_.minimum, type_.maximum).astype(np.int64)


def types_of_width(weights: np.ndarray, width: int, signed: bool) -> list[FixedPoint]:
    """Types of a width with the binary points that make sense for some weights.

    The largest weight fits, or it is clipped for finer steps.
    """
    largest = float(np.abs(weights).max(initial=0.0))
    integer_bits = (int(np.ceil(np.log2(largest))) if largest > 0 else 0) + int(signed)
    return [
        FixedPoint(signed, integer_bits + shift, width - integer_bits - shift)
        for shift in (1, 0, -1, -2)
    ]


def best_type(weights: np.ndarray, width: int, signed: bool) -> FixedPoint:
    """The type of a width that makes the least squared error."""
    types = types_of_width(weights, width, signed)
    return min(types, key=lambda t: np.square(rounded(weights, t) * t.step - weights).sum())


def with_weights(network: Network, choices: Sequence[Choice]) -> Network:
    """A network with some layers' weights and weight types replaced."""
    changes = {
        choice.layer: {"weights": choice.integers.tolist(), "weight_type": choice.type}
        for choice in choices
    }
    layers = [
        context.layer.model_copy(update=changes.get(context.name, {}))
        for context in network.contexts()
    ]
    return network.model_copy(update={"layers": tuple(layers)})


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A network whose weights are to get types.

    A trace that noise may have made negative, or far too small, counts as its standard error: no
    layer is cut to nothing for lack of probes.
    """

    network: Network
    weights: Mapping[str, np.ndarray]  # before rounding, by layer, real units
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
        cost = float(weights.size * type_.width)
        if self.budget == "adder bits":
            changed = with_weights(self.network, [Choice(layer, type_, integers, 0.0, 0.0, 0.0)])
            cost = adder_bits(changed) - adder_bits(self.network)
        return Choice(layer, type_, integers, squared, curvature * squared / 2, cost)

    def present(self) -> list[Choice]:
        """The layers in the types that they have."""
        types = self.types(lambda layer, weights: layer.weight_type)
        return [self.choice(name, type_) for name, type_ in types.items()]

    def uniform(self, width: int) -> list[Choice]:
        """All layers at one width, each in its :func:`best_type`."""
        types = self.types(lambda layer, w: best_type(w, width, layer.weight_type.signed))
        return [self.choice(name, type_) for name, type_ in types.items()]

    def choices(self) -> dict[str, list[Choice]]:
        """Every layer in every width of ``WIDTHS``, with several binary points each."""
        signed = self.types(lambda layer, weights: layer.weight_type.signed)
        return {
            name: [
                self.choice(name, type_)
                for width in WIDTHS
                for type_ in types_of_width(self.weights[name], width, signed[name])
            ]
            for name in signed
        }


def allocate(layers: Sequence[Sequence[Choice]], limit: float) -> list[Choice] | None:
    """One choice a layer, of least total loss at a total cost of at most ``limit``.

    Exact: after each layer only combinations that no other one beats in both cost and loss are
    kept (HAWQ-V2's Pareto frontier, section 3.3, without its enumeration of all). In order of
    layers, or None where even the cheapest do not fit.
    """
    front: list[tuple[float, float, list[Choice]]] = [(0.0, 0.0, [])]
    for layer in layers:
        grown = [
            (cost + choice.cost, loss + choice.loss, [*chosen, choice])
            for cost, loss, chosen in front
            for choice in layer
        ]
        front, least = [], np.inf
        for point in sorted(grown, key=lambda point: point[:2]):
            if point[1] < least:
                front.append(point)
                least = point[1]
    fitting = [point for point in front if point[0] <= limit]
    return min(fitting, key=lambda point: point[1])[2] if fitting else None


def propose(problem: Problem, decoder: Decoder, sample: Sample, limit: float | None) -> Proposal:
    """Weight types of least expected loss within a budget: by default what the network has now.

    InputError if not even the narrowest types fit.
    """
    network, budget = problem.network, problem.budget
    table, present = problem.choices(), problem.present()
    # Of adder bits, choices count what they change.
    offset = adder_bits(network) if budget == "adder bits" else 0.0

    def cost(choices: Sequence[Choice]) -> float:
        return offset + sum(choice.cost for choice in choices)

    def emd(choices: Sequence[Choice]) -> float:
        changed = with_weights(network, choices)
        fractions = reconstruct(changed, decoder, sample.events, sample.places).fractions
        return float(earth_movers_distance(sample.events, fractions).mean())

    cost_now = offset or cost(present)
    limit = cost_now if limit is None else limit
    best = allocate(list(table.values()), limit - offset)
    if best is None:
        least = cost([min(row, key=lambda choice: choice.cost) for row in table.values()])
        option = "--" + budget.replace(" ", "-")
        raise InputError(
            f"{option} = {limit:g}: weights of {min(WIDTHS)} bits take {least:.0f} {budget} already"
        )
    rows = [
        LayerProposal(
            name=choice.layer,
            weights=trace.weights,
            trace=trace.value,
            standard_error=trace.standard_error,
            mean_trace=trace.mean,
            weight_type=str(before.type),
            expected_loss_now=before.loss,
            proposed_type=str(choice.type),
            squared_error=choice.squared_error,
            expected_loss=choice.loss,
        )
        for before, choice in zip(present, best, strict=True)
        for trace in [problem.traces[choice.layer]]
    ]
    distances, uniform = {"now": emd([]), "proposed": emd(best)}, None
    for width in reversed(WIDTHS):
        choices = problem.uniform(width)
        if cost(choices) <= limit:
            distances["uniform"] = emd(choices)
            uniform = Uniform(width=width, cost=cost(choices))
            break
    return Proposal(
        layers=rows,
        budget=budget,
        limit=limit,
        cost_now=cost_now,
        cost=cost(best),
        uniform=uniform,
        emd=distances,
    )
