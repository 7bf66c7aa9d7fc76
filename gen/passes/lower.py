"""Pass ``lower``: layers become constant matrix-vector products, relu and quantise nodes."""

import math

from hexcoder.gen.graph import CORE, Builder, Dot, Element, Graph, Input, LayerOutput
from hexcoder.gen.lowering import LOWERINGS
from hexcoder.network.schema import Network


def _own(builder: Builder, layer: str, element: Element) -> Element:
    """An element as a node of its layer, where registers can stand; one that passes is copied."""
    node, shift = element
    if builder.nodes[node].layer == layer:
        return element
    name = f"{builder.nodes[node].name}_passed"
    copy = Dot(layer=layer, name=name, sources=(node,), coefficients=(1,), offset=0, group=0)
    return builder.add(copy), shift


def lower(network: Network) -> Graph:
    """Write a network out as nodes: one Dot per output element, with its offset.

    The bias and the half of rounding half up go into the Dot's offset, so that a Quantise node
    always floors. With a product type each distinct (input, weight) product is a Dot and a
    Quantise of its own. Semantics: docs/arithmetic.md.
    """
    builder = Builder()
    elements = math.prod(network.input.shape)
    current = tuple(
        (builder.add(Input(layer=CORE, name=f"input_{element}", element=element)), 0)
        for element in range(elements)
    )
    layers = []
    for context in network.contexts():
        current = LOWERINGS[context.layer.kind].lower(context, builder, current)
        if not context.layer.is_wiring:
            current = tuple(_own(builder, context.name, element) for element in current)
        layers.append(
            LayerOutput(
                context.name,
                context.layer.kind,
                context.layer.is_wiring,
                tuple(node for node, _ in current),
                context.output_type,
                tuple(shift for _, shift in current),
            )
        )
    return Graph(tuple(builder.nodes), network.input.type, elements, tuple(layers))
