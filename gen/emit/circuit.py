"""The core as an Amaranth circuit: registers between the layers, which are modules of gates."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false
# pyright: reportOptionalMemberAccess=false

from collections.abc import Mapping

from amaranth.hdl import Cat, ClockSignal, Instance, Module, Signal, Value, unsigned

from hexcoder.fixed_point import FixedPoint
from hexcoder.gen.gates.layer import LayerGates, PortTensor
from hexcoder.gen.gates.of_graph import Source, Sources
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


class NetworkCore(EventModule):
    """A network alone, ``latency`` clocks from ``in_data`` to ``out_data``.

    An event may come ``interval`` clocks after the one before, or later.
    """

    graph: Graph
    latency: int
    interval: int = 1


class EncoderCore(NetworkCore):
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
        self.sources = Sources(graph)
        self.last_stage = max(
            [
                max(layers[name].y_stages, default=0)
                for name in map(self._maker, graph.outputs)
                if name
            ],
            default=0,
        )
        for layer in graph.output_layers:
            layer_latency(graph, layer.name)
        self.latency = graph.output_clocks + self.last_stage
        widths = [len(layer.nodes) * layer.type.width for layer in graph.output_layers]
        super().__init__(graph.input_width, sum(widths))

    def _maker(self, name: str) -> str:
        """Module whose output a tensor is, seen through wiring; empty for the network's input."""
        place = [layer.name for layer in self.graph.layers].index(name)
        for layer in reversed(self.graph.layers[: place + 1]):
            if layer.is_module:
                return layer.name
        return ""

    def _registered(self, m: Module, data: Value, tensor: PortTensor, name: str) -> Value:
        """A tensor behind registers; its elements are what readers see."""
        graph, type_ = self.graph, tensor.type
        nodes = [element.node for element in tensor.elements]
        if not any(n != NOT_BUILT and isinstance(graph.nodes[n], Register) for n in nodes):
            return data
        registered = Signal(unsigned(len(data)), name=f"{name}_registered")
        for number, (node, shift, _) in enumerate(tensor.elements):
            low = number * type_.width + shift
            place = registered[low : (number + 1) * type_.width]
            if node == NOT_BUILT:
                continue
            if not isinstance(graph.nodes[node], Register):
                m.d.comb += place.eq(data[low : (number + 1) * type_.width])
                continue
            bounds = graph.ranges[node]
            register = Signal(shape_of_range(*bounds), name=f"{name}_{number}", reset_less=True)
            m.d.sync += register.eq(_take(data, number, type_, shift, bounds))
            m.d.comb += place.eq(register)
        return registered

    def _waiting(self, m: Module, data: Value, source: Source, clocks: int) -> Value:
        """A tensor some clocks after it is there."""
        for clock in range(1, clocks + 1):
            tensor = PortTensor(self.sources.later(source.elements, clock), source.type)
            name = f"{source.name}_later_{clock}"
            if (source.name, clock) not in self._waited:
                self._waited[source.name, clock] = self._registered(m, data, tensor, name)
            data = self._waited[source.name, clock]
        return data

    def _all_bits_late(self, m: Module, data: Value, layer: LayerOutput) -> Value:
        """An output that other modules read before the last stage, when its last bit is there."""
        stages = self.layers[layer.name].y_stages
        waits = [self.last_stage - stage for stage in stages]
        if not any(waits):
            return data
        bits: list[Value] = []
        for place, wait in enumerate(waits):
            bit = Value.cast(data[place])
            for clock in range(wait):
                late = Signal(name=f"{layer.name}_bit_{place}_late_{clock + 1}", reset_less=True)
                m.d.sync += late.eq(bit)
                bit = late
            bits.append(bit)
        return Cat(*bits)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        graph, sources = self.graph, self.sources
        self._waited: dict[tuple[str, int], Value] = {}
        data: dict[str, Value] = {}
        start = 0
        for port in graph.inputs:
            source = sources[port.name]
            given = self.in_data
            if len(graph.inputs) > 1:
                given = self.in_data[start : start + source.width]
            start += source.width
            tensor = PortTensor(source.elements, source.type)
            data[port.name] = self._registered(m, given, tensor, port.name)
        for layer in graph.modules:
            read = [
                self._waiting(m, data[source.name], source, clocks)
                for source, _, clocks in sources.read_by(layer)
            ]
            output = Signal(len(layer.nodes) * layer.type.width, name=f"{layer.name}_output")
            clock = {"i_clk": ClockSignal()} if self.layers[layer.name].delays() else {}
            x = read[0] if len(read) == 1 else Cat(*read)
            m.submodules[layer.name] = Instance(layer_module(layer), i_x=x, o_y=output, **clock)
            tensor = PortTensor(layer.elements, layer.type)
            data[layer.name] = self._registered(m, output, tensor, layer.name)
        m.submodules.valid = valid = Delay(1, self.latency, reset=True)
        m.d.comb += [
            self.out_data.eq(self._outputs(m, data)),
            valid.i.eq(self.in_valid),
            self.out_valid.eq(valid.o),
        ]
        return m

    def _outputs(self, m: Module, data: Mapping[str, Value]) -> Value:
        """What goes out, all of it at one time."""
        parts: list[Value] = []
        for layer in self.graph.output_layers:
            maker = self._maker(layer.name)
            if not layer.is_module:
                parts.append(data[maker or self.graph.inputs[0].name])
                continue
            source = self.sources[maker]
            waits = self.graph.output_clocks - source.clocks
            late = self._waiting(m, data[maker], source, waits)
            parts.append(self._all_bits_late(m, late, layer))
        return parts[0] if len(parts) == 1 else Cat(*parts)
