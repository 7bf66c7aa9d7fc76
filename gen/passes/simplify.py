"""Pass ``simplify``: what is known before synthesis is not built."""

from dataclasses import replace

from hexcoder.gen.graph import (
    All,
    Builder,
    Choice,
    Clip,
    Constant,
    Dot,
    Graph,
    Node,
    OneOf,
    Product,
    Quantise,
    Relu,
    Truth,
)
from hexcoder.gen.passes.ranges import ranges
from hexcoder.gen.passes.truth import Truths


def simplify(graph: Graph) -> Graph:
    """Fold constants and drop nodes that change nothing in the range that they see.

    A node whose range is one value becomes a constant; a relu of what is never negative, a
    quantise that neither drops nor clips and a sum of nothing but one operand become that
    operand. Truth tables lose what does not matter. Equal nodes are merged. An element of a layer's
    output keeps a node in its own layer, so that the boundary stays where registers can stand.
    Values of all layers' outputs are unchanged.
    """
    if not graph.ranges:
        graph = ranges(graph)
    builder = Builder(graph)
    truths = Truths(builder)
    boundary = {node for layer in graph.layers if layer.is_module for node in layer.nodes}
    for index, node in enumerate(graph.nodes):
        low, high = graph.ranges[index]
        if low == high:
            builder.moved[index] = builder.constant(node.layer, low)
            continue
        node = node.with_operands(tuple(builder.moved[operand] for operand in node.operands))
        if isinstance(node, Truth):
            alias = truths.reduced(node)
            node = Dot(
                layer=node.layer,
                name=node.name,
                sources=(alias,),
                coefficients=(1,),
                offset=0,
                group=0,
            )
        else:
            node = _without_constants(node, builder)
            alias = _alias(node, graph.nodes[index], graph)
        alias = None if index in boundary else alias
        builder.moved[index] = builder.add(node) if alias is None else alias
        truths.bounds[builder.moved[index]] = low, high
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
            return node.source if fits and not node.half_even else None
        case Clip():
            low, high = graph.ranges[old.operands[0]]
            return node.source if node.low <= low and high <= node.high else None
        case Choice():
            low, high = graph.ranges[old.operands[0]]
            if low > 0 or high < 0:
                return node.sources[1]
            return node.sources[2] if low == high == 0 else None
        case All(sources=(source,), inverted=(False,)):
            return source
    return None


def _without_constants(node: Node, builder: Builder) -> Node:
    """Known operands of a node go into it."""
    known = {
        source: operand.number
        for source in node.operands
        if isinstance(operand := builder.nodes[source], Constant)
    }
    match node:
        case Dot():
            return _folded(node, known)
        case Product(sources=(left, right)) if known:
            constant, other = (left, right) if left in known else (right, left)
            number = known[constant]
            return _folded(
                Dot(
                    layer=node.layer,
                    name=node.name,
                    sources=(other,),
                    coefficients=(number,),
                    offset=0,
                    group=0,
                ),
                known,
            )
        case All() if known:
            # One that is 0 would have made the whole a constant.
            pairs = zip(node.sources, node.inverted, strict=True)
            kept = [pair for pair in pairs if pair[0] not in known]
            sources, inverted = (tuple(part) for part in zip(*kept, strict=True))
            return replace(node, sources=sources, inverted=inverted)
        case OneOf() if known:
            pairs = zip(node.sources, node.numbers, strict=True)
            kept = [pair for pair in pairs if pair[0] not in known]
            sources, numbers = (tuple(part) for part in zip(*kept, strict=True))
            return replace(node, sources=sources, numbers=numbers)
    return node


def _folded(node: Dot, known: dict[int, int]) -> Dot:
    """Constant operands of a Dot go into its offset."""
    offset, terms = node.offset, {}
    for source, coefficient in zip(node.sources, node.coefficients, strict=True):
        if source in known:
            offset += known[source] * coefficient
        else:
            terms[source] = terms.get(source, 0) + coefficient
    terms = {source: coefficient for source, coefficient in terms.items() if coefficient}
    return replace(node, sources=tuple(terms), coefficients=tuple(terms.values()), offset=offset)
