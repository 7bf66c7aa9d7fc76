"""The graph interpreter: the oracle that every pass is held against."""

import numpy as np

from hexcoder.gen.graph import NOT_BUILT, Graph, Input, Register


def node_values(graph: Graph, inputs: np.ndarray) -> list[np.ndarray]:
    """Value of every node: a list of int64 arrays (n,), from inputs int (n, elements).

    Registers are identities here: what they delay is checked by :func:`latencies`.
    """
    inputs = np.asarray(inputs, dtype=np.int64)
    values: list[np.ndarray] = []
    for node in graph.nodes:
        values.append(node.value([values[operand] for operand in node.operands], inputs))
    return values


def interpret(graph: Graph, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Every layer's output, int64 (n, elements), by layer name; 0 for elements not built."""
    values = node_values(graph, inputs)
    not_built = np.zeros(len(inputs), dtype=np.int64)
    return {
        layer.name: np.stack(
            [
                not_built if node == NOT_BUILT else (values[node] << shift) + offset
                for node, shift, offset in layer.elements
            ],
            axis=1,
        )
        for layer in graph.layers
    }


def latencies(graph: Graph) -> list[int | None]:
    """Clocks from the input to each node; None for constants, which have every latency.

    Raises
    ------
    ValueError
        If two operands of a node belong to different events.
    """
    result: list[int | None] = []
    for node in graph.nodes:
        if isinstance(node, Input):
            result.append(0)
            continue
        known = {result[operand] for operand in node.operands} - {None}
        if len(known) > 1:
            raise ValueError(f"node {node.layer}.{node.name} mixes events: latencies {known}")
        latency = known.pop() if known else None
        if isinstance(node, Register) and latency is not None:
            latency += 1
        result.append(latency)
    return result


def layer_latency(graph: Graph, layer: str) -> int:
    """Clocks from the input to a layer's output, the same for all elements and for constants.

    Raises
    ------
    ValueError
        If an element comes out at another clock.
    """
    output = next(output for output in graph.layers if output.name == layer)
    clocks = latencies(graph)
    known = {clocks[node] for node in output.nodes if node != NOT_BUILT} - {None}
    if known - {output.clocks}:
        raise ValueError(f"elements of layer {layer} belong to different events: {known}")
    return output.clocks
