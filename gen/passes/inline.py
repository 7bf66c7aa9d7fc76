"""Pass ``inline``: sums of sums become one sum."""

from collections import defaultdict
from dataclasses import replace

from hexcoder.gen.graph import NOT_BUILT, Builder, Constant, Dot, Graph, Node


def inline(graph: Graph) -> Graph:
    """Write a sum into the sums of its module that read it.

    That is done where one sum alone reads it, or where it is a multiple of one operand and a
    constant, which costs nothing to repeat. What leaves a module stays. An element of a layer
    inside a module may then be ``NOT_BUILT``. The values of modules' outputs are unchanged.
    """
    readers: dict[int, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        for operand in node.operands:
            readers[operand].append(node)
    kept = {node for layer in graph.layers if layer.is_module for node in layer.nodes}
    builder = Builder(graph)
    inlined: dict[int, Dot] = {}
    for index, node in enumerate(graph.nodes):
        if isinstance(node, Dot):
            node = _expanded(graph, node, inlined)
            into = readers[index]
            if (
                index not in kept
                and into
                and (len(node.sources) <= 1 or len(into) == 1)
                and all(isinstance(one, Dot) and one.layer == node.layer for one in into)
            ):
                inlined[index] = node
                builder.moved[index] = NOT_BUILT
                continue
        moved = tuple(builder.moved[operand] for operand in node.operands)
        builder.moved[index] = builder.add(node.with_operands(moved))
    return builder.graph()


def _expanded(graph: Graph, node: Dot, inlined: dict[int, Dot]) -> Dot:
    """A sum with the sums that go into it written out; operands are those of the old graph."""
    if not any(source in inlined for source in node.sources):
        return node
    terms: dict[int, int] = {}
    offset = node.offset
    parts = {
        inlined[source].part if source in inlined else None
        for source in node.sources
        if not isinstance(graph.nodes[source], Constant)
    }
    for source, coefficient in zip(node.sources, node.coefficients, strict=True):
        inner = inlined.get(source)
        if inner is None:
            terms[source] = terms.get(source, 0) + coefficient
            continue
        offset += inner.offset * coefficient
        for operand, factor in zip(inner.sources, inner.coefficients, strict=True):
            terms[operand] = terms.get(operand, 0) + factor * coefficient
    terms = {source: coefficient for source, coefficient in terms.items() if coefficient}
    return replace(
        node,
        sources=tuple(terms),
        coefficients=tuple(terms.values()),
        offset=offset,
        part=(parts.pop() or 0) if len(parts) == 1 else 0,
    )
