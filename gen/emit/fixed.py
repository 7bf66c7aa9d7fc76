"""A design whose weights are in its gates: modules ``encoder_core`` and ``encoder``."""

import numpy as np

from hexcoder.gen.compiler import Compiled, Progress, Settings, compile_network
from hexcoder.gen.design import Design, Emitted
from hexcoder.gen.emit.circuit import EncoderCore, layer_module
from hexcoder.gen.emit.encoder import encoder_of
from hexcoder.gen.emit.modules import layer_entry, modules_report, modules_verilog
from hexcoder.gen.emit.verilog import layer_verilog
from hexcoder.gen.graph import NOT_BUILT, Register
from hexcoder.gen.interpret import layer_latency
from hexcoder.metrics.rtl import RtlLayer
from hexcoder.network.golden import layer_outputs
from hexcoder.network.layer import LayerContext
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedContext


def _layer(context: LayerContext, compiled: Compiled, core: EncoderCore) -> RtlLayer:
    """Structure of one layer and where its output can be watched in ``encoder_core``."""
    graph = compiled.graph
    built = next(layer for layer in graph.layers if layer.name == context.name)
    nodes = built.nodes
    layer = layer_entry(context)
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
        layers = [
            layer_verilog(compiled.layers[layer.name], layer_module(layer))
            for layer in core.graph.modules
        ]
        encoder = encoder_of(self.network, core, self.settings)
        metrics = modules_report(
            self.network,
            self.settings,
            core,
            encoder,
            layers=[_layer(context, compiled, core) for context in self.network.contexts()],
            total=compiled.structure.total(),
            input_register_bits=compiled.structure.layers["input"].register_bits,
            checked_events_per_pass=compiled.checked_events,
            passes={name: size.layers for name, size in compiled.passes.items()},
        )
        return Emitted(modules_verilog(self.network, core, encoder, layers), metrics)
