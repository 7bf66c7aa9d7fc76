"""Pass ``prune``: what no output of the network needs is not built."""

from dataclasses import replace

from hexcoder.gen.graph import NOT_BUILT, Graph, Input


def prune(graph: Graph) -> Graph:
    """Drop nodes that no element of the last layer depends on.

    An element of an inner layer that no later weight reads becomes ``NOT_BUILT``. Inputs stay,
    because the ports are part of the contract. The network's output is unchanged.
    """
    needed = set(graph.outputs)
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
    layers = tuple(
        replace(layer, nodes=tuple(moved.get(node, NOT_BUILT) for node in layer.nodes))
        for layer in graph.layers
    )
    kept_ranges = tuple(graph.ranges[old] for old in kept) if graph.ranges else ()
    return replace(graph, nodes=nodes, layers=layers, ranges=kept_ranges)
