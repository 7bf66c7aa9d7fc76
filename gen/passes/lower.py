"""Pass ``lower``: layers become integer nodes."""

from hexcoder.gen.graph import (
    CORE,
    Builder,
    Constant,
    Dot,
    Element,
    Elements,
    Graph,
    Input,
    InputPort,
    LayerOutput,
)
from hexcoder.gen.lowering import LOWERINGS
from hexcoder.gen.modules import plan
from hexcoder.gen.scope import Scope
from hexcoder.network.schema import Network


def _own(scope: Scope, index: int, element: Element, is_output: bool) -> Element:
    """An element as a node of its module, where registers can stand; one that passes is copied.

    What goes out of the network is there as it is, with nothing left to add to it.
    """
    node, _, offset = element
    source = scope.builder.nodes[node]
    if is_output and offset:
        return Element(scope.plain(f"element_{index}", element))
    if source.layer == scope.layer:
        return element
    # An element may be a constant of no module, of which a layer may have several.
    name = f"element_{index}" if isinstance(source, Constant) else f"{source.name}_passed"
    copy = Dot(layer=scope.layer, name=name, sources=(node,), coefficients=(1,), offset=0, group=0)
    return element._replace(node=scope.builder.add(copy))


def lower(network: Network) -> Graph:
    """Write a network out as nodes, a sum for each output of a layer with weights.

    Biases and what rounding adds go into a sum's offset, so that a Quantise node always floors.
    With a product type each distinct (input, weight) product is a Dot and a Quantise of its own.
    Semantics: docs/arithmetic.md.
    """
    builder = Builder()
    ports: list[InputPort] = []
    tensors: dict[str, Elements] = {}
    first = 0
    for name, tensor in network.inputs_by_name.items():
        ports.append(InputPort(name, tensor.type, first, tensor.elements))
        tensors[name] = tuple(
            Element(
                builder.add(
                    Input(layer=CORE, name=f"input_{place}", element=place, type=tensor.type)
                )
            )
            for place in range(first, first + tensor.elements)
        )
        first += tensor.elements
    modules = plan(network)
    outputs = tuple(network.outputs_by_name)
    layers = []
    for context in network.contexts():
        name, module = context.name, modules.module[context.name]
        prefix = f"{name}_" if module and modules.is_shared(name) else ""
        scope = Scope(builder, module or CORE, prefix)
        sources = [tensors[source] for source in context.sources]
        made = LOWERINGS[context.layer.kind].lower(context, scope, sources)
        if module:
            is_output = name in outputs
            made = tuple(_own(scope, k, element, is_output) for k, element in enumerate(made))
        tensors[name] = made
        offsets = tuple(element.offset for element in made)
        layers.append(
            LayerOutput(
                name,
                context.layer.kind,
                not module,
                tuple(element.node for element in made),
                context.output_type,
                tuple(element.shift for element in made),
                offsets=offsets if any(offsets) else (),
                block=module,
                reads=modules.reads.get(name, ()),
            )
        )
    return Graph(tuple(builder.nodes), tuple(ports), tuple(layers), outputs)
