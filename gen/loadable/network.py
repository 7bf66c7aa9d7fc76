"""A network with loadable weights as gates, layer by layer, held against the golden model."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from gen.compiler import port_columns
from gen.gates.bits import FALSE, evaluate
from gen.gates.layer import LayerGates
from gen.loadable.layer import VARIES, Parameters, known_outputs, loadable_layer
from hexcoder.errors import CheckFailed
from hexcoder.fixed_point import FixedPoint
from hexcoder.technology import Technology
from network.golden import layer_outputs
from network.schema import Flatten, LayerContext, Network

CHECK_EVENTS = 64
CHECK_SEED = 20261
CHECK_SETS = 3

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class LoadableLayer:
    """A layer with arithmetic, its gates and where its parameters lie."""

    context: LayerContext
    gates: LayerGates
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class LoadableNetwork:
    """A compiled network; ``checked_events`` events with weights drawn anew were compared."""

    network: Network
    layers: tuple[LoadableLayer, ...]
    zero_elements: frozenset[int]
    checked_events: int

    @property
    def parameter_bits(self) -> int:
        """Bits of all weights and biases."""
        return sum(layer.parameters.bits for layer in self.layers)


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
    network: Network, make: Callable[[FixedPoint, tuple[int, ...]], np.ndarray]
) -> Network:
    """The same network with what ``make`` gives for a type and a shape."""
    layers = []
    for layer in network.layers:
        if isinstance(layer, Flatten):
            layers.append(layer)
            continue
        drawn = {"weights": make(layer.weight_type, layer.weight_array().shape).tolist()}
        if layer.bias_type is not None and layer.biases is not None:
            drawn["biases"] = make(layer.bias_type, (len(layer.biases),)).tolist()
        layers.append(layer.model_copy(update=drawn))
    return network.model_copy(update={"layers": tuple(layers)})


def check_layers(
    layers: tuple[LoadableLayer, ...], network: Network, inputs: np.ndarray, parameters: np.ndarray
) -> None:
    """Hold the gates of every layer against the golden model.

    Parameters
    ----------
    layers : tuple of LoadableLayer
    network : Network
        With the weights that are in ``parameters``.
    inputs : int array (events, elements)
    parameters : uint8 array (bits,)
        As of :func:`parameter_bits`.

    Raises
    ------
    CheckFailed
        At the first difference, naming layer, element, bit and event.
    """
    golden = layer_outputs(network, inputs)
    before, place = inputs, 0
    events = len(inputs)
    ones = (1 << events) - 1
    for layer in layers:
        gates, name = layer.gates, layer.context.name
        its = parameters[place : place + gates.w_width].tolist()
        place += gates.w_width
        port = port_columns(before, layer.context.input_type.width)
        nets = {net: port[bit] for net, bit in gates.x.items()}
        nets |= {net: ones if its[bit] else 0 for net, bit in gates.w.items()}
        values = evaluate(gates.live, len(gates.gates.names), nets, events)
        found = [values[literal >> 1] ^ (ones if literal & 1 else 0) for literal in gates.y]
        for bit, wanted in enumerate(port_columns(golden[name], gates.element_width)):
            if found[bit] != wanted:
                differs = found[bit] ^ wanted
                event = (differs & -differs).bit_length() - 1
                raise CheckFailed(
                    f"the gates of loadable layer '{name}' are not the network: element "
                    f"{bit // gates.element_width}, bit {bit % gates.element_width}, event {event}"
                )
        before = golden[name]


def layer_parameter_bits(network: Network) -> dict[str, int]:
    """Bits of the weights and biases of each layer that has any, in their order."""
    return {
        context.name: Parameters.of(context).bits
        for context in network.contexts()
        if not isinstance(context.layer, Flatten)
    }


def parameter_bits(network: Network) -> np.ndarray:
    """All weights and biases, layer by layer, as single bits, lowest first: uint8 (bits,)."""
    found: list[np.ndarray] = [np.zeros(0, np.uint8)]
    for context in network.contexts():
        layer = context.layer
        if isinstance(layer, Flatten):
            continue
        groups = [(layer.weight_array().ravel(), layer.weight_type.width)]
        if layer.bias_type is not None:
            biases = layer.bias_array(context.output_shape[-1])
            groups.append((biases, layer.bias_type.width))
        for values, width in groups:
            found.append((values[:, None] >> np.arange(width) & 1).astype(np.uint8).ravel())
    return np.concatenate(found)


def compile_loadable(
    network: Network,
    technology: Technology,
    zero_elements: Collection[int] = (),
    progress: Progress = lambda name, part: None,
) -> LoadableNetwork:
    """Build every layer with weights as inputs.

    The gates are evaluated with weights drawn anew, and at the ends of their types, and compared
    with the golden model.

    Parameters
    ----------
    network : Network
        Of its weights only shapes and types matter.
    technology : Technology
    zero_elements : collection of int
        Elements of the input that are always zero: what only they reach is not built.

    Raises
    ------
    CheckFailed
        If the gates are not the network, naming layer, element and bit.
    """
    width, elements = network.input.type.width, int(np.prod(network.input.shape))
    zero = frozenset(zero_elements)
    known = [[FALSE if k in zero else VARIES] * width for k in range(elements)]
    layers = []
    contexts = [c for c in network.contexts() if not isinstance(c.layer, Flatten)]
    for number, context in enumerate(contexts):
        progress(f"loadable {context.name}", number / len(contexts))
        gates = loadable_layer(context, known, technology)
        layers.append(LoadableLayer(context, gates, Parameters.of(context)))
        known = known_outputs(gates)
    made = tuple(layers)
    random = np.random.default_rng(CHECK_SEED)
    type_ = network.input.type
    sets = [with_random_parameters(network, random) for _ in range(CHECK_SETS)]
    sets += [with_extreme_parameters(network, least) for least in (True, False)]
    for one in sets:
        inputs = random.integers(type_.minimum, type_.maximum + 1, (CHECK_EVENTS, elements))
        inputs[0], inputs[1] = type_.minimum, type_.maximum
        inputs[:, sorted(zero)] = 0
        check_layers(made, one, inputs, parameter_bits(one))
    return LoadableNetwork(network, made, zero, CHECK_EVENTS * len(sets))
