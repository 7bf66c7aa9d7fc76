"""The graph interpreter: the oracle that every pass is held against."""

import numpy as np

from hexcoder.gen.graph import (
    NOT_BUILT,
    Constant,
    Dot,
    Graph,
    Input,
    Node,
    Quantise,
    Register,
    Relu,
)


def _shift(values: np.ndarray, amount: int) -> np.ndarray:
    return values << amount if amount >= 0 else values >> -amount


def _quantise(values: np.ndarray, node: Quantise) -> np.ndarray:
    values, target = _shift(values, -node.drop), node.target
    if node.saturate:
        return np.clip(values, target.minimum, target.maximum)
    wrapped = values & ((1 << target.width) - 1)
    if not target.signed:
        return wrapped
    return np.where(wrapped > target.maximum, wrapped - (1 << target.width), wrapped)


def _value(node: Node, values: list[np.ndarray], inputs: np.ndarray) -> np.ndarray:
    match node:
        case Input():
            return inputs[:, node.element]
        case Constant():
            return np.full(len(inputs), node.value, dtype=np.int64)
        case Dot():
            total = np.full(len(inputs), node.offset, dtype=np.int64)
            for source, coefficient in zip(node.sources, node.coefficients, strict=True):
                total += values[source] * coefficient
            return total
        case Relu():
            return np.maximum(values[node.source], 0)
        case Quantise():
            return _quantise(values[node.source], node)
        case Register():
            return values[node.source]
    raise TypeError(f"the interpreter has no rule for {type(node).__name__}")


def node_values(graph: Graph, inputs: np.ndarray) -> list[np.ndarray]:
    """Value of every node: a list of int64 arrays (n,), from inputs int (n, elements).

    Registers are identities here: what they delay is checked by :func:`latencies`.
    """
    inputs = np.asarray(inputs, dtype=np.int64)
    values: list[np.ndarray] = []
    for node in graph.nodes:
        values.append(_value(node, values, inputs))
    return values


def interpret(graph: Graph, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Every layer's output, int64 (n, elements), by layer name; 0 for elements not built."""
    values = node_values(graph, inputs)
    not_built = np.zeros(len(inputs), dtype=np.int64)
    return {
        layer.name: np.stack(
            [
                not_built if node == NOT_BUILT else values[node] << shift
                for node, shift in zip(layer.nodes, layer.shifts, strict=True)
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
