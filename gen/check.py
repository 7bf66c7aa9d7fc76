"""Link 2 of the chain of proof: what a pass left, a graph or gates, against the golden model."""

from collections.abc import Mapping, Sequence

import numpy as np

from hexcoder.errors import CheckFailed
from hexcoder.gen.gates.bits import evaluate
from hexcoder.gen.gates.layer import LayerGates
from hexcoder.gen.graph import NOT_BUILT, Graph, LayerOutput
from hexcoder.gen.interpret import interpret, latencies
from hexcoder.gen.passes.ranges import width_of
from hexcoder.network.modules import uniform_inputs
from hexcoder.network.schema import Network

CHECK_EVENTS = 128
CHECK_SEED = 20251


def check_inputs(network: Network, events: int = CHECK_EVENTS) -> np.ndarray:
    """Inputs to hold passes against: extremes, one-hot at full scale, and random tensors.

    Returns
    -------
    int64 array (n, elements)
    """
    low, high = network.input_bounds
    elements = len(low)
    random = np.random.default_rng(CHECK_SEED)
    whole = uniform_inputs(network, events, random)
    sparse = np.where(random.random((events, elements)) < 0.2, whole, 0)
    flat = np.array([low, high, np.clip(0, low, high), np.clip(1, low, high)])
    chosen = random.permutation(elements)[:events]
    one_hot = np.zeros((len(chosen), elements), dtype=np.int64)
    one_hot[np.arange(len(chosen)), chosen] = high[chosen]
    return np.concatenate([flat, one_hot, whole, sparse])


def check_graph(
    name: str, graph: Graph, inputs: np.ndarray, golden: Mapping[str, np.ndarray]
) -> None:
    """Hold a graph against the golden model.

    Raises
    ------
    CheckFailed
        Naming the pass, and the first layer, element and event that differ, with both values; or
        an element whose range is wider than its type.
    """
    try:
        latencies(graph)
    except ValueError as error:
        raise CheckFailed(f"pass '{name}': {error}") from None
    outputs = interpret(graph, inputs)
    for layer in graph.layers:
        built = np.array([node != NOT_BUILT for node in layer.nodes])
        differs = (outputs[layer.name] != golden[layer.name]) & built
        if differs.any():
            event, element = (int(i) for i in np.argwhere(differs)[0])
            raise CheckFailed(
                f"pass '{name}' changed the network: layer '{layer.name}', element {element}, "
                f"event {event}: expected {golden[layer.name][event, element]}, "
                f"got {outputs[layer.name][event, element]}"
            )
        if graph.ranges:
            _check_ranges(name, graph, layer)


def _check_ranges(name: str, graph: Graph, layer: LayerOutput) -> None:
    """Refuse an output whose exact range its port does not hold."""
    for element, (node, shift, _) in enumerate(layer.elements):
        if node == NOT_BUILT or not layer.is_module:
            continue
        low, high = (bound << shift for bound in graph.ranges[node])
        if width_of(low, high) > layer.type.width:
            raise CheckFailed(
                f"pass '{name}': layer '{layer.name}', element {element} may be {low} to {high}, "
                f"which {layer.type} does not hold: end its lowering with a Quantise"
            )


def raw_tensors(
    graph: Graph, inputs: np.ndarray, golden: Mapping[str, np.ndarray]
) -> dict[str, tuple[np.ndarray, int]]:
    """What ports carry of each tensor, int64 (events, elements), and the bits of an element.

    An element's offset is no part of it.
    """
    tensors = {
        port.name: (inputs[:, port.first : port.first + port.elements], port.type.width)
        for port in graph.inputs
    }
    for layer in graph.layers:
        offsets = np.array([element.offset for element in layer.elements], np.int64)
        tensors[layer.name] = golden[layer.name] - offsets, layer.type.width
    return tensors


def port_columns(values: np.ndarray, width: int) -> list[int]:
    """Each bit of a port as an integer with a bit an event, of integers (events, elements)."""
    bits = (values[:, :, None] >> np.arange(width) & 1).reshape(len(values), -1)
    packed = np.packbits(bits.astype(np.uint8), axis=0, bitorder="little")
    return [int.from_bytes(column.tobytes(), "little") for column in packed.T]


def check_gates(
    name: str,
    layer: LayerGates,
    inputs: Sequence[tuple[np.ndarray, int]],
    expected: np.ndarray,
    built: np.ndarray | None = None,
    parameters: np.ndarray | None = None,
) -> None:
    """Hold a layer's gates against the golden model, fed with its own inputs.

    Parameters
    ----------
    name : str
        The pass that left them.
    layer : LayerGates
    inputs : sequence of (int array (events, elements), int)
        Of the golden model: each tensor that enters the layer, and the bits of its elements.
    expected : int array (events, elements)
        What leaves it.
    built : bool array (elements,), optional
        Elements of the output that are there; all without it.
    parameters : uint8 array (bits,), optional
        Of loadable weights and biases, as of :func:`hexcoder.network.parameters.parameter_bits`.

    Raises
    ------
    CheckFailed
        Naming pass and layer, and the first element and event that differ, with both values.
    """
    events = len(expected)
    ones = (1 << events) - 1
    port = [column for values, width in inputs for column in port_columns(values, width)]
    nets = {net: port[bit] for net, bit in layer.x.items()}
    if parameters is not None:
        nets |= {net: ones if parameters[bit] else 0 for net, bit in layer.w.items()}
    values = evaluate(layer.live, len(layer.gates.names), nets, events)
    outputs = [values[literal >> 1] ^ (ones if literal & 1 else 0) for literal in layer.y]
    width = layer.element_width
    for bit, golden in enumerate(port_columns(expected, width)):
        element = bit // width
        if outputs[bit] != golden and (built is None or built[element]):
            differs = outputs[bit] ^ golden
            event = (differs & -differs).bit_length() - 1
            word = outputs[element * width : (element + 1) * width]
            value = sum((column >> event & 1) << place for place, column in enumerate(word))
            raise CheckFailed(
                f"pass '{name}' changed the network: layer '{layer.name}', element {element}, "
                f"event {event}: expected {expected[event, element] & (1 << width) - 1}, "
                f"got {value}"
            )
