"""The core as an Amaranth circuit: registers between the layers, which are modules of gates."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false
# pyright: reportOptionalMemberAccess=false

from collections.abc import Mapping

from amaranth.hdl import ClockSignal, Instance, Module, Signal, Value, unsigned

from hexcoder.fixed_point import FixedPoint
from hexcoder.gen.gates.layer import LayerGates
from hexcoder.gen.gates.of_graph import Tensor, elements_of, registered_inputs, unshifted
from hexcoder.gen.graph import NOT_BUILT, Graph, LayerOutput, Register
from hexcoder.gen.interpret import layer_latency
from hexcoder.hw.delay import Delay
from hexcoder.hw.interfaces import EventModule
from hexcoder.hw.shape import shape_of_range


def _take(
    port: Value, element: int, type_: FixedPoint, shift: int, bounds: tuple[int, int]
) -> Value:
    """A node from a port's element, only as wide as the range that it takes."""
    shape = shape_of_range(*bounds)
    low = element * type_.width + shift
    bits = port[low : low + shape.width]
    return bits.as_signed() if shape.signed else bits


def layer_module(layer: LayerOutput) -> str:
    """Name of a layer's module."""
    return f"encoder_core_{layer.name}"


class EncoderCore(EventModule):
    """The network alone: module ``encoder_core`` of the contract.

    Layers are instantiated by name: gen/emit/verilog.py writes their modules beside this one.

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
        self.arithmetic = [layer for layer in graph.layers if not layer.is_wiring]
        inside = layers[self.arithmetic[-1].name].leaves_at if self.arithmetic else 0
        assert inside is not None, "a network's outputs leave together"
        self.latency = layer_latency(graph, graph.layers[-1].name) + inside
        output = graph.layers[-1]
        super().__init__(
            graph.input_elements * graph.input_type.width, len(output.nodes) * output.type.width
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
        inputs = unshifted(registered_inputs(graph))
        data = self._through_registers(m, self.in_data, inputs, graph.input_type, "input")
        for layer in self.arithmetic:
            output = Signal(len(layer.nodes) * layer.type.width, name=f"{layer.name}_output")
            clock = {"i_clk": ClockSignal()} if self.layers[layer.name].delays() else {}
            m.submodules[layer.name] = Instance(layer_module(layer), i_x=data, o_y=output, **clock)
            data = self._through_registers(m, output, elements_of(layer), layer.type, layer.name)
        m.submodules.valid = valid = Delay(1, self.latency, reset=True)
        m.d.comb += [
            self.out_data.eq(data),
            valid.i.eq(self.in_valid),
            self.out_valid.eq(valid.o),
        ]
        return m
