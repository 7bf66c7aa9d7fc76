"""The core as an Amaranth circuit: registers between the layers, which are modules of gates."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false
# pyright: reportOptionalMemberAccess=false

from __future__ import annotations

from collections.abc import Mapping, Sequence

from amaranth.hdl import ClockSignal, Instance, Module, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gen.graph import CORE, NOT_BUILT, Graph, Input, LayerOutput, Register
from gen.interpret import latencies, layer_latency
from gen.words import LayerGates, layer_gates
from hexcoder.fixed_point import FixedPoint
from hexcoder.technology import Technology
from hw.delay import Delay
from hw.shape import shape_of_range

Tensor = Sequence[tuple[int, int]]
"""Node and shift of each element of a port."""


def _take(
    port: Value, element: int, type_: FixedPoint, shift: int, bounds: tuple[int, int]
) -> Value:
    """A node from a port's element, only as wide as the range that it takes."""
    shape = shape_of_range(*bounds)
    low = element * type_.width + shift
    bits = port[low : low + shape.width]
    return bits.as_signed() if shape.signed else bits


def registered_inputs(graph: Graph) -> list[int]:
    """Node that readers of each input element see: its register, or itself."""
    inputs = {i: n.element for i, n in graph.nodes_of(CORE) if isinstance(n, Input)}
    seen = {element: index for index, element in inputs.items()}
    for index, node in graph.nodes_of(CORE):
        if isinstance(node, Register) and node.source in inputs:
            seen[inputs[node.source]] = index
    return [seen[element] for element in range(graph.input_elements)]


def layer_module(layer: LayerOutput) -> str:
    """Name of a layer's module."""
    return f"encoder_core_{layer.name}"


def gates_of_layer(graph: Graph, name: str, technology: Technology) -> LayerGates:
    """The gates of the layer with arithmetic that is called ``name``."""
    x, type_ = _unshifted(registered_inputs(graph)), graph.input_type
    for layer in graph.layers:
        if layer.name == name:
            made = [_before_register(graph, node) for node in layer.nodes]
            y = list(zip(made, layer.shifts, strict=True))
            return layer_gates(graph, layer, x, type_, y, technology)
        x, type_ = _elements(layer), layer.type
    raise KeyError(f"the graph has no layer '{name}'")


def _unshifted(nodes: Sequence[int]) -> Tensor:
    return [(node, 0) for node in nodes]


def _elements(layer: LayerOutput) -> Tensor:
    return list(zip(layer.nodes, layer.shifts, strict=True))


def _before_register(graph: Graph, node: int) -> int:
    """The node that a layer's output register holds, or the node itself."""
    if node != NOT_BUILT and isinstance(graph.nodes[node], Register):
        return graph.nodes[node].operands[0]
    return node


class EncoderCore(wiring.Component):
    """The network alone: module ``encoder_core`` of the contract.

    Layers are instantiated by name: their modules are emitted beside this one (gen/verilog.py).

    One event per clock, no back-pressure; ``latency`` clocks from ``in_data`` to ``out_data``.
    Only the valid bits are reset: data registers hold what last passed.

    Parameters
    ----------
    graph : Graph
        A compiled graph, with ranges.
    layers : mapping of str to LayerGates
        Each layer's gates, which may have registers inside.
    """

    def __init__(self, graph: Graph, layers: Mapping[str, LayerGates]):
        self.graph, self.layers = graph, layers
        self.clocks = latencies(graph)
        self.arithmetic = [layer for layer in graph.layers if layer.kind != "flatten"]
        inside = layers[self.arithmetic[-1].name].leaves_at if self.arithmetic else 0
        assert inside is not None, "a network's outputs leave together"
        self.latency = layer_latency(graph, graph.layers[-1].name, self.clocks) + inside
        output = graph.layers[-1]
        super().__init__(
            {
                "in_valid": In(1),
                "in_data": In(unsigned(graph.input_elements * graph.input_type.width)),
                "out_valid": Out(1),
                "out_data": Out(unsigned(len(output.nodes) * output.type.width)),
            }
        )

    def _through_registers(
        self, m: Module, data: Value, elements: Tensor, type_: FixedPoint, name: str
    ) -> Value:
        """The tensor behind its registers; ``elements`` are what readers see."""
        graph = self.graph
        if not any(n != NOT_BUILT and isinstance(graph.nodes[n], Register) for n, _ in elements):
            return data
        registered = Signal(unsigned(len(data)), name=f"{name}_registered")
        for element, (node, shift) in enumerate(elements):
            low = element * type_.width + shift
            place = registered[low : (element + 1) * type_.width]
            if node == NOT_BUILT:
                continue
            if not isinstance(graph.nodes[node], Register):
                m.d.comb += place.eq(data[low : (element + 1) * type_.width])
                continue
            bounds = graph.ranges[node]
            register = Signal(shape_of_range(*bounds), name=f"{name}_{element}", reset_less=True)
            m.d.sync += register.eq(_take(data, element, type_, shift, bounds))
            m.d.comb += place.eq(register)
        return registered

    def elaborate(self, platform: object) -> Module:
        m = Module()
        graph = self.graph
        inputs = _unshifted(registered_inputs(graph))
        data = self._through_registers(m, self.in_data, inputs, graph.input_type, "input")
        for layer in self.arithmetic:
            output = Signal(len(layer.nodes) * layer.type.width, name=f"{layer.name}_output")
            clock = {"i_clk": ClockSignal()} if self.layers[layer.name].delays() else {}
            m.submodules[layer.name] = Instance(layer_module(layer), i_x=data, o_y=output, **clock)
            data = self._through_registers(m, output, _elements(layer), layer.type, layer.name)
        m.submodules.valid = valid = Delay(1, self.latency, reset=True)
        m.d.comb += [
            self.out_data.eq(data),
            valid.i.eq(self.in_valid),
            self.out_valid.eq(valid.o),
        ]
        return m
