"""A layer's gates as a Verilog module that can be read: each net says whose bit it is."""

import re
from collections.abc import Iterator

from hexcoder.gen.gates.bits import Gate, Kind
from hexcoder.gen.gates.layer import LayerGates

_OPERATORS = {Kind.AND: "&", Kind.XOR: "^"}


class _Names:
    """Names of literals in the text, in the stage that reads them."""

    def __init__(self, layer: LayerGates):
        self._names, self._made = layer.gates.names, layer.stages()

    def net(self, net: int, delay: int = 0) -> str:
        return f"{self._names[net]}_delayed_{delay}" if delay else self._names[net]

    def literal(self, literal: int, stage: int) -> str:
        if literal < 2:
            return f"1'b{literal}"
        net = literal >> 1
        return f"{'~' if literal & 1 else ''}{self.net(net, stage - self._made[net])}"


def _word(name: str) -> str:
    """Word that a net belongs to."""
    return re.sub(r"(_(clipped|bounded|high|low|above|below))*(_at_.*)?$", "", name)


def _gate(gate: Gate, stage: int, names: _Names) -> Iterator[str]:
    operands = [names.literal(literal, stage) for literal in gate.inputs]
    outputs = [names.net(net) for net in gate.outputs]
    if gate.kind is Kind.FULL_ADDER:
        yield f"  wire {outputs[0]}, {outputs[1]};"
        pins = zip(("a", "b", "c", "sum", "carry"), (*operands, *outputs), strict=True)
        ports = ", ".join(f".{pin}({value})" for pin, value in pins)
        yield f"  full_adder {outputs[0].removesuffix('_sum')} ({ports});"
    elif gate.kind is Kind.AND_OR_INVERT:
        pairs = zip(operands[::2], operands[1::2], strict=True)
        expression = " | ".join(f"({a} & {b})" for a, b in pairs)
        yield f"  wire {outputs[0]} = ~({expression});"
    else:
        expression = f" {_OPERATORS[gate.kind]} ".join(operands)
        yield f"  wire {outputs[0]} = {expression};"


def weight_ports(layer: LayerGates) -> int:
    """Ports ``w_0``, ``w_1``, ... of a layer with loadable weights: eight of their bits each.

    One wide port would be slow in simulators that copy it for each bit.
    """
    return -(-layer.w_width // 8)


def _weight_bit(place: int) -> str:
    return f"w_{place // 8}[{place % 8}]"


def _header(layer: LayerGates, module: str) -> Iterator[str]:
    clock = "clk, " if layer.delays() else ""
    weights = "".join(f"w_{byte}, " for byte in range(weight_ports(layer)))
    yield f"// Layer {layer.name}, {layer.kind}."
    yield f"module {module}({clock}x, {weights}y);"
    if clock:
        yield "  input clk;"
    yield f"  input [{layer.x_width - 1}:0] x;"
    for byte in range(weight_ports(layer)):
        yield f"  input [{min(8, layer.w_width - 8 * byte) - 1}:0] w_{byte};"
    yield f"  output [{layer.y_width - 1}:0] y;"


def _registers(layer: LayerGates, names: _Names) -> Iterator[str]:
    """Ranks of registers; data that a valid bit goes with needs no reset."""
    delays = sorted(layer.delays().items())
    for net, delay in delays:
        yield f"  reg {', '.join(names.net(net, place) for place in range(1, delay + 1))};"
    if delays:
        yield "  always @(posedge clk) begin"
        for net, delay in delays:
            for place in range(delay):
                yield f"    {names.net(net, place + 1)} <= {names.net(net, place)};"
        yield "  end"


def _outputs(layer: LayerGates, names: _Names) -> Iterator[str]:
    width = layer.element_width
    stages = layer.y_stages or (0,) * layer.y_width
    elements = range(layer.y_width // width)
    for element in elements:
        places = range((element + 1) * width - 1, element * width - 1, -1)
        values = ", ".join(names.literal(layer.y[place], stages[place]) for place in places)
        yield f"  wire [{width - 1}:0] output_{element};"
        yield f"  assign output_{element} = {{{values}}};"
    yield f"  assign y = {{{', '.join(f'output_{element}' for element in reversed(elements))}}};"


def layer_verilog(layer: LayerGates, module: str) -> str:
    """Write a layer as a module with ports ``x`` and ``y``, and ``clk`` if it has registers.

    Loadable weights come in by the ports of :func:`weight_ports`.

    A net ``term_3_at_5_0_sum`` is made in column 5 of the sum called ``term_3``; a comment before
    the first gate of a sum says what it adds up. ``_delayed_2`` is the same bit two clocks later.
    """
    names = _Names(layer)
    lines = list(_header(layer, module))
    stages = layer.gate_stages or (0,) * len(layer.live)
    gates = list(zip(layer.live, stages, strict=True))
    for gate, _ in gates:
        if gate.kind is Kind.INPUT:
            net = gate.outputs[0]
            source = f"x[{layer.x[net]}]" if net in layer.x else _weight_bit(layer.w[net])
            lines.append(f"  wire {names.net(net)} = {source};")
    # Declared before use: a register's net may be read further up than it is made.
    registers = list(_registers(layer, names))
    lines += [line for line in registers if line.startswith("  reg ")]
    word = ""
    for gate, stage in gates:
        if gate.kind is Kind.INPUT:
            continue
        its_word = _word(names.net(gate.outputs[0]))
        if its_word != word and its_word in layer.words:
            lines.append(f"  // {its_word} = {layer.words[its_word]}")
        word = its_word
        lines += _gate(gate, stage, names)
    lines += [line for line in registers if not line.startswith("  reg ")]
    return "\n".join([*lines, *_outputs(layer, names), "endmodule", ""])
