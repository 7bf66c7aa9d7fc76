"""The peer that a designer would write first: sums of products, left to synthesis."""

from collections.abc import Iterator

from hexcoder.bench.wrapper import registered
from hexcoder.gen.graph import NOT_BUILT, Dot, Graph, Input, Quantise, Relu
from hexcoder.gen.passes.lower import lower
from hexcoder.gen.passes.ranges import ranges, width_of
from hexcoder.network.schema import Network


def _node(graph: Graph, index: int, names: dict[int, str]) -> Iterator[str]:
    node = graph.nodes[index]
    low, high = graph.ranges[index]
    name = names[index]
    width = max(width_of(low, high) + (low >= 0), 2)
    yield f"  wire signed [{width - 1}:0] {name};"
    match node:
        case Input():
            size = node.type.width
            bits = f"x[{node.element * size + size - 1}:{node.element * size}]"
            value = f"$signed({bits})" if node.type.signed else f"$signed({{1'b0, {bits}}})"
        case Dot():
            value = str(node.offset)
            for source, coefficient in zip(node.sources, node.coefficients, strict=True):
                sign = "-" if coefficient < 0 else "+"
                value += f" {sign} {abs(coefficient)} * {names[source]}"
        case Relu():
            source = names[node.source]
            value = f"{source} < 0 ? 0 : {source}"
        case Quantise():
            source, target = names[node.source], node.target
            value = f"{source} >>> {node.drop}" if node.drop >= 0 else f"{source} << {-node.drop}"
            if node.saturate:
                yield f"  wire signed [{max(width, 24)}:0] {name}_floor = {value};"
                value = (
                    f"{name}_floor > {target.maximum} ? {target.maximum} : "
                    f"{name}_floor < {target.minimum} ? {target.minimum} : {name}_floor"
                )
        case _:
            raise NotImplementedError(f"plain RTL of {type(node).__name__}")
    yield f"  assign {name} = {value};"


def plain_verilog(network: Network) -> str:
    """Verilog of a network, an expression for each output element."""
    graph = ranges(lower(network))
    names = {index: f"n{index}_{node.name}" for index, node in enumerate(graph.nodes)}
    output = graph.layers[-1]
    input_bits = graph.input_width
    output_bits = len(output.nodes) * output.type.width
    lines = [
        f"module network(input [{input_bits - 1}:0] x, output [{output_bits - 1}:0] y);",
        *(line for index in range(len(graph.nodes)) for line in _node(graph, index, names)),
    ]
    width = output.type.width
    for element, (node, shift) in enumerate(zip(output.nodes, output.shifts, strict=True)):
        if node != NOT_BUILT:
            place = f"{element * width + width - 1}:{element * width}"
            lines.append(f"  assign y[{place}] = {names[node]} << {shift};")
    return "\n".join([*lines, "endmodule", registered(input_bits, output_bits)])
