"""Pass ``prune``: what no output of the network needs is not built."""

from dataclasses import replace

from hexcoder.gen.graph import NOT_BUILT, Graph, Input, LayerOutput


def prune(graph: Graph) -> Graph:
    """Drop nodes that no element of an output depends on.

    An element of an inner layer that nothing reads becomes ``NOT_BUILT``, and a module of which
    nothing is read is none any more. Inputs stay,
    because the ports are part of the contract. The network's output is unchanged.
    """
    needed = {node for layer in graph.output_layers for node in layer.nodes}
    for index in range(len(graph.nodes) - 1, -1, -1):
        if index in needed:
            needed.update(graph.nodes[index].operands)
    needed.update(i for i, node in enumerate(graph.nodes) if isinstance(node, Input))
    kept = sorted(needed)
    moved = {old: new for new, old in enumerate(kept)}
    nodes = tuple(
        graph.nodes[old].with_operands(tuple(moved[o] for o in graph.nodes[old].operands))
        for old in kept
    )
    layers = _without_dead_modules(
        tuple(
            replace(layer, nodes=tuple(moved.get(node, NOT_BUILT) for node in layer.nodes))
            for layer in graph.layers
        ),
        graph.outputs,
    )
    kept_ranges = tuple(graph.ranges[old] for old in kept) if graph.ranges else ()
    return replace(graph, nodes=nodes, layers=layers, ranges=kept_ranges)


def _without_dead_modules(
    layers: tuple[LayerOutput, ...], outputs: tuple[str, ...]
) -> tuple[LayerOutput, ...]:
    read = set(outputs)
    dead = set[str]()
    for layer in reversed(layers):
        if layer.is_module and layer.name not in read and set(layer.nodes) == {NOT_BUILT}:
            dead.add(layer.name)
        elif layer.is_module:
            read.update(layer.reads)
    return tuple(
        replace(layer, block="", reads=()) if layer.block in dead else layer for layer in layers
    )
