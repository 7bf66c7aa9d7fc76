"""Pass ``simplify``: what is known before synthesis is not built."""

from dataclasses import replace

from hexcoder.gen.graph import Builder, Constant, Dot, Graph, Node, Quantise, Relu
from hexcoder.gen.passes.ranges import ranges


def simplify(graph: Graph) -> Graph:
    """Fold constants and drop nodes that change nothing in the range that they see.

    A node whose range is one value becomes a constant; a relu of what is never negative, a
    quantise that neither drops nor clips and a sum of nothing but one operand become that
    operand. Equal nodes are merged. An element of a layer's output keeps a node in its own layer,
    so that the boundary stays where registers can stand. Values of all layers' outputs are
    unchanged.
    """
    if not graph.ranges:
        graph = ranges(graph)
    builder = Builder(graph)
    boundary = {node for layer in graph.layers for node in layer.nodes}
    for index, node in enumerate(graph.nodes):
        low, high = graph.ranges[index]
        if low == high:
            builder.moved[index] = builder.constant(node.layer, low)
            continue
        node = node.with_operands(tuple(builder.moved[operand] for operand in node.operands))
        if isinstance(node, Dot):
            node = _without_constants(node, builder)
        alias = None if index in boundary else _alias(node, graph.nodes[index], graph)
        builder.moved[index] = builder.add(node) if alias is None else alias
    return builder.graph()


def _alias(node: Node, old: Node, graph: Graph) -> int | None:
    """The operand that a node always equals, if there is one."""
    match node:
        case Dot(coefficients=(1,), offset=0):
            return node.sources[0]
        case Relu():
            return node.source if graph.ranges[old.operands[0]][0] >= 0 else None
        case Quantise(drop=0):
            low, high = graph.ranges[old.operands[0]]
            fits = node.target.minimum <= low and high <= node.target.maximum
            return node.source if fits else None
    return None


def _without_constants(node: Dot, builder: Builder) -> Dot:
    """Constant operands of a Dot go into its offset."""
    offset, terms = node.offset, {}
    for source, coefficient in zip(node.sources, node.coefficients, strict=True):
        operand = builder.nodes[source]
        if isinstance(operand, Constant):
            offset += operand.value * coefficient
        else:
            terms[source] = terms.get(source, 0) + coefficient
    terms = {source: coefficient for source, coefficient in terms.items() if coefficient}
    return replace(node, sources=tuple(terms), coefficients=tuple(terms.values()), offset=offset)
