"""A network with loadable weights as gates, layer by layer, held against the golden model."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from hexcoder.errors import InputError
from hexcoder.gen.check import check_gates
from hexcoder.gen.gates.bits import FALSE
from hexcoder.gen.gates.layer import LayerGates
from hexcoder.gen.loadable.layer import VARIES, known_outputs, loadable_layer
from hexcoder.network.golden import layer_outputs
from hexcoder.network.parameters import (
    Parameters,
    parameter_bits,
    with_extreme_parameters,
    with_random_parameters,
)
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedContext
from hexcoder.technology import Technology

CHECK_EVENTS = 64
CHECK_SEED = 20261
CHECK_SETS = 3

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class LoadableLayer:
    """A layer with arithmetic, its gates and where its parameters lie."""

    context: WeightedContext
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


def check_layers(layers: tuple[LoadableLayer, ...], network: Network, inputs: np.ndarray) -> None:
    """Hold the gates of every layer against the golden model of ``network``, weights included.

    Parameters
    ----------
    inputs : int array (events, elements)

    Raises
    ------
    CheckFailed
        As of :func:`hexcoder.gen.check.check_gates`.
    """
    golden, parameters = layer_outputs(network, inputs), parameter_bits(network)
    for layer in layers:
        gates, outputs = layer.gates, golden[layer.context.name]
        given = [(inputs, layer.context.input_type.width)]
        check_gates("loadable", gates, given, outputs, parameters=parameters[: gates.w_width])
        inputs, parameters = outputs, parameters[gates.w_width :]


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
    for context in network.contexts():
        if not isinstance(context, WeightedContext) and not context.layer.is_wiring:
            raise InputError(
                f"layer '{context.name}': weights in registers are built for layers that have "
                f"some, not for '{context.layer.kind}'; use chip.weights = 'fixed'"
            )
    contexts = network.weighted()
    for number, context in enumerate(contexts):
        progress(f"loadable {context.name}", number / len(contexts))
        gates = loadable_layer(context, known, technology)
        layers.append(LoadableLayer(context, gates, Parameters.of(context)))
        known = known_outputs(gates)
    random = np.random.default_rng(CHECK_SEED)
    type_ = network.input.type
    sets = [with_random_parameters(network, random) for _ in range(CHECK_SETS)]
    sets += [with_extreme_parameters(network, least) for least in (True, False)]
    for drawn in sets:
        inputs = random.integers(type_.minimum, type_.maximum + 1, (CHECK_EVENTS, elements))
        inputs[0], inputs[1] = type_.minimum, type_.maximum
        inputs[:, sorted(zero)] = 0
        check_layers(tuple(layers), drawn, inputs)
    return LoadableNetwork(network, tuple(layers), zero, CHECK_EVENTS * len(sets))
